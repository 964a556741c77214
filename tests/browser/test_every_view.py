"""Each view at the real local target: what it is called, that axe finds nothing in it by day and night, how it looks.

The screenshots lie in .local/browser, to be looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.scene import Scene
from tests.browser.window import Window

SOURCE = Path(__file__).resolve().parents[2] / "dashboard" / "src" / "app" / "views.ts"
# A view by its path in views.ts: where it is for this scene, and its heading.
VIEWS: Mapping[str, tuple[Callable[[Scene], str], str]] = {
    "": (lambda _: "", "Overview"),
    "disks": (lambda _: "disks", "Disks"),
    "disk/*": (lambda scene: f"disk{scene.instance_id(scene.protected[0])}", "{disk}"),
    "protect": (lambda _: "protect", "Protect disks"),
    "policies": (lambda _: "policies", "Policies"),
    "policy/*": (lambda scene: f"policy{scene.vault_id}/backupPolicies/hourly", "hourly"),
    "jobs": (lambda _: "jobs", "Jobs"),
    "job/*": (lambda scene: f"job{scene.backup_job}", "Backup of {disk}"),
    "alerts": (lambda _: "alerts", "Alerts"),
    "compliance": (lambda _: "compliance", "Compliance"),
    "audit": (lambda _: "audit", "Audit"),
    "restore-together": (lambda scene: f"restore-together?{scene.together}", "Restore several disks"),
    "restore/*": (lambda scene: f"restore{scene.instance_id(scene.protected[0])}", "Restore {disk}"),
}
# Where it looks at once whether the restore can be done, and says that the app has no role in the disk's own group.
REFUSED = {"restore/*": "status of 400"}
PHONE = {"width": 390, "height": 844}


def test_every_view_is_looked_at() -> None:
    assert set(re.findall(r'\{ path: "([^"]*)"', SOURCE.read_text())) == set(VIEWS)


def look_at(window: Window, path: str, scene: Scene) -> None:
    address, heading = VIEWS[path]
    window.excused = REFUSED.get(path, window.excused)
    window.go(address(scene))
    expect(window.page.get_by_role("heading", level=1)).to_have_text(heading.format(disk=scene.protected[0]["name"]))


def named(path: str) -> str:
    return path.split("/")[0] or "overview"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", VIEWS)
def test_axe_finds_nothing_by_day_and_by_night(path: str, scheme: str, open_window: Opened, scene: Scene) -> None:
    window = open_window("contributor", color_scheme=scheme)
    look_at(window, path, scene)
    window.screenshot(f"{named(path)}-{scheme}")
    assert window.axe_violations() == []


@pytest.mark.parametrize("path", VIEWS)
def test_nothing_is_cut_off_on_a_phone(path: str, open_window: Opened, scene: Scene) -> None:
    window = open_window("contributor", viewport=PHONE)
    look_at(window, path, scene)
    window.screenshot(f"{named(path)}-phone")
    assert window.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
