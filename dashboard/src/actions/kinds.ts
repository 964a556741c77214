/** What can be done to protected disks, who may, for which it makes sense, and what follows. */
import type { Standing } from "../api/types";
import type { Role } from "../sign-in/roles";
import { counted } from "../shared/format";

export type Kind = "backUp" | "stop" | "resume" | "changePolicy";

export interface Action {
  label: string;
  role: Role;
  /** Whether the API would do it in this state. */
  fits: (disk: Standing) => boolean;
  /** What follows for `count` disks, said before it is done. */
  consequences: (count: number) => readonly string[];
}

const TAKES_BACKUPS = ["ProtectionConfigured", "UpdatingProtection"];
const PAUSED = ["ProtectionStopped", "BackupsSuspended"];

export const ACTIONS: Readonly<Record<Kind, Action>> = {
  backUp: {
    label: "Back up now",
    role: "Operator",
    fits: (disk) => TAKES_BACKUPS.includes(disk.currentProtectionState),
    consequences: (count) => [
      `A snapshot of ${counted(count, "disk")} is taken at once, beside the schedule.`,
      "Each is kept as long as the retention rule that you choose says.",
    ],
  },
  stop: {
    label: "Stop",
    role: "Contributor",
    fits: (disk) => !PAUSED.includes(disk.currentProtectionState),
    consequences: (count) => [
      `${counted(count, "disk")} will have no new recovery points until protection is resumed.`,
      "What happens to the recovery points that exist is your choice:",
    ],
  },
  resume: {
    label: "Resume",
    role: "Contributor",
    fits: (disk) => PAUSED.includes(disk.currentProtectionState),
    consequences: (count) => [
      `${counted(count, "disk")} will be backed up again from the next slot of the policy on.`,
      "Recovery points that expired while protection was stopped will be deleted.",
    ],
  },
  changePolicy: {
    label: "Change policy",
    role: "Operator",
    fits: () => true,
    consequences: (count) => [
      `Backups of ${counted(count, "disk")} to come follow the other policy's schedule and retention.`,
      "Recovery points that exist keep what they were promised.",
    ],
  },
};
