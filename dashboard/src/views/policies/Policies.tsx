/** The policies of all vaults: when they back up, how long they keep, and how many disks follow them. */
import { Button } from "@fluentui/react-components";
import { useState } from "react";
import { toDisks, toPolicy } from "../../app/links";
import { nameOf, sameId, vaultOf } from "../../api/ids";
import { usePolicies, useStandings } from "../../api/queries";
import type { Policy } from "../../api/types";
import type { Column } from "../../shared/columns";
import { readSort, sortText } from "../../shared/columns";
import { Empty } from "../../shared/Empty";
import { counted, durationText } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { Loaded } from "../../shared/Loaded";
import { Page } from "../../shared/Page";
import { useSearch } from "../../shared/search";
import { VirtualTable } from "../../shared/VirtualTable";
import { useMay } from "../../sign-in/session";
import { NewPolicy } from "./NewPolicy";

interface Row {
  policy: Policy;
  disks: number | null; // null while that is not known
}

const FIRST = { column: "policy", descending: false };
const COLUMNS: readonly Column<Row>[] = [
  {
    key: "policy",
    label: "Policy",
    width: 150, grow: 1,
    show: ({ policy }) => <Linked to={toPolicy(policy.id)}>{policy.name}</Linked>,
    by: ({ policy }) => policy.name,
  },
  { key: "schedule", label: "Backs up", width: 220, grow: 2, show: ({ policy }) => scheduleText(policy) },
  { key: "keeps", label: "Keeps", width: 240, grow: 3, show: ({ policy }) => <span title={keepText(policy)}>{keepText(policy)}</span> },
  {
    key: "disks",
    label: "Disks",
    width: 90,
    isNumber: true,
    show: ({ policy, disks }) =>
      disks ? <Linked to={toDisks({ policy: policy.name })}>{counted(disks, "disk")}</Linked> : (disks ?? ""),
    by: ({ disks }) => disks,
  },
  {
    key: "vault",
    label: "Vault",
    width: 110, grow: 1,
    show: ({ policy }) => nameOf(vaultOf(policy.id)),
    by: ({ policy }) => nameOf(vaultOf(policy.id)),
  },
];

export function Component() {
  const policies = usePolicies();
  const mayChange = useMay("Contributor");
  const [isMaking, setMaking] = useState(false);
  return (
    <Page actions={mayChange && <Button appearance="primary" onClick={() => setMaking(true)}>New policy</Button>} title="Policies">
      <Loaded from={policies} lines={8}>
        {(found) => (found.length > 0 || policies.isPending ? <Table policies={found} /> : <Empty>There is no policy yet.</Empty>)}
      </Loaded>
      {isMaking && <NewPolicy policies={policies.data ?? []} onClose={() => setMaking(false)} />}
    </Page>
  );
}

function Table({ policies }: { policies: readonly Policy[] }) {
  const [params, change] = useSearch();
  const standings = useStandings().data;
  const follow = (policy: Policy) =>
    standings?.filter((each) => each.policyName === policy.name && sameId(vaultOf(each.backupInstanceId), vaultOf(policy.id))).length ?? null;
  return (
    <VirtualTable
      columns={COLUMNS}
      idOf={({ policy }) => policy.id}
      label="Policies"
      rows={policies.map((policy) => ({ policy, disks: follow(policy) }))}
      sort={readSort(params.get("sort"), FIRST)}
      onSort={(sort) => change({ sort: sortText(sort) }, true)}
    />
  );
}

function scheduleText({ properties }: Policy): string {
  const schedules = properties.policyRules.flatMap((rule) => (rule.objectType === "AzureBackupRule" ? [rule.trigger.schedule] : []));
  return schedules
    .map(({ repeatingTimeIntervals, timeZone }) => {
      const every = repeatingTimeIntervals.map((interval) => `every ${durationText(interval.slice(interval.lastIndexOf("/") + 1))}`);
      return `${every.join(" and ")} (${timeZone || "UTC"})`;
    })
    .join("; ");
}

function keepText({ properties }: Policy): string {
  const rules = properties.policyRules.flatMap((rule) => (rule.objectType === "AzureRetentionRule" ? [rule] : []));
  return rules.map((rule) => `${rule.name}: ${durationText(rule.lifecycles[0]?.deleteAfter.duration ?? "")}`).join(", ");
}
