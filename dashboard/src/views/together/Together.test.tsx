import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Schemas } from "../../api/types";
import { vaultOf } from "../../api/ids";
import { refusal, show } from "../../test/fakeApi";
import { instance, instanceId, point } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { apart, partOf } from "./moment";
import { batchesOf } from "./request";
import { Component } from "./Together";

const NAMES = ["alpha", "beta"];
const begun = { status: 202, headers: { "Azure-AsyncOperation": "/op" } };
const VAULT = vaultOf(instanceId("alpha"));
const spread = { apart: "PT10M", oldestRecoveryPointTime: null, newestRecoveryPointTime: null };
const previewed = (...faults: unknown[]) => ({ body: { restores: [], ...spread, virtualMachines: [], faults } });
const POINTS: Readonly<Record<string, string[]>> = {
  alpha: ["2026-03-02T13:00:00Z", "2026-03-02T12:00:00Z"],
  beta: ["2026-03-02T12:10:00Z", "2026-03-02T11:10:00Z"],
};
const AT = `/?of=${encodeURIComponent(instanceId("alpha"))}&of=${encodeURIComponent(instanceId("beta"))}&moment=2026-03-02T12:30`;

function api() {
  const made = oneVault()
    .on("GET /op", { body: { status: "Succeeded", properties: { jobId: `${VAULT}/backupJobs/job-1` } } })
    .on(`POST ${VAULT}/previewRestoreTogether`, previewed())
    .on(`POST ${VAULT}/restoreTogether`, begun);
  for (const name of NAMES) {
    made
      .on(`GET ${instanceId(name)}`, { body: instance(name) })
      .on(`GET ${instanceId(name)}/recoveryPointCopies`, { body: { value: [] } })
      .on(`GET ${instanceId(name)}/recoveryPoints`, { body: { value: POINTS[name]!.map((at) => point(at)) } });
  }
  return made;
}

type Request = Schemas["RestoreTogetherRequest"];
const sent = (asked: { path: string; body: unknown }[]) => asked.filter(({ path }) => path.endsWith("/restoreTogether")).map(({ body }) => body as Request);
const namesOf = (request: Request) => request.restores.map(({ backupInstanceName }) => backupInstanceName);

