/** The address's query as state: what a view is narrowed down to can be sent on, and the back button undoes it. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** Null takes a parameter away. Typing replaces the address instead of filling the history. */
export function useSearch(): [URLSearchParams, (changes: Record<string, string | null>, replace?: boolean) => void] {
  const [params, setParams] = useSearchParams();
  const change = useCallback(
    (changes: Record<string, string | null>, replace = false) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) value ? after.set(name, value) : after.delete(name);
          return after;
        },
        { replace },
      ),
    [setParams],
  );
  return [params, change];
}
