/** Several disks are restored to one moment: of each the newest recovery point that is not later. */
import { Body1, Button, Field, Input, makeStyles, Select } from "@fluentui/react-components";
import { useMutation, useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { toDisk, toDisks } from "../../app/links";
import { nameOf, vaultOf } from "../../api/ids";
import { carryOut, jobOf } from "../../api/operations";
import type { Instance, Point, PointCopy } from "../../api/types";
import { Empty } from "../../shared/Empty";
import { counted, lengthText } from "../../shared/format";
import { JobProgress } from "../../shared/JobProgress";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { useNow } from "../../shared/now";
import { Page, Section } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { Time } from "../../shared/Time";
import { Trouble } from "../../shared/Trouble";
import { VirtualTable } from "../../shared/VirtualTable";
import type { Column } from "../../shared/columns";
import { useClient } from "../../sign-in/session";
import { copiedTo, regionsOfAll } from "../restore/copies";
import { keepGroup, keptGroup } from "../restore/form";
import { apart, formOf, partOf, type Part, type Where } from "./moment";
import { batchesOf, faultsAt, type Found, type Preview, type Ready } from "./request";

const useStyles = makeStyles({
  form: { display: "grid", gridTemplateColumns: "repeat(auto-fit, minmax(min(260px, 100%), 1fr))", gap: "12px 16px", alignItems: "start" },
  select: { width: "100%", minWidth: 0, "& > select": { minWidth: 0, width: "100%", textOverflow: "ellipsis" } },
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

type Known = readonly (readonly [Instance, readonly Point[], readonly PointCopy[]])[];

/** All or nothing: a disk that is left out without a word would be missed. */
function useAll(ids: readonly string[]) {
  const client = useClient();
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ["together", id.toLowerCase()],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        [
          await client.get<Instance>(id, { signal }),
          await client.list<Point>(`${id}/recoveryPoints`, { signal }),
          await client.list<PointCopy>(`${id}/recoveryPointCopies`, { signal }).catch(() => []), // who cannot be told of them restores at home
        ] as const,
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
  const [where, setWhere] = useState<Where>({ region: "", group: keptGroup() ?? "", ending: "" });
  const regions = regionsOfAll(found.flatMap(([, , copies]) => copies));
  const parts = found.map(([instance, points, copies]) => partOf(instance, where.region ? copiedTo(where.region, instance.id, copies) : points, `${moment}:59Z`));
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
          {missing.length > 0 && `${counted(missing.length, "disk has", "disks have")} no ${where.region ? `copy in ${where.region}` : "recovery point"} as old as that. `}
          {apart(parts) > 0 && `The points lie ${apart(parts) < 60 ? "" : "up to "}${lengthText(apart(parts))} apart: each disk is as it was at its own, not all at one instant.`}
        </Body1>
      </Section>
      <Section title="2. To which disks">
        <div className={styles.form}>
          {regions.length > 0 && (
            <Field hint={where.region && "From the copies in that region."} label="Region">
              <Select className={styles.select} value={where.region} onChange={(_, { value }) => setWhere({ ...where, region: value })}>
                <option value="">Each disk's own, from the recovery points themselves</option>
                {regions.map((region) => (
                  <option key={region}>{region}</option>
                ))}
              </Select>
            </Field>
          )}
          <Field hint="Empty: beside the source of each." label="Resource group">
            <Input value={where.group} onChange={(_, { value }) => setWhere({ ...where, group: value.trim() })} />
          </Field>
          <Field hint="Behind the name of its source. Empty: the time of its point." label="Each new disk's name ends with">
            <Input value={where.ending} onChange={(_, { value }) => setWhere({ ...where, ending: value.trim() })} />
          </Field>
        </div>
        <Act moment={`${moment}:59Z`} parts={parts.filter((part): part is Ready => part.point !== null)} where={where} />
      </Section>
    </>
  );
}

/** All are looked at before anything is made; then each vault has one job, with a part for each disk. */
function Act({ parts, where, moment }: { parts: readonly Ready[]; where: Where; moment: string }) {
  const styles = useStyles();
  const client = useClient();
  const asked = JSON.stringify([where, moment, parts.map(({ instance, point }) => [instance.id, point.name])]);
  const [found, setFound] = useState<{ of: string; faults: readonly Found[] }>({ of: "", faults: [] });
  const [jobs, setJobs] = useState<readonly string[]>([]);
  const work = useMutation({
    mutationFn: async (chosen: readonly Ready[]) => {
      const batches = batchesOf(chosen, where, moment);
      const faults = (await Promise.all(batches.map(async (batch) => faultsAt(batch, await client.send<Preview>("POST", `${batch.vault}/previewRestoreTogether`, { body: batch.body }))))).flat();
      setFound({ of: asked, faults });
      if (faults.length > 0) return;
      for (const batch of batches) {
        const job = jobOf(await carryOut(client, "POST", `${batch.vault}/restoreTogether`, { body: batch.body }), batch.vault);
        if (job) setJobs((known) => [...known.filter((each) => each !== job), job]);
      }
      if (where.group) keepGroup(where.group);
    },
  });
  const faults = found.of === asked ? found.faults : [];
  const others = parts.filter((part) => !faults.some(({ part: faulty }) => faulty?.instance.id === part.instance.id));
  const mayLeaveOut = faults.length > 0 && others.length > 0 && faults.every(({ part }) => part !== null);
  return (
    <>
      {parts.length > 0 && (
        <div>
          <Button appearance="primary" disabledFocusable={work.isPending} onClick={() => work.mutate(mayLeaveOut ? others : parts)}>
            {mayLeaveOut ? `Restore the other ${counted(others.length, "disk")}` : `Restore ${counted(parts.length, "disk")}`}
          </Button>
        </div>
      )}
      {work.error && <Trouble error={work.error} />}
      {faults.length > 0 && (
        <div aria-live="polite">
          <Body1>Nothing was made, for this stands in the way:</Body1>
          <ul>
            {faults.map(({ part, message }, at) => (
              <li key={at}>
                {part && `${part.instance.properties.friendlyName ?? part.instance.name}: `}
                {message}
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className={styles.jobs}>
        {jobs.map((job) => (
          <JobProgress id={job} key={job} title={`Restore in ${nameOf(vaultOf(job))}`} />
        ))}
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
