/** What is held and what that costs, by estimate, and how both have changed. */
import { Body1, Caption1, makeStyles, tokens } from "@fluentui/react-components";
import { useStorageHistory } from "../../api/queries";
import type { Health, StorageHistory } from "../../api/types";
import { bytesText, counted, gibText, moneyText } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { Panel } from "../../shared/Panel";
import { changeText, line, spanText, type Day } from "./trend";

const [WIDTH, HEIGHT] = [300, 48];
const useStyles = makeStyles({
  trend: { display: "flex", flexDirection: "column", rowGap: "4px" },
  picture: { display: "block", width: "100%", height: "48px" },
  area: { fill: tokens.colorBrandBackground2 },
  line: { fill: "none", stroke: tokens.colorBrandStroke1, strokeWidth: "2px", vectorEffect: "non-scaling-stroke" },
  quiet: { color: tokens.colorNeutralForeground2 },
  list: { margin: 0, paddingInlineStart: "20px", overflowWrap: "anywhere" },
});

export function StoragePanel({ storage }: { storage: Health["properties"]["storage"] }) {
  const history = useStorageHistory();
  return (
    <Panel title="Storage and cost">
      <Body1>
        {counted(storage.backupInstances, "disk")} with recovery points, {bytesText(storage.sourceDiskBytes)} in size.
      </Body1>
      <Loaded from={history} lines={3}>
        {(told) => <Told history={told} />}
      </Loaded>
    </Panel>
  );
}

function Told({ history: { value: days, currency, assumptions } }: { history: StorageHistory }) {
  const styles = useStyles();
  const today = days.at(-1);
  if (!today) return <Body1 className={styles.quiet}>What they hold is counted once a day, for the first time within a quarter of an hour.</Body1>;
  return (
    <>
      <Trend days={days} title={`${counted(today.recoveryPoints, "recovery point")} hold about ${gibText(today.estimatedGib)}`} of={(day) => day.estimatedGib} />
      {today.estimatedMonthlyCost === null ? (
        <Body1 className={styles.quiet}>What that costs is not known: the list price of a region is missing. An operator reads it by make prices.</Body1>
      ) : (
        <Trend days={days} title={`About ${moneyText(today.estimatedMonthlyCost, currency)} a month`} of={(day) => day.estimatedMonthlyCost} />
      )}
      {today.recoveryPointCopies > 0 && (
        <Body1>
          {counted(today.recoveryPointCopies, "copy", "copies")} in other regions hold about {gibText(today.estimatedCopiesGib)}
          {today.estimatedCopiesMonthlyCost === null
            ? "; what that costs is not known."
            : `, which is about ${moneyText(today.estimatedCopiesMonthlyCost, currency)} a month.`}
        </Body1>
      )}
      <details>
        <summary>An estimate: what it supposes</summary>
        <ul className={styles.list}>
          {assumptions.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** One number over the days: what it is now, and how it came there. */
function Trend({ title, days, of }: { title: string; days: readonly Day[]; of: (day: Day) => number | null }) {
  const styles = useStyles();
  const drawn = line(days, of, WIDTH, HEIGHT);
  return (
    <div className={styles.trend}>
      <Body1>{title}</Body1>
      {drawn && (
        <svg aria-label={`${title}; ${changeText(days, of)}`} className={styles.picture} preserveAspectRatio="none" role="img" viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
          <polygon className={styles.area} points={`0,${HEIGHT} ${drawn} ${WIDTH},${HEIGHT}`} />
          <polyline className={styles.line} points={drawn} />
        </svg>
      )}
      <Caption1 className={styles.quiet}>{drawn ? `${changeText(days, of)}, ${spanText(days)}` : "The trend begins with tomorrow's count."}</Caption1>
    </div>
  );
}
