/** One policy, or one that is to be made: what it says, what that does, and what a change would mean for its disks. */
import { Button, Spinner, makeStyles } from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useParams } from "react-router";
import { asApiError } from "../../api/errors";
import { nameOf, vaultOf } from "../../api/ids";
import { SELDOM } from "../../api/queries";
import type { Policy } from "../../api/types";
import { useDraft } from "../../shared/draft";
import { Facts } from "../../shared/Facts";
import { Loaded } from "../../shared/Loaded";
import { Page, Section } from "../../shared/Page";
import { Trouble } from "../../shared/Trouble";
import { useClient, useMay } from "../../sign-in/session";
import { Change } from "./Change";
import { JsonFields, PolicyFields } from "./PolicyFields";
import { backupRuleName, draftOf, NEW, propertiesOf, rulesOf, type Draft, type Rules } from "./model";
import { Preview } from "./Preview";

const useStyles = makeStyles({ view: { display: "flex", flexDirection: "column", rowGap: "20px" } });

export function Component() {
  const id = `/${useParams()["*"] ?? ""}`;
  const policy = useStored(id);
  const [saved, setSaved] = useState("");
  return (
    <Page title={nameOf(id)}>
      <Loaded from={policy} lines={10}>
        {(found) => <Edited id={id} key={JSON.stringify(found)} policy={found} wasSaved={saved === id} onSaved={() => setSaved(id)} />}
      </Loaded>
    </Page>
  );
}

/** Null for a policy that is not there yet. */
function useStored(id: string) {
  const client = useClient();
  return useQuery({
    queryKey: ["policy", id.toLowerCase()],
    queryFn: ({ signal }) => client.get<Policy>(id, { signal }).catch(absentIsNone),
    staleTime: SELDOM,
  });
}

function absentIsNone(thrown: unknown): null {
  if (asApiError(thrown).trouble === "absent") return null;
  throw thrown;
}

/** What is typed is kept in this tab until it is saved, or taken back. */
function Edited({ id, policy, wasSaved, onSaved }: { id: string; policy: Policy | null; wasSaved: boolean; onSaved: () => void }) {
  const stored = policy ? draftOf(policy) : NEW;
  const storedRules = stored ? rulesOf(stored, backupRuleName(policy)) : (policy?.properties.policyRules as Rules);
  const [draft, keepDraft, forgetDraft] = useDraft<Draft | null>(`policy ${id}`, stored);
  const [text, keepText, forgetText] = useDraft(`policy ${id} as JSON`, JSON.stringify(storedRules, null, 2));
  const rules = draft ? rulesOf(draft, backupRuleName(policy)) : parsed(text);
  const isChanged = JSON.stringify(rules) !== JSON.stringify(storedRules);
  const mayChange = useMay("Contributor");
  const forget = () => {
    forgetDraft();
    forgetText();
  };
  return (
    <div className={useStyles().view}>
      <Facts facts={[["Vault", nameOf(vaultOf(id))], ["State", policy ? (isChanged ? "changed here, not saved" : "saved") : "not made yet"]]} />
      <Section title="What it says">
        {draft ? <PolicyFields draft={draft} onChange={keepDraft} /> : <JsonFields isValid={rules !== null} text={text} onChange={keepText} />}
        {mayChange && <Save canSave={rules !== null && (isChanged || !policy)} id={id} rules={rules} onBack={isChanged ? forget : undefined} wasSaved={wasSaved} onSaved={() => (forget(), onSaved())} />}
      </Section>
      {rules && (
        <>
          <Preview id={id} properties={propertiesOf(rules)} />
          {policy && isChanged && <Change id={id} properties={propertiesOf(rules)} />}
        </>
      )}
    </div>
  );
}

function parsed(text: string): Rules | null {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? (found as Rules) : null;
  } catch {
    return null;
  }
}

interface SaveProps {
  id: string;
  rules: Rules | null;
  canSave: boolean;
  /** Told by who outlives this: what is saved begins anew. */
  wasSaved: boolean;
  onSaved: () => void;
  onBack: (() => void) | undefined;
}

function Save({ id, rules, canSave, wasSaved, onSaved, onBack }: SaveProps) {
  const client = useClient();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: () => client.send<Policy>("PUT", id, { body: { properties: propertiesOf(rules ?? []) } }),
    onSuccess: (policy) => {
      onSaved();
      queries.setQueryData(["policy", id.toLowerCase()], policy);
      void queries.invalidateQueries({ queryKey: ["policies"] });
    },
  });
  return (
    <>
      <div style={{ display: "flex", gap: "8px", alignItems: "center" }}>
        <Button
          appearance="primary"
          disabledFocusable={!canSave || save.isPending}
          icon={save.isPending ? <Spinner size="tiny" /> : undefined}
          onClick={() => save.mutate()}
        >
          Save
        </Button>
        {onBack && <Button onClick={onBack}>Take back what was typed</Button>}
        {wasSaved && !canSave && <span role="status">Saved.</span>}
      </div>
      {save.error && <Trouble error={save.error} />}
    </>
  );
}
