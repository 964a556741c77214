/** The fields of a policy: when it backs up, how long it keeps, and what it keeps longer. */
import { Button, Checkbox, Field, Input, Select, Textarea, makeStyles } from "@fluentui/react-components";
import { useId } from "react";
import { CRITERIA, type Draft, type Interval, type Length, type Longer, type Unit } from "./model";

const BETWEEN: readonly Unit[] = ["PTM", "PTH", "PD", "PW"];
const KEPT: readonly Unit[] = ["PD", "PW", "PM", "PY"];
const UNITS: Readonly<Record<Unit, string>> = {
  PTM: "minutes",
  PTH: "hours",
  PD: "days",
  PW: "weeks",
  PM: "months",
  PY: "years",
};
const ZONES = Intl.supportedValuesOf?.("timeZone") ?? [];
const useStyles = makeStyles({
  fields: { display: "flex", flexDirection: "column", rowGap: "12px", maxWidth: "720px" },
  row: { display: "flex", flexWrap: "wrap", gap: "8px 12px", alignItems: "end" },
  count: { width: "90px", whiteSpace: "nowrap" }, // a long label stands over what follows, too
  longer: { width: "230px" },
});

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
}

export function PolicyFields({ draft, onChange }: Props) {
  const styles = useStyles();
  const zones = useId();
  const change = (changes: Partial<Draft>) => onChange({ ...draft, ...changes });
  return (
    <div className={styles.fields}>
      {draft.intervals.map((interval, at) => (
        <IntervalFields
          interval={interval}
          key={at}
          onChange={(changed) => change({ intervals: draft.intervals.map((each, other) => (other === at ? changed : each)) })}
          onRemove={draft.intervals.length > 1 ? () => change({ intervals: draft.intervals.filter((_, other) => other !== at) }) : undefined}
        />
      ))}
      <div>
        <Button onClick={() => change({ intervals: [...draft.intervals, draft.intervals[draft.intervals.length - 1]!] })}>Another schedule</Button>
      </div>
      <Field hint="Of the days and hours of its slots; Windows or IANA name." label="Time zone">
        <Input list={zones} value={draft.timeZone} onChange={(_, { value }) => change({ timeZone: value })} />
        <datalist id={zones}>
          {ZONES.map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </Field>
      <LengthField label="Keep each recovery point for" length={draft.keep} units={KEPT} onChange={(keep) => change({ keep })} />
      <LongerFields longer={draft.longer} onChange={(longer) => change({ longer })} />
    </div>
  );
}

function IntervalFields({ interval, onChange, onRemove }: { interval: Interval; onChange: (interval: Interval) => void; onRemove: (() => void) | undefined }) {
  const styles = useStyles();
  return (
    <div className={styles.row}>
      <LengthField label="Back up every" length={interval.every} units={BETWEEN} onChange={(every) => onChange({ ...interval, every })} />
      <Field label="Counted from">
        <Input type="datetime-local" value={interval.start} onChange={(_, { value }) => value && onChange({ ...interval, start: value })} />
      </Field>
      {onRemove && <Button onClick={onRemove}>Remove</Button>}
    </div>
  );
}

function LongerFields({ longer, onChange }: { longer: readonly Longer[]; onChange: (longer: Longer[]) => void }) {
  const styles = useStyles();
  const set = (criterion: Longer["criterion"], rule: Longer | null) => {
    const others = longer.filter((each) => each.criterion !== criterion);
    const order = Object.keys(CRITERIA);
    const all = rule ? [...others, rule] : others;
    onChange(all.sort((one, other) => order.indexOf(one.criterion) - order.indexOf(other.criterion)));
  };
  return (
    <>
      {(Object.keys(CRITERIA) as Longer["criterion"][]).map((criterion) => {
        const rule = longer.find((each) => each.criterion === criterion);
        const { label, tag, keep } = CRITERIA[criterion];
        return (
          <div className={styles.row} key={criterion}>
            <Checkbox
              className={styles.longer}
              checked={rule !== undefined}
              label={rule && rule.tag !== tag ? `${label} (${rule.tag})` : label}
              onChange={(_, { checked }) => set(criterion, checked ? { tag, criterion, keep } : null)}
            />
            {rule && <LengthField label="kept for" length={rule.keep} units={KEPT} onChange={(kept) => set(criterion, { ...rule, keep: kept })} />}
          </div>
        );
      })}
    </>
  );
}

function LengthField({ label, length, units, onChange }: { label: string; length: Length; units: readonly Unit[]; onChange: (length: Length) => void }) {
  const styles = useStyles();
  return (
    <div className={styles.row}>
      <Field className={styles.count} label={label}>
        <Input
          className={styles.count}
          inputMode="numeric"
          value={length.count}
          onChange={(_, { value }) => /^\d{0,5}$/.test(value) && onChange({ ...length, count: value })}
        />
      </Field>
      <Select aria-label={`${label}: unit`} value={length.unit} onChange={(_, { value }) => onChange({ ...length, unit: value as Unit })}>
        {(units.includes(length.unit) ? units : [...units, length.unit]).map((unit) => (
          <option key={unit} value={unit}>
            {UNITS[unit]}
          </option>
        ))}
      </Select>
    </div>
  );
}

/** For a policy that the fields cannot say. */
export function JsonFields({ text, isValid, onChange }: { text: string; isValid: boolean; onChange: (text: string) => void }) {
  return (
    <Field
      hint="This policy says what these fields cannot: its rules are edited as the API has them."
      label="policyRules"
      validationMessage={isValid ? undefined : "This is no JSON list."}
    >
      <Textarea resize="vertical" rows={18} textarea={{ spellCheck: false }} value={text} onChange={(_, { value }) => onChange(value)} />
    </Field>
  );
}
