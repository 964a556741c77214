/** Whether what was promised was kept, disk by disk and for any period: to read, to print, to hand in as CSV. */
import { Body1, Button, Field, Input, MessageBar, MessageBarBody, Select, makeStyles } from "@fluentui/react-components";
import { useMutation, useQuery } from "@tanstack/react-query";
import { nameOf, PROVIDER } from "../../api/ids";
import { SELDOM, useSubscriptions } from "../../api/queries";
import type { ComplianceReport, Subscription } from "../../api/types";
import { useZone } from "../../app/preferences";
import { readSort, sortText } from "../../shared/columns";
import { Empty } from "../../shared/Empty";
import { type Fact, Facts } from "../../shared/Facts";
import { counted, countText, dayKey } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { useNow } from "../../shared/now";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { Time } from "../../shared/Time";
import { Trouble } from "../../shared/Trouble";
import { VirtualTable } from "../../shared/VirtualTable";
import { useClient } from "../../sign-in/session";
import { columnsFor, totalsOf } from "./columns";
import { save } from "./save";

const DAY = 86_400_000;
const FIRST = { column: "missed", descending: true };
const useStyles = makeStyles({
  form: { display: "flex", flexWrap: "wrap", gap: "8px 16px", alignItems: "end", "@media print": { display: "none" } },
});

export function Component() {
  const subscriptions = useSubscriptions();
  return (
    <Page actions={<Button onClick={() => window.print()}>Print</Button>} title="Compliance">
      <Loaded from={subscriptions} lines={12}>
        {(found) => (found.length > 0 ? <Asked subscriptions={found} /> : <Empty>There is no subscription to report of.</Empty>)}
      </Loaded>
    </Page>
  );
}

function Asked({ subscriptions }: { subscriptions: readonly Subscription[] }) {
  const styles = useStyles();
  const zone = useZone();
  const now = useNow();
  const [params, change] = useSearch();
  const subscription = subscriptions.find((each) => each.subscriptionId === params.get("subscription")) ?? subscriptions[0]!;
  const from = params.get("from") ?? dayKey(now - 30 * DAY, zone);
  const to = params.get("to") ?? dayKey(now, zone);
  const period = { from: `${from}T00:00:00Z`, to: to === dayKey(now, "UTC") ? undefined : `${to}T23:59:59Z` };
  const options = subscriptions.map(({ subscriptionId, displayName }) => ({ value: subscriptionId, label: displayName }));
  return (
    <>
      <div className={styles.form}>
        <Field label="Subscription">
          <Select value={subscription.subscriptionId} onChange={(_, { value }) => change({ subscription: value })}>
            {options.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        </Field>
        <Day label="From (UTC)" value={from} onChange={(value) => change({ from: value })} />
        <Day label="To, this day included (UTC)" value={to} onChange={(value) => change({ to: value })} />
        <Saved path={reportOf(subscription)} period={period} />
      </div>
      <Report path={reportOf(subscription)} period={period} />
    </>
  );
}

const reportOf = (subscription: Subscription): string => `/subscriptions/${subscription.subscriptionId}/${PROVIDER}/complianceReport`;

interface Period {
  from: string;
  to: string | undefined; // up to now
}

function Day({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <Field label={label}>
      <Input type="date" value={value} onChange={(_, change) => change.value && onChange(change.value)} />
    </Field>
  );
}

function Saved({ path, period }: { path: string; period: Period }) {
  const client = useClient();
  const asked = useMutation({
    mutationFn: () => client.text(path, { query: { ...period, format: "csv" } }),
    onSuccess: (text) => save(`compliance-${period.from.slice(0, 10)}.csv`, text),
  });
  return (
    <>
      <Button disabledFocusable={asked.isPending} onClick={() => asked.mutate()}>
        Save as CSV
      </Button>
      {asked.error && <Trouble error={asked.error} retry={() => asked.mutate()} />}
    </>
  );
}

function Report({ path, period }: { path: string; period: Period }) {
  const client = useClient();
  const report = useQuery({
    queryKey: ["compliance", path.toLowerCase(), period],
    queryFn: ({ signal }) => client.get<ComplianceReport>(path, { query: { ...period }, signal }),
    staleTime: SELDOM,
  });
  return (
    <Loaded from={report} lines={12}>
      {(found) => <Told report={found} />}
    </Loaded>
  );
}

const ofCopies = (totals: ReturnType<typeof totalsOf>): Fact[] => [
  ["Disks with a region behind", countText(totals.behind)],
  ["Copies missed", countText(totals.copiesMissed)],
];

function Told({ report }: { report: ComplianceReport }) {
  const [params, change] = useSearch();
  if (report.value.length === 0) return <Empty>No disk was protected in this time.</Empty>;
  const totals = totalsOf(report.value);
  return (
    <>
      <Body1>
        From <Time at={report.from} /> to <Time at={report.to} />, {counted(report.value.length, "disk")}.
      </Body1>
      <Facts
        facts={[
          ["Backups due", countText(totals.due)],
          ["Taken", countText(totals.taken)],
          ["Of these late", countText(totals.late)],
          ["Missed", countText(totals.missed)],
          ["Failed", countText(totals.failed)],
          ["Recovery points lost", countText(totals.lost)],
          ...(totals.copied > 0 ? ofCopies(totals) : []),
        ]}
      />
      {report.byJobsAlone.length > 0 && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>
            Recovery points of {report.byJobsAlone.map(nameOf).join(", ")} were too many to be counted in one answer: of these vaults the jobs
            alone say what was taken. Ask for a shorter period.
          </MessageBarBody>
        </MessageBar>
      )}
      <VirtualTable
        columns={columnsFor(report.value)}
        idOf={(row) => row.backupInstanceId}
        label="Compliance by disk"
        rows={report.value}
        sort={readSort(params.get("sort"), FIRST)}
        onSort={(sort) => change({ sort: sortText(sort) }, true)}
      />
    </>
  );
}
