/** Legal holds on a recovery point or a backup instance, by its id. */
import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { SELDOM } from "../api/queries";
import type { Schemas } from "../api/types";
import { useClient } from "../sign-in/session";

export type Hold = Schemas["LegalHold"];

export function useHolds(of: string): UseQueryResult<Hold[]> {
  const client = useClient();
  return useQuery({
    queryKey: ["holds", of.toLowerCase()],
    queryFn: ({ signal }) => client.list<Hold>(`${of}/legalHolds`, { signal }),
    staleTime: SELDOM,
  });
}

export interface NewHold {
  name: string;
  reason: string;
}

export function useSetHold(of: string): UseMutationResult<unknown, Error, NewHold> {
  const client = useClient();
  const onSettled = useAfterwards();
  return useMutation({
    mutationFn: ({ name, reason }) => client.send("PUT", `${of}/legalHolds/${encodeURIComponent(name)}`, { body: { properties: { reason } } }),
    onSettled,
  });
}

/** It ends after a delay, which the answer tells. */
export function useClearHold(): UseMutationResult<unknown, Error, Hold> {
  const client = useClient();
  const onSettled = useAfterwards();
  return useMutation({ mutationFn: (hold) => client.send("DELETE", hold.id), onSettled });
}

function useAfterwards(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "holds" || queryKey[0] === "points" });
}
