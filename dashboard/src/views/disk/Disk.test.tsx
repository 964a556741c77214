import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { refusal, show, type FakeApi } from "../../test/fakeApi";
import { instance, instanceId, point, standing, VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Disk";
import { copiesText, rangeText } from "./DiskCost";

const ID = instanceId("disk-1");
const NEWEST = point("2026-03-02T12:00:00Z", {
  retention: { reasons: ["newest good point", "<b>Weekly</b>: first of its week"], keptUntil: "2026-05-01T00:00:00Z", nextDecision: null, isGoing: false },
} as never);
const OLDER = point("2026-03-02T11:00:00Z");
const begun = { status: 202, headers: { "Azure-AsyncOperation": "/op" } };

function prepared(): FakeApi {
  return oneVault({ standings: [standing("disk-1")] })
    .on(`GET ${ID}`, { body: instance("disk-1") })
    .on(`GET ${ID}/recoveryPoints`, { body: { value: [NEWEST, OLDER] } })
    .on(`GET ${ID}/legalHolds`, { body: { value: [] } })
    .on(`GET ${NEWEST.id}/legalHolds`, { body: { value: [] } })
    .on(`GET ${OLDER.id}/legalHolds`, { body: { value: [] } })
    .on(`POST ${ID}/estimateCost`, refusal(503, "Unavailable", "No estimate now."));
}

const shown = (api: FakeApi, { query = "", role = "Contributor" as const as "Contributor" | "Reader" } = {}) =>
  show(<Component />, api, { at: `/disk${ID}${query}`, path: "disk/*", role });
const chosen = () => screen.findByRole("region", { name: "The chosen recovery point" });

test("the newest point is told with all reasons that keep it, as text", async () => {
  shown(prepared());
  expect(await chosen()).toHaveTextContent("<b>Weekly</b>: first of its week");
  expect(within(await chosen()).getByRole("link", { name: "Restore this recovery point" })).toHaveAttribute(
    "href",
    `/restore${ID}?point=${NEWEST.name}`,
  );
});

test("an address names the point and the day that are looked at", async () => {
  shown(prepared(), { query: `?point=${OLDER.name}&day=2026-03-01` });
  expect(await chosen()).toHaveTextContent("2 Mar 2026, 11:00");
  await screen.findByText("Only those of 1 Mar 2026");
});

test("a backup on demand is followed to its end", async () => {
  const job = (status: string) => ({
    body: {
      id: `${VAULT}/backupJobs/job-1`,
      properties: { status, errorDetails: null, extendedInfo: { subTasks: [{ taskId: 1, taskName: "Trigger Backup", taskStatus: "Completed" }], warningDetails: null } },
    },
  });
  const api = prepared()
    .on(`POST ${ID}/backup`, begun)
    .on("GET /op", { body: { status: "Succeeded", properties: { jobId: "job-1" } } })
    .on(`GET ${VAULT}/backupJobs/job-1`, job("InProgress"));
  shown(api);
  await userEvent.click(await screen.findByRole("button", { name: "Back up now" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.selectOptions(within(dialog).getByRole("combobox"), "Weekly");
  await userEvent.click(within(dialog).getByRole("button", { name: "Back up now" }));
  await screen.findByText("In progress");
  api.on(`GET ${VAULT}/backupJobs/job-1`, job("Completed"));
  await screen.findByText("Trigger Backup: Completed");
  await waitFor(() => expect(screen.getByText("Completed", { selector: ".fui-Badge" })).toBeInTheDocument());
  expect(api.asked.find((asked) => asked.path === `${ID}/backup`)?.body).toEqual({
    backupRuleOptions: { ruleName: "BackupHourly", triggerOption: { retentionTagOverride: "Weekly" } },
  });
});

test("a hold is set with its reason, and stays typed when it is refused", async () => {
  const api = prepared().on(`PUT ${NEWEST.id}/legalHolds/case-17`, refusal(409, "Conflict", "It is being deleted."));
  shown(api);
  await userEvent.click(await screen.findByRole("button", { name: "Hold this recovery point" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Name/ }), "case-17");
  await userEvent.type(within(dialog).getByRole("textbox", { name: /Why/ }), "court");
  await userEvent.click(within(dialog).getByRole("button", { name: "Hold" }));
  await within(dialog).findByText(/It is being deleted/);
  expect(within(dialog).getByRole("textbox", { name: /Why/ })).toHaveValue("court");
  expect(api.asked.find((asked) => asked.method === "PUT")?.body).toEqual({ properties: { reason: "court" } });
});

test("a reader sees everything and is offered no change", async () => {
  shown(prepared(), { role: "Reader" });
  await chosen();
  const offered = screen.getAllByRole("button").map((button) => button.textContent);
  expect(offered.filter((name) => /Restore|Back up|Stop|Change|Hold/.test(name ?? ""))).toEqual([]);
  expect(screen.queryByRole("link", { name: "Restore this recovery point" })).toBeNull();
});

test("without an estimate of cost its bounds are told", () => {
  expect(rangeText({ least: 1, estimate: null, most: 2.5 }, "USD")).toBe("between 1 and 2.5 USD");
  expect(rangeText({ least: 1, estimate: 2, most: 3 }, "USD")).toBe("about 2 USD");
});

test("what copies in a region cost is told with their transfer, and what nobody knows is no zero", () => {
  const range = (least: number, estimate: number | null, most: number) => ({ least, estimate, most });
  const price = { redundancy: "Standard_ZRS", currency: "USD", perGibMonth: 0.05, readOn: null, origin: null };
  const held = { gibMonths: range(1, 2, 3), cost: range(0.05, 0.1, 0.15) };
  const transfer = { gib: range(1, 4, 9), cost: null, perGib: null, readOn: null, origin: null };
  const copies = { copyRuleName: "north", location: "northeurope", recoveryPointCopies: 1, dates: [], months: [], total: held, price, transfer };
  expect(copiesText(copies)).toBe(
    "Copies in northeurope: about 0.1 USD (about 2 GiB-months); their transfer: no price is known (about 4 GiB).",
  );
});
