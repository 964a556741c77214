import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { show } from "../../test/fakeApi";
import { SUBSCRIPTION, VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Compliance";

const REPORT = `GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.DataProtection/complianceReport`;
const row = (name: string, missed: number) => ({
  backupInstanceId: `${VAULT}/backupInstances/${name}`,
  dataSourceId: "/d",
  policyName: "hourly",
  state: "protected",
  objective: "PT1H15M",
  slotsDue: 10,
  slotsTaken: 10 - missed,
  slotsLate: 0,
  slotsMissed: missed,
  slotsFailed: 0,
  onDemand: 0,
  pointsLost: 0,
  longestGap: "PT1H",
  restoreTests: 0,
  restoreTestsFailed: 0,
  lastRestoreTest: null,
  copies: [],
});
const region = (location: string, state: string, missed: number) => ({
  location,
  copyRuleName: location,
  state,
  objective: "PT13H15M",
  age: "PT2H",
  newestCopyId: null,
  newestRecoveryPointTime: null,
  newestCompletedTime: null,
  made: 3,
  late: 0,
  failed: 0,
  missed,
  waiting: 0,
  kept: 3,
  lost: 0,
  expiryBlocked: 0,
});
const told = { from: "2026-02-01T00:00:00Z", to: "2026-03-01T00:00:00Z", byJobsAlone: [], value: [row("alpha", 0), row("beta", 4)] };

test("the period of the address is asked for, its last day included", async () => {
  const api = oneVault().on(REPORT, { body: told });
  show(<Component />, api, { at: "/?from=2026-02-01&to=2026-02-28" });
  await screen.findByText("beta");
  const asked = api.asked.find(({ path }) => path.endsWith("/complianceReport"));
  expect([asked?.query.get("from"), asked?.query.get("to")]).toEqual(["2026-02-01T00:00:00Z", "2026-02-28T23:59:59Z"]);
});

test("the sum is told, and the disk that missed most is first", async () => {
  show(<Component />, oneVault().on(REPORT, { body: told }));
  await screen.findByText("beta");
  expect(screen.getAllByRole("link").map((link) => link.textContent)).toEqual(["beta", "alpha"]);
  expect(screen.getByText("16")).toBeVisible();
});

test("copies stand beside the backups: the worst of a disk's regions, and what was missed in all of them", async () => {
  const copied = { ...row("gamma", 0), copies: [region("northeurope", "protected", 1), region("eastus", "breached", 2)] };
  show(<Component />, oneVault().on(REPORT, { body: { ...told, value: [copied, row("alpha", 0)] } }));
  const cells = (await screen.findByRole("row", { name: /gamma/ })).textContent;
  expect(cells).toContain("northeurope, eastus");
  expect(within(screen.getByRole("row", { name: /gamma/ })).getByText("Breached")).toBeVisible();
  expect(screen.getByText("Disks with a region behind").nextSibling?.textContent).toBe("1");
  expect(screen.getByText("Copies missed", { selector: "dt" }).nextSibling?.textContent).toBe("3");
});

test("without any copies there is no column of them", async () => {
  show(<Component />, oneVault().on(REPORT, { body: told }));
  await screen.findByText("beta");
  expect(screen.queryByText(/[Cc]opies/)).toBeNull();
});

test("counts that the jobs alone tell are said to be so", async () => {
  show(<Component />, oneVault().on(REPORT, { body: { ...told, byJobsAlone: [VAULT] } }));
  expect(await screen.findByText(/Recovery points of vault-1 were too many/)).toBeVisible();
});

test("a report of CSV is handed to the browser as a file", async () => {
  const made = vi.fn((_: Blob) => "blob:x");
  Object.assign(URL, { createObjectURL: made, revokeObjectURL: () => undefined });
  const api = oneVault().on(REPORT, ({ query }) => (query.get("format") === "csv" ? { body: "from,to" } : { body: told }));
  show(<Component />, api);
  await userEvent.click(await screen.findByRole("button", { name: "Save as CSV" }));
  await waitFor(() => expect(made).toHaveBeenCalledOnce());
  expect(api.asked.at(-1)?.query.get("format")).toBe("csv");
});

test("on paper all disks are there, not only those in sight", async () => {
  const many = Array.from({ length: 120 }, (_, at) => row(`disk-${at}`, 0));
  show(<Component />, oneVault().on(REPORT, { body: { ...told, value: many } }));
  await screen.findByText("disk-0");
  const rows = () => screen.getAllByRole("row").length;
  expect(rows()).toBeLessThan(60);
  window.dispatchEvent(new Event("beforeprint"));
  expect(rows()).toBe(121);
  window.dispatchEvent(new Event("afterprint"));
  await waitFor(() => expect(rows()).toBeLessThan(60));
});
