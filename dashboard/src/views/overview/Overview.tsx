/** Can I restore, and from when? The state of all vaults that somebody may see, looked at each minute. */
import { Caption1, MessageBar, MessageBarBody, makeStyles } from "@fluentui/react-components";
import { useHealth, useUnprotected } from "../../api/queries";
import type { Health } from "../../api/types";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Page } from "../../shared/Page";
import { Panels } from "../../shared/Panel";
import { Time } from "../../shared/Time";
import { AlertsPanel, JobsPanel, NextPanel, UnprotectedPanel, WorstPanel } from "./panels";
import { StoragePanel } from "./Storage";
import { Tiles } from "./Tiles";
import { verdictOf } from "./verdict";

const useStyles = makeStyles({ verdict: { fontSize: "16px" } });

export function Component() {
  const health = useHealth();
  return (
    <Page title="Overview">
      <Loaded from={health} lines={10}>
        {(told) => <Told health={told} />}
      </Loaded>
    </Page>
  );
}

function Told({ health }: { health: Health["properties"] }) {
  const unprotected = useUnprotected();
  return (
    <>
      <Sentence health={health} unprotected={unprotected.data?.length ?? 0} />
      <Tiles counts={health.backupInstances} />
      <Panels>
        <WorstPanel worst={health.worst} />
        <JobsPanel jobs={health.jobs} />
        <NextPanel nextDue={health.nextDue} />
        <AlertsPanel alerts={health.activeAlerts} />
        <UnprotectedPanel disks={unprotected} />
        <StoragePanel storage={health.storage} />
      </Panels>
      <Caption1>
        As of <Time at={health.time} />
        {health.vaultsLeftOut > 0 && `. ${health.vaultsLeftOut} vaults are not counted yet; they are with the next looks.`}
        {health.unreadableRecords > 0 && `. ${health.unreadableRecords} records could not be read; the app's log names them.`}
      </Caption1>
    </>
  );
}

function Sentence({ health, unprotected }: { health: Health["properties"]; unprotected: number }) {
  const { intent, sentence, next } = verdictOf(health, unprotected);
  return (
    <MessageBar intent={intent} layout="multiline" politeness="polite">
      <MessageBarBody className={useStyles().verdict}>
        {sentence} {next && <Linked isInText to={next.to}>{next.label}</Linked>}
      </MessageBarBody>
    </MessageBar>
  );
}
