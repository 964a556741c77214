import { describe, expect, test } from "vitest";
import { sorted, type Column } from "./columns";
import { bytesText, dayKey, durationText, lengthText, relativeText, timeText } from "./format";

test.each([
  [59, "less than a minute"],
  [600, "10 min"],
  [4 * 3600 + 600, "4 h 10 min"],
  [3 * 86_400 + 4 * 3600, "3 d 4 h"],
])("%i seconds are %s", (seconds, text) => expect(lengthText(seconds)).toBe(text));

test.each([
  [0, "0 B"],
  [2 ** 37, "128 GiB"],
  [1.5 * 2 ** 40, "1.5 TiB"],
])("%i bytes are %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

test.each([
  ["P7D", "7 days"],
  ["P1M", "1 month"],
  ["PT1H", "1 hour"],
  ["P1DT12H", "1 day 12 hours"],
  ["nonsense", "nonsense"],
])("%s is %s", (duration, text) => expect(durationText(duration)).toBe(text));

test("a time always names its zone, as it was then", () => {
  expect(timeText("2026-03-29T00:30:00Z", "Europe/Berlin")).toBe("29 Mar 2026, 01:30 CET");
  expect(timeText("2026-03-29T01:30:00Z", "Europe/Berlin")).toBe("29 Mar 2026, 03:30 CEST");
  expect(timeText("2026-03-29T01:30:00Z", "UTC")).toBe("29 Mar 2026, 01:30 UTC");
});

test("a day is that of the zone", () => {
  expect(dayKey("2026-03-01T23:30:00Z", "Asia/Tokyo")).toBe("2026-03-02");
});

test("what is near is now", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  expect(relativeText("2026-03-01T12:00:30Z", now)).toBe("now");
  expect(relativeText("2026-03-01T11:00:00Z", now)).toBe("1 h ago");
  expect(relativeText("2026-03-01T13:00:00Z", now)).toBe("in 1 h");
});

describe("sorting", () => {
  const columns = [{ key: "a", by: (row: string | null) => row }] as unknown as Column<string | null>[];
  const by = (descending: boolean) => sorted([null, "disk-10", "disk-9"], columns, { column: "a", descending });

  test("takes numbers in names for numbers", () => expect(by(false)).toEqual(["disk-9", "disk-10", null]));
  test("leaves what is unknown at the end, whichever way", () => expect(by(true)).toEqual(["disk-10", "disk-9", null]));
  test("by an unknown column changes nothing", () =>
    expect(sorted(["b", "a"], columns, { column: "x", descending: false })).toEqual(["b", "a"]));
});