test("all are looked at, and then restored by one job of which each disk is a part", async () => {
  const made = api();
  show(<Component />, made, { at: AT });
  await screen.findByText(/lie up to 10 min apart/);
  await userEvent.click(screen.getByRole("button", { name: "Restore 2 disks" }));
  await screen.findByRole("region", { name: "Restore in vault-1" });
  const changes = made.asked.filter(({ method }) => method === "POST").map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
  expect(changes).toEqual(["previewRestoreTogether", "restoreTogether"]);
  const [request] = sent(made.asked);
  expect([namesOf(request!), request!.recoveryPointTime]).toEqual([NAMES, "2026-03-02T12:30:59Z"]);
  expect(request!.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test("what stands in the way of one is told before anything is made, and the others may go without it", async () => {
  let previews = 0;
  const fault = { target: "restores[1].restoreTargetInfo.datasourceInfo.resourceID", code: "X", message: "That name is taken." };
  const made = api().on(`POST ${VAULT}/previewRestoreTogether`, () => (previews++ === 0 ? previewed(fault) : previewed()));
  show(<Component />, made, { at: AT });
  await userEvent.click(await screen.findByRole("button", { name: "Restore 2 disks" }));
  expect(await screen.findByText(/beta: That name is taken/)).toBeVisible();
  expect(sent(made.asked)).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Restore the other 1 disk" }));
  await waitFor(() => expect(sent(made.asked).map(namesOf)).toEqual([["alpha"]]));
});

test("what stands in the way of all leaves nobody out", async () => {
  const fault = { target: "/subscriptions/s/resourceGroups/r", code: "X", message: "No role in that group." };
  const made = api().on(`POST ${VAULT}/previewRestoreTogether`, previewed(fault));
  show(<Component />, made, { at: AT });
  await userEvent.click(await screen.findByRole("button", { name: "Restore 2 disks" }));
  expect(await screen.findByText(/No role in that group/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Restore 2 disks" })).toBeVisible();
  expect(sent(made.asked)).toEqual([]);
});

test("where all go and how their names end is said once for all", async () => {
  const made = api();
  show(<Component />, made, { at: AT });
  await userEvent.type(await screen.findByRole("textbox", { name: "Resource group" }), "drill");
  await userEvent.type(screen.getByRole("textbox", { name: "Each new disk's name ends with" }), "-case7");
  expect(screen.getByText("alpha-case7")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Restore 2 disks" }));
  await waitFor(() => expect(sent(made.asked)).toHaveLength(1));
  const bodies = JSON.stringify(sent(made.asked));
  for (const name of NAMES) expect(bodies).toContain(`/resourceGroups/drill/providers/Microsoft.Compute/disks/${name}-case7`);
});

const copy = (at: string, state = "Completed") => ({
  properties: { recoveryPointId: at, recoveryPointTime: at, location: "northeurope", retentionTagName: "Default", copyRuleName: "north", state, expiryTime: null },
});

test("all are restored in another region from the copies that lie there, and who has none there is named", async () => {
  const made = api()
    .on(`GET ${instanceId("alpha")}/recoveryPointCopies`, { body: { value: [copy("2026-03-02T12:00:00Z"), copy("2026-03-02T11:00:00Z")] } })
    .on(`GET ${instanceId("beta")}/recoveryPointCopies`, { body: { value: [copy("2026-03-02T12:10:00Z", "Copying")] } });
  show(<Component />, made, { at: AT });
  await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Region" }), "northeurope");
  expect(screen.getByText(/1 disk has no copy in northeurope as old as that/)).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Restore 1 disk" }));
  await waitFor(() => expect(sent(made.asked)).toHaveLength(1));
  expect(sent(made.asked)[0]!.restores).toMatchObject([{ backupInstanceName: "alpha", restoreTargetInfo: { restoreLocation: "northeurope" } }]);
});

test("no region is asked for where there is no whole copy, or where copies cannot be read", async () => {
  show(<Component />, api().on(`GET ${instanceId("beta")}/recoveryPointCopies`, refusal(503, "Down", "Not now.")), { at: AT });
  await screen.findByRole("button", { name: "Restore 2 disks" });
  expect(screen.queryByRole("combobox", { name: "Region" })).toBeNull();
});

test("more disks of a vault than a request takes are several", () => {
  const parts = Array.from({ length: 101 }, (_, at) => ({ instance: instance(`disk-${at}`), point: point("2026-03-02T12:00:00Z") }));
  const batches = batchesOf(parts, { region: "", group: "", ending: "" }, "2026-03-02T12:30:59Z");
  expect(batches.map((batch) => batch.parts.length)).toEqual([100, 1]);
  expect(new Set(batches.map(({ body }) => body.requestId)).size).toBe(2);
});

test("a disk without a point so old is named and left out, never restored to another moment", async () => {
  show(<Component />, api(), { at: AT.replace("12:30", "11:30") });
  expect(await screen.findByText(/1 disk has no recovery point as old as that/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Restore 1 disk" })).toBeVisible();
});

test("what cannot be read is said, and nothing is offered without it", async () => {
  show(<Component />, api().on(`GET ${instanceId("beta")}/recoveryPoints`, refusal(503, "Down", "Not now.")), { at: AT });
  expect((await screen.findAllByText(/Not now/))[0]).toBeVisible();
  expect(screen.queryByRole("button", { name: /^Restore/ })).toBeNull();
});

test("points that are lost or on their way out are not restored", () => {
  const lost = point("2026-03-02T12:00:00Z", { recoveryPointState: "Partial" as never });
  const good = point("2026-03-02T11:00:00Z");
  expect(partOf(instance("alpha"), [lost, good], "2026-03-02T13:00:00Z").point).toBe(good);
  expect(partOf(instance("alpha"), [lost], "2026-03-02T13:00:00Z").point).toBeNull();
  expect(apart([{ instance: instance("alpha"), point: good }])).toBe(0);
});
