/** Sign-in by a key of the Functions host, which gives full access. The key stays in this tab. */
import { Client } from "../api/client";
import { ApiError } from "../api/errors";
import type { Session } from "./session";

const KEPT = "functionKey";

export const keptKey = (): string | null => sessionStorage.getItem(KEPT);
export const keepKey = (key: string): void => sessionStorage.setItem(KEPT, key);

export function sessionWithKey(onChange: () => void): Session {
  const leave = async () => {
    sessionStorage.removeItem(KEPT);
    onChange();
  };
  return {
    client: new Client({ headers: keyHeaders }),
    audience: null,
    name: "Function key",
    role: "Contributor",
    signIn: leave,
    signOut: leave,
  };
}

async function keyHeaders(): Promise<Record<string, string>> {
  const key = keptKey();
  if (!key) throw new ApiError("signedOut", "No key was entered.");
  return { "x-functions-key": key };
}
