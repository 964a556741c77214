"""An API that is down, slow or refuses: said usefully, with the next step, and nothing is lost of what was there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Opened
from tests.browser.scene import Scene

NOISE = "Failed to load resource|ERR_FAILED"  # what the browser says of an answer that is none
SAYS = {
    401: "You are signed out",
    403: "Your role does not allow this",
    404: "It is not there",
    409: "Its present state does not allow this",
    429: "Too many requests",
    500: "Something went wrong",
    503: "Something went wrong",
}
MINUTE = 60_000


def refusal(status: int) -> Callable[[Route], None]:
    error = {"error": {"code": "Refused", "message": f"The API says {status}, and what to do."}}
    headers = {"Retry-After": "1"} if status == 429 else {}

    def answer(route: Route) -> None:
        route.fulfill(status=status, headers=headers, content_type="application/json", body=json.dumps(error))

    return answer


@pytest.mark.parametrize("view", ["", "disks"])
@pytest.mark.parametrize("status", SAYS)
def test_a_refusal_is_told_with_what_the_api_said_and_gone_once_the_api_answers(
    status: int, view: str, open_window: Opened, scene: Scene
) -> None:
    window = open_window("operator")
    window.excused = NOISE
    window.answer_with(refusal(status))
    window.page.goto(window.center + view)
    alert = window.page.get_by_role("alert").first
    expect(alert).to_contain_text(SAYS[status])
    expect(alert).to_contain_text(f"The API says {status}, and what to do.")
    assert window.axe_violations() == []
    window.answer_honestly()
    if status == 401:
        expect(alert.get_by_role("button", name="Sign in again")).to_be_visible()
        return
    alert.get_by_role("button", name="Try again").click()
    expect(window.page.get_by_text(scene.protected[0]["name"]).first).to_be_visible()
    expect(window.page.get_by_role("alert")).to_have_count(0)


def test_no_answer_at_all_is_told(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.excused = NOISE
    window.answer_with(lambda route: route.abort())
    window.page.goto(window.center)
    expect(window.page.get_by_role("alert").first).to_contain_text("The API does not answer")
    window.screenshot("overview-down")


def test_while_an_answer_takes_its_time_its_place_is_held(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    holds = True
    held: list[Route] = []
    window.answer_with(lambda route: held.append(route) if holds else route.continue_())
    window.page.goto(window.center + "disks")
    expect(window.page.get_by_label("Loading").first).to_be_visible()
    expect(window.page.get_by_role("heading", level=1)).to_have_text("Disks")
    holds = False
    for route in held:
        route.continue_()
    expect(window.page.get_by_role("link", name=scene.protected[0]["name"])).to_be_visible()


def test_what_was_read_before_stays_in_sight_and_is_said_to_be_old(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.excused = NOISE
    window.page.clock.install()
    window.go()
    window.answer_with(lambda route: route.abort())
    for _ in range(3):
        window.page.clock.run_for(MINUTE)
    expect(window.page.get_by_role("alert").first).to_contain_text("What you see is from before.")
    expect(window.page.get_by_role("link", name=scene.protected[0]["name"]).first).to_be_visible()
    window.screenshot("overview-stale")


@pytest.mark.parametrize("status", [401, 403, 409, 429, 500])
def test_nothing_that_was_typed_is_lost_when_a_restore_is_refused(
    status: int, open_window: Opened, scene: Scene
) -> None:
    disk = scene.protected[0]
    window = open_window("operator")
    window.excused = f"{NOISE}|status of 400"
    window.go(f"restore{scene.instance_id(disk)}")
    name = window.page.get_by_role("textbox", name="Name of the new disk")
    name.fill(f"kept-{status}")
    window.page.get_by_role("textbox", name="Resource group").fill(f"restores-{disk['location']}")
    expect(window.page.get_by_text("This restore would work.")).to_be_visible()
    window.answer_with(refusal(status), method="POST", path="/restore?")
    window.page.get_by_role("main").get_by_role("button", name="Restore", exact=True).click()
    expect(window.page.get_by_role("alert").first).to_contain_text(SAYS[status])
    expect(name).to_have_value(f"kept-{status}")
    window.page.reload()
    expect(name).to_have_value(f"kept-{status}")


def test_who_signs_in_again_is_led_back_to_what_they_typed(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.excused = f"{NOISE}|status of 400"
    window.go(f"restore{scene.instance_id(scene.protected[0])}")
    name = window.page.get_by_role("textbox", name="Name of the new disk")
    name.fill("kept-over-a-sign-in")
    window.answer_with(refusal(401))
    again = window.page.get_by_role("button", name="Sign in again").first
    expect(again).to_be_visible()
    window.answer_honestly()
    again.click()
    window.page.get_by_role("link", name="Operator").click()
    expect(name).to_have_value("kept-over-a-sign-in")


def test_an_idle_overview_asks_twice_a_minute_at_most(open_window: Opened, scene: Scene) -> None:
    window = open_window("operator")
    window.page.clock.install()
    window.go()
    window.settle()
    before = len(window.asked())
    for _ in range(5):
        window.page.clock.run_for(MINUTE)
        window.settle()
    asked = window.asked()[before:]
    assert 3 <= len(asked) <= 10, asked  # it lives, and is quiet
