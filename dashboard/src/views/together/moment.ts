/** Which recovery point of each disk is restored, where several are restored to one moment. */
import type { Instance, Point } from "../../api/types";
import { isGood } from "../../points/tags";
import { nameOf } from "../../api/ids";
import { defaultsFor, LONGEST_NAME, type Form } from "../restore/form";

export interface Part {
  instance: Instance;
  /** The newest that is not later; null where there is none. */
  point: Point | null;
}

export function partOf(instance: Instance, points: readonly Point[], moment: string): Part {
  const until = Date.parse(moment);
  const fitting = points.filter((point) => isGood(point) && timeOf(point) <= until);
  const newest = fitting.reduce<Point | null>((best, point) => (best === null || timeOf(point) > timeOf(best) ? point : best), null);
  return { instance, point: newest };
}

const timeOf = (point: Point): number => Date.parse(point.properties.recoveryPointTime);

/** How far the oldest and the newest of the points lie apart, in seconds: they are not of one instant. */
export function apart(parts: readonly Part[]): number {
  const times = parts.flatMap(({ point }) => (point ? [timeOf(point)] : []));
  return times.length > 1 ? (Math.max(...times) - Math.min(...times)) / 1000 : 0;
}

/** Where all of them go, "" for where each source lies; and how their names end, "" for the time of each point. With a
 * `region` they are made there, of the copies that lie there. */
export interface Where {
  region: string;
  group: string;
  ending: string;
}

export function formOf(instance: Instance, point: Point, { region, group, ending }: Where): Form {
  const form = { ...defaultsFor(instance, point.properties.recoveryPointTime, group || null), region };
  const disk = nameOf(instance.properties.dataSourceInfo.resourceID);
  return ending ? { ...form, name: disk.slice(0, LONGEST_NAME - ending.length) + ending } : form;
}
