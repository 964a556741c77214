/** Leads the focus back to where it was, once what took it is gone; else to the view, for nobody can go on from nowhere. */
import { useEffect, useState } from "react";

/** Fluent UI does so by itself only for dialogs that keep their trigger; without, all else stays hidden from screen readers. */
export function useFocusBack(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    return () => {
      setTimeout(() => focusOn(before), 0);
    };
  }, [before]);
}

function focusOn(element: Element | null): void {
  const isThere = element instanceof HTMLElement && element.isConnected && element !== document.body;
  const target = isThere ? element : document.getElementById("view");
  target?.focus();
}
