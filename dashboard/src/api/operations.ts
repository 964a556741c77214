/** Requests that take their time: begin, then look at the operation until it is over. */
import type { Client, Options } from "./client";
import { ApiError } from "./errors";
import type { Operation } from "./types";

const LOOK_EVERY = 1_000; // milliseconds
const LOOKS_AT_MOST = 600;

/** The operation once it has succeeded; null for what was done at once. Throws ApiError when it fails. */
export async function carryOut(
  client: Client,
  method: "PUT" | "POST" | "DELETE",
  path: string,
  options: Options = {},
): Promise<Operation | null> {
  const url = await client.begin(method, path, options);
  return url === null ? null : over(client, url, options.signal);
}

async function over(client: Client, url: string, signal?: AbortSignal): Promise<Operation> {
  for (let looks = 0; looks < LOOKS_AT_MOST; looks += 1) {
    const operation = await client.operation(url, signal);
    if (operation.status === "Succeeded") return operation;
    await pause(LOOK_EVERY, signal);
  }
  throw new ApiError("broken", "The operation is still under way after ten minutes. Its job shows how it goes on.");
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

/** The id of the job that an operation started. */
export function jobOf(operation: Operation | null, vault: string): string | null {
  const job = operation?.properties?.jobId;
  if (!job) return null;
  return job.startsWith("/") ? job : `${vault}/backupJobs/${job}`;
}
