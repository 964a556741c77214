/** By which vault and policy the chosen disks are protected: all are looked at before any is begun with. */
import { Field, Input, Select, makeStyles } from "@fluentui/react-components";
import { useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { CheckedMany } from "../../actions/CheckedMany";
import { toDisks } from "../../app/links";
import { groupOf, nameOf, sameId, vaultOf } from "../../api/ids";
import { carryOut } from "../../api/operations";
import { usePolicies, useStandings, useVaults } from "../../api/queries";
import type { Policy, UnprotectedDisk, Vault } from "../../api/types";
import { useDraft } from "../../shared/draft";
import { counted } from "../../shared/format";
import { Linked } from "../../shared/Linked";
import { Section } from "../../shared/Page";
import { Trouble } from "../../shared/Trouble";
import { useClient } from "../../sign-in/session";
import { instanceNameOf, propertiesOf, type Wish } from "./request";

const EMPTY: Wish = { vault: "", policy: "", group: "" };
const useStyles = makeStyles({
  form: {
    display: "grid",
    gridTemplateColumns: "repeat(auto-fit, minmax(min(240px, 100%), 1fr))",
    gap: "12px 16px",
    alignItems: "start",
  },
});

interface Props {
  disks: readonly UnprotectedDisk[];
  /** Ids of those that are left. */
  onDone: (refused: readonly string[]) => void;
}

export function ProtectForm({ disks, onDone }: Props) {
  const styles = useStyles();
  const [wish, keep] = useDraft<Wish>("protect", EMPTY);
  const vaults = useVaults();
  const policies = usePolicies();
  const fitting = (vaults.data ?? []).filter((vault) => disks.every((disk) => sameRegion(vault, disk)));
  const vault = fitting.find(({ id }) => id === wish.vault) ?? fitting[0];
  const known = (policies.data ?? []).filter((policy) => vault && sameId(vaultOf(policy.id), vault.id));
  const policy = known.find(({ id }) => id === wish.policy) ?? known[0];
  const group = useGroup(wish.group, disks);
  const asked: Wish = { vault: vault?.id ?? "", policy: policy?.id ?? "", group };
  return (
    <Section title={disks.length > 0 ? `Protect ${counted(disks.length, "disk")}` : "Choose disks to protect them"}>
      {vaults.error && <Trouble error={vaults.error} retry={vaults.refetch} />}
      {disks.length > 0 && (
          <div className={styles.form}>
            <VaultField disks={disks} value={asked.vault} vaults={fitting} onChange={(id) => keep({ ...asked, vault: id, policy: "" })} />
            <PolicyField policies={known} value={asked.policy} onChange={(id) => keep({ ...asked, policy: id })} />
            <GroupField value={group} onChange={(name) => keep({ ...asked, group: name })} />
          </div>
      )}
      <Act disks={disks} wish={asked} onDone={onDone} />
    </Section>
  );
}

const sameRegion = (vault: Vault, disk: UnprotectedDisk): boolean => vault.location.toLowerCase() === disk.location.toLowerCase();

/** What was typed; else the group that keeps the snapshots of other disks of the region. */
function useGroup(typed: string, disks: readonly UnprotectedDisk[]): string {
  const standings = useStandings().data ?? [];
  const neighbour = standings.find((each) => disks.some((disk) => disk.location === each.dataSourceLocation));
  return typed || (neighbour ? groupOf(neighbour.snapshotResourceGroupId) : "");
}

function VaultField({ vaults, disks, value, onChange }: { vaults: readonly Vault[]; disks: readonly UnprotectedDisk[]; value: string; onChange: (id: string) => void }) {
  const regions = [...new Set(disks.map((disk) => disk.location))];
  const hint = regions.length > 1 ? `The disks lie in ${regions.join(" and ")}: protect those of one region at a time.` : `There is no vault in ${regions[0]}: make one there first.`;
  return (
    <Field label="Vault" required validationMessage={vaults.length > 0 ? undefined : hint}>
      <Select value={value} onChange={(_, change) => onChange(change.value)}>
        {vaults.map((vault) => (
          <option key={vault.id} value={vault.id}>
            {vault.name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function PolicyField({ policies, value, onChange }: { policies: readonly Policy[]; value: string; onChange: (id: string) => void }) {
  return (
    <Field label="Policy" required validationMessage={policies.length > 0 ? undefined : "This vault has no policy yet: make one under Policies."}>
      <Select value={value} onChange={(_, change) => onChange(change.value)}>
        {policies.map((policy) => (
          <option key={policy.id} value={policy.id}>
            {policy.name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

function GroupField({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const list = useId();
  const standings = useStandings().data ?? [];
  const known = [...new Set(standings.map((each) => groupOf(each.snapshotResourceGroupId)))].sort();
  return (
    <Field hint="In the subscription of each disk." label="Resource group for snapshots" required>
      <Input list={list} value={value} onChange={(_, change) => onChange(change.value)} />
      <datalist id={list}>
        {known.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </Field>
  );
}

const CHANGED = ["unprotected", "standings", "health"];

function Act({ disks, wish, onDone }: Props & { wish: Wish }) {
  const client = useClient();
  const queries = useQueryClient();
  const [begun, setBegun] = useState(0);
  const ids = disks.map((disk) => disk.dataSourceId);
  const bodyOf = (id: string) => propertiesOf(disks.find((disk) => disk.dataSourceId === id)!, wish);
  return (
    <>
      <CheckedMany
        done="protected"
        ids={ids}
        isReady={wish.vault !== "" && wish.policy !== "" && wish.group !== ""}
        nameOf={nameOf}
        question={JSON.stringify(wish)}
        verb="Protect"
        act={(id) => carryOut(client, "PUT", `${wish.vault}/backupInstances/${instanceNameOf(id)}`, { body: { properties: bodyOf(id) } })}
        validate={(id) => carryOut(client, "POST", `${wish.vault}/validateForBackup`, { body: { backupInstance: bodyOf(id) } })}
        onBegun={(chosen, refused) => {
          for (const name of CHANGED) void queries.invalidateQueries({ queryKey: [name] });
          setBegun(chosen.length - refused.length);
          onDone(ids.filter((id) => !chosen.includes(id) || refused.includes(id)));
        }}
      />
      {begun > 0 && <Linked to={toDisks()}>See the disks that are protected</Linked>}
    </>
  );
}
