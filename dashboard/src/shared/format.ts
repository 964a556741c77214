/** Lengths, sizes and times for people. Times are in the zone that the person chose, which is always named. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `3 d 4 h`, `4 h 10 min`, `10 min`, `less than a minute`: as the API's own sentences have it. */
export function lengthText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [Math.floor(whole / DAY), Math.floor((whole % DAY) / HOUR), Math.floor((whole % HOUR) / MINUTE)];
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return minutes > 0 ? `${minutes} min` : "less than a minute";
}

/** How long ago, or how soon, seen from `now`. */
export function relativeText(at: string, now: number): string {
  const seconds = (Date.parse(at) - now) / 1000;
  if (Math.abs(seconds) < MINUTE) return "now";
  return seconds < 0 ? `${lengthText(-seconds)} ago` : `in ${lengthText(seconds)}`;
}

/** Binary units, as disks are sized. */
export function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = bytes > 0 ? Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1) : 0;
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 })} ${units[power]}`;
}

export const gibText = (gib: number): string => bytesText(gib * 2 ** 30);

/** `12.50 USD`; of much, without hundredths. */
export function moneyText(amount: number, currency: string): string {
  const digits = Math.abs(amount) < 1_000 ? 2 : 0;
  return `${amount.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${currency}`;
}

export const countText = (count: number): string => count.toLocaleString("en");

/** `1 disk`, `3 disks`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

/** `29 Nov 2026, 10:31 GMT+1`. */
export function timeText(at: string, zone: string): string {
  return formatter(zone, { ...WHOLE, timeZoneName: "short" }).format(new Date(at));
}

export function dayText(at: string | number, zone: string): string {
  return formatter(zone, { day: "numeric", month: "short", year: "numeric" }).format(new Date(at));
}

/** `2026-11-29`, the day that an instant falls on in a zone. */
export function dayKey(at: string | number, zone: string): string {
  const parts = formatter(zone, { year: "numeric", month: "2-digit", day: "2-digit" }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")}`;
}

/** ISO 8601 durations as policies have them: `P7D` is `7 days`. */
export function durationText(duration: string): string {
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(duration);
  if (!match) return duration;
  const words = ["year", "month", "week", "day", "hour", "minute", "second"];
  return words.flatMap((word, at) => (match[at + 1] ? [counted(Number(match[at + 1]), word)] : [])).join(" ") || duration;
}

const WHOLE: Intl.DateTimeFormatOptions = {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
};
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making one takes long: a table of thousands needs it once. */
function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  const made = formatters.get(key) ?? new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  formatters.set(key, made);
  return made;
}
