/** What is under way for a disk, and what failed within a month. Jobs that went well are seen in the recovery points. */
import { makeStyles } from "@fluentui/react-components";
import { toJob, toJobs } from "../../app/links";
import { nameOf, sameId, vaultOf } from "../../api/ids";
import { useVaultJobs } from "../../api/queries";
import type { Job } from "../../api/types";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { useNow } from "../../shared/now";
import { Section } from "../../shared/Page";
import { JobBadge } from "../../shared/StateBadge";
import { Time } from "../../shared/Time";

const MONTH = 30;
const DAY = 86_400_000;
const SHOWN = 10;
const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", rowGap: "8px" },
  line: { display: "flex", flexWrap: "wrap", gap: "4px 12px", alignItems: "center" },
});

export function DiskJobs({ instance }: { instance: string }) {
  const since = new Date(Math.floor(useNow() / DAY) * DAY - MONTH * DAY).toISOString();
  const underWay = useVaultJobs(vaultOf(instance), "status eq 'InProgress'", { every: 15_000 });
  const failed = useVaultJobs(vaultOf(instance), `status eq 'Failed' and startTime ge '${since}'`);
  const ours = (jobs: readonly Job[]) => jobs.filter((job) => sameId(job.properties.backupInstanceId, instance));
  return (
    <Section actions={<Linked to={toJobs({ search: nameOf(instance) })}>All of its jobs</Linked>} title="Under way, or failed within a month">
      <Loaded from={underWay} lines={2}>
        {(running) => (
          <Loaded from={failed} lines={2}>
            {(ended) => <Jobs jobs={[...ours(running), ...ours(ended)].slice(0, SHOWN)} />}
          </Loaded>
        )}
      </Loaded>
    </Section>
  );
}

function Jobs({ jobs }: { jobs: readonly Job[] }) {
  const styles = useStyles();
  if (jobs.length === 0) return <div>Nothing is under way, and nothing failed.</div>;
  return (
    <ul className={styles.list}>
      {jobs.map((job) => (
        <li className={styles.line} key={job.id}>
          <JobBadge status={job.properties.status} />
          <Linked to={toJob(job.id)}>{job.properties.operation}</Linked>
          <Time as="both" at={job.properties.startTime} />
          {job.properties.errorDetails?.[0] && <span>{job.properties.errorDetails[0].message}</span>}
        </li>
      ))}
    </ul>
  );
}
