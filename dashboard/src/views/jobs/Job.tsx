/** One job: what it is about, its steps as they are done, how it ended and what to do then. */
import { makeStyles } from "@fluentui/react-components";
import { useParams } from "react-router";
import { toDisk, toJobs } from "../../app/links";
import { nameOf } from "../../api/ids";
import { useJob } from "../../api/queries";
import type { Job } from "../../api/types";
import { Facts } from "../../shared/Facts";
import { JobProgress } from "../../shared/JobProgress";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Page, Section } from "../../shared/Page";
import { Time } from "../../shared/Time";
import { operationText, tookText } from "./operations";

const useStyles = makeStyles({ view: { display: "flex", flexDirection: "column", rowGap: "20px" } });

export function Component() {
  const id = `/${useParams()["*"] ?? ""}`;
  const job = useJob(id);
  const title = job.data ? `${operationText(job.data.properties.operation)} of ${job.data.properties.backupInstanceFriendlyName}` : "Job";
  return (
    <Page actions={<Linked to={toJobs()}>All jobs</Linked>} title={title}>
      <Loaded from={job} lines={8}>
        {(found) => <Told job={found} />}
      </Loaded>
    </Page>
  );
}

function Told({ job }: { job: Job }) {
  const styles = useStyles();
  const { properties } = job;
  const details = Object.entries(properties.extendedInfo.additionalDetails ?? {});
  return (
    <div className={styles.view}>
      <JobProgress id={job.id} title={operationText(properties.operation)} />
      <Facts
        facts={[
          ["Disk", <Linked to={toDisk(properties.backupInstanceId)}>{properties.backupInstanceFriendlyName}</Linked>],
          ["Policy", properties.policyName ?? "none"],
          ["Vault", properties.vaultName],
          ["Begun by", properties.isUserTriggered ? "a request" : "the schedule"],
          ["Started", <Time as="both" at={properties.startTime} />],
          ["Ended", <Time as="both" at={properties.endTime} none="not yet" />],
          ["Took", tookText(job) ?? "under way"],
          ["Job id", nameOf(job.id)],
        ]}
      />
      {details.length > 0 && (
        <Section title="Details">
          <Facts facts={details} />
        </Section>
      )}
    </div>
  );
}
