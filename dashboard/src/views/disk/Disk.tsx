/** One protected disk: where it stands, what it can be restored to and why each recovery point is kept. */
import { Button, makeStyles } from "@fluentui/react-components";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { ActionDialog } from "../../actions/ActionDialog";
import { ACTIONS, type Kind } from "../../actions/kinds";
import { toRestore } from "../../app/links";
import { useInstance, usePoints, useStandings } from "../../api/queries";
import { sameId } from "../../api/ids";
import type { Instance, Standing } from "../../api/types";
import { Holds } from "../../holds/Holds";
import { ErrorDetails } from "../../shared/ErrorDetails";
import { JobProgress } from "../../shared/JobProgress";
import { Loaded } from "../../shared/Loaded";
import { Page, Section } from "../../shared/Page";
import { includes } from "../../sign-in/roles";
import { useSession } from "../../sign-in/session";
import { DiskCost } from "./DiskCost";
import { DiskFacts } from "./DiskFacts";
import { DiskJobs } from "./DiskJobs";
import { History } from "./History";

const KINDS: readonly Kind[] = ["backUp", "stop", "resume", "changePolicy"];
const useStyles = makeStyles({ view: { display: "flex", flexDirection: "column", rowGap: "20px" } });

export function Component() {
  const id = `/${useParams()["*"] ?? ""}`;
  const instance = useInstance(id);
  const standings = useStandings();
  const standing = standings.data?.find((each) => sameId(each.backupInstanceId, id));
  const title = instance.data?.properties.friendlyName ?? standing?.friendlyName ?? id.slice(id.lastIndexOf("/") + 1);
  return (
    <Page actions={standing && <Actions standing={standing} />} title={title}>
      <Loaded from={instance} lines={8}>
        {(found) => <Told instance={found} standing={standing} />}
      </Loaded>
    </Page>
  );
}

function Told({ instance, standing }: { instance: Instance; standing: Standing | undefined }) {
  const styles = useStyles();
  const points = usePoints(instance.id);
  const error = instance.properties.protectionErrorDetails;
  return (
    <div className={styles.view}>
      {error && <ErrorDetails error={error} />}
      <DiskFacts instance={instance} standing={standing} />
      <Section title="Recovery points">
        <Loaded from={points} lines={8}>
          {(found) => <History instance={instance} points={found} />}
        </Loaded>
      </Section>
      <Section title="Legal holds on all of its recovery points">
        <Holds of={instance.id} what="all of them" />
      </Section>
      <DiskJobs instance={instance.id} />
      {points.data && points.data.length > 0 && <DiskCost instance={instance.id} />}
    </div>
  );
}

function Actions({ standing }: { standing: Standing }) {
  const { role } = useSession();
  const navigate = useNavigate();
  const [kind, setKind] = useState<Kind | null>(null);
  const [job, setJob] = useState<string | null>(null);
  const offered = KINDS.filter((each) => includes(role, ACTIONS[each].role) && ACTIONS[each].fits(standing));
  return (
    <>
      {includes(role, "Operator") && (
        <Button
          appearance="primary"
          disabledFocusable={standing.recoveryPointTime === null}
          onClick={() => void navigate(toRestore(standing.backupInstanceId))}
        >
          Restore
        </Button>
      )}
      {offered.map((each) => (
        <Button key={each} onClick={() => setKind(each)}>
          {ACTIONS[each].label}
        </Button>
      ))}
      {kind && <ActionDialog disks={[standing]} kind={kind} onClosed={() => setKind(null)} onDone={() => undefined} onJob={setJob} />}
      {job && (
        <div style={{ flexBasis: "100%" }}>
          <JobProgress id={job} title="Backup on demand" />
        </div>
      )}
    </>
  );
}
