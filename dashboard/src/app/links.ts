/** Addresses of views. All links are made here, so that a view can move. */
import type { To } from "react-router";

export const toDisks = (query: Readonly<Record<string, string>> = {}): To => ({
  pathname: "/disks",
  search: new URLSearchParams(query).toString(),
});
/** Of a backup instance, by its id. */
export const toDisk = (instance: string): To => `/disk${instance}`;
export const toRestore = (instance: string, point?: string): To => ({
  pathname: `/restore${instance}`,
  search: point ? new URLSearchParams({ point }).toString() : "",
});
/** Of several backup instances, by their ids. */
export const toRestoreTogether = (instances: readonly string[]): To => ({
  pathname: "/restore-together",
  search: new URLSearchParams(instances.map((id) => ["of", id])).toString(),
});
export const toProtect = (): To => "/protect";
export const toPolicies = (): To => "/policies";
export const toPolicy = (policy: string): To => `/policy${policy}`;
export const toJobs = (query: Readonly<Record<string, string>> = {}): To => ({
  pathname: "/jobs",
  search: new URLSearchParams(query).toString(),
});
export const toJob = (job: string): To => `/job${job}`;
export const toAlerts = (): To => "/alerts";
export const toAudit = (): To => "/audit";
export const toCompliance = (): To => "/compliance";
