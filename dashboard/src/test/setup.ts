/** What jsdom lacks of a browser, and clean tabs for each test. */
import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeEach } from "vitest";

class NoResizing implements ResizeObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

globalThis.ResizeObserver = NoResizing;
window.matchMedia = (media: string) =>
  Object.assign(new EventTarget(), { matches: false, media, onchange: null, addListener() {}, removeListener() {} });
Element.prototype.scrollIntoView = () => undefined;

// A virtual list shows what fits: here everything has a size.
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, value: 600 });
Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, value: 1200 });

// A failure says what was looked for; the whole page would bury it. Slow machines are no failures.
configure({ asyncUtilTimeout: 5_000, getElementError: (message) => new Error(message ?? "not found") });

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
});
afterEach(cleanup);

// What keeps the focus looks around once more a moment after a dialog closed: not when the page is gone.
afterAll(async () => {
  document.body.replaceChildren();
  if ("__tabsterInstance" in window) await new Promise((resolve) => setTimeout(resolve, 1_000));
});
