/** What the table says of each disk that nothing backs up. */
import { groupOf, nameOf, subscriptionOf } from "../../api/ids";
import type { UnprotectedDisk } from "../../api/types";
import type { Column } from "../../shared/columns";
import { bytesText } from "../../shared/format";

export const COLUMNS: readonly Column<UnprotectedDisk>[] = [
  { key: "disk", label: "Disk", width: 170, grow: 2, show: (disk) => nameOf(disk.dataSourceId), by: (disk) => nameOf(disk.dataSourceId) },
  { key: "group", label: "Resource group", width: 160, grow: 1, show: (disk) => groupOf(disk.dataSourceId), by: (disk) => groupOf(disk.dataSourceId) },
  { key: "size", label: "Size", width: 90, isNumber: true, show: (disk) => bytesText(disk.sizeBytes), by: (disk) => disk.sizeBytes },
  { key: "sku", label: "SKU", width: 150, show: (disk) => disk.sku, by: (disk) => disk.sku },
  { key: "location", label: "Region", width: 130, show: (disk) => disk.location, by: (disk) => disk.location },
  { key: "why", label: "Why", width: 180, grow: 2, show: (disk) => <span title={disk.reason}>{disk.reason}</span>, by: (disk) => disk.reason },
  {
    key: "subscription",
    label: "Subscription",
    width: 140, grow: 1,
    show: (disk) => subscriptionOf(disk.dataSourceId),
    by: (disk) => subscriptionOf(disk.dataSourceId),
  },
];
