/** Rules that protect disks by their tags, and what applying one would do now. */
import { Body1, Button, makeStyles, tokens } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useInEachVault } from "../../api/queries";
import { groupOf, nameOf, vaultOf } from "../../api/ids";
import type { ProtectionRule, RuleDryRun } from "../../api/types";
import { Empty } from "../../shared/Empty";
import { Facts } from "../../shared/Facts";
import { counted } from "../../shared/format";
import { Loaded } from "../../shared/Loaded";
import { Panel, Panels } from "../../shared/Panel";
import { Section } from "../../shared/Page";
import { Trouble } from "../../shared/Trouble";
import { useClient, useMay } from "../../sign-in/session";

const SHOWN = 50;
const ACTIONS: Readonly<Record<RuleDryRun["value"][number]["action"], string>> = {
  Protect: "would be protected",
  MoveToPolicy: "would move to another policy",
  Resume: "would be protected again",
  Retry: "would be tried again",
  StopProtection: "would no longer be protected",
  None: "stays as it is",
};
const useStyles = makeStyles({
  list: { margin: 0, paddingInlineStart: "20px", maxHeight: "320px", overflowY: "auto" },
  quiet: { color: tokens.colorNeutralForeground2 },
});

export function Rules() {
  const rules = useInEachVault<ProtectionRule>("rules", (vault) => `${vault}/protectionRules`);
  return (
    <Section title="Rules by tag">
      <Loaded from={rules} lines={3}>
        {(found) =>
          found.length > 0 ? (
            <Panels>
              {found.map((rule) => (
                <Rule key={rule.id} rule={rule} />
              ))}
            </Panels>
          ) : (
            <Empty>No rule protects disks by their tags.</Empty>
          )
        }
      </Loaded>
    </Section>
  );
}

function Rule({ rule }: { rule: ProtectionRule }) {
  const { properties } = rule;
  return (
    <Panel title={properties.enabled ? rule.name : `${rule.name} (off)`}>
      <Facts
        facts={[
          ["Disks in", scopeText(properties.scope)],
          ["With", conditionsText(properties.tagConditions)],
          ["Policy", `${nameOf(properties.policyId)} in ${nameOf(vaultOf(rule.id))}`],
          ["Snapshots in", groupOf(properties.snapshotResourceGroupId)],
        ]}
      />
      <DryRun rule={rule} />
    </Panel>
  );
}

function DryRun({ rule }: { rule: ProtectionRule }) {
  const client = useClient();
  const mayAsk = useMay("Operator");
  const run = useMutation({ mutationFn: () => client.send<RuleDryRun>("POST", `${rule.id}/dryRun`) });
  if (!mayAsk) return null;
  return (
    <>
      <div>
        <Button disabledFocusable={run.isPending} onClick={() => run.mutate()}>
          What would it do now?
        </Button>
      </div>
      {run.error && <Trouble error={run.error} retry={() => run.mutate()} />}
      {run.data && <Decisions run={run.data} />}
    </>
  );
}

function Decisions({ run }: { run: RuleDryRun }) {
  const styles = useStyles();
  const changes = run.value.filter((each) => each.action !== "None");
  return (
    <div aria-live="polite">
      <Body1>
        {counted(changes.length, "disk")} would change, {counted(run.value.length - changes.length, "disk")} would not.
        {run.left > 0 && ` ${counted(run.left, "disk was", "disks were")} not looked at.`}
      </Body1>
      <ul className={styles.list}>
        {changes.slice(0, SHOWN).map((each) => (
          <li key={each.dataSourceId}>
            {nameOf(each.dataSourceId)} {ACTIONS[each.action]} <span className={styles.quiet}>({each.reasons.join("; ")})</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const scopeText = (scope: string): string => (groupOf(scope) ? `group ${groupOf(scope)}` : `subscription ${nameOf(scope)}`);

const conditionsText = (conditions: ProtectionRule["properties"]["tagConditions"]): string =>
  conditions.map(({ name, values }) => (values?.length ? `${name} = ${values.join(" or ")}` : name)).join(" and ");
