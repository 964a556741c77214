import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, test } from "vitest";
import { refusal, show } from "../../test/fakeApi";
import { instanceId, standing, VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Disks";

const THREE = [standing("alpha"), standing("beta", { state: "breached", reason: "Too old." }), standing("gamma")];
const begun = { status: 202, headers: { "Azure-AsyncOperation": "/op" } };
const over = { body: { status: "Succeeded", properties: {} } };
const names = () => screen.getAllByRole("link").map((link) => link.textContent);

test("the worst is at the top", async () => {
  show(<Component />, oneVault({ standings: THREE }));
  await screen.findByText("beta");
  expect(names()).toEqual(["beta", "alpha", "gamma"]);
});

test("of thousands only those in sight are drawn, and all are counted", async () => {
  const many = Array.from({ length: 2_000 }, (_, at) => standing(`disk-${at}`));
  show(<Component />, oneVault({ standings: many }));
  await screen.findByText("2,000 disks");
  expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "2001");
  expect(screen.getAllByRole("row").length).toBeLessThan(60);
});

test("an address says what is shown, and typing narrows it down", async () => {
  show(<Component />, oneVault({ standings: THREE }), { at: "/?state=protected" });
  await screen.findByText("alpha");
  expect(names()).toEqual(["alpha", "gamma"]);
  await userEvent.type(screen.getByRole("searchbox"), "gam");
  await waitFor(() => expect(names()).toEqual(["gamma"]));
});

test("markup in a name is text", async () => {
  const name = "<img src=x onerror=alert(1)><script>alert(2)</script>";
  const { container } = show(<Component />, oneVault({ standings: [standing("x", { friendlyName: name, reason: name })] }));
  await screen.findByText(name);
  expect(container.querySelector("img, script")).toBeNull();
});

test("a reader is offered nothing that the API would refuse", async () => {
  show(<Component />, oneVault({ standings: THREE }), { role: "Reader" });
  await screen.findByText("alpha");
  expect(screen.queryByRole("checkbox")).toBeNull();
  expect(screen.queryByRole("toolbar")).toBeNull();
});

test("an operator may back up and not stop", async () => {
  show(<Component />, oneVault({ standings: THREE }), { role: "Operator" });
  const bar = await screen.findByRole("toolbar");
  expect(within(bar).getAllByRole("button").map((button) => button.textContent)).toEqual(["Back up now", "Change policy", "Restore"]);
});

describe("many at once", () => {
  async function stopped() {
    const api = oneVault({ standings: THREE }).on("GET /op", over);
    for (const name of ["alpha", "beta", "gamma"]) api.on(`POST ${instanceId(name)}/stopProtection`, begun);
    show(<Component />, api);
    await screen.findByText("alpha");
    await userEvent.click(screen.getByRole("checkbox", { name: "Select all 3" }));
    await userEvent.click(screen.getByRole("button", { name: "Stop" }));
    return { api, dialog: await screen.findByRole("dialog") };
  }

  test("are confirmed with what follows, before anything is asked of the API", async () => {
    const { api, dialog } = await stopped();
    expect(dialog).toHaveTextContent("3 disks will have no new recovery points");
    await userEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    expect(api.asked.filter((asked) => asked.method === "POST")).toEqual([]);
    await waitFor(() => expect(screen.getByRole("button", { name: "Stop" })).toHaveFocus());
  });

  test("are done to each", async () => {
    const { api, dialog } = await stopped();
    await userEvent.click(within(dialog).getByRole("button", { name: "Stop" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(api.asked.filter((asked) => asked.method === "POST").map((asked) => asked.path).sort()).toEqual(
      ["alpha", "beta", "gamma"].map((name) => `${instanceId(name)}/stopProtection`),
    );
  });

  test("one that is refused is told of by name, and stays selected for another try", async () => {
    const { api, dialog } = await stopped();
    api.on(`POST ${instanceId("beta")}/stopProtection`, refusal(409, "Conflict", "A deletion is under way."));
    await userEvent.click(within(dialog).getByRole("button", { name: "Stop" }));
    await within(dialog).findByText(/A deletion is under way/);
    await userEvent.click(within(dialog).getByRole("button", { name: "Cancel" }));
    expect(await screen.findByRole("checkbox", { name: "Select beta", hidden: false })).toBeChecked();
    expect(screen.getByRole("checkbox", { name: "Select alpha" })).not.toBeChecked();
  });
});

test("an API that is down is said so, with a way on", async () => {
  const api = oneVault().on(`GET ${VAULT}/backupInstanceStandings`, refusal(503, "Unavailable", "Storage does not answer."));
  show(<Component />, api);
  await screen.findByText(/Storage does not answer/);
  api.on(`GET ${VAULT}/backupInstanceStandings`, { body: { value: THREE } });
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("alpha");
});

test("without a protected disk the next step is offered", async () => {
  show(<Component />, oneVault());
  expect(await screen.findByRole("link", { name: "Protect disks" })).toHaveAttribute("href", "/protect");
});
