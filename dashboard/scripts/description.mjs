// The API's description as the app itself makes it; no app need run. PYTHON names another interpreter.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const ROOT = join(import.meta.dirname, "..", "..");
const OURS = join(ROOT, ".venv", "bin", "python");
const DUMP = "import json; from backup_core.api.description import document; print(json.dumps(document()))";
const HEAD = "// Written by `npm run types` from the API's own description. A test holds it to that; do not edit.\n";

export const TYPES = join(import.meta.dirname, "..", "src", "api", "schema.d.ts");

export async function types() {
  const python = process.env.PYTHON ?? (existsSync(OURS) ? OURS : "python3");
  const described = execFileSync(python, ["-c", DUMP], { cwd: ROOT, encoding: "utf8", maxBuffer: 2 ** 26 });
  return HEAD + astToString(await openapiTS(JSON.parse(described)));
}
