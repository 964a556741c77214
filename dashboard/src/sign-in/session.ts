/** Who is signed in, and how requests say so. */
import { createContext, useContext } from "react";
import type { Client } from "../api/client";
import { includes, type Role } from "./roles";

export interface Session {
  client: Client;
  /** What tokens for the API are asked for, as `az rest --resource` takes it; null where a key is used. */
  audience: string | null;
  name: string;
  role: Role | null;
  signIn(): Promise<void>;
  signOut(): Promise<void>;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession outside of a session");
  return session;
}

export const useClient = (): Client => useSession().client;

/** Whether the API would let this person do what needs `role`. */
export const useMay = (role: Role): boolean => includes(useSession().role, role);
