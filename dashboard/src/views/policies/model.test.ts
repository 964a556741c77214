import { describe, expect, test } from "vitest";
import type { Policy } from "../../api/types";
import { backupRuleName, CRITERIA, draftOf, durationOf, NEW, propertiesOf, rulesOf, type Draft } from "./model";

const stored = (draft: Draft, name?: string): Policy =>
  ({ id: "/p", name: "p", type: "t", properties: propertiesOf(rulesOf(draft, name)) }) as unknown as Policy;
const WHOLE: Draft = {
  intervals: [
    { start: "2026-03-01T02:30", offset: "+01:00", every: { count: "12", unit: "PTH" } },
    { start: "2026-03-01T00:00", offset: "", every: { count: "1", unit: "PW" } },
  ],
  timeZone: "Europe/Vienna",
  keep: { count: "7", unit: "PD" },
  longer: [
    { tag: "Yearly", criterion: "FirstOfYear", keep: { count: "3", unit: "PY" } },
    { tag: "Eachday", criterion: "FirstOfDay", keep: { count: "30", unit: "PD" } },
  ],
};

test.each([NEW, WHOLE])("what the form says is read back from what is sent", (draft) => {
  expect(draftOf(stored(draft))).toEqual(draft);
});

test("the backup rule keeps its name, which runbooks say when they back up now", () => {
  const policy = stored(NEW, "BackupHourly");
  expect(backupRuleName(policy)).toBe("BackupHourly");
  expect(rulesOf(NEW, backupRuleName(policy)).map((rule) => rule.name)).toContain("BackupHourly");
});

test("minutes and months are told apart", () => {
  expect(durationOf({ count: "5", unit: "PTM" })).toBe("PT5M");
  expect(durationOf({ count: "5", unit: "PM" })).toBe("P5M");
});

describe("a policy that the form cannot say is edited as JSON", () => {
  const [rule] = rulesOf(WHOLE).filter((each) => each.objectType === "AzureBackupRule");
  const others = rulesOf(WHOLE).filter((each) => each.objectType !== "AzureBackupRule");
  const changed = (text: string): Policy => stored({ ...WHOLE, intervals: [] }).properties && ({ properties: { policyRules: JSON.parse(text) } } as Policy);

  test.each([
    ["an interval of two units", (text: string) => text.replace("PT12H", "P1DT12H")],
    ["two criteria of one tag", (text: string) => text.replace('["FirstOfYear"]', '["FirstOfYear","FirstOfDay"]')],
    ["a criterion without a field", (text: string) => text.replace("FirstOfYear", "AllBackup")],
    ["a retention of two units", (text: string) => text.replaceAll("P7D", "P7DT1H")],
  ])("%s", (_, change) => {
    expect(draftOf(changed(change(JSON.stringify([...others, rule]))))).toBeNull();
  });
});

test("each criterion has a tag of its own", () => {
  expect(new Set(Object.values(CRITERIA).map(({ tag }) => tag)).size).toBe(4);
});
