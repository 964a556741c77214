"""The Backup Center in a real browser, at a real local target. Where there is none, that is said loudly.

Everything here ends with the last test of this package: while Playwright runs, nothing else in this process can run an
event loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping

import pytest
from playwright.sync_api import Browser, sync_playwright

from infra import center as built
from infra.local.up import LocalTarget
from tests.browser import chromium
from tests.browser.scene import Scene, play
from tests.browser.window import Window
from tests.e2e.targets import started

Opened = Callable[..., Window]
FAILED = pytest.StashKey[bool]()  # whether a test failed: then it is photographed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.local_target)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    missing = None if chromium.executable() else "this machine has no Chromium (Debian: apt-get install chromium)"
    if not (built.PACKED / f"{built.INDEX}.gz").is_file():
        missing = "the page is not built: make dashboard"
    if missing and chromium.is_required():
        pytest.fail(f"browser tests are required here, and {missing}")
    if missing:
        pytest.skip(missing)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium.executable(), args=list(chromium.ARGUMENTS), headless=True
        )
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def target(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    """After the browser: where there is none, nothing else is started."""
    with started(tmp_path_factory.mktemp("center")) as running:
        yield running


@pytest.fixture(scope="package")
def scene(target: LocalTarget) -> Scene:
    return play(target)


@pytest.fixture(scope="package")
def signed_in(browser: Browser, target: LocalTarget) -> Callable[[str], Mapping[str, str]]:
    """What a tab keeps of a sign-in of each role, which happens by a click, once."""
    kept: dict[str, Mapping[str, str]] = {}

    def of(role: str) -> Mapping[str, str]:
        if role not in kept:
            window = Window(browser, target.endpoints["center"])
            window.sign_in(role)
            kept[role] = window.kept()
            window.close()
        return kept[role]

    return of


@pytest.fixture
def open_window(
    browser: Browser,
    target: LocalTarget,
    signed_in: Callable[[str], Mapping[str, str]],
    request: pytest.FixtureRequest,
) -> Iterator[Opened]:
    """`open_window("operator")`: a new tab in which somebody is signed in, or nobody. Its faults are the test's."""
    windows: list[Window] = []

    def opened(role: str | None = "operator", **context: object) -> Window:
        window = Window(browser, target.endpoints["center"], **context)
        windows.append(window)
        if role is not None:
            window.be_signed_in(signed_in(role))
        return window

    yield opened
    if request.node.stash.get(FAILED, False):
        for number, window in enumerate(windows):
            window.screenshot(f"failed-{re.sub(r'[^a-zA-Z0-9]+', '-', request.node.name)}-{number}")
    faults = [fault for window in windows for fault in window.unexcused()]
    for window in windows:
        window.close()
    assert faults == []
