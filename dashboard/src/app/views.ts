/**
 * The views: where each is, what it is called in the navigation, and where its code is. A view is added here only.
 *
 * Each view's file exports `Component`. It is loaded when it is first looked at, so that the first load stays small.
 */
import type { ComponentType } from "react";
import type { Role } from "../sign-in/roles";

export interface View {
  /** Below /center/. `*` stands for an ARM id without its first slash. */
  path: string;
  /** Its name in the navigation; views without one are reached from others. */
  label?: string;
  /** Whom the API lets see it. */
  role: Role;
  load: () => Promise<{ Component: ComponentType }>;
}

export const VIEWS: readonly View[] = [
  { path: "", label: "Overview", role: "Reader", load: () => import("../views/overview/Overview") },
  { path: "disks", label: "Disks", role: "Reader", load: () => import("../views/disks/Disks") },
  { path: "disk/*", role: "Reader", load: () => import("../views/disk/Disk") },
  { path: "protect", label: "Protect", role: "Reader", load: () => import("../views/protect/Protect") },
  { path: "policies", label: "Policies", role: "Reader", load: () => import("../views/policies/Policies") },
  { path: "policy/*", role: "Reader", load: () => import("../views/policies/Policy") },
  { path: "jobs", label: "Jobs", role: "Reader", load: () => import("../views/jobs/Jobs") },
  { path: "job/*", role: "Reader", load: () => import("../views/jobs/Job") },
  { path: "alerts", label: "Alerts", role: "Reader", load: () => import("../views/alerts/Alerts") },
  { path: "compliance", label: "Compliance", role: "Reader", load: () => import("../views/compliance/Compliance") },
  { path: "audit", label: "Audit", role: "Contributor", load: () => import("../views/audit/Audit") },
  { path: "restore-together", role: "Operator", load: () => import("../views/together/Together") },
  { path: "restore/*", role: "Operator", load: () => import("../views/restore/Restore") },
];
