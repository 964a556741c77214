import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { refusal, show } from "../../test/fakeApi";
import { VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Alerts";

function alert(name: string, changes: object = {}) {
  return {
    id: `${VAULT}/backupAlerts/${name}`,
    name,
    properties: {
      alertRule: `Cause.${name}`,
      severity: "Sev2",
      monitorCondition: "Fired",
      firedDateTime: "2026-03-02T12:00:00Z",
      resolvedDateTime: null,
      acknowledgedDateTime: null,
      acknowledgedBy: null,
      occurrenceCount: 1,
      backupInstanceId: `${VAULT}/backupInstances/disk-${name}`,
      dataSourceId: null,
      jobId: null,
      errorDetails: { code: "C", message: `message ${name}`, recommendedAction: ["Do this."] },
      ...changes,
    },
  };
}

test("the worst is first, with what to do", async () => {
  show(<Component />, oneVault({ lists: { backupAlerts: [alert("one"), alert("two", { severity: "Sev1" })] } }));
  await screen.findByText("Cause.two");
  expect(screen.getAllByText(/^Cause\./).map((each) => each.textContent)).toEqual(["Cause.two", "Cause.one"]);
  expect(screen.getAllByText("Do this.")).toHaveLength(2);
});

test("only active ones are asked for unless all are wanted", async () => {
  const api = oneVault();
  show(<Component />, api);
  await screen.findByText("No alert is active. Nothing needs you.");
  expect(api.asked.find(({ path }) => path.endsWith("/backupAlerts"))?.query.get("$filter")).toBe("monitorCondition eq 'Fired'");
  await userEvent.selectOptions(screen.getByRole("combobox", { name: "Which alerts" }), "all");
  await waitFor(() => expect(api.asked.filter(({ path }) => path.endsWith("/backupAlerts")).at(-1)?.query.has("$filter")).toBe(false));
});

test("an operator says who looks after it", async () => {
  const acknowledged = alert("one", { acknowledgedDateTime: "2026-03-02T12:01:00Z", acknowledgedBy: "Tester" });
  const api = oneVault({ lists: { backupAlerts: [alert("one")] } }).on(`POST ${VAULT}/backupAlerts/one/acknowledge`, { body: acknowledged });
  show(<Component />, api, { role: "Operator" });
  await userEvent.click(await screen.findByRole("button", { name: "Acknowledge" }));
  expect(await screen.findByText(/Tester looks after it since/)).toBeVisible();
});

test("a refused acknowledgement is told, and can be tried again", async () => {
  const api = oneVault({ lists: { backupAlerts: [alert("one")] } }).on(
    `POST ${VAULT}/backupAlerts/one/acknowledge`,
    refusal(409, "Conflict", "It is changing."),
  );
  show(<Component />, api, { role: "Operator" });
  await userEvent.click(await screen.findByRole("button", { name: "Acknowledge" }));
  expect(await screen.findByText(/It is changing/)).toBeVisible();
  expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
});

test("a reader is not offered what the API would refuse", async () => {
  show(<Component />, oneVault({ lists: { backupAlerts: [alert("one")] } }), { role: "Reader" });
  await screen.findByText("Cause.one");
  expect(screen.queryByRole("button", { name: "Acknowledge" })).toBeNull();
});
