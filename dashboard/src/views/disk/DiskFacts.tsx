/** How a disk is protected, and where it stands. */
import { Body1, makeStyles } from "@fluentui/react-components";
import { toPolicy } from "../../app/links";
import { groupOf, nameOf, partOf, subscriptionOf, vaultOf } from "../../api/ids";
import type { Instance, Standing } from "../../api/types";
import { AgeBar } from "../../shared/AgeBar";
import { Facts, type Fact } from "../../shared/Facts";
import { bytesText, counted, lengthText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { StateBadge } from "../../shared/StateBadge";
import { Time } from "../../shared/Time";

const useStyles = makeStyles({
  standing: { display: "flex", flexWrap: "wrap", gap: "8px 12px", alignItems: "center" },
});

export function DiskFacts({ instance, standing }: { instance: Instance; standing: Standing | undefined }) {
  const styles = useStyles();
  return (
    <>
      {standing && (
        <div className={styles.standing}>
          <StateBadge state={standing.state} />
          <Body1>{standing.reason}</Body1>
        </div>
      )}
      <Facts facts={[...(standing ? standingFacts(standing) : []), ...configuredFacts(instance)]} />
    </>
  );
}

function standingFacts(standing: Standing): Fact[] {
  return [
    ["Newest recovery point", <AgeBar key="a" objectiveSeconds={standing.objectiveSeconds} pointAt={standing.recoveryPointTime} />],
    ["Objective", `a recovery point not older than ${lengthText(standing.objectiveSeconds)}`],
    ["Next backup", <Time as="both" at={standing.nextBackupTime} key="n" none="none: it takes no backups now" />],
    ["Size", standing.sizeBytes > 0 ? bytesText(standing.sizeBytes) : "known with the first recovery point"],
  ];
}

function configuredFacts({ properties, tags }: Instance): Fact[] {
  const { policyInfo, dataSourceInfo, missedSlots, missedSlotCount } = properties;
  const disk = dataSourceInfo.resourceID;
  const stored = policyInfo.policyParameters.dataStoreParametersList[0]?.resourceGroupId ?? "";
  const missed = missedSlots?.[missedSlots.length - 1];
  return [
    ["Policy", <Linked key="p" to={toPolicy(policyInfo.policyId)}>{nameOf(policyInfo.policyId)}</Linked>],
    ["Vault", nameOf(vaultOf(policyInfo.policyId))],
    ["Disk", `${nameOf(disk)} in ${groupOf(disk)}, subscription ${subscriptionOf(disk)}`],
    ["Snapshots in", partOf(stored, "resourceGroups") || stored],
    ["Tags", Object.entries(tags ?? {}).map(([name, value]) => `${name}: ${value}`).join(", ") || "none"],
    ...(missed
      ? ([["Missed slots", <Missed count={missedSlotCount ?? 0} key="m" newest={missed} />]] as Fact[])
      : []),
  ];
}

function Missed({ count, newest }: { count: number; newest: { slot: string; reason: string } }) {
  return (
    <>
      {counted(count, "slot")} so far; the newest: <Time at={newest.slot} />
      {newest.reason && `, because ${newest.reason}`}
    </>
  );
}
