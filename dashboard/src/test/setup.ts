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

// A failure says what was looked for; the whole page would bury it. Slow machines are no failures. Whether a dialog is open
// to screen readers depends on the order of events that jsdom has otherwise than browsers: that is for tests in Chromium, and
// for those that ask `hidden: false`.
configure({
  asyncUtilTimeout: 60_000,
  defaultHidden: true,
  getElementError: (message) => new Error((message ?? "not found").slice(0, 3_000)),
});

beforeEach(() => {
  sessionStorage.clear();
  localStorage.clear();
});
afterEach(async () => {
  cleanup();
  await settled();
});

// It watches the page for changes, and jsdom empties the page after it has taken away what it looks with.
afterAll(async () => {
  document.body.replaceChildren();
  await settled();
  (window as Window & { __tabsterInstance?: { dispose: () => void } }).__tabsterInstance?.dispose();
});

/** What keeps the focus looks around once more a moment after a dialog closed: neither in the next test nor without a page. */
async function settled(): Promise<void> {
  if ("__tabsterInstance" in window) await new Promise((resolve) => setTimeout(resolve, 500));
}
