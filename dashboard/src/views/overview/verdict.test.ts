import { describe, expect, test } from "vitest";
import type { Health } from "../../api/types";
import { healthy } from "../../test/samples";
import { verdictOf } from "./verdict";

const told = (changes: Partial<Health["properties"]> = {}) => ({ ...healthy(), ...changes });
const counts = (changes: Partial<Health["properties"]["backupInstances"]>) => ({ ...healthy().backupInstances, ...changes });

test("a healthy system is calm, and offers nothing to do", () => {
  expect(verdictOf(told(), 0)).toEqual({ intent: "success", sentence: "All 12 protected disks are within their objectives." });
});

test("what is paused is not counted among what is held to an objective", () => {
  const verdict = verdictOf(told({ backupInstances: counts({ paused: 1 }) }), 0);
  expect(verdict.sentence).toBe("All 12 protected disks are within their objectives; 1 disk is paused.");
});

describe("the worst comes first:", () => {
  const stalled = [{ name: "dispatch" as const, lastDone: null, isStalled: true }];
  const failed = { since: "2026-03-01T00:00:00Z", counts: [{ operation: "Backup" as const, status: "Failed" as const, count: 2 }] };
  const cases: [string, Partial<Health["properties"]>, number, string][] = [
    ["tables set back", { tables: { isSetBack: true, isReconciled: false }, duties: stalled }, 0, "tables are older"],
    ["duties stalled", { duties: stalled, backupInstances: counts({ breached: 1 }) }, 0, "dispatch"],
    ["breached", { backupInstances: counts({ breached: 1, error: 1 }) }, 0, "1 disk has no recovery point as recent"],
    ["in error", { backupInstances: counts({ error: 2, atRisk: 3 }) }, 0, "2 disks could not be protected"],
    ["at risk", { backupInstances: counts({ atRisk: 3 }), jobs: failed }, 0, "3 disks are at risk"],
    ["failed jobs", { jobs: failed }, 4, "2 jobs failed"],
    ["unprotected disks", {}, 4, "within their objectives; 4 disks have no backup."],
    ["nothing protected", { backupInstances: counts({ protected: 0 }) }, 4, "Nothing is protected yet; 4 disks could be."],
  ];
  test.each(cases)("%s", (_, changes, unprotected, sentence) => {
    const verdict = verdictOf(told(changes), unprotected);
    expect(verdict.sentence).toContain(sentence);
    expect(verdict.next).toBeDefined();
  });
});
