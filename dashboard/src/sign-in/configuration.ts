/** How to sign in, as the app tells it: /center/config.json. Nothing of it is secret. */
import type { Configuration as MsalConfiguration } from "@azure/msal-browser";

export type Configuration =
  | { signIn: "entra"; msal: { auth: MsalConfiguration["auth"] & { authorityMetadata?: string } }; scopes: string[] }
  | { signIn: "functionKey" }
  | { signIn: "notConfigured"; faults: string[] };

export async function readConfiguration(fetcher: typeof fetch = fetch): Promise<Configuration> {
  const response = await fetcher(`${import.meta.env.BASE_URL}config.json`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return (await response.json()) as Configuration;
}
