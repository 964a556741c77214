/** What needs somebody, worst first, with what to do; and what needed somebody before. */
import { Body1, Caption1, makeStyles, tokens } from "@fluentui/react-components";
import { toDisk, toJob } from "../../app/links";
import { nameOf, vaultOf } from "../../api/ids";
import { useInEachVault } from "../../api/queries";
import type { Alert } from "../../api/types";
import { Choose } from "../../shared/Choose";
import { Empty } from "../../shared/Empty";
import { ErrorDetails } from "../../shared/ErrorDetails";
import { FilterBar, hasWords } from "../../shared/FilterBar";
import { counted } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { SeverityBadge } from "../../shared/StateBadge";
import { Time } from "../../shared/Time";
import { Acknowledgement } from "./Acknowledgement";

const WHICH = [
  { value: "open", label: "Active" },
  { value: "all", label: "All, newest first" },
];
const SHOWN = 100;
const LOOK_EVERY = 60_000; // milliseconds

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", rowGap: "12px" },
  alert: {
    display: "flex",
    flexDirection: "column",
    rowGap: "8px",
    padding: "12px 16px",
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
  },
  head: { display: "flex", flexWrap: "wrap", gap: "4px 12px", alignItems: "center" },
  cause: { fontWeight: tokens.fontWeightSemibold, overflowWrap: "anywhere" },
  grows: { flexGrow: 1, minWidth: 0 },
});

export function Component() {
  const [params, change] = useSearch();
  const which = params.get("which") === "all" ? "all" : "open";
  const search = params.get("search") ?? "";
  const alerts = useInEachVault<Alert>("alerts", (vault) => `${vault}/backupAlerts`, {
    query: which === "open" ? { $filter: "monitorCondition eq 'Fired'" } : undefined,
    every: LOOK_EVERY,
  });
  return (
    <Page title="Alerts">
      <FilterBar label="Search alerts" placeholder="Disk, cause, error" search={search} onSearch={(text) => change({ search: text }, true)}>
        <Choose label="Which alerts" options={WHICH} value={which} onChange={(value) => change({ which: value })} />
      </FilterBar>
      <Loaded from={alerts} lines={6}>
        {(found) => <List alerts={ordered(found, which).filter((alert) => hasWords(textOf(alert), search))} isNarrowed={search !== ""} which={which} />}
      </Loaded>
    </Page>
  );
}

function List({ alerts, which, isNarrowed }: { alerts: readonly Alert[]; which: string; isNarrowed: boolean }) {
  const styles = useStyles();
  if (alerts.length === 0) {
    return <Empty>{isNarrowed ? "No alert is like this." : which === "open" ? "No alert is active. Nothing needs you." : "There never was an alert."}</Empty>;
  }
  return (
    <>
      <ul className={styles.list}>
        {alerts.slice(0, SHOWN).map((alert) => (
          <One alert={alert} key={alert.id} />
        ))}
      </ul>
      <Caption1>
        {counted(alerts.length, "alert")}
        {alerts.length > SHOWN && `, of which the first ${SHOWN} are shown: search for others`}
      </Caption1>
    </>
  );
}

function One({ alert }: { alert: Alert }) {
  const styles = useStyles();
  const { properties } = alert;
  return (
    <li className={styles.alert}>
      <div className={styles.head}>
        <SeverityBadge severity={properties.severity} />
        <span className={styles.cause}>{properties.alertRule}</span>
        <Linked to={toDisk(properties.backupInstanceId)}>{nameOf(properties.backupInstanceId)}</Linked>
        <span className={styles.grows}>in {nameOf(vaultOf(alert.id))}</span>
        <Acknowledgement alert={alert} />
      </div>
      <Body1>
        Since <Time as="both" at={properties.firedDateTime} />
        {properties.resolvedDateTime && (
          <>
            , over since <Time at={properties.resolvedDateTime} />
          </>
        )}
        {properties.occurrenceCount > 1 && `, told ${counted(properties.occurrenceCount, "time")}`}
      </Body1>
      {properties.errorDetails && <ErrorDetails error={properties.errorDetails} intent={properties.resolvedDateTime ? "warning" : "error"} />}
      {properties.jobId && <Linked to={toJob(properties.jobId)}>The job that it is about</Linked>}
    </li>
  );
}

/** Active ones by how bad they are, then newest first. */
function ordered(alerts: readonly Alert[], which: string): Alert[] {
  const at = (alert: Alert) => Date.parse(alert.properties.firedDateTime ?? "") || 0;
  const bySeverity = (one: Alert, other: Alert) => one.properties.severity.localeCompare(other.properties.severity);
  return [...alerts].sort((one, other) => (which === "open" ? bySeverity(one, other) : 0) || at(other) - at(one));
}

function textOf({ properties, id }: Alert): string {
  const { alertRule, backupInstanceId, dataSourceId, errorDetails } = properties;
  return [alertRule, backupInstanceId, dataSourceId ?? "", errorDetails?.message ?? "", id].join(" ");
}
