/**
 * Requests to the API, which is where the page came from. Resources are named by their ARM ids, which are their paths.
 *
 * No token ever goes elsewhere: of a URL that an answer names (nextLink, Azure-AsyncOperation) only path and query count.
 */
import { ApiError, errorOf } from "./errors";
import type { Operation, Page } from "./types";

const VERSION = "2026-06-01";
const SLOW = 60_000; // milliseconds after which no answer counts as none
const PAGES_AT_MOST = 50;

export interface Credential {
  /** Headers that say who asks. Throws ApiError "signedOut". */
  headers(): Promise<Record<string, string>>;
}

export interface Options {
  query?: Readonly<Record<string, string | undefined>>;
  body?: unknown;
  signal?: AbortSignal;
}

type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

export class Client {
  constructor(
    private readonly credential: Credential,
    private readonly fetcher: typeof fetch = (...args) => fetch(...args),
  ) {}

  async get<T>(path: string, options: Options = {}): Promise<T> {
    return bodyOf<T>(await this.request("GET", path, options));
  }

  async send<T>(method: Exclude<Method, "GET">, path: string, options: Options = {}): Promise<T> {
    return bodyOf<T>(await this.request(method, path, options));
  }

  async text(path: string, options: Options = {}): Promise<string> {
    return (await this.request("GET", path, options)).text();
  }

  async page<T>(path: string, options: Options = {}): Promise<Page<T>> {
    return this.get<Page<T>>(path, options);
  }

  /** All pages, at most 50 of them: of more, the first ones. */
  async list<T>(path: string, options: Options = {}): Promise<T[]> {
    const found: T[] = [];
    let next: string | null | undefined = path;
    for (let count = 0; next && count < PAGES_AT_MOST; count += 1) {
      const page: Page<T> = await this.page<T>(next, count === 0 ? options : { signal: options.signal });
      found.push(...page.value);
      next = page.nextLink;
    }
    return found;
  }

  /** Starts what takes its time. Returns the URL of the operation's status, null for what was done at once. */
  async begin(method: Exclude<Method, "GET">, path: string, options: Options = {}): Promise<string | null> {
    const response = await this.request(method, path, options);
    return response.headers.get("Azure-AsyncOperation");
  }

  /** The status of what `begin` started; throws ApiError when it failed. */
  async operation(url: string, signal?: AbortSignal): Promise<Operation> {
    const operation = await this.get<Operation>(url, { signal });
    const error = operation.error;
    if (operation.status === "Failed" || operation.status === "Canceled") {
      const told = error?.additionalInfo?.flatMap((each) => each.info.recommendedAction) ?? [];
      throw new ApiError("broken", error?.message ?? operation.status, null, error?.code, error?.details ?? [], told);
    }
    return operation;
  }

  private async request(method: Method, path: string, options: Options): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json", ...(await this.credential.headers()) };
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    const response = await this.answer(urlOf(path, options.query), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: withLimit(options.signal),
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }

  private async answer(url: string, request: RequestInit): Promise<Response> {
    try {
      return await this.fetcher(url, request);
    } catch (thrown) {
      if (request.signal?.aborted && reasonIs(request.signal, "AbortError")) throw thrown;
      const slow = request.signal?.aborted ?? false;
      throw new ApiError("down", slow ? "The API took longer than a minute." : "The API cannot be reached.");
    }
  }
}

/** Path and query, with the API's version. Exported for the test that nothing goes to other hosts. */
export function urlOf(path: string, query: Options["query"] = {}): string {
  const url = new URL(path, window.location.origin);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  if (!url.searchParams.has("api-version")) url.searchParams.set("api-version", VERSION);
  return url.pathname + url.search;
}

function withLimit(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(SLOW);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

function reasonIs(signal: AbortSignal, name: string): boolean {
  return signal.reason instanceof DOMException && signal.reason.name === name;
}

async function bodyOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
