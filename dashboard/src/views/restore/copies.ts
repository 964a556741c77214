/** Copies of recovery points in other regions, as far as they can be restored: where, and of which points they are all that is left. */
import type { Point, PointCopy } from "../../api/types";

export const isWhole = (copy: PointCopy): boolean => copy.properties.state === "Completed";

/** The regions that a point can be restored in: "" is that of the disk. */
export function regionsOf(point: Point, points: readonly Point[], copies: readonly PointCopy[]): readonly string[] {
  const copied = copies.filter((copy) => isWhole(copy) && copy.properties.recoveryPointId === point.name);
  const home = points.some((each) => each.name === point.name) ? [""] : [];
  return [...home, ...new Set(copied.map((copy) => copy.properties.location).sort())];
}

/** The points whose own snapshots are there, and those of which there is a copy only; newest first. */
export function withCopied(instance: string, points: readonly Point[], copies: readonly PointCopy[]): readonly Point[] {
  const known = new Map(points.map((point) => [point.name, point]));
  for (const copy of copies.filter(isWhole)) {
    const { recoveryPointId } = copy.properties;
    if (!known.has(recoveryPointId)) known.set(recoveryPointId, ofCopy(instance, copy));
  }
  const time = (point: Point) => point.properties.recoveryPointTime;
  return [...known.values()].sort((one, other) => time(other).localeCompare(time(one)));
}

/** The regions that whole copies lie in. */
export const regionsOfAll = (copies: readonly PointCopy[]): readonly string[] => [...new Set(copies.filter(isWhole).map(({ properties }) => properties.location))].sort();

/** The points of which a whole copy lies in a region. */
export const copiedTo = (region: string, instance: string, copies: readonly PointCopy[]): readonly Point[] =>
  copies.filter((copy) => isWhole(copy) && copy.properties.location === region).map((copy) => ofCopy(instance, copy));

function ofCopy(instance: string, { properties }: PointCopy): Point {
  const { recoveryPointId, recoveryPointTime, retentionTagName, expiryTime, location } = properties;
  return {
    id: `${instance}/recoveryPoints/${recoveryPointId}`,
    name: recoveryPointId,
    type: "Microsoft.DataProtection/backupVaults/backupInstances/recoveryPoints",
    properties: {
      objectType: "AzureBackupDiscreteRecoveryPoint",
      recoveryPointId,
      recoveryPointTime,
      recoveryPointType: "Incremental",
      friendlyName: recoveryPointId,
      recoveryPointDataStoresDetails: [],
      retentionTagName,
      retentionTagVersion: null,
      policyName: properties.copyRuleName,
      policyVersion: null,
      expiryTime,
      recoveryPointState: "Completed",
      retention: { reasons: [`its copy in ${location} is all that is left of it`], keptUntil: expiryTime, nextDecision: null, isGoing: false },
    },
  };
}
