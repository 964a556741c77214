/** A policy as the form has it, made of the API's rules and turned into them again. */
import type { Policy, PolicyInput } from "../../api/types";

export type Rules = PolicyInput["properties"]["policyRules"];
type BackupRule = Extract<Rules[number], { objectType: "AzureBackupRule" }>;
type RetentionRule = Extract<Rules[number], { objectType: "AzureRetentionRule" }>;
type Criterion = "FirstOfDay" | "FirstOfWeek" | "FirstOfMonth" | "FirstOfYear";

/** Of ISO 8601, with the sign before them. */
export type Unit = "PTM" | "PTH" | "PD" | "PW" | "PM" | "PY";

export interface Length {
  count: string; // as typed
  unit: Unit;
}

export interface Interval {
  start: string; // 2026-03-01T00:00, as the policy's zone reads it
  offset: string; // what follows it: "+00:00", "Z" or nothing
  every: Length;
}

export interface Longer {
  tag: string;
  criterion: Criterion;
  keep: Length;
}

export interface Draft {
  intervals: Interval[];
  timeZone: string;
  keep: Length;
  /** Best first, as the API weighs them. */
  longer: Longer[];
}

export const CRITERIA: Readonly<Record<Criterion, { label: string; tag: string; keep: Length }>> = {
  FirstOfYear: { label: "The first of each year", tag: "Yearly", keep: { count: "3", unit: "PY" } },
  FirstOfMonth: { label: "The first of each month", tag: "Monthly", keep: { count: "12", unit: "PM" } },
  FirstOfWeek: { label: "The first of each week", tag: "Weekly", keep: { count: "12", unit: "PW" } },
  FirstOfDay: { label: "The first of each day", tag: "Daily", keep: { count: "30", unit: "PD" } },
};
export const NEW: Draft = {
  intervals: [{ start: "2026-01-01T00:00", offset: "+00:00", every: { count: "4", unit: "PTH" } }],
  timeZone: "UTC",
  keep: { count: "7", unit: "PD" },
  longer: [],
};

const DEFAULT = "Default";
const INTERVAL = /^R\/(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::\d\d(?:\.\d+)?)?([^/]*)\/(.+)$/;
const LENGTH = /^(P)(T?)(\d+)([MHDWY])$/;
const STORE = { dataStoreType: "OperationalStore", objectType: "DataStoreInfoBase" } as const;

export const durationOf = ({ count, unit }: Length): string => (unit.startsWith("PT") ? `PT${count}${unit[2]}` : `P${count}${unit[1]}`);

/** Null for what the form has no fields for: such a policy is edited as JSON. */
export function draftOf({ properties }: Policy): Draft | null {
  const backup = properties.policyRules.find((rule) => rule.objectType === "AzureBackupRule");
  if (!backup) return null;
  const { schedule, taggingCriteria } = backup.trigger;
  const intervals = schedule.repeatingTimeIntervals.map(intervalOf);
  const keep = lengthOf(durationFor(properties.policyRules, DEFAULT));
  const longer = [...taggingCriteria]
    .sort((one, other) => one.taggingPriority - other.taggingPriority)
    .filter((tagging) => !tagging.isDefault)
    .map((tagging) => longerOf(tagging, properties.policyRules));
  if (keep === null || intervals.includes(null) || longer.includes(null)) return null;
  return { intervals: intervals as Interval[], timeZone: schedule.timeZone || "UTC", keep, longer: longer as Longer[] };
}

function intervalOf(text: string): Interval | null {
  const match = INTERVAL.exec(text);
  const every = match && lengthOf(match[3]);
  return match && every ? { start: match[1]!, offset: match[2] ?? "", every } : null;
}

function lengthOf(text: string | undefined): Length | null {
  const match = LENGTH.exec(text ?? "");
  return match ? { count: match[3]!, unit: `P${match[2]}${match[4]}` as Unit } : null;
}

function longerOf(tagging: BackupRule["trigger"]["taggingCriteria"][number], rules: Policy["properties"]["policyRules"]): Longer | null {
  const criterion = tagging.criteria?.length === 1 ? tagging.criteria[0]?.absoluteCriteria : undefined;
  const tag = tagging.tagInfo.tagName;
  const keep = lengthOf(durationFor(rules, tag));
  if (!keep || criterion?.length !== 1 || !((criterion[0] ?? "") in CRITERIA)) return null;
  return { tag, criterion: criterion[0] as Criterion, keep };
}

function durationFor(rules: Policy["properties"]["policyRules"], name: string): string | undefined {
  const kept = rules.flatMap((rule) => (rule.objectType === "AzureRetentionRule" ? [rule] : []));
  return kept.find((rule) => rule.name === name)?.lifecycles[0]?.deleteAfter.duration;
}

/** What is sent. `name` is that of the backup rule, which runbooks name when they back up now. */
export function rulesOf(draft: Draft, name = "BackupIntervals"): Rules {
  const rule: BackupRule = {
    name,
    objectType: "AzureBackupRule",
    backupParameters: { backupType: "Incremental", objectType: "AzureBackupParams" },
    dataStore: STORE,
    trigger: {
      objectType: "ScheduleBasedTriggerContext",
      schedule: { repeatingTimeIntervals: draft.intervals.map(intervalText), timeZone: draft.timeZone },
      taggingCriteria: [
        ...draft.longer.map(({ tag, criterion }, at) => ({
          tagInfo: { tagName: tag, id: `${tag}_` },
          taggingPriority: at + 1,
          isDefault: false,
          criteria: [{ objectType: "ScheduleBasedBackupCriteria" as const, absoluteCriteria: [criterion] }],
        })),
        { tagInfo: { tagName: DEFAULT, id: `${DEFAULT}_` }, taggingPriority: 99, isDefault: true },
      ],
    },
  };
  return [...draft.longer.map(({ tag, keep }) => retention(tag, keep, false)), retention(DEFAULT, draft.keep, true), rule];
}

const intervalText = ({ start, offset, every }: Interval): string => `R/${start}:00${offset}/${durationOf(every)}`;

function retention(name: string, keep: Length, isDefault: boolean): RetentionRule {
  const deleteAfter = { objectType: "AbsoluteDeleteOption" as const, duration: durationOf(keep) };
  return { name, isDefault, objectType: "AzureRetentionRule", lifecycles: [{ deleteAfter, sourceDataStore: STORE, targetDataStoreCopySettings: [] }] };
}

export const propertiesOf = (policyRules: Rules): PolicyInput["properties"] => ({
  objectType: "BackupPolicy",
  datasourceTypes: ["Microsoft.Compute/disks"],
  policyRules,
});

/** The name of a policy's backup rule, to be kept. */
export const backupRuleName = (policy: Policy | null): string | undefined =>
  policy?.properties.policyRules.find((rule) => rule.objectType === "AzureBackupRule")?.name;
