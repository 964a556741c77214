/**
 * Fluent UI's keeper of the focus (tabster) is disposed of with the last part that needs it. When that is a dialog, all else
 * stays hidden from screen readers, for it is the keeper that would have shown it again. So whoever opens dialogs holds it.
 */
import { useFocusableGroup } from "@fluentui/react-components";
import { createRoot } from "react-dom/client";

let isHeld = false;

export function holdFocusKeeper(): void {
  if (isHeld) return;
  isHeld = true;
  createRoot(document.createElement("div")).render(<Holder />);
}

function Holder() {
  useFocusableGroup();
  return null;
}
