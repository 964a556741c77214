/** What a policy will do: its next backups, how many recovery points there will be, the limits, and what that costs. */
import { Body1, Field, Input, MessageBar, MessageBarBody, makeStyles } from "@fluentui/react-components";
import { useState } from "react";
import type { CostEstimate, PolicyInput, PolicyPreview } from "../../api/types";
import { Facts, type Fact } from "../../shared/Facts";
import { counted, countText, durationText } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { useNow } from "../../shared/now";
import { Panel, Panels } from "../../shared/Panel";
import { Section } from "../../shared/Page";
import { Time } from "../../shared/Time";
import { useAsked } from "./asked";
import { CountPicture } from "./CountPicture";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const AGAIN = 15 * MINUTE; // how long what was asked stands; what comes due meanwhile is left out
const SHOWN = 8;
const DAYS = [1, 3, 7, 14, 30, 60, 90, 150, 210, 270, 330, 365];
const GIB = 2 ** 30;
const useStyles = makeStyles({ list: { margin: 0, paddingInlineStart: "20px" }, count: { width: "120px" } });

interface Props {
  id: string;
  properties: PolicyInput["properties"];
}

export function Preview({ id, properties }: Props) {
  const now = useNow();
  const today = Math.floor(now / DAY) * DAY;
  const startTime = new Date(Math.floor(now / AGAIN) * AGAIN).toISOString();
  const dates = DAYS.map((days) => new Date(today + days * DAY).toISOString());
  const preview = useAsked<PolicyPreview>(id, "preview", properties, { startTime, days: 366, slots: SHOWN + AGAIN / MINUTE, dates });
  return (
    <Section title="What it will do">
      <Loaded from={preview} lines={6}>
        {(found) => <Told preview={found} />}
      </Loaded>
      <Panels>
        <Cost id={id} properties={properties} />
      </Panels>
    </Section>
  );
}

function Told({ preview }: { preview: PolicyPreview }) {
  const styles = useStyles();
  const now = useNow();
  const coming = preview.slots.filter((slot) => Date.parse(slot.time) > now).slice(0, SHOWN);
  return (
    <>
      {preview.faults.length > 0 && (
        <MessageBar intent="error" layout="multiline">
          <MessageBarBody>
            It cannot be saved so:
            <ul className={styles.list}>
              {preview.faults.map((fault) => (
                <li key={fault.message}>{fault.message}</li>
              ))}
            </ul>
          </MessageBarBody>
        </MessageBar>
      )}
      <Panels>
        <Panel title="Next backups">
          <ul className={styles.list}>
            {coming.map((slot) => (
              <li key={slot.time}>
                <Time as="both" at={slot.time} />
                {slot.clockChange && `, after the clocks moved by ${durationText(slot.clockChange.replace("-", ""))}`}
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title="Recovery points of a disk within a year">
          <CountPicture dates={preview.dates} />
          <Facts facts={factsOf(preview)} />
        </Panel>
      </Panels>
    </>
  );
}

function factsOf(preview: PolicyPreview): Fact[] {
  const close = preview.slotsTooCloseForAzure;
  return [
    ["Backups within a year", countText(preview.slotCount)],
    ["At most at once", `${countText(preview.peak.count)}`],
    ...preview.tags.map(({ tagName, count, duration }): Fact => [tagName, `${countText(count)}, each kept for ${durationText(duration)}`]),
    ...preview.limits.map(({ limit, of, exceededOn }): Fact => [
      `Limit of ${countText(limit)} ${of}`,
      exceededOn ? <Time at={exceededOn} key="on" /> : "not reached",
    ]),
    ...(close > 0 ? [["Too close together for Azure", counted(close, "backup")] as Fact] : []),
  ];
}

function Cost({ id, properties }: Props) {
  const styles = useStyles();
  const [used, setUsed] = useState("64");
  const [changed, setChanged] = useState("2");
  const wishes = { days: 365, usedBytes: Number(used) * GIB, changedBytes: Math.min(Number(changed), Number(used)) * GIB };
  const estimate = useAsked<CostEstimate>(id, "estimateCost", properties, wishes);
  const digits = (set: (text: string) => void) => (_: unknown, { value }: { value: string }) => /^\d{0,5}$/.test(value) && set(value);
  return (
    <Panel title="What its recovery points of one disk cost">
      <Field label="Used on the disk, in GiB">
        <Input className={styles.count} inputMode="numeric" value={used} onChange={digits(setUsed)} />
      </Field>
      <Field label="Of which so many GiB change within a day">
        <Input className={styles.count} inputMode="numeric" value={changed} onChange={digits(setChanged)} />
      </Field>
      <Loaded from={estimate} lines={3}>
        {(found) => <Price estimate={found} />}
      </Loaded>
    </Panel>
  );
}

function Price({ estimate }: { estimate: CostEstimate }) {
  const last = estimate.months[estimate.months.length - 2] ?? estimate.months[0];
  const { currency, perGibMonth, readOn } = estimate.price;
  const money = (value: number | null | undefined) => (value == null ? "not known" : `${value.toFixed(2)} ${currency}`);
  return (
    <>
      <Facts
        facts={[
          ["A month, after a year", money(last?.cost?.estimate ?? last?.cost?.most)],
          ["Held then", last ? `${(last.gibMonths.estimate ?? last.gibMonths.most).toFixed(1)} GiB` : "nothing"],
          ["List price", perGibMonth === null ? "not known" : `${perGibMonth} ${currency} per GiB and month${readOn ? `, read on ${readOn}` : ""}`],
        ]}
      />
      {estimate.unknown.length > 0 && <Body1>Not known: {estimate.unknown.join("; ")}</Body1>}
    </>
  );
}
