/** An API for unit tests: answers by method and path, and remembers what it was asked. Paths are without the version. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render, type RenderResult } from "@testing-library/react";
import { createElement, type ReactElement } from "react";
import { MemoryRouter, Route, Routes } from "react-router";
import { Client } from "../api/client";
import { newQueryClient } from "../api/queryClient";
import type { Role } from "../sign-in/roles";
import { SessionContext, type Session } from "../sign-in/session";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

type Answer = { status?: number; body?: unknown; headers?: Record<string, string> };
type Answerer = Answer | ((asked: Asked) => Answer);

export class FakeApi {
  readonly asked: Asked[] = [];
  private readonly answers = new Map<string, Answerer>();

  /** `route` is `GET /subscriptions`; the last answer given for it counts. */
  on(route: string, answer: Answerer): this {
    this.answers.set(route.toLowerCase(), answer);
    return this;
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(String(input), window.location.origin);
    const asked: Asked = {
      method: init.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      body: init.body ? JSON.parse(String(init.body)) : undefined,
    };
    this.asked.push(asked);
    const found = this.answers.get(`${asked.method} ${asked.path}`.toLowerCase());
    const { status = 200, body, headers } = found === undefined ? NOTHING : typeof found === "function" ? found(asked) : found;
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers });
  };

  session(role: Role = "Contributor"): Session {
    const client = new Client({ headers: async () => ({ Authorization: "Bearer test" }) }, this.fetch);
    return { client, audience: "api://test", name: "Tester", role, signIn: async () => undefined, signOut: async () => undefined };
  }
}

const NOTHING: Answer = { status: 404, body: { error: { code: "ResourceNotFound", message: "Not in this test." } } };

export const refusal = (status: number, code: string, message: string, details: unknown[] = []): Answer => ({
  status,
  body: { error: { code, message, target: null, details } },
});

/** Renders a view as if its address were `at`; `path` is that of the view. */
export function show(element: ReactElement, api: FakeApi, { at = "/", path = "*", role = "Contributor" as Role } = {}): RenderResult {
  const queries = newQueryClient();
  queries.setDefaultOptions({ queries: { ...queries.getDefaultOptions().queries, retry: false } });
  return render(
    createElement(
      SessionContext.Provider,
      { value: api.session(role) },
      createElement(
        QueryClientProvider,
        { client: queries },
        createElement(MemoryRouter, { initialEntries: [at] }, createElement(Routes, null, createElement(Route, { path, element }))),
      ),
    ),
  );
}
