"""The Backup Center with 2,000 protected disks: how long until one can use it, and how smoothly the list scrolls.

In Chromium, which has to be there. A frame is from one to the next that the browser draws.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.figures import Figure, median
from tests.benchmarks.scene import Scene, local_target, policy_at
from tests.browser import chromium

INSTANCES = 2_000
LOADS = 5
INTERACTIVE_AT_MOST = 2_000
FRAME_AT_MOST = 50
_WHEEL, _TURNS = 600, 60  # pixels of a turn of the wheel; so many lead through much of the list
_COUNT_FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  const next = (now) => { window.frames.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""


def measure() -> list[Figure]:
    with local_target() as scene, sync_playwright() as playwright:
        scene.protect(scene.add_disks(INSTANCES), policy_at("daily", [datetime.now(UTC) + timedelta(hours=5)]))
        browser = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), headless=True
        )
        figures = _figures(browser, scene)
        browser.close()
        return figures


def _figures(browser: Browser, scene: Scene) -> list[Figure]:
    page = browser.new_page(viewport={"width": 1366, "height": 860})
    center = scene.target.endpoints["center"]
    _enter(page, center, scene.target.endpoints["function_key"])
    views = {"overview": ("", "Protected"), "disks": ("disks", f"{INSTANCES:,} disks")}
    loads = {name: [_load(page, center + path, shows) for _ in range(LOADS)] for name, (path, shows) in views.items()}
    frames = _scroll(page)
    return [
        *(
            Figure(
                name=f"{name}: from its address to what it shows of {INSTANCES:,} disks",
                value=median(times),
                unit="ms",
                at_most=INTERACTIVE_AT_MOST,
                note=f"worst {max(times):.0f}",
            )
            for name, times in loads.items()
        ),
        Figure(name="longest frame while the list scrolls", value=max(frames), unit="ms", at_most=FRAME_AT_MOST),
        Figure(name="frames while it scrolls", value=len(frames), note=f"median {median(frames):.0f} ms"),
    ]


def _enter(page: Page, center: str, key: str) -> None:
    page.goto(center)
    page.get_by_role("textbox").fill(key)
    page.keyboard.press("Enter")
    page.get_by_role("navigation").wait_for()


def _load(page: Page, address: str, shows: str) -> float:
    """Milliseconds from the navigation's start until `shows` can be read."""
    page.goto("about:blank")
    page.goto(address, wait_until="commit")
    page.get_by_text(shows).first.wait_for()
    return float(page.evaluate("performance.now()"))


def _scroll(page: Page) -> list[float]:
    """Milliseconds of each frame while the wheel turns over the list of disks, which is shown."""
    page.mouse.move(600, 500)
    page.evaluate(_COUNT_FRAMES)
    for _ in range(_TURNS):
        page.mouse.wheel(0, _WHEEL)
        page.wait_for_timeout(30)
    return [float(frame) for frame in page.evaluate("window.frames")]
