import { expect, test } from "vitest";
import { changeText, line, spanText, type Day } from "./trend";

const day = (date: string, estimatedGib: number, estimatedMonthlyCost: number | null = null): Day => ({
  day: date,
  vaults: 1,
  backupInstances: 1,
  recoveryPoints: 1,
  estimatedGib,
  estimatedMonthlyCost,
  recoveryPointCopies: 0,
  estimatedCopiesGib: 0,
  estimatedCopiesMonthlyCost: null,
});
const gib = (each: Day) => each.estimatedGib;
const cost = (each: Day) => each.estimatedMonthlyCost;
const WEEK = [day("2026-03-01", 100), day("2026-03-02", 50), day("2026-03-05", 200)];

test("days lie as far apart as they are, and values stand on nought", () => {
  expect(line(WEEK, gib, 400, 44)).toBe("0.0,24.0 100.0,34.0 400.0,4.0");
});

test("one day, or one of which a price is known, is no trend", () => {
  expect(line([day("2026-03-01", 100)], gib, 400, 44)).toBeNull();
  expect(line([day("2026-03-01", 100, null), day("2026-03-02", 100, 5)], cost, 400, 44)).toBeNull();
});

test.each([
  [100, 112, "12 % more"],
  [100, 50, "50 % less"],
  [100, 100.2, "unchanged"],
  [0, 5, "from nothing"],
  [0, 0, "unchanged"],
])("from %d to %d is %s", (first, last, said) => {
  expect(changeText([day("2026-03-01", first), day("2026-03-02", last)], gib)).toBe(said);
});

test("the span is told in days", () => {
  expect(spanText(WEEK)).toBe("in 4 days");
  expect(spanText(WEEK.slice(0, 2))).toBe("in 1 day");
});
