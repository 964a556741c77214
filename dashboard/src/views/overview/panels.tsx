/** The parts of the overview, each with its own way further. */
import { Body1, makeStyles, tokens } from "@fluentui/react-components";
import type { ReactNode } from "react";
import { toAlerts, toDisk, toDisks, toJobs, toProtect } from "../../app/links";
import { nameOf, partOf } from "../../api/ids";
import type { Gathered } from "../../api/queries";
import type { Health, UnprotectedDisk } from "../../api/types";
import { AgeBar } from "../../shared/AgeBar";
import { bytesText, counted } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Panel } from "../../shared/Panel";
import { JobBadge, SeverityBadge, StateBadge } from "../../shared/StateBadge";
import { Time } from "../../shared/Time";
import { countedOperation } from "../jobs/operations";

type Told = Health["properties"];

const SHOWN = 6;
const BY_TROUBLE: readonly string[] = ["breached", "error", "atRisk"];

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", rowGap: "10px" },
  line: { display: "flex", flexWrap: "wrap", alignItems: "center", columnGap: "10px", rowGap: "2px", minWidth: 0 },
  grows: { flexGrow: 1, minWidth: 0, overflowWrap: "anywhere" },
  bar: { flexBasis: "100%" },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export function WorstPanel({ worst }: { worst: Told["worst"] }) {
  const styles = useStyles();
  return (
    <Panel title="Worst and oldest recovery points">
      <Lines none="No disk is protected yet.">
        {byTrouble(worst).slice(0, SHOWN).map((each) => (
          <li className={styles.line} key={each.backupInstanceId}>
            <span className={styles.grows}>
              <Linked to={toDisk(each.backupInstanceId)}>{nameOf(each.backupInstanceId)}</Linked>
            </span>
            {each.state !== "protected" && <StateBadge state={each.state} />}
            <div className={styles.bar} title={each.reason}>
              <AgeBar objectiveSeconds={each.objectiveSeconds} pointAt={each.recoveryPointTime} />
            </div>
          </li>
        ))}
      </Lines>
      <Linked to={toDisks({ sort: "-age" })}>All disks by age</Linked>
    </Panel>
  );
}

/** Those in trouble first; the API has put both kinds in the order of how much of their objective is used up. */
function byTrouble(worst: Told["worst"]): Told["worst"] {
  const rank = (state: string) => (BY_TROUBLE.includes(state) ? BY_TROUBLE.indexOf(state) : BY_TROUBLE.length);
  return [...worst].sort((one, other) => rank(one.state) - rank(other.state));
}

export function JobsPanel({ jobs }: { jobs: Told["jobs"] }) {
  const styles = useStyles();
  return (
    <Panel title="Jobs of the last 24 hours">
      <Lines none="No job began in the last 24 hours.">
        {jobs.counts.map((each) => (
          <li className={styles.line} key={each.operation + each.status}>
            <span className={styles.grows}>
              <Linked to={toJobs({ operation: each.operation, status: each.status })}>
                {countedOperation(each.count, each.operation)}
              </Linked>
            </span>
            {each.status === "Queued" ? "Queued" : <JobBadge status={each.status} />}
          </li>
        ))}
      </Lines>
    </Panel>
  );
}

export function NextPanel({ nextDue }: { nextDue: Told["nextDue"] }) {
  const styles = useStyles();
  return (
    <Panel title="Next backups">
      <Lines none="No backup is due.">
        {nextDue.slice(0, SHOWN).map((each) => (
          <li className={styles.line} key={each.backupInstanceId}>
            <span className={styles.grows}>
              <Linked to={toDisk(each.backupInstanceId)}>{nameOf(each.backupInstanceId)}</Linked>
            </span>
            <Time as="relative" at={each.slot} />
          </li>
        ))}
      </Lines>
    </Panel>
  );
}

export function AlertsPanel({ alerts }: { alerts: Told["activeAlerts"] }) {
  const styles = useStyles();
  const active = (Object.keys(alerts) as (keyof typeof alerts)[]).filter((severity) => alerts[severity] > 0).sort();
  return (
    <Panel title="Active alerts">
      <Lines none="None. Nothing needs you.">
        {active.map((severity) => (
          <li className={styles.line} key={severity}>
            <span className={styles.grows}>{counted(alerts[severity], "alert")}</span>
            <SeverityBadge severity={severity} />
          </li>
        ))}
      </Lines>
      {active.length > 0 && <Linked to={toAlerts()}>See the alerts</Linked>}
    </Panel>
  );
}

export function UnprotectedPanel({ disks }: { disks: Gathered<UnprotectedDisk> }) {
  const styles = useStyles();
  return (
    <Panel title="Disks without backup">
      <Loaded from={disks} lines={3}>
        {(found) => (
          <>
            <Lines none="Every disk that the app may see is backed up.">
              {found.slice(0, 3).map((disk) => (
                <li className={styles.line} key={disk.dataSourceId}>
                  <span className={styles.grows}>{nameOf(disk.dataSourceId)}</span>
                  <span className={styles.quiet}>
                    {partOf(disk.dataSourceId, "resourceGroups")}, {bytesText(disk.sizeBytes)}
                  </span>
                </li>
              ))}
            </Lines>
            {found.length > 0 && <Linked to={toProtect()}>Protect {counted(found.length, "disk")}</Linked>}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Lines({ none, children }: { none: string; children: ReactNode[] }) {
  const styles = useStyles();
  return children.length > 0 ? <ul className={styles.list}>{children}</ul> : <Body1 className={styles.quiet}>{none}</Body1>;
}
