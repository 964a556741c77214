/** Recovery points by the days of somebody's clock: what a calendar shows. */
import type { Point } from "../api/types";
import { dayKey } from "../shared/format";

export interface Day {
  /** `2026-11-29`. */
  key: string;
  points: readonly Point[];
  failures: number;
  missed: number;
}

const DAY = 86_400_000;

export interface Happened {
  points: readonly Point[];
  failedAt: readonly string[];
  missedAt: readonly string[];
}

/** Whole weeks from Monday on, the last of which holds `now`; days to come are left out. */
export function weeksOf(happened: Happened, { now, zone, weeks }: { now: number; zone: string; weeks: number }): Day[][] {
  const today = dayKey(now, zone);
  const points = byDay(happened.points, (point) => point.properties.recoveryPointTime, zone);
  const failed = byDay(happened.failedAt, (at) => at, zone);
  const missed = byDay(happened.missedAt, (at) => at, zone);
  const day = (key: string): Day => ({
    key,
    points: points.get(key) ?? [],
    failures: failed.get(key)?.length ?? 0,
    missed: missed.get(key)?.length ?? 0,
  });
  const monday = mondayOf(today);
  return Array.from({ length: weeks }, (_, at) => addDays(monday, 7 * (at + 1 - weeks))).map((first) =>
    Array.from({ length: 7 }, (_, at) => addDays(first, at))
      .filter((key) => key <= today)
      .map(day),
  );
}

function byDay<T>(things: readonly T[], at: (thing: T) => string, zone: string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const thing of things) {
    const key = dayKey(at(thing), zone);
    const others = found.get(key);
    if (others) others.push(thing);
    else found.set(key, [thing]);
  }
  return found;
}

export function addDays(key: string, days: number): string {
  return new Date(Date.parse(`${key}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

function mondayOf(key: string): string {
  const weekday = new Date(`${key}T00:00:00Z`).getUTCDay();
  return addDays(key, -((weekday + 6) % 7));
}
