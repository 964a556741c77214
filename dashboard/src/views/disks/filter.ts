/** Which disks an address asks for. */
import { nameOf, vaultOf } from "../../api/ids";
import type { Standing } from "../../api/types";
import { hasWords } from "../../shared/FilterBar";

export interface Filter {
  search: string;
  state: string;
  policy: string;
  vault: string;
}

export const FIELDS: readonly (keyof Filter)[] = ["search", "state", "policy", "vault"];

export function readFilter(params: URLSearchParams): Filter {
  const read = (name: keyof Filter) => params.get(name) ?? "";
  return { search: read("search"), state: read("state"), policy: read("policy"), vault: read("vault") };
}

export const matching = (disks: readonly Standing[], filter: Filter): Standing[] =>
  disks.filter((disk) => has(disk, filter) && hasWords(textOf(disk), filter.search));

function has(disk: Standing, { state, policy, vault }: Filter): boolean {
  return (
    (!state || disk.state === state) &&
    (!policy || disk.policyName === policy) &&
    (!vault || nameOf(vaultOf(disk.backupInstanceId)) === vault)
  );
}

const textOf = (disk: Standing): string => `${disk.friendlyName} ${disk.dataSourceId} ${disk.policyName}`;

/** The different values, in order. */
export const valuesOf = (disks: readonly Standing[], of: (disk: Standing) => string): string[] =>
  [...new Set(disks.map(of))].sort((one, other) => one.localeCompare(other));
