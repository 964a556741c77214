/** All of the overview in one sentence: the worst thing that is so, and what to do about it. */
import type { To } from "react-router";
import { toAlerts, toDisks, toJobs, toProtect } from "../../app/links";
import type { Health } from "../../api/types";
import { counted } from "../../shared/format";

export interface Verdict {
  intent: "success" | "info" | "warning" | "error";
  sentence: string;
  next?: { label: string; to: To };
}

type Told = Health["properties"];
type Rule = (health: Told, unprotected: number) => Verdict | null;

export function verdictOf(health: Told, unprotected: number): Verdict {
  return RULES.reduce<Verdict | null>((found, rule) => found ?? rule(health, unprotected), null) ?? calm(health);
}

const setBack: Rule = ({ tables }) =>
  tables.isSetBack
    ? {
        intent: "error",
        sentence: "The app's tables are older than the snapshots that exist, so nothing is deleted until an operator says go on.",
        next: { label: "See the alert", to: toAlerts() },
      }
    : null;

const stalled: Rule = ({ duties }) => {
  const names = duties.filter((duty) => duty.isStalled).map((duty) => duty.name);
  if (names.length === 0) return null;
  const sentence = `The app has not done its duty for too long: ${names.join(", ")}. Look whether the function app runs.`;
  return { intent: "error", sentence, next: { label: "See the alerts", to: toAlerts() } };
};

const breached: Rule = ({ backupInstances: { breached: count } }) =>
  count > 0
    ? {
        intent: "error",
        sentence: `${counted(count, "disk has", "disks have")} no recovery point as recent as their objective asks for.`,
        next: { label: "See which", to: toDisks({ state: "breached" }) },
      }
    : null;

const inError: Rule = ({ backupInstances: { error: count } }) =>
  count > 0
    ? {
        intent: "error",
        sentence: `${counted(count, "disk")} could not be protected as asked.`,
        next: { label: "See why", to: toDisks({ state: "error" }) },
      }
    : null;

const atRisk: Rule = ({ backupInstances: { atRisk: count } }) =>
  count > 0
    ? {
        intent: "warning",
        sentence: `${counted(count, "disk is", "disks are")} at risk of missing the objective.`,
        next: { label: "See why", to: toDisks({ state: "atRisk" }) },
      }
    : null;

const jobsFailed: Rule = ({ jobs }) => {
  const failed = jobs.counts.filter((each) => each.status === "Failed");
  const count = failed.reduce((sum, each) => sum + each.count, 0);
  if (count === 0) return null;
  const sentence = `All disks are within their objectives, but ${counted(count, "job")} failed in the last 24 hours.`;
  return { intent: "warning", sentence, next: { label: "See the jobs", to: toJobs({ status: "Failed" }) } };
};

const nothingYet: Rule = (health, unprotected) => {
  if (instances(health) > 0) return null;
  const sentence = unprotected > 0 ? `Nothing is protected yet; ${counted(unprotected, "disk")} could be.` : "Nothing is protected yet.";
  return { intent: "info", sentence, next: { label: "Protect disks", to: toProtect() } };
};

const left: Rule = (health, unprotected) =>
  unprotected > 0
    ? {
        intent: "info",
        sentence: `${calm(health).sentence.slice(0, -1)}; ${counted(unprotected, "disk has", "disks have")} no backup.`,
        next: { label: "Protect disks", to: toProtect() },
      }
    : null;

const RULES: readonly Rule[] = [setBack, stalled, breached, inError, atRisk, jobsFailed, nothingYet, left];

function calm(health: Told): Verdict {
  const { paused } = health.backupInstances;
  const held = instances(health) - paused;
  const all = held === 1 ? "The protected disk is within its objective" : `All ${counted(held, "protected disk")} are within their objectives`;
  return { intent: "success", sentence: paused > 0 ? `${all}; ${counted(paused, "disk is", "disks are")} paused.` : `${all}.` };
}

export const instances = (health: Told): number => Object.values(health.backupInstances).reduce((sum, count) => sum + count, 0);
