/** What the report says of each disk. */
import { toDisk } from "../../app/links";
import { nameOf, vaultOf } from "../../api/ids";
import type { ComplianceReport } from "../../api/types";
import type { Column } from "../../shared/columns";
import { countText, durationText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { type State, StateBadge, STATES } from "../../shared/StateBadge";

export type Row = ComplianceReport["value"][number];
type Region = Row["copies"][number];

const number = (key: string, label: string, of: (row: Row) => number): Column<Row> => ({
  key,
  label,
  width: 100,
  isNumber: true,
  show: (row) => countText(of(row)),
  by: of,
});

const COLUMNS: readonly Column<Row>[] = [
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

/** Of copies in other regions, for a report that has any. */
const OF_COPIES: readonly Column<Row>[] = [
  {
    key: "copies",
    label: "Copies now",
    width: 110,
    show: (row) => (row.copies.length > 0 ? <StateBadge state={worstOf(row.copies)} /> : "None"),
    by: (row) => (row.copies.length > 0 ? worstOf(row.copies) : null),
  },
  {
    key: "regions",
    label: "Copied to",
    width: 140,
    show: (row) => row.copies.map(({ location }) => location).join(", "),
    by: (row) => row.copies.map(({ location }) => location).join(", ") || null,
  },
  number("copiesMade", "Copies made", (row) => copiesOf(row, ({ made }) => made)),
  number("copiesMissed", "Copies missed", (row) => copiesOf(row, ({ missed }) => missed)),
];

export function columnsFor(rows: readonly Row[]): readonly Column<Row>[] {
  if (!rows.some(({ copies }) => copies.length > 0)) return COLUMNS;
  const at = COLUMNS.findIndex(({ key }) => key === "objective");
  return [...COLUMNS.slice(0, at), ...OF_COPIES, ...COLUMNS.slice(at)];
}

const copiesOf = (row: Row, of: (region: Region) => number): number => row.copies.reduce((total, region) => total + of(region), 0);

/** The table of states has the worst first. */
function worstOf(copies: readonly Region[]): State {
  const there = new Set(copies.map(({ state }) => state));
  return (Object.keys(STATES) as State[]).find((state) => there.has(state)) ?? "protected";
}

export function totalsOf(rows: readonly Row[]) {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    due: sum((row) => row.slotsDue),
    taken: sum((row) => row.slotsTaken),
    late: sum((row) => row.slotsLate),
    missed: sum((row) => row.slotsMissed),
    failed: sum((row) => row.slotsFailed),
    lost: sum((row) => row.pointsLost),
    copied: rows.filter(({ copies }) => copies.length > 0).length,
    copiesMissed: sum((row) => copiesOf(row, ({ missed }) => missed)),
    behind: rows.filter(({ copies }) => copies.some(({ state }) => state === "breached")).length,
  };
}
