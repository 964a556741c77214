/** A number over days as a line and as words. Days of which it is not known are left out. */
import type { StorageHistory } from "../../api/types";

export type Day = StorageHistory["value"][number];
type Of = (day: Day) => number | null;

interface Known {
  at: number;
  value: number;
}

const TOP = 4; // of the picture, left free for the line's own width

/** Points of an SVG line from the first day that is known to the last, above nought; null for less than two days. */
export function line(days: readonly Day[], of: Of, width: number, height: number): string | null {
  const known = knownOf(days, of);
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || first === last) return null;
  const most = Math.max(...known.map(({ value }) => value)) || 1;
  const x = (at: number) => ((at - first.at) / (last.at - first.at)) * width;
  const y = (value: number) => height - (value / most) * (height - TOP);
  return known.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
}

/** `12 % more`, seen from the first day. */
export function changeText(days: readonly Day[], of: Of): string {
  const known = knownOf(days, of);
  const [first, last] = [known[0]?.value ?? 0, known.at(-1)?.value ?? 0];
  if (first === 0) return last === 0 ? "unchanged" : "from nothing";
  const percent = Math.round((last / first - 1) * 100);
  if (percent === 0) return "unchanged";
  return percent > 0 ? `${percent.toLocaleString("en")} % more` : `${-percent} % less`;
}

/** `in 29 days`, from the first day to the last. */
export function spanText(days: readonly Day[]): string {
  const [first, last] = [days[0], days.at(-1)];
  const count = first && last ? Math.round((Date.parse(last.day) - Date.parse(first.day)) / 86_400_000) : 0;
  return `in ${count} ${count === 1 ? "day" : "days"}`;
}

function knownOf(days: readonly Day[], of: Of): Known[] {
  return days.flatMap((day) => {
    const value = of(day);
    return value === null ? [] : [{ at: Date.parse(day.day), value }];
  });
}
