/** Answers of the API for unit tests, as small as its types allow. */
import type { Health, Instance, Point, Policy, Standing } from "../api/types";

export const SUBSCRIPTION = "11111111-1111-4111-8111-111111111111";
export const VAULT = `/subscriptions/${SUBSCRIPTION}/resourceGroups/backup/providers/Microsoft.DataProtection/backupVaults/vault-1`;
export const instanceId = (name: string): string => `${VAULT}/backupInstances/${name}`;
export const diskIdOf = (name: string): string => `/subscriptions/${SUBSCRIPTION}/resourceGroups/apps/providers/Microsoft.Compute/disks/${name}`;

export const healthy = (): Health["properties"] => ({
  time: "2026-03-02T12:00:00Z",
  lastTick: "2026-03-02T12:00:00Z",
  duties: [],
  tables: { isSetBack: false, isReconciled: true },
  immutability: { state: "Disabled", keptBy: "ThisAppOnly", instancesNotBound: 0, copiesNotBound: [] },
  deletionBrake: { instancesStopped: 0 },
  vaults: 1,
  vaultsLeftOut: 0,
  backupInstances: { protected: 12, atRisk: 0, breached: 0, paused: 0, error: 0 },
  jobs: { since: "2026-03-01T12:00:00Z", counts: [] },
  worst: [],
  nextDue: [],
  storage: { backupInstances: 12, sourceDiskBytes: 12 * 2 ** 37 },
  activeAlerts: { Sev0: 0, Sev1: 0, Sev2: 0, Sev3: 0, Sev4: 0 },
  events: { waiting: 0, refused: 0 },
  unreadableRecords: 0,
});

export function standing(name: string, changes: Partial<Standing> = {}): Standing {
  return {
    backupInstanceId: instanceId(name),
    friendlyName: name,
    dataSourceId: diskIdOf(name),
    dataSourceLocation: "westeurope",
    snapshotResourceGroupId: `/subscriptions/${SUBSCRIPTION}/resourceGroups/snapshots`,
    policyName: "hourly",
    currentProtectionState: "ProtectionConfigured",
    state: "protected",
    reason: "The newest recovery point is 10 min old; the objective is 1 h 15 min.",
    recoveryPointTime: "2026-03-02T12:00:00Z",
    objectiveSeconds: 4500,
    nextBackupTime: "2026-03-02T13:00:00Z",
    sizeBytes: 2 ** 37,
    recoveryPoints: 24,
    estimatedGib: 130,
    estimatedMonthlyCost: 6.5,
    currency: "USD",
    activeAlerts: [],
    ...changes,
  };
}

export function instance(name: string): Instance {
  return {
    id: instanceId(name),
    name,
    type: "Microsoft.DataProtection/backupVaults/backupInstances",
    tags: { team: "storage" },
    properties: {
      friendlyName: name,
      objectType: "BackupInstance",
      dataSourceInfo: {
        resourceID: diskIdOf(name),
        datasourceType: "Microsoft.Compute/disks",
        resourceName: name,
        resourceLocation: "westeurope",
      },
      policyInfo: {
        policyId: `${VAULT}/backupPolicies/hourly`,
        policyParameters: {
          dataStoreParametersList: [
            {
              objectType: "AzureOperationalStoreParameters",
              dataStoreType: "OperationalStore",
              resourceGroupId: `/subscriptions/${SUBSCRIPTION}/resourceGroups/snapshots`,
            },
          ],
        },
      },
      currentProtectionState: "ProtectionConfigured",
      protectionStatus: { status: "ProtectionConfigured" },
      provisioningState: "Succeeded",
    },
  } as Instance;
}

export function point(at: string, changes: Partial<Point["properties"]> = {}): Point {
  const id = at.replace(/\D/g, "").padEnd(32, "0").slice(0, 32);
  return {
    id: `${instanceId("disk-1")}/recoveryPoints/${id}`,
    name: id,
    type: "Microsoft.DataProtection/backupVaults/backupInstances/recoveryPoints",
    properties: {
      objectType: "AzureBackupDiscreteRecoveryPoint",
      recoveryPointId: id,
      recoveryPointTime: at,
      recoveryPointType: "Incremental",
      friendlyName: id,
      recoveryPointDataStoresDetails: [{ state: "COMMITTED", creationTime: at, expiryTime: null }],
      retentionTagName: "Default",
      policyName: "hourly",
      expiryTime: "2026-03-09T12:00:00Z",
      recoveryPointState: "Completed",
      retention: { reasons: ["newest good point"], keptUntil: "2026-03-09T12:00:00Z", nextDecision: null, isGoing: false },
      ...changes,
    },
  } as unknown as Point;
}

export function policy(name = "hourly"): Policy {
  return {
    id: `${VAULT}/backupPolicies/${name}`,
    name,
    type: "Microsoft.DataProtection/backupVaults/backupPolicies",
    properties: {
      objectType: "BackupPolicy",
      datasourceTypes: ["Microsoft.Compute/disks"],
      policyRules: [
        { objectType: "AzureBackupRule", name: "BackupHourly" },
        { objectType: "AzureRetentionRule", name: "Default" },
        { objectType: "AzureRetentionRule", name: "Weekly" },
      ],
    },
  } as unknown as Policy;
}
