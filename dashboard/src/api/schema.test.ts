import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
// @ts-expect-error a script of plain JavaScript, which is run by itself, too
import { TYPES, types } from "../../scripts/description.mjs";

test("the committed types are those of the API's own description", async () => {
  expect(readFileSync(TYPES as string, "utf8") === (await types()), "run `npm run types`").toBe(true);
}, 60_000);
