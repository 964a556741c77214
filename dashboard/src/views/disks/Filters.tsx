/** What the table is narrowed down by. */
import { Button } from "@fluentui/react-components";
import { nameOf, vaultOf } from "../../api/ids";
import type { Standing } from "../../api/types";
import { Choose } from "../../shared/Choose";
import { FilterBar } from "../../shared/FilterBar";
import { STATES } from "../../shared/StateBadge";
import { FIELDS, valuesOf, type Filter } from "./filter";

interface Props {
  disks: readonly Standing[];
  filter: Filter;
  onChange: (changes: Record<string, string | null>, replace?: boolean) => void;
}

export function Filters({ disks, filter, onChange }: Props) {
  const states = Object.entries(STATES).map(([value, { label }]) => ({ value, label }));
  const plain = (of: (disk: Standing) => string) => valuesOf(disks, of).map((value) => ({ value, label: value }));
  const isNarrowed = FIELDS.some((name) => filter[name]);
  return (
    <FilterBar label="Search disks" placeholder="Name, group, policy" search={filter.search} onSearch={(search) => onChange({ search }, true)}>
      <Choose all="State: all" label="State" options={states} value={filter.state} onChange={(value) => onChange({ state: value })} />
      <Choose all="Policy: all" label="Policy" options={plain((disk) => disk.policyName)} value={filter.policy} onChange={(value) => onChange({ policy: value })} />
      <Choose all="Vault: all" label="Vault" options={plain((disk) => nameOf(vaultOf(disk.backupInstanceId)))} value={filter.vault} onChange={(value) => onChange({ vault: value })} />
      {isNarrowed && <Button onClick={() => onChange(Object.fromEntries(FIELDS.map((name) => [name, null])))}>Show all</Button>}
    </FilterBar>
  );
}
