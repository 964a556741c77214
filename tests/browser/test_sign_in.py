"""Who opens the Backup Center: signs in by a click, is led back to where they wanted, and can leave."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import requests
from playwright.sync_api import expect

from infra import center as built
from tests.browser.conftest import Opened
from tests.browser.scene import Scene

FIRST_LOAD_BYTES = 250_000


@pytest.mark.parametrize("role", ["contributor", "operator", "reader"])
def test_a_click_signs_in_as_each_role_and_leads_back_to_the_page_that_was_asked_for(
    role: str, open_window: Opened
) -> None:
    window = open_window(None)
    window.sign_in(role, "disks?search=data")
    assert window.page.url.startswith(f"{window.center}disks?search=data")
    expect(window.page.get_by_role("banner")).to_contain_text(role.capitalize())


def test_before_anybody_signed_in_nothing_is_asked_of_the_api(open_window: Opened) -> None:
    window = open_window(None)
    window.page.goto(window.center)
    window.page.get_by_role("link", name="Reader").wait_for()
    assert window.asked() == []


def test_tokens_are_gone_with_the_tab(open_window: Opened) -> None:
    window = open_window("operator")
    window.go()
    assert window.page.evaluate("localStorage.length === 0 || !JSON.stringify(localStorage).includes('msal')")
    assert not [cookie for cookie in window.page.context.cookies() if "msal" in cookie["name"]]


def test_the_back_button_leads_through_the_views(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.go()
    window.frame.get_by_role("link", name="Disks").click()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Disks")
    window.page.go_back()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_the_first_load_is_small(open_window: Opened, scene: Scene) -> None:
    """All scripts that came before the overview showed something, as they were sent."""
    window = open_window("operator")
    sizes: dict[str, int] = {}
    window.go()
    for request in window.requests:
        if request.url.startswith(f"{window.center}assets/") and request.url.endswith(".js"):
            answer = requests.get(request.url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=90)
            assert answer.headers["Content-Encoding"] == "gzip"
            sizes[Path(request.url).name] = len(answer.raw.read(decode_content=False))
    assert sizes
    assert sum(sizes.values()) <= FIRST_LOAD_BYTES, sizes


def test_what_is_served_is_what_was_built(open_window: Opened) -> None:
    window = open_window(None)
    page = requests.get(window.center, timeout=90)
    assert page.content == gzip.decompress((built.PACKED / "index.html.gz").read_bytes())
