"""What people do day by day, from the page to the tables and back: policies, alerts, the report, rules by tag."""

from __future__ import annotations

import csv
import io
import re

from azure.mgmt.dataprotection import models
from playwright.sync_api import expect

from infra.local.demo import wanted
from infra.local.demo.clients import GROUP, VAULT, job_of, json_of
from tests.browser.conftest import Opened
from tests.browser.scene import PROTECTED, Scene
from tests.e2e.stage import until


def test_a_policy_tells_what_a_change_means_and_is_saved_as_it_was_typed(open_window: Opened, scene: Scene) -> None:
    window = open_window("contributor")
    page = window.page
    window.go(f"policy{scene.vault_id}/backupPolicies/hourly")
    page.get_by_label("Keep each recovery point for", exact=True).fill("3")
    change = page.get_by_role("region", name="What this change means for its disks")
    expect(change).to_contain_text("Recovery points to come are kept for less long")
    assert int(change.get_by_role("table").get_attribute("aria-rowcount") or 0) >= PROTECTED + 1
    window.screenshot("policy-change")
    page.get_by_role("button", name="Take back what was typed").click()
    expect(page.get_by_label("Keep each recovery point for", exact=True)).to_have_value("7")
    expect(change).to_have_count(0)

    window.excused = "status of 404"  # a policy that is not made yet is asked for
    window.go("policies")
    page.get_by_role("button", name="New policy").click()
    page.get_by_role("textbox", name="Name").fill("every-two-hours")
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Back up every", exact=True).fill("2")
    page.get_by_label("Keep each recovery point for", exact=True).fill("5")
    expect(page.get_by_role("heading", name="What this change means")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    made = json_of(scene.clients.backup.backup_policies.get(GROUP, VAULT, "every-two-hours").properties)
    assert re.search(r"/PT2H$", _rule(made, "AzureBackupRule")["trigger"]["schedule"]["repeatingTimeIntervals"][0])
    assert _rule(made, "AzureRetentionRule")["lifecycles"][0]["deleteAfter"]["duration"] == "P5D"


def _rule(policy: dict, kind: str) -> dict:  # type: ignore[type-arg]
    return next(rule for rule in policy["policyRules"] if rule["objectType"] == kind)


def test_a_backup_that_failed_is_an_alert_that_somebody_takes(open_window: Opened, scene: Scene) -> None:
    name = scene.protected[-1]["name"]
    scene.clients.control(
        "POST",
        "faults",
        {"kind": "fail_late", "path": f"snapshots/bk-{name}", "method": "PUT", "count": 1, "code": "InvalidParameter"},
    )
    body = models.TriggerBackupRequest(wanted.on_demand())
    failed = job_of(scene.clients.backup.backup_instances.begin_adhoc_backup(GROUP, VAULT, name, body))
    until(lambda: _status(scene, failed), lambda status: status == "Failed", seconds=90)

    window = open_window("operator")
    page = window.page
    window.go("alerts")
    alert = page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))
    expect(alert).to_contain_text("InvalidParameter")
    window.screenshot("alert-active")
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_contain_text("looks after it since")
    page.reload()
    window.settle()
    expect(alert).to_contain_text("looks after it since")
    alert.get_by_role("link", name="The job that it is about").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Backup of {name}")
    expect(page.get_by_role("main")).to_contain_text("InvalidParameter")


def _status(scene: Scene, job_id: str) -> str:
    return next((str(job["status"]) for job in scene.clients.jobs() if job["id"] == job_id), "")


def test_the_report_is_saved_with_a_line_for_each_disk(open_window: Opened, scene: Scene) -> None:
    window = open_window("reader")
    window.go("compliance")
    with window.page.expect_download() as download:
        window.page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8"))))
    assert {scene.instance_id(disk).lower() for disk in scene.protected} <= {
        row["backupInstanceId"].lower() for row in rows
    }
    assert download.value.suggested_filename.endswith(".csv")


def test_a_rule_says_what_it_would_do_and_does_nothing(open_window: Opened, scene: Scene) -> None:
    protected = {disk["id"].lower() for disk in scene.protected}
    free = next(disk for disk in scene.disks if disk.get("tags") and disk["id"].lower() not in protected)
    tag, value = next(iter(free["tags"].items()))
    before = set(scene.clients.instances())
    rule = {
        "scope": free["id"].partition("/providers/")[0],
        "tagConditions": [{"name": tag, "values": [value]}],
        "policyId": f"{scene.vault_id}/backupPolicies/hourly",
        "snapshotResourceGroupId": json_of(
            scene.clients.backup.backup_instances.get(GROUP, VAULT, scene.protected[0]["name"]).properties
        )["policyInfo"]["policyParameters"]["dataStoreParametersList"][0]["resourceGroupId"],
        "priority": 100,
        "enabled": False,
    }
    scene.clients.put(f"{scene.vault_id}/protectionRules/by-tag", {"properties": rule}, version="2026-06-01")
    window = open_window("operator")
    window.go("protect")
    shown = window.page.get_by_role("region", name="by-tag (off)")
    shown.get_by_role("button", name="What would it do now?").click()
    expect(shown).to_contain_text(re.compile(r"\d+ disks? would change"))
    expect(shown.get_by_role("listitem").filter(has_text=free["name"])).to_contain_text("would be protected")
    window.screenshot("rule-dry-run")
    assert set(scene.clients.instances()) == before
