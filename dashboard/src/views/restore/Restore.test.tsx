import { execFileSync } from "node:child_process";
import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { FakeApi } from "../../test/fakeApi";
import { refusal, show } from "../../test/fakeApi";
import { instance, instanceId, point, VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { azCommand, sdkLines } from "./commands";
import { placed, requestOf } from "./form";
import { Component } from "./Restore";

const ID = instanceId("disk-1");
const NEWEST = point("2026-03-02T12:00:00Z");
const OLDER = point("2026-03-02T11:00:00Z");
const begun = { status: 202, headers: { "Azure-AsyncOperation": "/op" } };

function prepared(): FakeApi {
  return oneVault()
    .on(`GET ${ID}`, { body: instance("disk-1") })
    .on(`GET ${ID}/recoveryPoints`, { body: { value: [NEWEST, OLDER] } })
    .on(`GET ${ID}/recoveryPointCopies`, { body: { value: [] } })
    .on(`POST ${ID}/validateRestore`, begun)
    .on(`POST ${ID}/restore`, begun)
    .on("GET /op", { body: { status: "Succeeded", properties: { jobId: "job-1" } } })
    .on(`GET ${VAULT}/backupJobs/job-1`, { body: job("Completed") });
}

const job = (status: string) => ({
  id: `${VAULT}/backupJobs/job-1`,
  properties: { status, extendedInfo: { subTasks: [], warningDetails: null }, errorDetails: null },
});
const shown = (api: FakeApi, query = "") => show(<Component />, api, { at: `/restore${ID}${query}`, path: "restore/*" });
const restoreButton = () => screen.getByRole("button", { name: "Restore" });
const field = (name: string) => screen.findByRole("textbox", { name: new RegExp(name) });

test("the newest point, beside the source, under a name of its own: nothing need be typed", async () => {
  const api = prepared();
  shown(api);
  await screen.findByText("This restore would work.");
  await userEvent.click(restoreButton());
  await screen.findByText("The new disk is there");
  const asked = api.asked.find((each) => each.path === `${ID}/restore`)?.body;
  expect(asked).toMatchObject({
    recoveryPointId: NEWEST.name,
    restoreTargetInfo: { datasourceInfo: { resourceID: expect.stringContaining("/resourceGroups/apps/providers/Microsoft.Compute/disks/disk-1-20260302-1200") } },
  });
});

test("the point that an address names is the one that is restored", async () => {
  shown(prepared(), `?point=${OLDER.name}`);
  expect(await field("Name of the new disk")).toHaveValue("disk-1-20260302-1100");
});

const copy = (of: { name: string; properties: { recoveryPointTime: string } }, state = "Completed") => ({
  id: `${ID}/recoveryPointCopies/${of.name}`,
  name: of.name,
  properties: {
    recoveryPointId: of.name,
    recoveryPointTime: of.properties.recoveryPointTime,
    location: "northeurope",
    retentionTagName: "Default",
    copyRuleName: "north",
    state,
    expiryTime: "2026-04-01T12:00:00Z",
  },
});
const withCopies = (...copies: unknown[]) => prepared().on(`GET ${ID}/recoveryPointCopies`, { body: { value: copies } });

test("a copy in another region is restored where it lies", async () => {
  const api = withCopies(copy(NEWEST));
  shown(api);
  await userEvent.selectOptions(await screen.findByRole("combobox", { name: "Region" }), "northeurope");
  await waitFor(() => expect(restoreButton()).not.toHaveAttribute("aria-disabled", "true"), { timeout: 5_000 });
  await userEvent.click(restoreButton());
  await screen.findByText("The new disk is there");
  const asked = api.asked.find((each) => each.path === `${ID}/restore`)?.body;
  expect(asked).toMatchObject({
    recoveryPointId: NEWEST.name,
    restoreTargetInfo: { restoreLocation: "northeurope", datasourceInfo: { resourceLocation: "northeurope" } },
  });
});

test("no region is asked for where there is no whole copy", async () => {
  shown(withCopies(copy(NEWEST, "Copying"), copy(OLDER)));
  await field("Name of the new disk");
  expect(screen.queryByRole("combobox", { name: "Region" })).toBeNull();
});

test("a point of which a copy is all that is left can be chosen, and is restored there", async () => {
  const gone = point("2026-03-01T12:00:00Z");
  const api = withCopies(copy(gone));
  shown(api, `?point=${gone.name}`);
  expect(await screen.findByRole("combobox", { name: "Region" })).toHaveValue("northeurope");
  await screen.findByText("its copy in northeurope is all that is left of it");
  await screen.findByText("This restore would work.");
  const asked = api.asked.find((each) => each.path === `${ID}/validateRestore`)?.body;
  expect(asked).toMatchObject({ restoreRequestObject: { restoreTargetInfo: { restoreLocation: "northeurope" } } });
});

test("every fault is said, at its field where it has one, and the restore is not offered", async () => {
  const faults = [
    { code: "Invalid", message: "is taken already", target: "restoreRequestObject.restoreTargetInfo.datasourceInfo.resourceID" },
    { code: "Invalid", message: "is no SKU of a disk", target: "restoreRequestObject.restoreTargetInfo.targetDisk.sku" },
  ];
  shown(prepared().on(`POST ${ID}/validateRestore`, refusal(400, "InvalidInput", "Two things are wrong.", faults)));
  await screen.findByText(/Two things are wrong/);
  expect(await field("Name of the new disk")).toBeInvalid();
  expect(screen.getByRole("combobox", { name: "SKU" })).toBeInvalid();
  expect(restoreButton()).toHaveAttribute("aria-disabled", "true");
});

test("what was typed is there again after a sign-in in between", async () => {
  const { unmount } = shown(prepared());
  const name = await field("Name of the new disk");
  await userEvent.clear(name);
  await userEvent.type(name, "rescued");
  unmount();
  shown(prepared());
  expect(await field("Name of the new disk")).toHaveValue("rescued");
});

test("what was typed stays when the restore is refused", async () => {
  const api = prepared().on(`POST ${ID}/restore`, refusal(409, "Conflict", "Another restore makes this disk."));
  shown(api);
  const name = await field("Name of the new disk");
  await userEvent.clear(name);
  await userEvent.type(name, "rescued");
  await waitFor(() => expect(restoreButton()).not.toHaveAttribute("aria-disabled", "true"), { timeout: 5_000 });
  await userEvent.click(restoreButton());
  await screen.findByText(/Another restore makes this disk/);
  expect(name).toHaveValue("rescued");
});

test("a restore that failed says why, and leads back to what was typed", async () => {
  const failed = job("Failed");
  const error = { code: "DiskNameTaken", message: "There is such a disk.", recommendedAction: ["Choose another name."], details: null };
  shown(
    prepared().on(`GET ${VAULT}/backupJobs/job-1`, { body: { ...failed, properties: { ...failed.properties, errorDetails: [error] } } }),
    `?job=${encodeURIComponent(failed.id)}&target=/x/y`,
  );
  await screen.findByText("Choose another name.");
  await userEvent.click(screen.getByRole("button", { name: "Change it and try again" }));
  await field("Name of the new disk");
});

test("faults without a field of theirs are under other", () => {
  expect(placed([{ code: "x", message: "is locked", target: null }])).toEqual({ other: ["is locked"] });
});

const NASTY = "it's $(touch x) \"q\" \\ `id`";
const place = { origin: "https://app.example", audience: "api://test", instance: ID };
const request = requestOf(instance("disk-1"), NEWEST.name, {
  subscription: "s",
  group: "g",
  name: NASTY,
  region: "",
  sku: "Premium_LRS",
  zone: "none",
  sizeGB: "64",
  keepsTags: false,
});

test("the az command hands over what the page would send, whatever is in it", () => {
  const script = `az() { for each in "$@"; do printf '%s\\0' "$each"; done; }\n${azCommand(place, request)}`;
  const given = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split("\0");
  expect(given[given.indexOf("--url") + 1]).toBe(`https://app.example${ID}/restore?api-version=2026-06-01`);
  expect(JSON.parse(given[given.indexOf("--body") + 1] ?? "")).toEqual(request);
});

test("the lines for the SDK hand over what the page would send, whatever is in it", () => {
  const lines = sdkLines(place, request).replace(/^from azure.*$/gm, "");
  const stand = `
import json
from unittest.mock import MagicMock
DefaultAzureCredential = DataProtectionMgmtClient = MagicMock()
${lines}
print(json.dumps(client.backup_instances.begin_trigger_restore.call_args.args))`;
  const [group, vault, name, body] = JSON.parse(execFileSync("python3", ["-c", stand], { encoding: "utf8" })) as unknown[];
  expect([group, vault, name]).toEqual(["backup", "vault-1", "disk-1"]);
  expect(body).toEqual(request);
});
