/** Disks that nothing backs up: choose some, say how, see what stands in the way, and protect them. */
import { Caption1, makeStyles } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import { groupOf, nameOf, subscriptionOf } from "../../api/ids";
import { useSubscriptions, useUnprotected } from "../../api/queries";
import type { UnprotectedDisk } from "../../api/types";
import { Choose } from "../../shared/Choose";
import { readSort, sortText } from "../../shared/columns";
import { Empty } from "../../shared/Empty";
import { FilterBar, hasWords } from "../../shared/FilterBar";
import { bytesText, counted, countText } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { VirtualTable } from "../../shared/VirtualTable";
import { useMay } from "../../sign-in/session";
import { COLUMNS } from "./columns";
import { ProtectForm } from "./ProtectForm";
import { Rules } from "./Rules";

const FIRST = { column: "disk", descending: false };
const useStyles = makeStyles({ view: { display: "flex", flexDirection: "column", rowGap: "16px" } });

export function Component() {
  const disks = useUnprotected();
  return (
    <Page title="Protect disks">
      <Loaded from={disks} lines={12}>
        {(found) =>
          found.length > 0 || disks.isPending ? <Chosen disks={found} /> : <Empty>Every disk that the app may see is backed up.</Empty>
        }
      </Loaded>
      <Rules />
    </Page>
  );
}

function Chosen({ disks }: { disks: readonly UnprotectedDisk[] }) {
  const styles = useStyles();
  const [params, change] = useSearch();
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const mayProtect = useMay("Operator");
  const [search, subscription, location] = ["search", "subscription", "location"].map((name) => params.get(name) ?? "");
  const shown = useMemo(
    () => disks.filter((disk) => fits(disk, { search, subscription, location })),
    [disks, search, subscription, location],
  );
  const chosen = shown.filter((disk) => selected.has(disk.dataSourceId));
  return (
    <div className={styles.view}>
      <Filters disks={disks} />
      {shown.length > 0 ? (
        <VirtualTable
          columns={COLUMNS}
          height="min(50vh, 600px)"
          idOf={(disk) => disk.dataSourceId}
          label="Disks without backup"
          rows={shown}
          selection={mayProtect ? { ids: selected, set: setSelected, nameOf } : undefined}
          sort={readSort(params.get("sort"), FIRST)}
          onSort={(sort) => change({ sort: sortText(sort) }, true)}
        />
      ) : (
        <Empty>No disk is like this. Search for less.</Empty>
      )}
      <Caption1 aria-live="polite">
        {countText(shown.length)} of {counted(disks.length, "disk")} without backup,{" "}
        {bytesText(shown.reduce((sum, disk) => sum + disk.sizeBytes, 0))} in size
      </Caption1>
      {mayProtect && <ProtectForm disks={chosen} onDone={(refused) => setSelected(new Set(refused))} />}
    </div>
  );
}

function Filters({ disks }: { disks: readonly UnprotectedDisk[] }) {
  const [params, change] = useSearch();
  const subscriptions = useSubscriptions().data ?? [];
  const locations = [...new Set(disks.map((disk) => disk.location))].sort();
  const known = subscriptions.filter(({ subscriptionId }) => disks.some((disk) => subscriptionOf(disk.dataSourceId) === subscriptionId));
  return (
    <FilterBar
      label="Search disks"
      placeholder="Name, group, SKU"
      search={params.get("search") ?? ""}
      onSearch={(search) => change({ search }, true)}
    >
      <Choose
        all="Subscription: all"
        label="Subscription"
        options={known.map(({ subscriptionId, displayName }) => ({ value: subscriptionId, label: displayName }))}
        value={params.get("subscription") ?? ""}
        onChange={(value) => change({ subscription: value })}
      />
      <Choose
        all="Region: all"
        label="Region"
        options={locations.map((value) => ({ value, label: value }))}
        value={params.get("location") ?? ""}
        onChange={(value) => change({ location: value })}
      />
    </FilterBar>
  );
}

function fits(disk: UnprotectedDisk, asked: { search?: string; subscription?: string; location?: string }): boolean {
  const { search = "", subscription, location } = asked;
  return (
    (!subscription || subscriptionOf(disk.dataSourceId) === subscription) &&
    (!location || disk.location === location) &&
    hasWords(`${nameOf(disk.dataSourceId)} ${groupOf(disk.dataSourceId)} ${disk.sku}`, search)
  );
}
