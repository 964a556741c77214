/**
 * Sign-in with Entra by Microsoft's library: authorization code with PKCE, tokens in session storage.
 *
 * An expired sign-in never takes the page away from under somebody's hands: requests fail as "signedOut", which views
 * show with a button. Only the first visit goes to the sign-in by itself.
 */
import { CacheLookupPolicy, InteractionRequiredAuthError, PublicClientApplication } from "@azure/msal-browser";
import { Client } from "../api/client";
import { ApiError } from "../api/errors";
import type { Configuration } from "./configuration";
import { highestRole } from "./roles";
import type { Session } from "./session";

type Entra = Extract<Configuration, { signIn: "entra" }>;

/** Null when the browser is on its way to the sign-in. */
export async function signInWithEntra(configuration: Entra): Promise<Session | null> {
  const redirectUri = `${window.location.origin}${import.meta.env.BASE_URL}`;
  const library = new PublicClientApplication({
    auth: { ...configuration.msal.auth, redirectUri, postLogoutRedirectUri: redirectUri },
    cache: { cacheLocation: "sessionStorage" },
  });
  await library.initialize();
  const back = await library.handleRedirectPromise();
  const account = back?.account ?? library.getAllAccounts()[0];
  const signIn = () => library.loginRedirect({ scopes: configuration.scopes, redirectStartPage: window.location.href });
  if (!account) {
    await signIn();
    return null;
  }
  library.setActiveAccount(account);
  const claims = account.idTokenClaims as { roles?: string[] } | undefined;
  return {
    client: new Client({ headers: () => bearer(library, configuration.scopes) }),
    audience: configuration.scopes[0]?.replace(/\/\.default$/, "") ?? null,
    name: account.name ?? account.username,
    role: highestRole(claims?.roles ?? []),
    signIn,
    signOut: () => library.logoutRedirect({ account }),
  };
}

async function bearer(library: PublicClientApplication, scopes: string[]): Promise<Record<string, string>> {
  try {
    // Not by a hidden frame, which the page's policy forbids: the library would wait for it in vain.
    const cacheLookupPolicy = CacheLookupPolicy.AccessTokenAndRefreshToken;
    const { accessToken } = await library.acquireTokenSilent({ scopes, cacheLookupPolicy });
    return { Authorization: `Bearer ${accessToken}` };
  } catch (thrown) {
    if (thrown instanceof InteractionRequiredAuthError) throw new ApiError("signedOut", "Your sign-in has expired.");
    throw new ApiError("down", "The sign-in service cannot be reached.");
  }
}
