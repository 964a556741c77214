/** Asks before one of the actions is done to disks, does it, and tells of each that was refused. */
import { Field, ProgressBar, Radio, RadioGroup, Select, makeStyles } from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { sameId, vaultOf } from "../api/ids";
import { usePolicies } from "../api/queries";
import type { Policy, Standing } from "../api/types";
import { Confirm } from "../shared/Confirm";
import { counted } from "../shared/format";
import { Trouble } from "../shared/Trouble";
import { useClient } from "../sign-in/session";
import { ACTIONS, type Kind } from "./kinds";
import { useMany, type Act, type Outcome } from "./many";
import { backUp, changePolicy, resume, retentionTagsOf, stop, suspend } from "./requests";

const NAMED = 5;
const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", rowGap: "12px" }, list: { margin: 0 } });

interface Props {
  kind: Kind;
  disks: readonly Standing[];
  /** Ids of those that it was not done to. */
  onDone: (refused: readonly string[]) => void;
  onClosed: () => void;
  /** For a single disk: the job that was begun. */
  onJob?: (job: string | null) => void;
}

export function ActionDialog({ kind, disks, onDone, onClosed, onJob }: Props) {
  const action = ACTIONS[kind];
  const [choice, setChoice] = useState(kind === "stop" ? "keep" : "");
  const fitting = disks.filter(action.fits);
  const { outcome, perform } = usePerformed(kind, choice, fitting, { onDone, onJob });
  const isReady = fitting.length > 0 && (kind !== "changePolicy" || choice !== "");
  return (
    <Confirm
      canConfirm={isReady}
      isBusy={outcome !== null && !outcome.isOver}
      isDone={outcome !== null && outcome.isOver && outcome.refused.length === 0}
      title={`${action.label}: ${titleOf(fitting)}`}
      verb={outcome?.isOver ? "Try those again" : action.label}
      onClosed={onClosed}
      onConfirm={() => void perform()}
    >
      <Form choice={choice} disks={fitting} kind={kind} left={disks.length - fitting.length} onChoice={setChoice} />
      {outcome && <Told names={disks} outcome={outcome} />}
    </Confirm>
  );
}

function usePerformed(kind: Kind, choice: string, disks: readonly Standing[], then: Pick<Props, "onDone" | "onJob">) {
  const client = useClient();
  const queries = useQueryClient();
  const policies = usePolicies().data ?? [];
  const { outcome, run } = useMany();
  const act: Act = async (id) => {
    if (kind === "stop") return choice === "keep" ? stop(client, id) : suspend(client, id);
    if (kind === "resume") return resume(client, id);
    if (kind === "changePolicy") return changePolicy(client, id, choice);
    const policy = policyOf(policies, disks.find((disk) => disk.backupInstanceId === id));
    if (!policy) throw new Error("Its policy could not be read yet. Try again.");
    then.onJob?.(await backUp(client, id, policy, choice || undefined));
  };
  const perform = async () => {
    const again = outcome?.isOver ? outcome.refused.map((each) => each.id) : disks.map((disk) => disk.backupInstanceId);
    const { refused } = await run(again, act);
    void queries.invalidateQueries({ predicate: ({ queryKey }) => CHANGED.includes(String(queryKey[0])) });
    then.onDone(refused.map((each) => each.id));
  };
  return { outcome, perform };
}

const CHANGED = ["standings", "instance", "health", "jobs"];

function policyOf(policies: readonly Policy[], disk: Standing | undefined): Policy | undefined {
  const id = disk && `${vaultOf(disk.backupInstanceId)}/backupPolicies/${disk.policyName}`;
  return policies.find((policy) => id !== undefined && sameId(policy.id, id));
}

function titleOf(disks: readonly Standing[]): string {
  return disks.length === 1 ? (disks[0]?.friendlyName ?? "") : counted(disks.length, "disk");
}

interface FormProps {
  kind: Kind;
  disks: readonly Standing[];
  left: number;
  choice: string;
  onChoice: (choice: string) => void;
}

function Form({ kind, disks, left, choice, onChoice }: FormProps) {
  const styles = useStyles();
  return (
    <div className={styles.form}>
      <ul className={styles.list}>
        {ACTIONS[kind].consequences(disks.length).map((line) => (
          <li key={line}>{line}</li>
        ))}
        {left > 0 && <li>{counted(left, "selected disk is", "selected disks are")} left as they are: their state does not allow this.</li>}
      </ul>
      {kind === "stop" && <KeepOrExpire choice={choice} onChoice={onChoice} />}
      {(kind === "backUp" || kind === "changePolicy") && <Choice choice={choice} disks={disks} kind={kind} onChoice={onChoice} />}
      <div>{namesOf(disks)}</div>
    </div>
  );
}

function KeepOrExpire({ choice, onChoice }: Pick<FormProps, "choice" | "onChoice">) {
  return (
    <RadioGroup aria-label="Recovery points that exist" value={choice} onChange={(_, { value }) => onChoice(value)}>
      <Radio label="Keep all of them, for ever if need be (they go on costing)" value="keep" />
      <Radio label="Let them expire as the policy says; the newest one stays" value="expire" />
    </RadioGroup>
  );
}

function Choice({ kind, disks, choice, onChoice }: Omit<FormProps, "left">) {
  const policies = usePolicies();
  const found = policies.data ?? [];
  const names = kind === "backUp" ? common(disks.map((disk) => tagsOf(found, disk))) : common(disks.map((disk) => policiesBeside(found, disk)));
  return (
    <>
      {policies.error && <Trouble error={policies.error} retry={policies.refetch} />}
      <Field label={kind === "backUp" ? "Keep as" : "Policy"} required={kind === "changePolicy"}>
        <Select value={choice} onChange={(_, { value }) => onChoice(value)}>
          <option value="">{kind === "backUp" ? "The policy's default" : "Choose a policy"}</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </Select>
      </Field>
    </>
  );
}

function tagsOf(policies: readonly Policy[], disk: Standing): string[] {
  const policy = policyOf(policies, disk);
  return policy ? retentionTagsOf(policy) : [];
}

/** The policies of the disk's own vault: those of others cannot be chosen. */
function policiesBeside(policies: readonly Policy[], disk: Standing): string[] {
  return policies.filter((policy) => sameId(vaultOf(policy.id), vaultOf(disk.backupInstanceId))).map((policy) => policy.name);
}

/** What all of the lists have. */
export function common(lists: readonly string[][]): string[] {
  const [first = [], ...rest] = lists;
  return first.filter((name) => rest.every((list) => list.includes(name)));
}

function namesOf(disks: readonly Standing[]): string {
  const named = disks.slice(0, NAMED).map((disk) => disk.friendlyName);
  return [...named, ...(disks.length > NAMED ? [`${disks.length - NAMED} more`] : [])].join(", ");
}

function Told({ outcome, names }: { outcome: Outcome; names: readonly Standing[] }) {
  const nameOf = (id: string) => names.find((disk) => disk.backupInstanceId === id)?.friendlyName ?? id;
  return (
    <div aria-live="polite">
      <ProgressBar aria-label="Progress" max={outcome.of} value={outcome.done} />
      {outcome.done} of {outcome.of}
      {outcome.refused.map((refused) => (
        <div key={refused.id}>
          {nameOf(refused.id)}
          <Trouble error={refused.error} />
        </div>
      ))}
    </div>
  );
}
