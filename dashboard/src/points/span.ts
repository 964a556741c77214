/** How much of the past a timeline shows. */
import type { Point } from "../api/types";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MARKS = 4;

export interface Span {
  key: string;
  label: string;
  /** In milliseconds; null for all that there is. */
  length: number | null;
}

export const SPANS: readonly Span[] = [
  { key: "1d", label: "24 hours", length: DAY },
  { key: "7d", label: "7 days", length: 7 * DAY },
  { key: "30d", label: "30 days", length: 30 * DAY },
  { key: "1y", label: "A year", length: 365 * DAY },
  { key: "all", label: "All", length: null },
];

export const spanNamed = (key: string | null): Span | undefined => SPANS.find((span) => span.key === key);

/** The shortest one that shows a handful of points. `points` are newest first. */
export function fittingSpan(points: readonly Point[], now: number): Span {
  const fifth = points[Math.min(4, points.length - 1)];
  const age = fifth ? now - Date.parse(fifth.properties.recoveryPointTime) : 0;
  return SPANS.find((span) => span.length !== null && span.length >= age) ?? (SPANS[SPANS.length - 1] as Span);
}

export function windowOf(span: Span, points: readonly Point[], now: number): { from: number; to: number } {
  const oldest = points[points.length - 1];
  const whole = oldest ? now - Date.parse(oldest.properties.recoveryPointTime) : DAY;
  return { from: now - Math.max(span.length ?? whole, HOUR), to: now };
}

/** Instants to be named below the line. */
export const marksOf = (from: number, to: number): number[] =>
  Array.from({ length: MARKS }, (_, at) => from + ((to - from) * at) / (MARKS - 1));
