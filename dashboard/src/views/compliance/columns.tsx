/** What the report says of each disk. */
import { toDisk } from "../../app/links";
import { nameOf, vaultOf } from "../../api/ids";
import type { ComplianceReport } from "../../api/types";
import type { Column } from "../../shared/columns";
import { countText, durationText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { StateBadge } from "../../shared/StateBadge";

export type Row = ComplianceReport["value"][number];

const number = (key: string, label: string, of: (row: Row) => number): Column<Row> => ({
  key,
  label,
  width: 100,
  isNumber: true,
  show: (row) => countText(of(row)),
  by: of,
});

export const COLUMNS: readonly Column<Row>[] = [
  {
    key: "disk",
    label: "Disk",
    width: 170, grow: 2,
    show: (row) => <Linked to={toDisk(row.backupInstanceId)}>{nameOf(row.backupInstanceId)}</Linked>,
    by: (row) => nameOf(row.backupInstanceId),
  },
  { key: "state", label: "State now", width: 110, show: (row) => <StateBadge state={row.state} />, by: (row) => row.state },
  number("due", "Due", (row) => row.slotsDue),
  number("taken", "Taken", (row) => row.slotsTaken),
  number("late", "Late", (row) => row.slotsLate),
  number("missed", "Missed", (row) => row.slotsMissed),
  number("failed", "Failed", (row) => row.slotsFailed),
  number("onDemand", "On demand", (row) => row.onDemand),
  number("lost", "Lost", (row) => row.pointsLost),
  number("tested", "Tests passed", (row) => row.restoreTests),
  number("testsFailed", "Tests failed", (row) => row.restoreTestsFailed),
  { key: "objective", label: "Objective", width: 170, show: (row) => durationText(row.objective) },
  { key: "gap", label: "Longest gap", width: 170, show: (row) => durationText(row.longestGap) },
  { key: "policy", label: "Policy", width: 110, grow: 1, show: (row) => row.policyName, by: (row) => row.policyName },
  {
    key: "vault",
    label: "Vault",
    width: 110, grow: 1,
    show: (row) => nameOf(vaultOf(row.backupInstanceId)),
    by: (row) => nameOf(vaultOf(row.backupInstanceId)),
  },
];

export function totalsOf(rows: readonly Row[]) {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    due: sum((row) => row.slotsDue),
    taken: sum((row) => row.slotsTaken),
    late: sum((row) => row.slotsLate),
    missed: sum((row) => row.slotsMissed),
    failed: sum((row) => row.slotsFailed),
    lost: sum((row) => row.pointsLost),
  };
}
