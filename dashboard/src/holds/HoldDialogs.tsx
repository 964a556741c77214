/** Asks before a hold is set or cleared. */
import { Field, Input, Textarea, makeStyles } from "@fluentui/react-components";
import { Confirm } from "../shared/Confirm";
import { useDraft } from "../shared/draft";
import { useClearHold, useSetHold, type Hold, type NewHold } from "./holds";

const NAME = /^[a-z0-9-]{1,32}$/i;
const NOTHING: NewHold = { name: "", reason: "" };
const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", rowGap: "12px" } });

export function SetHold({ of, what, onClosed }: { of: string; what: string; onClosed: () => void }) {
  const styles = useStyles();
  const [typed, type, forget] = useDraft<NewHold>(`hold ${of}`, NOTHING);
  const set = useSetHold(of);
  const isNamed = NAME.test(typed.name);
  return (
    <Confirm
      canConfirm={isNamed && typed.reason.trim() !== ""}
      error={set.error}
      isBusy={set.isPending}
      isDone={set.isSuccess}
      title={`Hold ${what}`}
      verb="Hold"
      onClosed={onClosed}
      onConfirm={() => set.mutate(typed, { onSuccess: forget })}
    >
      <div className={styles.form}>
        <div>Nothing deletes {what} until the hold is cleared, whatever its policy says. Its snapshots go on costing.</div>
        <Field
          hint="1 to 32 letters, digits and hyphens; by it the hold is cleared."
          label="Name"
          required
          validationState={typed.name === "" || isNamed ? "none" : "error"}
        >
          <Input value={typed.name} onChange={(_, { value }) => type({ ...typed, name: value })} />
        </Field>
        <Field label="Why" required>
          <Textarea value={typed.reason} onChange={(_, { value }) => type({ ...typed, reason: value })} />
        </Field>
      </div>
    </Confirm>
  );
}

export function ClearHold({ hold, onClosed }: { hold: Hold; onClosed: () => void }) {
  const clear = useClearHold();
  return (
    <Confirm
      error={clear.error}
      isBusy={clear.isPending}
      isDone={clear.isSuccess}
      title={`Clear the hold ${hold.name}`}
      verb="Clear"
      onClosed={onClosed}
      onConfirm={() => clear.mutate(hold)}
    >
      It ends after a delay, a day unless the app is told otherwise, and can be set again until then. After that, whatever has
      expired meanwhile is deleted. Everybody who receives this app&apos;s events is told.
    </Confirm>
  );
}
