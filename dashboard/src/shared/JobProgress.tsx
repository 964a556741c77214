/** A job, followed to its end: its steps, how it went, and what to do where it failed. */
import { ProgressBar, makeStyles, tokens } from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { toJob } from "../app/links";
import { ENDED, useJob } from "../api/queries";
import type { Job } from "../api/types";
import { ErrorDetails } from "./ErrorDetails";
import { Linked } from "./Linked";
import { Loaded } from "./Loaded";
import { JobBadge } from "./StateBadge";

const useStyles = makeStyles({
  frame: {
    display: "flex",
    flexDirection: "column",
    rowGap: "8px",
    padding: "12px 16px",
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
  },
  head: { display: "flex", flexWrap: "wrap", columnGap: "12px", rowGap: "4px", alignItems: "center" },
  steps: { margin: 0, paddingInlineStart: "20px" },
});

export const hasEnded = (job: Job | undefined): boolean => job !== undefined && ENDED.includes(job.properties.status);

// What a job may have changed once it has ended.
const CHANGED: readonly string[] = ["points", "instance", "standings", "health", "jobs"];

export function JobProgress({ id, title }: { id: string; title: string }) {
  const styles = useStyles();
  const job = useJob(id);
  const queries = useQueryClient();
  const isOver = hasEnded(job.data);
  useEffect(() => {
    if (isOver) void queries.invalidateQueries({ predicate: ({ queryKey }) => CHANGED.includes(String(queryKey[0])) });
  }, [isOver, queries]);
  return (
    <section aria-label={title} aria-live="polite" className={styles.frame}>
      <Loaded from={job} lines={2}>
        {(found) => <Progress job={found} title={title} />}
      </Loaded>
    </section>
  );
}

function Progress({ job, title }: { job: Job; title: string }) {
  const styles = useStyles();
  const { status, extendedInfo, errorDetails } = job.properties;
  const steps = extendedInfo.subTasks;
  return (
    <>
      <div className={styles.head}>
        <strong>{title}</strong>
        <JobBadge status={status} />
        <Linked to={toJob(job.id)}>Its job</Linked>
      </div>
      {!hasEnded(job) && <ProgressBar aria-label={`${title}: under way`} />}
      <ol className={styles.steps}>
        {steps.map((step) => (
          <li key={step.taskId}>
            {step.taskName}: {step.taskStatus}
            {step.taskProgress && ` (${step.taskProgress})`}
          </li>
        ))}
      </ol>
      {(errorDetails ?? []).map((error, at) => (
        <ErrorDetails error={error} key={at} />
      ))}
      {(extendedInfo.warningDetails ?? []).map((warning, at) => (
        <ErrorDetails error={warning.warning} intent="warning" key={at} />
      ))}
    </>
  );
}
