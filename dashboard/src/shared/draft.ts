/** State that outlives a sign-in, a reload and the back button: for whatever people type. Kept in this tab. */
import { useState } from "react";

const PREFIX = "draft.";

export function useDraft<T>(name: string, initial: T): [T, (value: T) => void, () => void] {
  const [value, setValue] = useState<T>(() => read(name) ?? initial);
  const keep = (changed: T) => {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(changed));
    setValue(changed);
  };
  const forget = () => {
    forgetDraft(name);
    setValue(initial);
  };
  return [value, keep, forget];
}

/** Of what somebody typed and does not need any more. */
export const forgetDraft = (name: string): void => sessionStorage.removeItem(PREFIX + name);

function read<T>(name: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null") as T | null;
  } catch {
    return null;
  }
}
