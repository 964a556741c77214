/** What the table says of each job. */
import { toDisk, toJob } from "../../app/links";
import { nameOf, vaultOf } from "../../api/ids";
import type { Job } from "../../api/types";
import type { Column } from "../../shared/columns";
import { Linked } from "../../shared/Linked";
import { JobBadge } from "../../shared/StateBadge";
import { Time } from "../../shared/Time";
import { operationText, tookSeconds, tookText } from "./operations";

const BY_TROUBLE = ["Failed", "CompletedWithWarnings", "Cancelled", "InProgress", "Completed"];

export const COLUMNS: readonly Column<Job>[] = [
  {
    key: "operation",
    label: "Operation",
    width: 150, grow: 1,
    show: (job) => <Linked to={toJob(job.id)}>{operationText(job.properties.operation)}</Linked>,
    by: (job) => operationText(job.properties.operation),
  },
  {
    key: "disk",
    label: "Disk",
    width: 160, grow: 1,
    show: ({ properties }) => (
      <Linked to={toDisk(properties.backupInstanceId)}>
        {properties.backupInstanceFriendlyName || nameOf(properties.backupInstanceId)}
      </Linked>
    ),
    by: ({ properties }) => properties.backupInstanceFriendlyName,
  },
  {
    key: "status",
    label: "State",
    width: 200,
    show: (job) => <JobBadge status={job.properties.status} />,
    by: (job) => BY_TROUBLE.indexOf(job.properties.status),
  },
  {
    key: "started",
    label: "Started",
    width: 205,
    show: (job) => <Time at={job.properties.startTime} />,
    by: (job) => Date.parse(job.properties.startTime),
  },
  { key: "took", label: "Took", width: 115, show: (job) => tookText(job) ?? "", by: (job) => tookSeconds(job) },
  {
    key: "why",
    label: "What went wrong",
    width: 200, grow: 3,
    show: ({ properties }) => {
      const error = properties.errorDetails?.[0];
      return error ? <span title={error.message}>{error.message}</span> : "";
    },
  },
  {
    key: "vault",
    label: "Vault",
    width: 110, grow: 1,
    show: (job) => nameOf(vaultOf(job.id)),
    by: (job) => nameOf(vaultOf(job.id)),
  },
];
