/** ARM ids, taken apart. They are compared without case, as ARM does. */

export const PROVIDER = "providers/Microsoft.DataProtection";

/** The name that follows `word` in an id; "" without it. */
export function partOf(id: string, word: string): string {
  const parts = id.split("/");
  const at = parts.findIndex((part) => part.toLowerCase() === word.toLowerCase());
  return at < 0 ? "" : (parts[at + 1] ?? "");
}

export const nameOf = (id: string): string => id.slice(id.lastIndexOf("/") + 1);
export const subscriptionOf = (id: string): string => partOf(id, "subscriptions");
export const groupOf = (id: string): string => partOf(id, "resourceGroups");
export const sameId = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** The vault that a resource lies in, by its id. */
export function vaultOf(id: string): string {
  return vaultId(subscriptionOf(id), groupOf(id), partOf(id, "backupVaults"));
}

export function vaultId(subscription: string, group: string, vault: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}/${PROVIDER}/backupVaults/${vault}`;
}

export function diskId(subscription: string, group: string, disk: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Compute/disks/${disk}`;
}

export const groupId = (subscription: string, group: string): string =>
  `/subscriptions/${subscription}/resourceGroups/${group}`;

/** Where Azure's portal shows a resource. */
export const portalUrl = (id: string): string => `https://portal.azure.com/#resource${encodeURI(id)}`;
