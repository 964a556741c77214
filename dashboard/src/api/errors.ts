/** What can go wrong between the page and the API, as one value that every view can show. */
import type { Fault, Schemas } from "./types";

export type Trouble =
  | "signedOut" // 401, or no token to be had
  | "forbidden" // 403
  | "absent" // 404
  | "conflict" // 409: the resource's present state forbids it
  | "tooMany" // 429
  | "invalid" // 400, 413
  | "down" // no answer at all
  | "broken"; // 5xx, or an answer that is none of the API's

export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly trouble: Trouble,
    message: string,
    readonly status: number | null = null,
    readonly code: string = "",
    readonly faults: readonly Fault[] = [],
    readonly actions: readonly string[] = [],
    readonly retryAfter: number | null = null, // seconds
    readonly requestId: string = "",
  ) {
    super(message);
  }

  /** Whether asking again, unchanged, may help. */
  get passes(): boolean {
    return this.trouble === "down" || this.trouble === "tooMany" || this.status === 503;
  }
}

const BY_STATUS: Readonly<Record<number, Trouble>> = {
  400: "invalid",
  401: "signedOut",
  403: "forbidden",
  404: "absent",
  409: "conflict",
  413: "invalid",
  429: "tooMany",
};

export async function errorOf(response: Response): Promise<ApiError> {
  const error = await bodyOf(response);
  const told = error?.additionalInfo?.map((each) => each.info) ?? [];
  return new ApiError(
    BY_STATUS[response.status] ?? "broken",
    error?.message ?? `The API answered ${response.status} without saying why.`,
    response.status,
    error?.code ?? response.headers.get("x-ms-error-code") ?? "",
    error?.details ?? [],
    told.flatMap((info) => info.recommendedAction),
    secondsOf(response.headers.get("Retry-After")),
    response.headers.get("x-ms-request-id") ?? "",
  );
}

/** Of anything thrown. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError("broken", thrown instanceof Error ? thrown.message : String(thrown));
}

async function bodyOf(response: Response): Promise<Schemas["Error"] | undefined> {
  try {
    return ((await response.json()) as Schemas["CloudError"]).error;
  } catch {
    return undefined; // not JSON: a proxy's page, or nothing
  }
}

function secondsOf(header: string | null): number | null {
  const seconds = Number(header);
  return header !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
