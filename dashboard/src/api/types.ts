/** The API's resources under short names. All come from its own description (schema.d.ts). */
import type { components } from "./schema";

export type Schemas = components["schemas"];
export type Vault = Schemas["BackupVaultResource"];
export type Policy = Schemas["BaseBackupPolicyResource"];
export type Instance = Schemas["BackupInstanceResource"];
export type Standing = Schemas["BackupInstanceStanding"];
export type Point = Schemas["AzureBackupRecoveryPointResource"];
export type PointCopy = Schemas["RecoveryPointCopy"];
export type Job = Schemas["AzureBackupJobResource"];
export type Alert = Schemas["BackupAlert"];
export type AuditRecord = Schemas["AuditRecord"];
export type Health = Schemas["Health"];
export type Operation = Schemas["OperationResource"];
export type Subscription = Schemas["Subscription"];
export type UnprotectedDisk = Schemas["UnprotectedDiskList"]["value"][number];
export type StorageHistory = Schemas["StorageHistory"];
export type ComplianceReport = Schemas["ComplianceReport"];
export type ProtectionRule = Schemas["ProtectionRule"];
export type RuleDryRun = Schemas["ProtectionRuleDryRun"];
export type CostEstimate = Schemas["CostEstimate"];
export type PolicyChangePreview = Schemas["PolicyChangePreview"];
export type PolicyPreview = Schemas["PolicyPreview"];
export type UserFacingError = Schemas["UserFacingError"];
export type Fault = Schemas["ErrorDetail"];
export type RestoreRequest = Schemas["RestoreRequest"];
export type InstanceInput = Schemas["BackupInstanceInput"];
export type PolicyInput = Schemas["BackupPolicyInput"];

export interface Page<T> {
  value: T[];
  nextLink?: string | null;
}
