/** What the table is narrowed down by. */
import { Button, SearchBox, Select, makeStyles } from "@fluentui/react-components";
import { nameOf, vaultOf } from "../../api/ids";
import type { Standing } from "../../api/types";
import { STATES } from "../../shared/StateBadge";
import { FIELDS, valuesOf, type Filter } from "./filter";

const useStyles = makeStyles({
  bar: { display: "flex", flexWrap: "wrap", gap: "8px", alignItems: "center" },
  search: { flexGrow: 1, minWidth: "180px", maxWidth: "360px" },
});

interface Props {
  disks: readonly Standing[];
  filter: Filter;
  onChange: (changes: Record<string, string | null>, replace?: boolean) => void;
}

export function Filters({ disks, filter, onChange }: Props) {
  const styles = useStyles();
  const states = Object.entries(STATES).map(([value, { label }]) => ({ value, label }));
  const plain = (of: (disk: Standing) => string) => valuesOf(disks, of).map((value) => ({ value, label: value }));
  const isNarrowed = FIELDS.some((name) => filter[name]);
  return (
    <div className={styles.bar} role="search">
      <SearchBox
        aria-label="Search disks"
        className={styles.search}
        placeholder="Name, group, policy"
        value={filter.search}
        onChange={(_, { value }) => onChange({ search: value }, true)}
      />
      <Choose label="State" name="state" {...{ filter, onChange }} options={states} />
      <Choose label="Policy" name="policy" {...{ filter, onChange }} options={plain((disk) => disk.policyName)} />
      <Choose label="Vault" name="vault" {...{ filter, onChange }} options={plain((disk) => nameOf(vaultOf(disk.backupInstanceId)))} />
      {isNarrowed && <Button onClick={() => onChange(Object.fromEntries(FIELDS.map((name) => [name, null])))}>Show all</Button>}
    </div>
  );
}

interface ChooseProps extends Omit<Props, "disks"> {
  label: string;
  name: keyof Filter;
  options: { value: string; label: string }[];
}

function Choose({ label, name, options, filter, onChange }: ChooseProps) {
  return (
    <Select aria-label={label} value={filter[name]} onChange={(_, { value }) => onChange({ [name]: value })}>
      <option value="">{label}: all</option>
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </Select>
  );
}
