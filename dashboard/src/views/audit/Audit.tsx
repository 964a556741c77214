/** Who changed or tried what, newest first: of a vault, or of a subscription outside of any vault. */
import { Button, Caption1 } from "@fluentui/react-components";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { nameOf, PROVIDER } from "../../api/ids";
import { useSubscriptions, useVaults } from "../../api/queries";
import type { AuditRecord, Page as PageOf, Subscription, Vault } from "../../api/types";
import { Choose } from "../../shared/Choose";
import { readSort, sortText } from "../../shared/columns";
import { Empty } from "../../shared/Empty";
import { FilterBar, hasWords } from "../../shared/FilterBar";
import { counted, countText } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { VirtualTable } from "../../shared/VirtualTable";
import { useClient } from "../../sign-in/session";
import { COLUMNS, OUTCOMES } from "./columns";

const FIRST = { column: "time", descending: true };

export function Component() {
  const vaults = useVaults();
  const subscriptions = useSubscriptions();
  return (
    <Page title="Audit">
      <Loaded from={vaults} lines={12}>
        {(found) => (
          <Loaded from={subscriptions} lines={12}>
            {(known) => <Chosen places={placesOf(found, known)} />}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

interface Place {
  value: string;
  label: string;
}

/** The id of a vault, or the scope of a subscription. */
function placesOf(vaults: readonly Vault[], subscriptions: readonly Subscription[]): Place[] {
  return [
    ...vaults.map(({ id }) => ({ value: id, label: `Vault ${nameOf(id)}` })),
    ...subscriptions.map(({ subscriptionId, displayName }) => ({
      value: `/subscriptions/${subscriptionId}/${PROVIDER}`,
      label: `Outside of vaults: ${displayName}`,
    })),
  ];
}

function Chosen({ places }: { places: readonly Place[] }) {
  const [params, change] = useSearch();
  const place = places.find(({ value }) => value === params.get("of")) ?? places[0];
  if (place === undefined) return <Empty>There is no vault and no subscription to tell of.</Empty>;
  return (
    <>
      <FilterBar
        label="Search audit records"
        placeholder="Person, action, resource"
        search={params.get("search") ?? ""}
        onSearch={(search) => change({ search }, true)}
      >
        <Choose label="Of what" options={places} value={place.value} onChange={(value) => change({ of: value })} />
        <Choose
          all="Outcome: all"
          label="Outcome"
          options={OUTCOMES.map((value) => ({ value, label: value }))}
          value={params.get("outcome") ?? ""}
          onChange={(value) => change({ outcome: value })}
        />
      </FilterBar>
      <Records place={place.value} />
    </>
  );
}

function Records({ place }: { place: string }) {
  const client = useClient();
  const records = useInfiniteQuery({
    queryKey: ["audit", place.toLowerCase()],
    queryFn: ({ pageParam, signal }) => client.page<AuditRecord>(pageParam, { signal }),
    initialPageParam: `${place}/auditRecords`,
    getNextPageParam: (page: PageOf<AuditRecord>) => page.nextLink ?? null,
  });
  const all = useMemo(() => records.data?.pages.flatMap((page) => page.value), [records.data]);
  return (
    <>
      <Loaded from={{ data: all, error: records.error, refetch: records.refetch }} lines={12}>
        {(found) => <Table records={found} />}
      </Loaded>
      {records.hasNextPage && (
        <div>
          <Button disabledFocusable={records.isFetchingNextPage} onClick={() => void records.fetchNextPage()}>
            Read older ones
          </Button>
        </div>
      )}
    </>
  );
}

function Table({ records }: { records: readonly AuditRecord[] }) {
  const [params, change] = useSearch();
  const search = params.get("search") ?? "";
  const outcome = params.get("outcome") ?? "";
  const shown = records.filter((record) => (!outcome || record.properties.outcome === outcome) && hasWords(textOf(record), search));
  if (shown.length === 0) return <Empty>{records.length > 0 ? "No record that was read is like this." : "Nobody changed or tried anything."}</Empty>;
  return (
    <>
      <VirtualTable
        columns={COLUMNS}
        idOf={(record) => record.id}
        label="Audit records"
        rows={shown}
        sort={readSort(params.get("sort"), FIRST)}
        onSort={(sort) => change({ sort: sortText(sort) }, true)}
      />
      <Caption1 aria-live="polite">
        {shown.length === records.length ? counted(records.length, "record") : `${countText(shown.length)} of ${counted(records.length, "record")}`}
      </Caption1>
    </>
  );
}

function textOf({ properties }: AuditRecord): string {
  const { caller, action, path, outcome, errorCode, changes } = properties;
  return [caller.name, caller.objectId, action, path, outcome, errorCode, ...changes].join(" ");
}
