/** A recovery point in words: of when, by which rule, why it is kept and until when. */
import { Badge, makeStyles, tokens } from "@fluentui/react-components";
import type { Point } from "../api/types";
import { Time } from "../shared/Time";
import { isGood } from "./tags";

const useStyles = makeStyles({
  facts: { display: "grid", gridTemplateColumns: "max-content minmax(0, 1fr)", gap: "4px 16px", margin: 0 },
  name: { color: tokens.colorNeutralForeground2 },
  fact: { margin: 0, overflowWrap: "anywhere" },
  list: { margin: 0, paddingInlineStart: "18px" },
});

export function PointFacts({ point }: { point: Point }) {
  const styles = useStyles();
  const { recoveryPointTime, retentionTagName, policyName, expiryTime, retention } = point.properties;
  const facts: [string, React.ReactNode][] = [
    ["Taken", <Time as="both" at={recoveryPointTime} key="t" />],
    ["Retention rule", `${retentionTagName} of ${policyName}`],
    ["Kept until", retention?.isGoing ? "It goes with the next look." : <Time as="both" at={retention?.keptUntil ?? expiryTime} key="k" none="further notice" />],
    ["Why", <Why key="w" reasons={retention?.reasons ?? []} />],
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([name, fact]) => (
        <div key={name} style={{ display: "contents" }}>
          <dt className={styles.name}>{name}</dt>
          <dd className={styles.fact}>{fact}</dd>
        </div>
      ))}
      {!isGood(point) && (
        <dd className={styles.fact}>
          <Badge color="danger">Cannot be restored: its snapshot is gone or was never complete</Badge>
        </dd>
      )}
    </dl>
  );
}

function Why({ reasons }: { reasons: readonly string[] }) {
  const styles = useStyles();
  if (reasons.length === 0) return <>nothing keeps it</>;
  return (
    <ul className={styles.list}>
      {reasons.map((reason) => (
        <li key={reason}>{reason}</li>
      ))}
    </ul>
  );
}
