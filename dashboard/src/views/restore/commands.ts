/** The same restore for a terminal and for a program. */
import { groupOf, nameOf, partOf, subscriptionOf } from "../../api/ids";

interface Place {
  /** Where the API is, as `https://app.example`. */
  origin: string;
  audience: string | null;
  instance: string;
}

export function azCommand({ origin, audience, instance }: Place, request: unknown): string {
  return [
    "az rest --method post \\",
    `  --url ${quoted(`${origin}${instance}/restore?api-version=2026-06-01`)} \\`,
    ...(audience ? [`  --resource ${quoted(audience)} \\`] : []),
    `  --body ${quoted(JSON.stringify(request))}`,
  ].join("\n");
}

export function sdkLines({ origin, audience, instance }: Place, request: unknown): string {
  const names = [groupOf(instance), partOf(instance, "backupVaults"), nameOf(instance)].map(literal).join(", ");
  return [
    "from azure.identity import DefaultAzureCredential",
    "from azure.mgmt.dataprotection import DataProtectionMgmtClient",
    "",
    "client = DataProtectionMgmtClient(",
    "    DefaultAzureCredential(),",
    `    ${literal(subscriptionOf(instance))},`,
    `    base_url=${literal(origin)},`,
    ...(audience ? [`    credential_scopes=[${literal(`${audience}/.default`)}],`] : []),
    ")",
    `restore = ${literal(request)}`,
    `job = client.backup_instances.begin_trigger_restore(${names}, restore).result()`,
  ].join("\n");
}

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** As Python writes a value. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${literal(each)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}
