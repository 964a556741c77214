/** What the table says of each disk. */
import { toDisk } from "../../app/links";
import { groupOf, nameOf, vaultOf } from "../../api/ids";
import type { Standing } from "../../api/types";
import { AgeBar } from "../../shared/AgeBar";
import type { Column } from "../../shared/columns";
import { bytesText, countText, gibText, moneyText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { StateBadge, type State } from "../../shared/StateBadge";
import { Time } from "../../shared/Time";

const BY_TROUBLE: readonly State[] = ["breached", "error", "atRisk", "paused", "protected"];

export const COLUMNS: readonly Column<Standing>[] = [
  {
    key: "name",
    label: "Disk",
    width: 160,
    grow: 2,
    show: (disk) => <Linked to={toDisk(disk.backupInstanceId)}>{disk.friendlyName || nameOf(disk.dataSourceId)}</Linked>,
    by: (disk) => disk.friendlyName,
  },
  {
    key: "state",
    label: "State",
    width: 105,
    show: (disk) => (
      <span title={disk.reason}>
        <StateBadge state={disk.state} />
      </span>
    ),
    by: (disk) => BY_TROUBLE.indexOf(disk.state),
  },
  {
    key: "age",
    label: "Newest point",
    width: 160,
    grow: 1,
    show: (disk) => <AgeBar objectiveSeconds={disk.objectiveSeconds} pointAt={disk.recoveryPointTime} />,
    by: (disk) => (disk.recoveryPointTime === null ? Number.MAX_SAFE_INTEGER : -Date.parse(disk.recoveryPointTime)),
  },
  {
    key: "next",
    label: "Next backup",
    width: 120,
    show: (disk) => <Time as="relative" at={disk.nextBackupTime} none="none" />,
    by: (disk) => (disk.nextBackupTime === null ? null : Date.parse(disk.nextBackupTime)),
  },
  { key: "policy", label: "Policy", width: 90, grow: 1, show: (disk) => disk.policyName, by: (disk) => disk.policyName },
  {
    key: "size",
    label: "Size",
    width: 75,
    isNumber: true,
    show: (disk) => (disk.sizeBytes > 0 ? bytesText(disk.sizeBytes) : "–"),
    by: (disk) => disk.sizeBytes,
  },
  {
    key: "points",
    label: "Points",
    width: 75,
    isNumber: true,
    show: (disk) => (disk.recoveryPoints === null ? "–" : countText(disk.recoveryPoints)),
    by: (disk) => disk.recoveryPoints,
  },
  {
    key: "cost",
    label: "Cost a month",
    width: 125,
    isNumber: true,
    show: (disk) => <Cost disk={disk} />,
    by: (disk) => disk.estimatedMonthlyCost,
  },
  {
    key: "alerts",
    label: "Alerts",
    width: 75,
    isNumber: true,
    show: (disk) => (disk.activeAlerts.length > 0 ? countText(disk.activeAlerts.length) : ""),
    by: (disk) => disk.activeAlerts.length,
  },
  {
    key: "group",
    label: "Resource group",
    width: 145,
    grow: 1,
    show: (disk) => groupOf(disk.dataSourceId),
    by: (disk) => groupOf(disk.dataSourceId),
  },
  {
    key: "vault",
    label: "Vault",
    width: 105,
    grow: 1,
    show: (disk) => nameOf(vaultOf(disk.backupInstanceId)),
    by: (disk) => nameOf(vaultOf(disk.backupInstanceId)),
  },
];

/** What its recovery points are estimated to cost; where no price is known, why. */
function Cost({ disk }: { disk: Standing }) {
  if (disk.estimatedGib === null) return "–";
  const held = `Estimated to hold ${gibText(disk.estimatedGib)}`;
  if (disk.estimatedMonthlyCost !== null) return <span title={held}>{moneyText(disk.estimatedMonthlyCost, disk.currency)}</span>;
  return <span title={`${held}. Nobody has read the price of ${disk.dataSourceLocation}: make prices`}>no price</span>;
}
