/** What is asked of the API to protect a disk. */
import { groupId, nameOf, subscriptionOf } from "../../api/ids";
import type { InstanceInput, UnprotectedDisk } from "../../api/types";

export interface Wish {
  vault: string; // its id
  policy: string; // its id
  group: string; // the name of the resource group for snapshots, in each disk's own subscription
}

const DISK = "Microsoft.Compute/disks";
const LONGEST = 60;

export function propertiesOf(disk: UnprotectedDisk, wish: Wish): InstanceInput["properties"] {
  const id = disk.dataSourceId;
  return {
    objectType: "BackupInstance",
    friendlyName: nameOf(id),
    dataSourceInfo: {
      objectType: "Datasource",
      resourceID: id,
      resourceUri: id,
      resourceName: nameOf(id),
      resourceType: DISK,
      datasourceType: DISK,
      resourceLocation: disk.location,
    },
    policyInfo: {
      policyId: wish.policy,
      policyParameters: {
        dataStoreParametersList: [
          {
            objectType: "AzureOperationalStoreParameters",
            dataStoreType: "OperationalStore",
            resourceGroupId: groupId(subscriptionOf(id), wish.group),
          },
        ],
      },
    },
  };
}

/** The same for the same disk, so that asking twice is asking once; different for disks of one name. */
export function instanceNameOf(disk: string): string {
  return `${nameOf(disk).slice(0, LONGEST)}-${hashOf(disk.toLowerCase())}`;
}

/** FNV-1a: eight hex digits. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
