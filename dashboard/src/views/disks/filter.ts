/** Which disks an address asks for. */
import { nameOf, vaultOf } from "../../api/ids";
import type { Standing } from "../../api/types";

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

/** Each word of the search has to be somewhere in the disk's names. */
export function matching(disks: readonly Standing[], filter: Filter): Standing[] {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  return disks.filter((disk) => has(disk, filter) && words.every((word) => textOf(disk).includes(word)));
}

function has(disk: Standing, { state, policy, vault }: Filter): boolean {
  return (
    (!state || disk.state === state) &&
    (!policy || disk.policyName === policy) &&
    (!vault || nameOf(vaultOf(disk.backupInstanceId)) === vault)
  );
}

const textOf = (disk: Standing): string => `${disk.friendlyName} ${disk.dataSourceId} ${disk.policyName}`.toLowerCase();

/** The different values, in order. */
export const valuesOf = (disks: readonly Standing[], of: (disk: Standing) => string): string[] =>
  [...new Set(disks.map(of))].sort((one, other) => one.localeCompare(other));
