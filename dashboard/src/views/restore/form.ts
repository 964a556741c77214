/** What is asked of a restore: defaults, the request that it makes, and which field a fault is about. */
import { diskId, groupOf, nameOf, subscriptionOf } from "../../api/ids";
import type { Fault, Instance, RestoreRequest, Schemas } from "../../api/types";

type Target = Extract<Schemas["RestoreRequest"], { restoreTargetInfo: unknown }>["restoreTargetInfo"];

export interface Form {
  /** Where a copy of the point lies; "" for the disk's own region. */
  region: string;
  subscription: string;
  group: string;
  name: string;
  /** "" for what the source had, in all of these. */
  sku: string;
  zone: string; // "none" for a disk without a zone
  sizeGB: string;
  keepsTags: boolean;
}

export const SKUS = [
  "Standard_LRS",
  "StandardSSD_LRS",
  "StandardSSD_ZRS",
  "Premium_LRS",
  "Premium_ZRS",
  "PremiumV2_LRS",
  "UltraSSD_LRS",
] as const;
export const ZONES = ["1", "2", "3"] as const;
export const LONGEST_NAME = 80;

/** Under which what is typed is kept. */
export const draftOf = (instance: string): string => `restore ${instance.toLowerCase()}`;

/** The group that somebody restored to last is where the app may make disks, as the source's often is not. */
const KEPT_GROUP = "backup-center.restore-group";
export const keptGroup = (): string | null => localStorage.getItem(KEPT_GROUP);
export const keepGroup = (group: string): void => localStorage.setItem(KEPT_GROUP, group);

/** Under a name that says of when it is. `at` is the recovery point's time. */
export function defaultsFor(instance: Instance, at: string, group: string | null): Form {
  const disk = instance.properties.dataSourceInfo.resourceID;
  const ending = `-${at.slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}`;
  return {
    region: "",
    subscription: subscriptionOf(disk),
    group: group ?? groupOf(disk),
    name: nameOf(disk).slice(0, LONGEST_NAME - ending.length) + ending,
    sku: "",
    zone: "",
    sizeGB: "",
    keepsTags: true,
  };
}

export function requestOf(instance: Instance, point: string, form: Form): RestoreRequest {
  const { dataSourceInfo, identityDetails } = instance.properties;
  const location = form.region || (dataSourceInfo.resourceLocation ?? null);
  return {
    objectType: "AzureBackupRecoveryPointBasedRestoreRequest",
    recoveryPointId: point,
    sourceDataStoreType: "OperationalStore",
    ...(identityDetails ? { identityDetails } : {}),
    restoreTargetInfo: {
      objectType: "RestoreTargetInfo",
      recoveryOption: "FailIfExists",
      restoreLocation: location,
      datasourceInfo: {
        objectType: "Datasource",
        datasourceType: "Microsoft.Compute/disks",
        resourceID: targetOf(form),
        resourceName: form.name,
        resourceType: "Microsoft.Compute/disks",
        resourceLocation: location,
        resourceUri: "",
      },
      ...targetDisk(form),
    } as Target,
  } as RestoreRequest;
}

export const targetOf = (form: Form): string => diskId(form.subscription.trim(), form.group.trim(), form.name.trim());

function targetDisk({ sku, zone, sizeGB, keepsTags }: Form) {
  const asked = {
    ...(sku ? { sku } : {}),
    ...(zone ? { zones: zone === "none" ? [] : [zone] } : {}),
    ...(sizeGB.trim() ? { sizeGB: Number(sizeGB) } : {}),
    ...(keepsTags ? {} : { keepSourceTags: false }),
  };
  return Object.keys(asked).length > 0 ? { targetDisk: asked } : {};
}

export type Field = keyof Form | "other";

/** In the order in which they are tried. */
const PLACES: readonly [RegExp, Field][] = [
  [/restoreLocation/i, "region"],
  [/targetDisk\.?sku/i, "sku"],
  [/zones?/i, "zone"],
  [/size/i, "sizeGB"],
  [/resourceGroup/i, "group"],
  [/subscription/i, "subscription"],
  [/datasourceInfo|resourceID|resourceName/i, "name"],
];

/** Every fault at its field; what is about none of them under "other". */
export function placed(faults: readonly Fault[]): Readonly<Partial<Record<Field, string[]>>> {
  const found: Partial<Record<Field, string[]>> = {};
  for (const fault of faults) {
    const field = PLACES.find(([place]) => fault.target && place.test(fault.target))?.[1] ?? "other";
    (found[field] ??= []).push(fault.message);
  }
  return found;
}
