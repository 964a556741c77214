"""What an operator does who never saw the page: protects three disks, finds why one is at risk, restores another."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from infra.local.demo.clients import GROUP, VAULT, json_of
from tests.browser.conftest import Opened
from tests.browser.scene import Scene

CLICKS_AT_MOST = 25
THREE = ("portal01", "cluster-shared", "secret01-os")


def test_three_disks_protected_one_explained_another_restored_within_25_clicks(
    open_window: Opened, scene: Scene
) -> None:
    window = open_window("operator")
    window.excused = "status of 400"  # the restore's first look, before a group is named
    page = window.page
    window.go()

    def clicked(target: Locator) -> None:
        window.click(target)
        window.settle()

    clicked(window.frame.get_by_role("link", name="Protect"))
    for disk in THREE:
        window.click(page.get_by_role("checkbox", name=f"Select {disk}", exact=True))
    window.click(page.get_by_label("Resource group for snapshots"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("snapshots-westeurope")
    window.click(page.get_by_role("button", name="Protect 3 disks"))
    done = page.get_by_role("link", name="See the disks that are protected")
    expect(done).to_be_visible()
    instances = scene.clients.backup.backup_instances.list(GROUP, VAULT)
    assert set(THREE) <= {json_of(each.properties)["friendlyName"] for each in instances}

    clicked(done)
    clicked(page.get_by_role("link", name=THREE[0], exact=True))
    expect(page.get_by_role("main")).to_contain_text(re.compile("At risk.*There is no recovery point"))

    another = scene.protected[0]
    clicked(window.frame.get_by_role("link", name="Disks"))
    clicked(page.get_by_role("link", name=another["name"], exact=True))
    clicked(page.get_by_role("main").get_by_role("button", name="Restore", exact=True))
    window.click(page.get_by_role("textbox", name="Resource group"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(f"restores-{another['location']}")
    expect(page.get_by_text("This restore would work.")).to_be_visible()
    window.click(page.get_by_role("main").get_by_role("button", name="Restore", exact=True))
    expect(page.get_by_text("The new disk is there")).to_be_visible()
    assert window.clicks <= CLICKS_AT_MOST
