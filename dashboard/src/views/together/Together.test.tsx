import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { RestoreRequest } from "../../api/types";
import { refusal, show } from "../../test/fakeApi";
import { instance, instanceId, point } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { apart, partOf } from "./moment";
import { Component } from "./Together";

const NAMES = ["alpha", "beta"];
const begun = { status: 202, headers: { "Azure-AsyncOperation": "/op" } };
const POINTS: Readonly<Record<string, string[]>> = {
  alpha: ["2026-03-02T13:00:00Z", "2026-03-02T12:00:00Z"],
  beta: ["2026-03-02T12:10:00Z", "2026-03-02T11:10:00Z"],
};
const AT = `/?of=${encodeURIComponent(instanceId("alpha"))}&of=${encodeURIComponent(instanceId("beta"))}&moment=2026-03-02T12:30`;

function api() {
  const made = oneVault().on("GET /op", { body: { status: "Succeeded", properties: {} } });
  for (const name of NAMES) {
    made
      .on(`GET ${instanceId(name)}`, { body: instance(name) })
      .on(`GET ${instanceId(name)}/recoveryPoints`, { body: { value: POINTS[name]!.map((at) => point(at)) } })
      .on(`POST ${instanceId(name)}/validateRestore`, begun)
      .on(`POST ${instanceId(name)}/restore`, begun);
  }
  return made;
}

const pointsAsked = (asked: { path: string; body: unknown }[]) =>
  asked.filter(({ path }) => path.endsWith("/restore")).map(({ body }) => (body as RestoreRequest & { recoveryPointId: string }).recoveryPointId);

test("of each disk the newest point that is not later is restored, once all were looked at", async () => {
  const made = api();
  show(<Component />, made, { at: AT });
  await screen.findByText(/lie up to 10 min apart/);
  await userEvent.click(screen.getByRole("button", { name: "Restore 2 disks" }));
  await screen.findByText(/2 of 2 disks being restored/);
  const changes = made.asked.filter(({ method }) => method === "POST").map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
  expect(changes).toEqual(["validateRestore", "validateRestore", "restore", "restore"]);
  expect(pointsAsked(made.asked).sort()).toEqual([point("2026-03-02T12:00:00Z").name, point("2026-03-02T12:10:00Z").name]);
});

test("what stands in the way of one is told before anything is made", async () => {
  const made = api().on(`POST ${instanceId("beta")}/validateRestore`, refusal(400, "X", "No role in that group."));
  show(<Component />, made, { at: AT });
  await userEvent.click(await screen.findByRole("button", { name: "Restore 2 disks" }));
  expect((await screen.findAllByText(/No role in that group/))[0]).toBeVisible();
  expect(pointsAsked(made.asked)).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Restore the other 1 disk" }));
  await waitFor(() => expect(pointsAsked(made.asked)).toHaveLength(1));
});

test("where all go and how their names end is said once for all", async () => {
  const made = api();
  show(<Component />, made, { at: AT });
  await userEvent.type(await screen.findByRole("textbox", { name: "Resource group" }), "drill");
  await userEvent.type(screen.getByRole("textbox", { name: "Each new disk's name ends with" }), "-case7");
  expect(screen.getByText("alpha-case7")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Restore 2 disks" }));
  await screen.findByText(/2 of 2 disks being restored/);
  const bodies = JSON.stringify(made.asked.filter(({ path }) => path.endsWith("/restore")));
  for (const name of NAMES) expect(bodies).toContain(`/resourceGroups/drill/providers/Microsoft.Compute/disks/${name}-case7`);
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
