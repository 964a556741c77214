"""Back up and restore in the browser, to the new disk in Azure; once by the keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Opened
from tests.browser.scene import Scene

REFUSED = "status of 400"  # what the form looks up before a group is named in which the app may make disks


def test_a_backup_on_demand_is_followed_until_its_point_is_there(open_window: Opened, scene: Scene) -> None:
    disk = scene.protected[-1]
    before = len(scene.clients.points(disk["name"]))
    window = open_window("operator")
    page = window.page
    window.go(f"disk{scene.instance_id(disk)}")
    page.get_by_role("button", name="Back up now").click()
    page.get_by_role("dialog").get_by_role("button", name="Back up now").click()
    followed = page.get_by_role("region", name="Backup on demand")
    expect(followed).to_contain_text("Completed")
    expect(page.get_by_role("region", name="The chosen recovery point")).to_contain_text("now")
    expect(page.get_by_text("There is no recovery point")).to_have_count(0)
    window.screenshot("disk-backed-up")
    assert len(scene.clients.points(disk["name"])) == before + 1


def test_a_disk_is_restored_by_keyboard_alone(open_window: Opened, scene: Scene) -> None:
    disk = scene.protected[0]
    window = open_window("operator")
    window.excused = REFUSED
    keyboard = window.page.keyboard
    window.go("disks")
    window.tab_to("link", disk["name"])
    keyboard.press("Enter")
    expect(window.page.get_by_role("heading", level=1)).to_have_text(disk["name"])
    window.settle()
    window.tab_to("button", "Restore")
    keyboard.press("Enter")
    expect(window.page.get_by_role("heading", level=1)).to_have_text(f"Restore {disk['name']}")
    window.settle()
    window.tab_to("textbox", "Resource group")
    keyboard.press("ControlOrMeta+a")
    keyboard.type(f"restores-{disk['location']}")
    window.tab_to("textbox", "Name of the new disk")
    keyboard.press("ControlOrMeta+a")
    keyboard.type("by-keyboard")
    expect(window.page.get_by_text("This restore would work.")).to_be_visible()
    window.screenshot("restore-ready", full=True)
    window.tab_to("button", "Restore")
    keyboard.press("Enter")
    expect(window.page.get_by_text("The new disk is there")).to_be_visible()
    window.screenshot("restore-done", full=True)
    target = re.search(r"/subscriptions/[^\s]+/disks/by-keyboard", window.page.inner_text("main"))
    assert target is not None
    assert scene.clients.disk(target[0])["properties"]["diskState"] == "Unattached"


def test_disks_are_restored_together_to_one_moment(open_window: Opened, scene: Scene) -> None:
    first, second = scene.protected[:2]
    window = open_window("operator")
    page = window.page
    window.go("disks")
    for disk in (first, second):
        page.get_by_role("checkbox", name=f"Select {disk['name']}").check()
    page.get_by_role("toolbar").get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Restore several disks")
    window.settle()
    page.get_by_role("textbox", name="Resource group").fill(f"restores-{first['location']}")
    page.get_by_role("textbox", name="Each new disk's name ends with").fill("-together")
    page.get_by_role("button", name="Restore 2 disks").click()
    followed = page.get_by_role("region", name=re.compile("^Restore in "))
    expect(followed).to_contain_text("Completed")
    for disk in (first, second):
        expect(followed).to_contain_text(f"Restore {disk['name']}")
    window.screenshot("restore-together-done", full=True)


def test_each_fault_of_a_target_is_told_at_its_field_before_anything_starts(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.excused = REFUSED
    window.go(f"restore{scene.instance_id(scene.protected[0])}")
    jobs = len(scene.clients.jobs())
    window.page.get_by_role("textbox", name="Name of the new disk").fill("not a name!")
    field = window.page.get_by_role("textbox", name="Name of the new disk")
    expect(field).to_have_attribute("aria-invalid", "true")
    button = window.page.get_by_role("main").get_by_role("button", name="Restore", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    window.settle()
    assert len(scene.clients.jobs()) == jobs


def test_a_reader_is_offered_nothing_that_changes_anything(open_window: Opened, scene: Scene) -> None:
    window = open_window("reader")
    window.go("disks")
    expect(window.page.get_by_role("checkbox")).to_have_count(0)
    window.go(f"disk{scene.instance_id(scene.protected[0])}")
    expect(window.page.get_by_role("button", name=re.compile("Restore|Back up|Stop|Change"))).to_have_count(0)
    window.go(f"restore{scene.instance_id(scene.protected[0])}")
    expect(window.page.get_by_role("button", name="Restore")).to_have_count(0)


def test_a_copy_is_restored_in_its_region(open_window: Opened, scene: Scene) -> None:
    disk = scene.protected[1]
    scene.copy(disk, "northeurope")
    window = open_window("operator")
    window.excused = REFUSED
    page = window.page
    window.go(f"restore{scene.instance_id(disk)}")
    page.get_by_role("combobox", name="Region").select_option("northeurope")
    page.get_by_role("textbox", name="Resource group").fill("restores-northeurope")
    page.get_by_role("textbox", name="Name of the new disk").fill("from-its-copy")
    expect(page.get_by_text("This restore would work.")).to_be_visible()
    window.screenshot("restore-copy", full=True)
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_text("The new disk is there")).to_be_visible()
    target = re.search(r"/subscriptions/[^\s]+/disks/from-its-copy", page.inner_text("main"))
    assert target is not None
    assert scene.clients.disk(target[0])["location"] == "northeurope"

    window.go(f"restore-together?{scene.together}")  # of two disks, of which this one alone has a copy
    page.get_by_role("combobox", name="Region").select_option("northeurope")
    expect(page.get_by_text("1 disk has no copy in northeurope as old as that.")).to_be_visible()
    page.get_by_role("textbox", name="Resource group").fill("restores-northeurope")
    page.get_by_role("textbox", name="Each new disk's name ends with").fill("-from-copies")
    window.screenshot("restore-together-copies", full=True)
    page.get_by_role("button", name="Restore 1 disk").click()
    expect(page.get_by_role("region", name=re.compile("^Restore in "))).to_contain_text("Completed")
    made = target[0].replace("from-its-copy", f"{disk['name']}-from-copies")
    assert scene.clients.disk(made)["location"] == "northeurope"
