/** States in words and colour, never in colour alone. */
import { Badge } from "@fluentui/react-components";
import type { Alert, Health, Job } from "../api/types";

export type State = keyof Health["properties"]["backupInstances"];
type Colour = "success" | "warning" | "danger" | "informative" | "subtle";

export const STATES: Readonly<Record<State, { label: string; colour: Colour }>> = {
  breached: { label: "Breached", colour: "danger" },
  error: { label: "Error", colour: "danger" },
  atRisk: { label: "At risk", colour: "warning" },
  paused: { label: "Paused", colour: "informative" },
  protected: { label: "Protected", colour: "success" },
};

export const JOB_STATES: Readonly<Record<Job["properties"]["status"], { label: string; colour: Colour }>> = {
  InProgress: { label: "In progress", colour: "informative" },
  Completed: { label: "Completed", colour: "success" },
  CompletedWithWarnings: { label: "Completed with warnings", colour: "warning" },
  Failed: { label: "Failed", colour: "danger" },
  Cancelled: { label: "Cancelled", colour: "subtle" },
};

export const SEVERITIES: Readonly<Record<Alert["properties"]["severity"], { label: string; colour: Colour }>> = {
  Sev0: { label: "Critical", colour: "danger" },
  Sev1: { label: "Error", colour: "danger" },
  Sev2: { label: "Warning", colour: "warning" },
  Sev3: { label: "Informational", colour: "informative" },
  Sev4: { label: "Verbose", colour: "subtle" },
};

export const StateBadge = ({ state }: { state: State }) => <Shown {...STATES[state]} />;
export const JobBadge = ({ status }: { status: Job["properties"]["status"] }) => <Shown {...JOB_STATES[status]} />;
export const SeverityBadge = ({ severity }: { severity: Alert["properties"]["severity"] }) => <Shown {...SEVERITIES[severity]} />;

function Shown({ label, colour }: { label: string; colour: Colour }) {
  return (
    <Badge appearance="tint" color={colour}>
      {label}
    </Badge>
  );
}
