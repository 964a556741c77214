"""What the API says is text, whatever it holds: names, tags and errors with markup in them are read, never run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Opened
from tests.browser.scene import Scene
from tests.browser.test_every_view import REFUSED, VIEWS
from tests.browser.window import Window

# Without a slash, which would end a part of an id.
MARKUP = '<img src=x onerror="window.ran=1"><svg onload="window.ran=1"><b id=marked>{{7*7}}'
# Texts that people or Azure choose. Ids stay, for what hangs together hangs by them.
CHOSEN = frozenset(
    {
        "friendlyName",
        "backupInstanceFriendlyName",
        "displayName",
        "message",
        "reason",
        "resourceName",
        "dataSourceName",
        "diskName",
        "objectName",
        "retentionTagName",
        "recommendedAction",
        "sku",
    }
)


# The overview knows disks by their ids alone.
CHOSEN_THERE = {"": CHOSEN | {"backupInstanceId", "id", "diskId"}, "policies": CHOSEN | {"name"}}
# In this scene no alert is active; of a policy the view shows numbers, and asks the API what the marked one would do.
SHOW_NONE = ("alerts", "policy/*")


def marked(value: Any, chosen: frozenset[str], name: str = "") -> Any:
    """An answer whose texts hold markup, and whose every resource bears a tag that does."""
    if isinstance(value, dict):
        found = {key: marked(each, chosen, key) for key, each in value.items()}
        return {**found, "tags": {f"<i>{MARKUP}": MARKUP}} if isinstance(value.get("tags"), dict) else found
    if isinstance(value, list):
        return [marked(each, chosen, name) for each in value]
    return f"{value} {MARKUP}" if isinstance(value, str) and name in chosen else value


def putting_markup_in(chosen: frozenset[str]) -> Callable[[Route], None]:
    def put(route: Route) -> None:
        answer = route.fetch()
        body = answer.text()
        route.fulfill(response=answer, body=json.dumps(marked(json.loads(body), chosen)) if body else body)

    return put


def assert_nothing_ran(window: Window) -> None:
    assert window.page.evaluate("window.ran") is None
    assert window.page.locator("#marked, img[src=x], main script").count() == 0


@pytest.mark.parametrize("path", VIEWS)
def test_markup_in_what_the_api_says_is_shown_as_text(path: str, open_window: Opened, scene: Scene) -> None:
    address, _ = VIEWS[path]
    window = open_window("contributor")
    window.excused = "status of 400" if path == "policy/*" else REFUSED.get(path, window.excused)
    window.answer_with(putting_markup_in(CHOSEN_THERE.get(path, CHOSEN)))
    window.go(address(scene))
    if path not in SHOW_NONE:
        expect(window.page.get_by_text("window.ran=1").first).to_be_attached()
    window.screenshot(f"markup-{path.split('/')[0] or 'overview'}", full=True)
    assert_nothing_ran(window)


def test_markup_in_an_error_is_shown_as_text(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.excused = "Failed to load resource"
    fault = {"code": MARKUP, "message": MARKUP, "target": MARKUP}
    told = {
        "error": {
            **fault,
            "details": [fault],
            "additionalInfo": [{"type": "x", "info": {"recommendedAction": [MARKUP]}}],
        }
    }
    window.answer_with(lambda route: route.fulfill(status=409, content_type="application/json", body=json.dumps(told)))
    window.page.goto(window.center)
    expect(window.page.get_by_role("alert").first).to_contain_text(MARKUP)
    assert_nothing_ran(window)


def test_markup_in_an_address_is_shown_as_text(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.excused = "Failed to load resource"
    for path in (f"disk/{MARKUP}", f"nowhere/{MARKUP}", f"disks?search={MARKUP}", f"#{MARKUP}"):
        window.page.goto(window.center + path)
        window.settle()
        assert_nothing_ran(window)
