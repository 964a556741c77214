/** Whether the page is being printed: then what else is drawn as one scrolls has to be there at once. */
import { useSyncExternalStore } from "react";
import { flushSync } from "react-dom";

let isPrinting = false;

export const usePrinting = (): boolean => useSyncExternalStore(subscribe, () => isPrinting);

function subscribe(listener: () => void): () => void {
  const turn = (to: boolean) => () => {
    isPrinting = to;
    flushSync(listener); // the browser takes the page as it is when the event is over
  };
  const [begin, end] = [turn(true), turn(false)];
  window.addEventListener("beforeprint", begin);
  window.addEventListener("afterprint", end);
  return () => {
    window.removeEventListener("beforeprint", begin);
    window.removeEventListener("afterprint", end);
  };
}
