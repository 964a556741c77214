/** A fake API with one subscription and one vault. */
import type { Policy, Standing } from "../api/types";
import { FakeApi } from "./fakeApi";
import { policy, SUBSCRIPTION, VAULT } from "./samples";

interface Holds {
  standings?: Standing[];
  policies?: Policy[];
  unprotected?: unknown[];
  /** What other lists of the vault hold, by their names. */
  lists?: Readonly<Record<string, unknown[]>>;
}

export function oneVault({ standings = [], policies = [policy()], unprotected = [], lists = {} }: Holds = {}): FakeApi {
  const ofSubscription = `GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.DataProtection`;
  const ofVault = {
    backupInstanceStandings: standings,
    backupPolicies: policies,
    backupJobs: [],
    backupAlerts: [],
    protectionRules: [],
    ...lists,
  };
  const api = new FakeApi()
    .on("GET /subscriptions", { body: { value: [{ subscriptionId: SUBSCRIPTION, displayName: "Production" }] } })
    .on(`${ofSubscription}/backupVaults`, { body: { value: [{ id: VAULT, name: "vault-1", location: "westeurope" }] } })
    .on(`${ofSubscription}/unprotectedDisks`, { body: { value: unprotected } });
  for (const [name, value] of Object.entries(ofVault)) api.on(`GET ${VAULT}/${name}`, { body: { value, nextLink: null } });
  return api;
}
