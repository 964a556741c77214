/** What is asked of the API for a protected disk. An instance is named by its id. */
import type { Client } from "../api/client";
import { vaultOf } from "../api/ids";
import { carryOut, jobOf } from "../api/operations";
import type { Instance, Policy } from "../api/types";

/** The job's id. `tag` keeps the point as long as that retention rule says instead of the default one. */
export async function backUp(client: Client, instance: string, policy: Policy, tag?: string): Promise<string | null> {
  const trigger = tag ? { retentionTagOverride: tag } : {};
  const body = { backupRuleOptions: { ruleName: backupRuleOf(policy), triggerOption: trigger } };
  return jobOf(await carryOut(client, "POST", `${instance}/backup`, { body }), vaultOf(instance));
}

/** Keeps all recovery points, for as long as protection stays stopped. */
export const stop = (client: Client, instance: string) => carryOut(client, "POST", `${instance}/stopProtection`, { body: {} });

/** Recovery points go on expiring. */
export const suspend = (client: Client, instance: string) => carryOut(client, "POST", `${instance}/suspendBackups`, { body: {} });

export const resume = (client: Client, instance: string) => carryOut(client, "POST", `${instance}/resumeProtection`, { body: {} });

/** `policy` is the name of one in the instance's own vault. */
export async function changePolicy(client: Client, instance: string, policy: string): Promise<void> {
  const { properties, tags } = await client.get<Instance>(instance);
  const { friendlyName, dataSourceInfo, policyInfo, identityDetails } = properties;
  const policyId = `${vaultOf(instance)}/backupPolicies/${policy}`;
  const asked = { objectType: "BackupInstance", friendlyName, dataSourceInfo, identityDetails, policyInfo: { ...policyInfo, policyId } };
  await carryOut(client, "PUT", instance, { body: { tags, properties: asked } });
}

export function backupRuleOf(policy: Policy): string {
  return policy.properties.policyRules.find((rule) => rule.objectType === "AzureBackupRule")?.name ?? "";
}

export function retentionTagsOf(policy: Policy): string[] {
  return policy.properties.policyRules.filter((rule) => rule.objectType === "AzureRetentionRule").map((rule) => rule.name);
}
