/** What a person chose to see it by: light or dark, local time or UTC. Kept in this browser. */
import { createContext, useContext, useEffect, useState } from "react";

export type Look = "system" | "light" | "dark";
export type Clock = "local" | "utc";

export interface Preferences {
  look: Look;
  isDark: boolean;
  clock: Clock;
  zone: string; // IANA's name
  setLook(look: Look): void;
  setClock(clock: Clock): void;
}

export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const PreferencesContext = createContext<Preferences>({
  look: "system",
  isDark: false,
  clock: "utc",
  zone: "UTC",
  setLook: () => undefined,
  setClock: () => undefined,
});

export const usePreferences = (): Preferences => useContext(PreferencesContext);
export const useZone = (): string => usePreferences().zone;

export function useKeptPreferences(): Preferences {
  const [look, setLook] = useKept<Look>("look", "system", ["system", "light", "dark"]);
  const [clock, setClock] = useKept<Clock>("clock", "local", ["local", "utc"]);
  const systemIsDark = useSystemIsDark();
  const isDark = look === "dark" || (look === "system" && systemIsDark);
  return { look, isDark, clock, zone: clock === "utc" ? "UTC" : LOCAL_ZONE, setLook, setClock };
}

function useKept<T extends string>(name: string, otherwise: T, words: readonly T[]): [T, (value: T) => void] {
  const kept = localStorage.getItem(`backup-center.${name}`) as T | null;
  const [value, setValue] = useState<T>(kept !== null && words.includes(kept) ? kept : otherwise);
  const keep = (chosen: T) => {
    localStorage.setItem(`backup-center.${name}`, chosen);
    setValue(chosen);
  };
  return [value, keep];
}

function useSystemIsDark(): boolean {
  const [query] = useState(() => window.matchMedia("(prefers-color-scheme: dark)"));
  const [isDark, setIsDark] = useState(query.matches);
  useEffect(() => {
    const look = () => setIsDark(query.matches);
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, [query]);
  return isDark;
}
