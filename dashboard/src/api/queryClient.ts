/** How questions are repeated: what passes by itself is asked again, later each time and not before the API wants it. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

const TRIES = 3;

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        retry: (failures, error) => failures < TRIES && error instanceof ApiError && error.passes,
        retryDelay: (failures, error) => Math.max(1_000 * 2 ** failures, retryAfter(error) * 1_000),
        refetchIntervalInBackground: false,
      },
      mutations: { retry: false },
    },
  });
}

const retryAfter = (error: Error): number => (error instanceof ApiError ? (error.retryAfter ?? 0) : 0);
