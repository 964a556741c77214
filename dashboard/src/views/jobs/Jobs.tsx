/** The jobs of all vaults within a time: what was done, what failed and why. */
import { Caption1 } from "@fluentui/react-components";
import { useMemo } from "react";
import { useInEachVault } from "../../api/queries";
import type { Job } from "../../api/types";
import { Choose } from "../../shared/Choose";
import { readSort, sortText } from "../../shared/columns";
import { Empty } from "../../shared/Empty";
import { FilterBar, hasWords } from "../../shared/FilterBar";
import { counted, countText } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { useNow } from "../../shared/now";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { VirtualTable } from "../../shared/VirtualTable";
import { JOB_STATES } from "../../shared/StateBadge";
import { COLUMNS } from "./columns";
import { OPERATIONS, operationText } from "./operations";

const HOUR = 3_600_000;
const PERIODS = [
  { value: "24", label: "Last 24 hours" },
  { value: "168", label: "Last 7 days" },
  { value: "720", label: "Last 30 days" },
];
const FIRST = { column: "started", descending: true };
const LOOK_EVERY = 60_000; // milliseconds

export function Component() {
  const [params, change] = useSearch();
  const status = params.get("status") ?? "";
  const operation = params.get("operation") ?? "";
  const period = PERIODS.find(({ value }) => value === params.get("period")) ?? PERIODS[0]!;
  const jobs = useInEachVault<Job>("jobs", (vault) => `${vault}/backupJobs`, {
    query: { $filter: filterOf(status, operation, sinceOf(useNow(), Number(period.value))) },
    every: LOOK_EVERY,
  });
  return (
    <Page title="Jobs">
      <FilterBar
        label="Search jobs"
        placeholder="Disk, policy, error"
        search={params.get("search") ?? ""}
        onSearch={(search) => change({ search }, true)}
      >
        <Choose label="Period" options={PERIODS} value={period.value} onChange={(value) => change({ period: value })} />
        <Choose all="State: all" label="State" options={optionsOf(JOB_STATES)} value={status} onChange={(value) => change({ status: value })} />
        <Choose
          all="Operation: all"
          label="Operation"
          options={Object.entries(OPERATIONS).map(([value, label]) => ({ value, label }))}
          value={operation}
          onChange={(value) => change({ operation: value })}
        />
      </FilterBar>
      <Loaded from={jobs} lines={12}>
        {(found) => <Table isPending={jobs.isPending} jobs={found} />}
      </Loaded>
    </Page>
  );
}

function Table({ jobs, isPending }: { jobs: readonly Job[]; isPending: boolean }) {
  const [params, change] = useSearch();
  const search = params.get("search") ?? "";
  const shown = useMemo(() => jobs.filter((job) => hasWords(textOf(job), search)), [jobs, search]);
  if (shown.length === 0 && !isPending) return <Empty>No job of this time is like this.</Empty>;
  return (
    <>
      <VirtualTable
        columns={COLUMNS}
        idOf={(job) => job.id}
        label="Jobs"
        rows={shown}
        sort={readSort(params.get("sort"), FIRST)}
        onSort={(sort) => change({ sort: sortText(sort) }, true)}
      />
      <Caption1 aria-live="polite">
        {shown.length === jobs.length ? counted(jobs.length, "job") : `${countText(shown.length)} of ${counted(jobs.length, "job")}`}
        {isPending && "; more are being read"}
      </Caption1>
    </>
  );
}

/** The API's own filter, so that what is not asked for is not sent. */
function filterOf(status: string, operation: string, since: string): string {
  const narrowed = [status && `status eq '${status}'`, operation && `operation eq '${operation}'`].filter(Boolean);
  return [...narrowed, `startTime ge '${since}'`].join(" and ");
}

/** At the full hour: a question that changed with each second could not be kept. */
const sinceOf = (now: number, hours: number): string => new Date(Math.floor(now / HOUR) * HOUR - hours * HOUR).toISOString();

function textOf({ properties }: Job): string {
  const { backupInstanceFriendlyName, dataSourceId, policyName, operation, errorDetails } = properties;
  const errors = (errorDetails ?? []).flatMap(({ code, message }) => [code, message]);
  return [backupInstanceFriendlyName, dataSourceId, policyName ?? "", operationText(operation), ...errors].join(" ");
}

const optionsOf = (states: Readonly<Record<string, { label: string }>>) =>
  Object.entries(states).map(([value, { label }]) => ({ value, label }));
