/** What jobs are about, in people's words. */
import type { Job } from "../../api/types";
import { counted, lengthText } from "../../shared/format";

type Operation = Job["properties"]["operation"];

export const OPERATIONS: Readonly<Record<Operation, string>> = {
  Backup: "Backup",
  Restore: "Restore",
  RestoreTogether: "Restore of several",
  SwapDisks: "Swap of disks",
  UndoSwap: "Undoing of a swap",
  ExpireRecoveryPoints: "Expiry",
  CopyRecoveryPoint: "Copy to another region",
  ConfigureProtection: "Change of protection",
  DeleteBackupInstance: "Deletion",
  ImportVault: "Move of a vault",
  UndoImport: "Undoing of a move",
  FinishImport: "End of a move",
  AdoptSnapshots: "Adoption of snapshots",
  UndoAdoption: "Undoing of an adoption",
  RestoreTest: "Restore test",
};

const MANY: Readonly<Record<Operation, string>> = {
  Backup: "backups",
  Restore: "restores",
  RestoreTogether: "restores of several",
  SwapDisks: "swaps of disks",
  UndoSwap: "undoings of swaps",
  ExpireRecoveryPoints: "expiries",
  CopyRecoveryPoint: "copies to other regions",
  ConfigureProtection: "changes of protection",
  DeleteBackupInstance: "deletions",
  ImportVault: "moves of vaults",
  UndoImport: "undoings of moves",
  FinishImport: "ends of moves",
  AdoptSnapshots: "adoptions of snapshots",
  UndoAdoption: "undoings of adoptions",
  RestoreTest: "restore tests",
};

/** `1 backup`, `3 changes of protection`. */
export const countedOperation = (count: number, operation: string): string =>
  counted(count, operationText(operation).toLowerCase(), MANY[operation as Operation] ?? operation);

export const operationText = (operation: string): string => OPERATIONS[operation as Operation] ?? operation;

/** How long a job took; null while it is under way. */
export function tookSeconds({ properties }: Job): number | null {
  return properties.endTime ? (Date.parse(properties.endTime) - Date.parse(properties.startTime)) / 1000 : null;
}

export function tookText(job: Job): string | null {
  const seconds = tookSeconds(job);
  if (seconds === null) return null;
  return seconds < 60 ? `${Math.max(1, Math.round(seconds))} s` : lengthText(seconds);
}
