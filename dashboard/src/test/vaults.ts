/** A fake API with one subscription and one vault. */
import type { Policy, Standing } from "../api/types";
import { FakeApi } from "./fakeApi";
import { policy, SUBSCRIPTION, VAULT } from "./samples";

export function oneVault({ standings = [] as Standing[], policies = [policy()] as Policy[] } = {}): FakeApi {
  const ofSubscription = `GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.DataProtection`;
  return new FakeApi()
    .on("GET /subscriptions", { body: { value: [{ subscriptionId: SUBSCRIPTION, displayName: "Production" }] } })
    .on(`${ofSubscription}/backupVaults`, { body: { value: [{ id: VAULT, name: "vault-1" }] } })
    .on(`${ofSubscription}/unprotectedDisks`, { body: { value: [] } })
    .on(`GET ${VAULT}/backupInstanceStandings`, { body: { value: standings } })
    .on(`GET ${VAULT}/backupPolicies`, { body: { value: policies } })
    .on(`GET ${VAULT}/backupJobs`, { body: { value: [], nextLink: null } });
}
