/** Several disks are restored to one moment: of each the newest recovery point that is not later. */
import { Body1, Field, Input, makeStyles } from "@fluentui/react-components";
import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { CheckedMany } from "../../actions/CheckedMany";
import { toDisk, toDisks, toJobs } from "../../app/links";
import { nameOf, vaultOf } from "../../api/ids";
import { carryOut, jobOf } from "../../api/operations";
import type { Instance, Point } from "../../api/types";
import { Empty } from "../../shared/Empty";
import { counted, lengthText } from "../../shared/format";
import { JobProgress } from "../../shared/JobProgress";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { useNow } from "../../shared/now";
import { Page, Section } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { Time } from "../../shared/Time";
import { VirtualTable } from "../../shared/VirtualTable";
import type { Column } from "../../shared/columns";
import { useClient } from "../../sign-in/session";
import { keepGroup, keptGroup, requestOf } from "../restore/form";
import { apart, formOf, partOf, type Part, type Where } from "./moment";

const FOLLOWED = 10; // jobs; the others are in the list of jobs
const useStyles = makeStyles({
  form: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(260px, 100%), 1fr))", gap: "12px 16px", alignItems: "start" },
  jobs: { display: "flex", flexDirection: "column", rowGap: "8px" },
});

export function Component() {
  const [params] = useSearch();
  const ids = [...new Set(params.getAll("of"))];
  const all = useAll(ids);
  return (
    <Page actions={<Linked to={toDisks()}>All disks</Linked>} title="Restore several disks">
      {ids.length === 0 ? <Empty>Choose disks in the list of disks first.</Empty> : <Loaded from={all} lines={10}>{(found) => <Asked found={found} />}</Loaded>}
    </Page>
  );
}

type Known = readonly (readonly [Instance, readonly Point[]])[];

/** All or nothing: a disk that is left out without a word would be missed. */
function useAll(ids: readonly string[]) {
  const client = useClient();
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ["together", id.toLowerCase()],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        [await client.get<Instance>(id, { signal }), await client.list<Point>(`${id}/recoveryPoints`, { signal })] as const,
    })),
    combine: (answers) => ({
      data: answers.every((each) => each.data !== undefined) ? (answers.map((each) => each.data!) as Known) : undefined,
      error: answers.find((each) => each.error)?.error ?? null,
      refetch: () => answers.forEach((each) => void each.refetch()),
    }),
  });
}

function Asked({ found }: { found: Known }) {
  const styles = useStyles();
  const [params, change] = useSearch();
  const now = `${new Date(useNow()).toISOString().slice(0, 16)}`;
  const moment = params.get("moment") ?? now;
  const [where, setWhere] = useState<Where>({ group: keptGroup() ?? "", ending: "" });
  const parts = found.map(([instance, points]) => partOf(instance, points, `${moment}:59Z`));
  const missing = parts.filter(({ point }) => point === null);
  return (
    <>
      <Section title="1. Of when">
        <div className={styles.form}>
          <Field hint="Of each disk the newest recovery point that is not later." label="Not later than (UTC)">
            <Input type="datetime-local" value={moment} onChange={(_, { value }) => change({ moment: value || null }, true)} />
          </Field>
        </div>
        <VirtualTable columns={columnsFor(where)} height="320px" idOf={({ instance }) => instance.id} label="What is restored" rows={parts} sort={{ column: "", descending: false }} onSort={() => undefined} />
        <Body1>
          {missing.length > 0 && `${counted(missing.length, "disk has", "disks have")} no recovery point as old as that. `}
          {apart(parts) > 0 && `The points lie ${apart(parts) < 60 ? "" : "up to "}${lengthText(apart(parts))} apart: each disk is as it was at its own, not all at one instant.`}
        </Body1>
      </Section>
      <Section title="2. To which disks">
        <div className={styles.form}>
          <Field hint="Empty: beside the source of each." label="Resource group">
            <Input value={where.group} onChange={(_, { value }) => setWhere({ ...where, group: value.trim() })} />
          </Field>
          <Field hint="Behind the name of its source. Empty: the time of its point." label="Each new disk's name ends with">
            <Input value={where.ending} onChange={(_, { value }) => setWhere({ ...where, ending: value.trim() })} />
          </Field>
        </div>
        <Act where={where} parts={parts.filter((part): part is Ready => part.point !== null)} />
      </Section>
    </>
  );
}

type Ready = Part & { point: Point };

function Act({ parts, where }: { parts: readonly Ready[]; where: Where }) {
  const styles = useStyles();
  const client = useClient();
  const [jobs, setJobs] = useState<Readonly<Record<string, string>>>({});
  const partFor = (id: string) => parts.find(({ instance }) => instance.id === id)!;
  const requestFor = (id: string) => {
    const part = partFor(id);
    return requestOf(part.instance, part.point.name, formOf(part.instance, part.point, where));
  };
  const followed = Object.entries(jobs);
  return (
    <>
      <CheckedMany
        done="being restored"
        ids={parts.map(({ instance }) => instance.id)}
        isReady={parts.length > 0}
        nameOf={(id) => partFor(id)?.instance.properties.friendlyName ?? nameOf(id)}
        question={JSON.stringify([where, parts.map(({ point }) => point.name)])}
        verb="Restore"
        act={async (id) => {
          const job = jobOf(await carryOut(client, "POST", `${id}/restore`, { body: requestFor(id) }), vaultOf(id));
          if (job) setJobs((known) => ({ ...known, [id]: job }));
        }}
        validate={(id) => carryOut(client, "POST", `${id}/validateRestore`, { body: { restoreRequestObject: requestFor(id) } })}
        onBegun={() => where.group && keepGroup(where.group)}
      />
      <div className={styles.jobs}>
        {followed.slice(0, FOLLOWED).map(([id, job]) => (
          <JobProgress id={job} key={job} title={`Restore of ${nameOf(id)}`} />
        ))}
        {followed.length > FOLLOWED && <Linked to={toJobs({ operation: "Restore" })}>All {followed.length} in the list of jobs</Linked>}
      </div>
    </>
  );
}

const columnsFor = (where: Where): readonly Column<Part>[] => [
  {
    key: "disk",
    label: "Disk",
    width: 170,
    grow: 1,
    show: ({ instance }) => <Linked to={toDisk(instance.id)}>{instance.properties.friendlyName ?? instance.name}</Linked>,
  },
  { key: "point", label: "Recovery point", width: 300, grow: 1, show: ({ point }) => <Time as="both" at={point?.properties.recoveryPointTime} none="none that old" /> },
  { key: "new", label: "New disk", width: 240, grow: 2, show: ({ instance, point }) => (point ? formOf(instance, point, where).name : "") },
];
