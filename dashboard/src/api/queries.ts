/** What views ask the API, with how long an answer counts. Keys begin with the resource's id, so that changes find them. */
import { useQueries, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useClient } from "../sign-in/session";
import { PROVIDER } from "./ids";
import type { Health, Instance, Job, Point, PointCopy, Policy, Standing, StorageHistory, Subscription, UnprotectedDisk, Vault } from "./types";

const MINUTE = 60_000;
export const SELDOM = 10 * MINUTE; // for what changes when somebody changes it
export const ENDED: readonly string[] = ["Completed", "CompletedWithWarnings", "Failed", "Cancelled"];

/** What lists of all vaults have in common: one answer, made of one for each vault. */
export interface Gathered<T> {
  data: T[] | undefined;
  error: Error | null; // the first; `data` then lacks what that vault has
  isPending: boolean;
  isFetching: boolean;
  updatedAt: number;
  refetch: () => void;
}

export function useHealth(): UseQueryResult<Health["properties"]> {
  const client = useClient();
  return useQuery({
    queryKey: ["health"],
    queryFn: async ({ signal }) => (await client.get<Health>(`/${PROVIDER}/health`, { signal })).properties,
    refetchInterval: MINUTE,
  });
}

/** How much was held on each of the last days; counted once a day. */
export function useStorageHistory(): UseQueryResult<StorageHistory> {
  const client = useClient();
  return useQuery({
    queryKey: ["storage"],
    queryFn: ({ signal }) => client.get<StorageHistory>(`/${PROVIDER}/storageHistory`, { signal }),
    staleTime: 60 * MINUTE,
    refetchInterval: 60 * MINUTE,
  });
}

export function useSubscriptions(): UseQueryResult<Subscription[]> {
  const client = useClient();
  return useQuery({
    queryKey: ["subscriptions"],
    queryFn: ({ signal }) => client.list<Subscription>("/subscriptions", { signal }),
    staleTime: SELDOM,
  });
}

export function useVaults(): Gathered<Vault> {
  return useInEachSubscription<Vault>("vaults", (id) => `${id}/${PROVIDER}/backupVaults`);
}

export function useUnprotected(): Gathered<UnprotectedDisk> {
  return useInEachSubscription<UnprotectedDisk>("unprotected", (id) => `${id}/${PROVIDER}/unprotectedDisks`);
}

export function usePolicies(): Gathered<Policy> {
  return useInEachVault<Policy>("policies", (id) => `${id}/backupPolicies`);
}

/** Of all protected disks, whatever vault they lie in. */
export function useStandings(): Gathered<Standing> {
  return useInEachVault<Standing>("standings", (id) => `${id}/backupInstanceStandings`, { every: MINUTE });
}

export function useInstance(id: string): UseQueryResult<Instance> {
  const client = useClient();
  return useQuery({
    queryKey: ["instance", id.toLowerCase()],
    queryFn: ({ signal }) => client.get<Instance>(id, { signal }),
    refetchInterval: MINUTE,
  });
}

/** Newest first, each with why it is kept. */
export function usePoints(id: string): UseQueryResult<Point[]> {
  const client = useClient();
  return useQuery({
    queryKey: ["points", id.toLowerCase()],
    queryFn: ({ signal }) => client.list<Point>(`${id}/recoveryPoints`, { query: { $expand: "retention" }, signal }),
    refetchInterval: 2 * MINUTE,
  });
}

/** Of an instance's points in other regions, newest first: those that are still made, too. */
export function useCopies(id: string): UseQueryResult<PointCopy[]> {
  const client = useClient();
  return useQuery({
    queryKey: ["copies", id.toLowerCase()],
    queryFn: ({ signal }) => client.list<PointCopy>(`${id}/recoveryPointCopies`, { signal }),
    refetchInterval: 2 * MINUTE,
  });
}

/** A job, looked at again and again until it has ended. */
export function useJob(id: string | null): UseQueryResult<Job> {
  const client = useClient();
  return useQuery({
    queryKey: ["job", id?.toLowerCase()],
    queryFn: ({ signal }) => client.get<Job>(id ?? "", { signal }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data && ENDED.includes(state.data.properties.status) ? false : 2_000),
  });
}

/** `path` makes a list's address of a vault's id. `every` is in milliseconds. */
export function useInEachVault<T>(
  name: string,
  path: (vault: string) => string,
  { query, every }: { query?: Readonly<Record<string, string>>; every?: number } = {},
): Gathered<T> {
  const vaults = useVaults();
  const lists = useLists<T>(name, vaults.data?.map((vault) => vault.id) ?? [], path, query, every);
  return afterwards(vaults, lists);
}

export function useInEachSubscription<T>(name: string, path: (subscription: string) => string): Gathered<T> {
  const subscriptions = useSubscriptions();
  const lists = useLists<T>(name, subscriptions.data?.map((each) => `/subscriptions/${each.subscriptionId}`) ?? [], path);
  return afterwards(subscriptions, lists);
}

function useLists<T>(
  name: string,
  ids: string[],
  path: (id: string) => string,
  query?: Readonly<Record<string, string>>,
  every?: number,
): Gathered<T> {
  const client = useClient();
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: [name, id.toLowerCase(), query],
      queryFn: ({ signal }: { signal: AbortSignal }) => client.list<T>(path(id), { query, signal }),
      staleTime: every ?? SELDOM,
      refetchInterval: every,
    })),
    combine: gather<T>,
  });
}

function gather<T>(results: UseQueryResult<T[]>[]): Gathered<T> {
  return {
    data: results.every((one) => one.isPending) && results.length ? undefined : results.flatMap((one) => one.data ?? []),
    error: results.find((one) => one.error)?.error ?? null,
    isPending: results.some((one) => one.isPending),
    isFetching: results.some((one) => one.isFetching),
    updatedAt: Math.min(...results.map((one) => one.dataUpdatedAt)),
    refetch: () => results.forEach((one) => void one.refetch()),
  };
}

/** The lists hang on an earlier question: while that has no answer, they have none. */
function afterwards<T>(first: Pick<Gathered<unknown>, "data" | "error" | "isPending"> & { refetch: () => unknown }, lists: Gathered<T>): Gathered<T> {
  const refetch = () => {
    void first.refetch();
    lists.refetch();
  };
  if (first.data === undefined) {
    return { ...lists, data: undefined, error: first.error, isPending: first.isPending, refetch };
  }
  return { ...lists, isPending: lists.isPending || first.isPending, error: lists.error ?? first.error, refetch };
}

/** Jobs of one vault that a `$filter` of the API lets through. */
export function useVaultJobs(vault: string, filter: string, { every, enabled = true }: { every?: number; enabled?: boolean } = {}): UseQueryResult<Job[]> {
  const client = useClient();
  return useQuery({
    queryKey: ["jobs", vault.toLowerCase(), filter],
    queryFn: ({ signal }) => client.list<Job>(`${vault}/backupJobs`, { query: { $filter: filter }, signal }),
    refetchInterval: every,
    enabled,
  });
}
