/** The legal holds on something: who set each, why and until when; set by operators, cleared by contributors. */
import { Badge, Button, makeStyles, tokens } from "@fluentui/react-components";
import { useCallback, useState } from "react";
import { Loaded } from "../shared/Loaded";
import { Time } from "../shared/Time";
import { useMay } from "../sign-in/session";
import { ClearHold, SetHold } from "./HoldDialogs";
import { useHolds, type Hold } from "./holds";

const useStyles = makeStyles({
  list: { listStyleType: "none", margin: 0, padding: 0, display: "flex", flexDirection: "column", rowGap: "8px" },
  line: { display: "flex", flexWrap: "wrap", gap: "4px 12px", alignItems: "center", overflowWrap: "anywhere" },
  quiet: { color: tokens.colorNeutralForeground2 },
});

/** `of` is the id of what is held, `what` its name among words: `this recovery point`. */
export function Holds({ of, what }: { of: string; what: string }) {
  const styles = useStyles();
  const holds = useHolds(of);
  const maySet = useMay("Operator");
  const [isAsked, setIsAsked] = useState(false);
  const close = useCallback(() => setIsAsked(false), []);
  return (
    <>
      <Loaded from={holds} lines={1}>
        {(found) => (found.length > 0 ? <List holds={found} /> : <div className={styles.quiet}>No legal hold keeps {what}.</div>)}
      </Loaded>
      {maySet && (
        <div>
          <Button size="small" onClick={() => setIsAsked(true)}>
            Hold {what}
          </Button>
        </div>
      )}
      {isAsked && <SetHold of={of} what={what} onClosed={close} />}
    </>
  );
}

function List({ holds }: { holds: readonly Hold[] }) {
  const styles = useStyles();
  const mayClear = useMay("Contributor");
  const [asked, setAsked] = useState<Hold | null>(null);
  const close = useCallback(() => setAsked(null), []);
  return (
    <ul className={styles.list}>
      {holds.map((hold) => (
        <li className={styles.line} key={hold.id}>
          <Badge appearance="tint" color={hold.properties.isStanding ? "important" : "subtle"}>
            {hold.name}
          </Badge>
          <span>
            {hold.properties.reason} (by {hold.properties.setByName ?? "somebody"}, <Time at={hold.properties.setTime} />)
          </span>
          <Ending hold={hold} />
          {mayClear && hold.properties.isStanding && hold.properties.endTime === null && (
            <Button aria-label={`Clear the hold ${hold.name}`} size="small" onClick={() => setAsked(hold)}>
              Clear
            </Button>
          )}
        </li>
      ))}
      {asked && <ClearHold hold={asked} onClosed={close} />}
    </ul>
  );
}

function Ending({ hold: { properties } }: { hold: Hold }) {
  if (properties.endTime === null) return null;
  return (
    <span>
      {properties.isStanding ? "cleared; it ends " : "ended "}
      <Time as="both" at={properties.endTime} />
    </span>
  );
}
