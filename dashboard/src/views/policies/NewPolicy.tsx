/** Asks for vault and name of a policy that is to be made; what it does is said in its own view. */
import { Field, Input, Select } from "@fluentui/react-components";
import { useState } from "react";
import { useNavigate } from "react-router";
import { toPolicy } from "../../app/links";
import { sameId } from "../../api/ids";
import { useVaults } from "../../api/queries";
import type { Policy } from "../../api/types";
import { Confirm } from "../../shared/Confirm";

const NAME = /^[A-Za-z0-9][A-Za-z0-9-]{2,149}$/;

export function NewPolicy({ policies, onClose }: { policies: readonly Policy[]; onClose: () => void }) {
  const vaults = useVaults().data ?? [];
  const navigate = useNavigate();
  const [vault, setVault] = useState("");
  const [name, setName] = useState("");
  const chosen = vault || (vaults[0]?.id ?? "");
  const id = `${chosen}/backupPolicies/${name}`;
  const isTaken = policies.some((policy) => sameId(policy.id, id));
  const fault = isTaken ? "There is a policy of this name." : name && !NAME.test(name) ? "Write 3 to 150 letters, digits and hyphens." : undefined;
  return (
    <Confirm
      canConfirm={chosen !== "" && NAME.test(name) && !isTaken}
      title="New policy"
      verb="Go on"
      onClosed={onClose}
      onConfirm={() => void navigate(toPolicy(id))}
    >
      <Field label="Vault" required>
        <Select value={chosen} onChange={(_, change) => setVault(change.value)}>
          {vaults.map((each) => (
            <option key={each.id} value={each.id}>
              {each.name} ({each.location})
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Name" required validationMessage={fault}>
        <Input value={name} onChange={(_, change) => setName(change.value)} />
      </Field>
    </Confirm>
  );
}
