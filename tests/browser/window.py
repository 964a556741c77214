"""A tab of the browser at the Backup Center: who sits there, what was asked of the app, and what went wrong in it.

What the page's content security policy forbade, what the page threw and what the browser complains of are faults of
whichever test they happen in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Route, expect

SCREENSHOTS = Path(__file__).resolve().parents[2] / ".local" / "browser"
# Milliseconds within which what a test waits for is there, on a busy machine, too: a backup or restore has ended, what
# passes by itself was asked for again as often as it is.
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)
_TABS = 80  # more than any view has places
_WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.violated(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""
# What the sign-in library keeps, put back as it was when somebody signed in; once in a tab, lest nobody can sign out.
_SIGNED_IN = """
if (location.origin === %(origin)s && !sessionStorage.getItem("test.began")) {
  for (const [name, value] of Object.entries(%(kept)s)) sessionStorage.setItem(name, value);
  sessionStorage.setItem("test.began", "yes");
}
"""


class Window:
    """`page` is Playwright's. `faults` are checked at its end; `excused` is a pattern of those that a test causes."""

    def __init__(self, browser: Browser, center: str, **context: Any) -> None:
        self.center = center
        self.faults: list[str] = []
        self.requests: list[Request] = []
        self.excused = r"(?!)"
        self.clicks = 0
        self._context: BrowserContext = browser.new_context(**{"viewport": {"width": 1366, "height": 860}, **context})
        self._context.expose_binding("violated", lambda _, told: self.faults.append(f"the policy forbids {told}"))
        self._context.add_init_script(_WATCH)
        self._context.set_default_timeout(PATIENCE)
        self.page: Page = self._context.new_page()
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.faults.append(f"the page threw {error.stack or error}"))
        self.page.on("request", lambda request: self.requests.append(request))

    def close(self) -> None:
        self._context.close()

    def unexcused(self) -> list[str]:
        return [fault for fault in self.faults if not re.search(self.excused, fault)]

    # ---------------------------------------------------------------- signing in

    def sign_in(self, role: str, path: str = "") -> None:
        """As a person does it: open a page, choose who one is by a click, and be led back to that page."""
        self.page.goto(self.center + path)
        self.page.get_by_role("link", name=role.capitalize()).click()
        self.frame.wait_for()

    def kept(self) -> dict[str, str]:
        """What makes this tab signed in."""
        return dict(self.page.evaluate("({ ...sessionStorage })"))

    def be_signed_in(self, kept: Mapping[str, str]) -> None:
        origin = json.dumps(self.origin)
        self._context.add_init_script(_SIGNED_IN % {"origin": origin, "kept": json.dumps(dict(kept))})

    # ---------------------------------------------------------------- being there

    @property
    def origin(self) -> str:
        return self.center.removesuffix("/center/")

    @property
    def frame(self) -> Locator:
        return self.page.get_by_role("navigation", name="Views")

    def go(self, path: str = "") -> None:
        """To a view by its address, until it shows what it asked for."""
        self.page.goto(self.center + path)
        self.page.get_by_role("banner").wait_for()
        self.settle()

    def settle(self) -> None:
        """Until nothing on the page waits for an answer."""
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator("[aria-busy=true], [role=progressbar]:not([aria-valuenow])")).to_have_count(0)

    def tab_to(self, role: str, name: str) -> None:
        """By the Tab key alone, to an element by what it is called."""
        wanted = self.page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        for _ in range(_TABS):
            self.page.keyboard.press("Tab")
            if wanted.count() and wanted.first.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"{_TABS} times Tab do not lead to the {role} {name}")

    def answer_with(self, answer: Callable[[Route], None], *, method: str | None = None, path: str = "") -> None:
        """Let `answer` deal with requests to the API whose URL contains `path`; the page's own files still come."""

        def deal(route: Route) -> None:
            is_meant = method in (None, route.request.method) and path in route.request.url
            if is_meant and not route.request.url.startswith(self.center):
                answer(route)
            else:
                route.fallback()

        self.page.route(f"{self.origin}/**", deal)

    def answer_honestly(self) -> None:
        self.page.unroute_all()

    def click(self, target: Locator) -> None:
        """One click, counted."""
        self.clicks += 1
        target.click()

    def screenshot(self, name: str, *, full: bool = False) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=full)
        return path

    def axe_violations(self) -> list[str]:
        """By axe-core, each with the first elements that it is about."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{each['id']} ({each['impact']}): {each['help']}: "
            + "; ".join(str(node["html"])[:160] for node in each["nodes"][:3])
            for each in found
        ]

    def asked(self) -> list[str]:
        """What was asked of the API so far: method and path, without the page's own files."""
        return [
            f"{request.method} {request.url.removeprefix(self.origin)}"
            for request in self.requests
            if request.url.startswith(self.origin) and not request.url.startswith(self.center)
        ]

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")
