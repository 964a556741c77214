/** Everything that the views need around them. */
import { FluentProvider, webDarkTheme, webLightTheme } from "@fluentui/react-components";
import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { useEffect, type ReactNode } from "react";
import { SessionContext, type Session } from "../sign-in/session";
import { PreferencesContext, useKeptPreferences } from "./preferences";

export function Look({ children }: { children: ReactNode }) {
  const preferences = useKeptPreferences();
  const theme = preferences.isDark ? webDarkTheme : webLightTheme;
  useEffect(() => {
    document.documentElement.style.colorScheme = preferences.isDark ? "dark" : "light";
  }, [preferences.isDark]);
  return (
    <PreferencesContext.Provider value={preferences}>
      <FluentProvider style={{ height: "100%" }} theme={theme}>
        {children}
      </FluentProvider>
    </PreferencesContext.Provider>
  );
}

export function SignedIn({ session, queries, children }: { session: Session; queries: QueryClient; children: ReactNode }) {
  return (
    <SessionContext.Provider value={session}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </SessionContext.Provider>
  );
}
