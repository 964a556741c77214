/** What a disk's recovery points are going to cost, as the API estimates it, with what that supposes. */
import { Body1, makeStyles } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { SELDOM } from "../../api/queries";
import type { Schemas } from "../../api/types";
import { counted } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { Section } from "../../shared/Page";
import { useClient } from "../../sign-in/session";

type Estimate = Schemas["CostEstimate"];
type Copies = Estimate["copies"][number];
type Range = Estimate["total"]["gibMonths"];

const DAYS = 30;
const useStyles = makeStyles({ list: { margin: 0, paddingInlineStart: "20px", overflowWrap: "anywhere" } });

/** Of a disk that has a recovery point: how large it is, the first one tells. */
export function DiskCost({ instance }: { instance: string }) {
  const client = useClient();
  const estimate = useQuery({
    queryKey: ["cost", instance.toLowerCase()],
    queryFn: ({ signal }) => client.send<Estimate>("POST", `${instance}/estimateCost`, { body: { days: DAYS }, signal }),
    staleTime: SELDOM,
  });
  return (
    <Section title={`Cost of the next ${DAYS} days`}>
      <Loaded from={estimate} lines={2}>
        {(found) => <Told estimate={found} />}
      </Loaded>
    </Section>
  );
}

function Told({ estimate: { total, price, recoveryPoints, copies, assumptions, unknown } }: { estimate: Estimate }) {
  const styles = useStyles();
  const money = total.cost ? rangeText(total.cost, price.currency) : "no price is known for this region";
  return (
    <>
      <Body1>
        Snapshots: {money} ({rangeText(total.gibMonths, "GiB-months")}), with {counted(recoveryPoints, "recovery point")} at
        present.
        {price.readOn && ` Azure's list price of ${price.readOn}.`}
      </Body1>
      {copies.map((region) => (
        <Body1 key={`${region.location} ${region.copyRuleName}`}>{copiesText(region)}</Body1>
      ))}
      <details>
        <summary>What this supposes</summary>
        <ul className={styles.list}>
          {[...assumptions, ...unknown].map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** What copies in a region cost: to keep, and to bring there. */
export function copiesText({ location, total, price, transfer }: Copies): string {
  const kept = total.cost ? rangeText(total.cost, price.currency) : "no price is known for this region";
  const brought = transfer.cost ? rangeText(transfer.cost, price.currency) : "no price is known";
  const [held, gib] = [rangeText(total.gibMonths, "GiB-months"), rangeText(transfer.gib, "GiB")];
  return `Copies in ${location}: ${kept} (${held}); their transfer: ${brought} (${gib}).`;
}

/** `about 3.20 USD`; without an estimate, from the least to the most. */
export function rangeText({ least, estimate, most }: Range, unit: string): string {
  const number = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });
  return estimate === null ? `between ${number(least)} and ${number(most)} ${unit}` : `about ${number(estimate)} ${unit}`;
}
