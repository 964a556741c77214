/** Where to restore to. What is typed is kept until the restore has begun; each change is held against the API. */
import { Button, MessageBar, MessageBarBody, Spinner, makeStyles } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { vaultOf } from "../../api/ids";
import { carryOut, jobOf } from "../../api/operations";
import type { Instance, Point, RestoreRequest } from "../../api/types";
import { Copyable } from "../../shared/Copyable";
import { useDraft } from "../../shared/draft";
import { Section } from "../../shared/Page";
import { Trouble } from "../../shared/Trouble";
import { useClient, useSession } from "../../sign-in/session";
import { azCommand, sdkLines } from "./commands";
import { defaultsFor, draftOf, keepGroup, keptGroup, placed, requestOf, targetOf, type Form } from "./form";
import { TargetFields } from "./TargetFields";
import { useValidation, type Verdict } from "./validation";

const useStyles = makeStyles({ form: { display: "flex", flexDirection: "column", rowGap: "16px", minWidth: 0 }, bar: { display: "flex", gap: "8px" } });

interface Props {
  instance: Instance;
  point: Point;
  /** Where the point can be restored; "" is the disk's own region. */
  regions: readonly string[];
  /** With the ids of the job and of the disk that is to be. */
  onStarted: (job: string, target: string) => void;
}

export function TargetForm({ instance, point, regions, onStarted }: Props) {
  const styles = useStyles();
  const [typed, type, forget] = useDraft<Partial<Form>>(draftOf(instance.id), {});
  const wanted = { ...defaultsFor(instance, point.properties.recoveryPointTime, keptGroup()), ...typed };
  const form = regions.includes(wanted.region) ? wanted : { ...wanted, region: regions[0] ?? "" };
  const request = requestOf(instance, point.name, form);
  const verdict = useValidation(instance.id, request);
  const start = useStart(instance, request, (job) => {
    keepGroup(form.group);
    onStarted(job, targetOf(form));
  });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (verdict.isValid) start.mutate();
      }}
    >
      <TargetFields
        faults={placed(verdict.error?.faults ?? [])}
        form={form}
        home={instance.properties.dataSourceInfo.resourceLocation ?? "the disk's region"}
        regions={regions}
        onChange={(changes) => type({ ...typed, ...changes })}
      />
      <Said verdict={verdict} />
      {start.error && <Trouble error={start.error} />}
      <div className={styles.bar}>
        <Button appearance="primary" disabledFocusable={!verdict.isValid || start.isPending} type="submit">
          Restore
        </Button>
        <Button disabled={Object.keys(typed).length === 0} onClick={forget}>
          Defaults
        </Button>
      </div>
      <Commands instance={instance.id} request={request} />
    </form>
  );
}

function useStart(instance: Instance, request: RestoreRequest, onStarted: (job: string) => void) {
  const client = useClient();
  return useMutation({
    mutationFn: async () => jobOf(await carryOut(client, "POST", `${instance.id}/restore`, { body: request }), vaultOf(instance.id)),
    onSuccess: (job) => job && onStarted(job),
  });
}

function Said({ verdict: { isValid, error, again } }: { verdict: Verdict }) {
  if (isValid === null) return <Spinner label="Asking whether this would work" labelPosition="after" size="tiny" />;
  if (error) return <Trouble error={error} retry={again} />;
  return (
    <MessageBar intent="success">
      <MessageBarBody>This restore would work.</MessageBarBody>
    </MessageBar>
  );
}

function Commands({ instance, request }: { instance: string; request: RestoreRequest }) {
  const { audience } = useSession();
  const place = { origin: window.location.origin, audience, instance };
  return (
    <Section title="The same by command">
      <Copyable label="With az" text={azCommand(place, request)} />
      <Copyable label="With the SDK for Python" text={sdkLines(place, request)} />
    </Section>
  );
}
