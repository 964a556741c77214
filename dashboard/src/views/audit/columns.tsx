/** What the table says of each audit record. */
import { Badge } from "@fluentui/react-components";
import { partOf } from "../../api/ids";
import type { AuditRecord } from "../../api/types";
import type { Column } from "../../shared/columns";
import { Time } from "../../shared/Time";

type Outcome = AuditRecord["properties"]["outcome"];

const COLOURS: Readonly<Record<Outcome, "success" | "warning" | "danger" | "informative">> = {
  Succeeded: "success",
  Attempted: "informative",
  Refused: "warning",
  Failed: "danger",
};
export const OUTCOMES = Object.keys(COLOURS) as Outcome[];

export const COLUMNS: readonly Column<AuditRecord>[] = [
  {
    key: "time",
    label: "When",
    width: 190,
    show: ({ properties }) => <Time at={properties.time} />,
    by: ({ properties }) => Date.parse(properties.time),
  },
  {
    key: "who",
    label: "Who",
    width: 140, grow: 1,
    show: ({ properties }) => <span title={properties.caller.objectId}>{properties.caller.name || properties.caller.objectId}</span>,
    by: ({ properties }) => properties.caller.name,
  },
  {
    key: "action",
    label: "Action",
    width: 220, grow: 2,
    show: ({ properties }) => <span title={properties.action}>{shortened(properties.action)}</span>,
    by: ({ properties }) => shortened(properties.action),
  },
  {
    key: "on",
    label: "On",
    width: 140, grow: 1,
    show: ({ properties }) => <span title={properties.path}>{subjectOf(properties.path)}</span>,
    by: ({ properties }) => subjectOf(properties.path),
  },
  {
    key: "outcome",
    label: "Outcome",
    width: 130,
    show: ({ properties }) => (
      <Badge appearance="tint" color={COLOURS[properties.outcome]}>
        {properties.outcome}
      </Badge>
    ),
    by: ({ properties }) => properties.outcome,
  },
  {
    key: "what",
    label: "What changed, or why not",
    width: 200, grow: 3,
    show: ({ properties }) => {
      const told = [properties.errorCode, ...properties.changes].filter(Boolean).join("; ");
      return <span title={told}>{told}</span>;
    },
  },
];

/** Without what all of them begin with. */
const shortened = (action: string): string => action.replace(/^Microsoft\.DataProtection\/(backupVaults\/(?=.*\/))?/i, "");

/** The instance, policy or vault that a path is about. */
function subjectOf(path: string): string {
  const words = ["backupInstances", "backupPolicies", "backupVaults"];
  return words.map((word) => partOf(path, word)).find(Boolean) ?? path.slice(path.lastIndexOf("/") + 1);
}
