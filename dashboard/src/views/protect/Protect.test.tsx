import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { refusal, show } from "../../test/fakeApi";
import { SUBSCRIPTION, VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Protect";
import { instanceNameOf } from "./request";

const diskId = (name: string) => `/subscriptions/${SUBSCRIPTION}/resourceGroups/apps/providers/Microsoft.Compute/disks/${name}`;
const disk = (name: string, location = "westeurope") => ({
  dataSourceId: diskId(name),
  location,
  sku: "Premium_LRS",
  reason: "no backup instance protects it",
  sizeBytes: 2 ** 36,
  lastOwnershipUpdateTime: null,
  backupInstanceId: null,
});
const POLICY = { id: `${VAULT}/backupPolicies/hourly`, name: "hourly", properties: { policyRules: [] } };
const begun = { status: 202, headers: { "Azure-AsyncOperation": "/op" } };
const over = { body: { status: "Succeeded", properties: {} } };

async function chosen(...names: string[]) {
  const api = oneVault({ policies: [POLICY as never] })
    .on(`GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.DataProtection/unprotectedDisks`, { body: { value: ["alpha", "beta"].map((name) => disk(name)) } })
    .on(`POST ${VAULT}/validateForBackup`, begun)
    .on("GET /op", over);
  for (const name of ["alpha", "beta"]) api.on(`PUT ${VAULT}/backupInstances/${instanceNameOf(diskId(name))}`, begun);
  show(<Component />, api);
  await screen.findByText("alpha");
  for (const name of names) await userEvent.click(screen.getByRole("checkbox", { name: `Select ${name}` }));
  await userEvent.type(screen.getByRole("combobox", { name: /Resource group for snapshots/ }), "snapshots");
  return api;
}

test("all are looked at before any is begun with, and then all are protected", async () => {
  const api = await chosen("alpha", "beta");
  await userEvent.click(screen.getByRole("button", { name: "Protect 2 disks" }));
  expect(await screen.findByText("See the disks that are protected")).toBeVisible();
  expect(api.asked.filter(({ method }) => method !== "GET").map(({ method }) => method)).toEqual(["POST", "POST", "PUT", "PUT"]);
  const body = api.asked.find(({ method }) => method === "PUT")?.body as { properties: { policyInfo: { policyId: string } } };
  expect(body.properties.policyInfo.policyId).toBe(POLICY.id);
  expect(JSON.stringify(body)).toContain(`/subscriptions/${SUBSCRIPTION}/resourceGroups/snapshots`);
});

test("what stands in the way of one is told with the command, and the others can go on", async () => {
  const api = await chosen("alpha", "beta");
  api.on(`POST ${VAULT}/validateForBackup`, ({ body }) =>
    JSON.stringify(body).includes("beta") ? refusal(400, "Missing", "Run: az role assignment create --role 'Disk Backup Reader'") : begun,
  );
  await userEvent.click(screen.getByRole("button", { name: "Protect 2 disks" }));
  expect((await screen.findAllByText(/az role assignment create/))[0]).toBeVisible();
  expect(api.asked.filter(({ method }) => method === "PUT")).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Protect the other 1 disk" }));
  await waitFor(() => expect(api.asked.filter(({ method }) => method === "PUT").map(({ path }) => path)).toHaveLength(1));
  expect(api.asked.at(-1)?.path ?? "").not.toContain("beta");
});

test("disks of a region without a vault are told so, and nothing is asked", async () => {
  const api = oneVault().on(`GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.DataProtection/unprotectedDisks`, { body: { value: [disk("far", "eastus")] } });
  show(<Component />, api);
  await userEvent.click(await screen.findByRole("checkbox", { name: "Select far" }));
  expect(await screen.findByText("There is no vault in eastus: make one there first.")).toBeVisible();
});

test("a reader sees what is not protected and is offered no more", async () => {
  const api = oneVault().on(`GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.DataProtection/unprotectedDisks`, { body: { value: [disk("alpha")] } });
  show(<Component />, api, { role: "Reader" });
  await screen.findByText("alpha");
  expect(screen.queryByRole("checkbox")).toBeNull();
});

test("disks of one name in two groups have two instances, and one disk has one", () => {
  expect(instanceNameOf(diskId("alpha"))).toBe(instanceNameOf(diskId("alpha").toUpperCase().replace("ALPHA", "alpha")));
  expect(instanceNameOf(diskId("alpha"))).not.toBe(instanceNameOf(diskId("alpha").replace("apps", "other")));
});
