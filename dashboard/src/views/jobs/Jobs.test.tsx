import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "../../test/fakeApi";
import { VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Jobs";
import { tookText } from "./operations";

function job(name: string, changes: object = {}) {
  return {
    id: `${VAULT}/backupJobs/${name}`,
    name,
    properties: {
      backupInstanceId: `${VAULT}/backupInstances/${name}`,
      backupInstanceFriendlyName: name,
      dataSourceId: `/disks/${name}`,
      policyName: "hourly",
      operation: "Backup",
      status: "Completed",
      startTime: "2026-03-02T12:00:00Z",
      endTime: "2026-03-02T12:00:03Z",
      errorDetails: null,
      ...changes,
    },
  };
}

test("what is asked for is said in the address and filtered by the API", async () => {
  const api = oneVault({ lists: { backupJobs: [job("alpha")] } });
  show(<Component />, api, { at: "/?status=Failed&operation=Backup&period=168" });
  await screen.findByText("alpha");
  const [asked] = api.asked.filter(({ path }) => path.endsWith("/backupJobs"));
  expect(asked?.query.get("$filter")).toMatch(/^status eq 'Failed' and operation eq 'Backup' and startTime ge '.*:00:00.000Z'$/);
});

test("a search finds what went wrong, and markup in it is text", async () => {
  const message = "<img src=x onerror=alert(1)> the disk is gone";
  const failed = job("beta", { status: "Failed", errorDetails: [{ code: "DiskGone", message, recommendedAction: [] }] });
  const { container } = show(<Component />, oneVault({ lists: { backupJobs: [job("alpha"), failed] } }));
  await screen.findByText("alpha");
  await userEvent.type(screen.getByRole("searchbox"), "diskgone");
  await waitFor(() => expect(screen.queryByText("alpha")).toBeNull());
  expect(screen.getByText(message)).toBeVisible();
  expect(container.querySelector("img")).toBeNull();
});

test("nothing is said of no jobs but that there are none", async () => {
  show(<Component />, oneVault());
  expect(await screen.findByText("No job of this time is like this.")).toBeVisible();
});

test.each([
  ["2026-03-02T12:00:00.200Z", "1 s"],
  ["2026-03-02T12:00:41Z", "41 s"],
  ["2026-03-02T13:05:00Z", "1 h 5 min"],
  [null, null],
])("a job that ended at %s took %s", (endTime, told) => {
  expect(tookText(job("alpha", { endTime }) as never)).toBe(told);
});
