import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "../../test/fakeApi";
import { VAULT } from "../../test/samples";
import { oneVault } from "../../test/vaults";
import { Component } from "./Audit";

function record(name: string, changes: object = {}) {
  return {
    id: `${VAULT}/auditRecords/${name}`,
    name,
    properties: {
      time: "2026-03-02T12:00:00Z",
      caller: { objectId: "o", name: `person ${name}`, kind: "User" },
      action: "Microsoft.DataProtection/backupVaults/backupInstances/write",
      path: `${VAULT}/backupInstances/disk-${name}`,
      outcome: "Succeeded",
      errorCode: "",
      changes: [],
      ...changes,
    },
  };
}

test("older records are read when they are asked for", async () => {
  const api = oneVault();
  api.on(`GET ${VAULT}/auditRecords`, ({ query }) =>
    query.has("$skipToken")
      ? { body: { value: [record("two")] } }
      : { body: { value: [record("one")], nextLink: `https://elsewhere.example${VAULT}/auditRecords?$skipToken=x` } },
  );
  show(<Component />, api);
  await screen.findByText("person one");
  expect(screen.queryByText("person two")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Read older ones" }));
  expect(await screen.findByText("person two")).toBeVisible();
});

test("who did what to what, and what changed, in a few words", async () => {
  const changed = record("one", { changes: ["softDelete: On -> Off"], outcome: "Refused", errorCode: "Forbidden" });
  show(<Component />, oneVault({ lists: { auditRecords: [changed] } }));
  await screen.findByText("person one");
  expect(screen.getByText("backupInstances/write")).toBeVisible();
  expect(screen.getByText("disk-one")).toBeVisible();
  expect(screen.getByText("Forbidden; softDelete: On -> Off")).toBeVisible();
});

test("an outcome narrows the list down", async () => {
  show(<Component />, oneVault({ lists: { auditRecords: [record("one"), record("two", { outcome: "Refused" })] } }), { at: "/?outcome=Refused" });
  await screen.findByText("person two");
  expect(screen.queryByText("person one")).toBeNull();
});
