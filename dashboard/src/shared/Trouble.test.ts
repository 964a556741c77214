import { expect, test } from "vitest";
import { commandsIn } from "./Trouble";

test("a command in the API's words is offered for copying, once", () => {
  const command = "az role assignment create --role 'Disk Restore Operator' --scope '/subscriptions/1/resourceGroups/a.b' --assignee-principal-type ServicePrincipal";
  const said = `Assign the role: ${command}. New assignments take a few minutes.`;
  expect(commandsIn(`${said}\n${said}`)).toEqual([command]);
});

test("where there is no command, none is offered", () => {
  expect(commandsIn("The disk is locked. Remove the lock.")).toEqual([]);
});
