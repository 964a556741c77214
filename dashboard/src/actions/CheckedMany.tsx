/**
 * One thing begun for many: all are looked at before any is begun with. What stands in the way of one is told, and the
 * others can go on.
 */
import { Body1, Button, ProgressBar, makeStyles, tokens } from "@fluentui/react-components";
import { useState } from "react";
import { counted } from "../shared/format";
import { Trouble } from "../shared/Trouble";
import { useMany, type Act, type Outcome } from "./many";

const useStyles = makeStyles({ refused: { paddingInlineStart: "12px", boxShadow: `inset 3px 0 0 ${tokens.colorPaletteRedBorder2}` } });

interface Props {
  ids: readonly string[];
  nameOf: (id: string) => string;
  /** What is asked, as text: what was found of another question allows nothing. */
  question: string;
  isReady: boolean;
  /** "Protect", and what is then said of those that are done: "protected". */
  verb: string;
  done: string;
  validate: Act;
  act: Act;
  /** With those that it was begun for, and those of them that were refused. */
  onBegun: (ids: readonly string[], refused: readonly string[]) => void;
}

export function CheckedMany({ ids, nameOf, question, isReady, verb, done, validate, act, onBegun }: Props) {
  const looking = useMany();
  const doing = useMany();
  const asked = JSON.stringify([question, ids]);
  const [found, setFound] = useState<{ of: string; fine: readonly string[] }>({ of: "", fine: [] });
  const checked = found.of === asked ? looking.outcome : null;
  const begin = async (chosen: readonly string[]) => {
    const { refused } = await doing.run(chosen, act);
    onBegun(chosen, refused.map((each) => each.id));
  };
  const check = async () => {
    setFound({ of: asked, fine: [] });
    const { refused } = await looking.run(ids, validate);
    const fine = ids.filter((id) => !refused.some((each) => each.id === id));
    setFound({ of: asked, fine });
    if (refused.length === 0) await begin(fine);
  };
  const isBusy = [checked, doing.outcome].some((outcome) => outcome !== null && !outcome.isOver);
  const othersMayGoOn = checked?.isOver === true && checked.refused.length > 0 && found.fine.length > 0;
  return (
    <>
      {ids.length > 0 && (
        <div>
          {othersMayGoOn ? (
            <Button appearance="primary" disabledFocusable={isBusy} onClick={() => void begin(found.fine)}>
              {verb} the other {counted(found.fine.length, "disk")}
            </Button>
          ) : (
            <Button appearance="primary" disabledFocusable={!isReady || isBusy} onClick={() => void check()}>
              {verb} {counted(ids.length, "disk")}
            </Button>
          )}
        </div>
      )}
      {checked && <Told nameOf={nameOf} outcome={checked} what="looked at" />}
      {doing.outcome && <Told nameOf={nameOf} outcome={doing.outcome} what={done} />}
    </>
  );
}

function Told({ outcome, nameOf, what }: { outcome: Outcome; nameOf: (id: string) => string; what: string }) {
  const styles = useStyles();
  return (
    <div aria-live="polite">
      <ProgressBar aria-label={`Disks ${what}`} max={outcome.of} value={outcome.done} />
      <Body1>
        {outcome.done} of {counted(outcome.of, "disk")} {what}
        {outcome.refused.length > 0 && `; ${counted(outcome.refused.length, "disk cannot be", "disks cannot be")} as it is:`}
      </Body1>
      {outcome.refused.map((refused) => (
        <div className={styles.refused} key={refused.id}>
          {nameOf(refused.id)}
          <Trouble error={refused.error} />
        </div>
      ))}
    </div>
  );
}
