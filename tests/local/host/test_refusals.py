"""What the host refuses at load though the Python library accepts it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.host.refusals import HostPlan, plan
from infra.local.host.settings import AppSettings, HostOptions, StartupRefused
from infra.local.host.worker import Function

STORAGE = "AccountName=a;AccountKey=a2V5;BlobEndpoint=http://b/a;QueueEndpoint=http://q/a"


def http(name: str, *, route: str | None = None, methods: tuple[str, ...] = ()) -> Function:
    trigger = {"type": "httpTrigger", "name": "req", "direction": "IN", "methods": methods, "route": route}
    return Function(name=name, id=name, bindings=(trigger, {"type": "http", "name": "$return", "direction": "OUT"}))


def triggered(name: str, kind: str, **fields: Any) -> Function:
    return Function(name=name, id=name, bindings=({"type": kind, "name": "x", "direction": "IN", **fields},))


def planned(*functions: Function, env: dict[str, str] | None = None, **options: Any) -> HostPlan:
    settings = AppSettings({"AzureWebJobsStorage": STORAGE} | (env or {}))
    return plan(functions, HostOptions(**{"has_bundle": True} | options), settings)


def refusal(*functions: Function, **more: Any) -> str:
    """What keeps the host from starting."""
    with pytest.raises(StartupRefused) as refused:
        planned(*functions, **more)
    return str(refused.value)


def error(*functions: Function, **more: Any) -> str:
    """What the host says of the last of `functions`, which it leaves out while it serves the others."""
    good = http("good", route="good")
    made = planned(good, *functions, **more)
    assert functions[-1].name.lower() not in made.functions
    assert made.routes[-1].function == "good" or made.functions["good"]
    (text,) = [text for text in made.errors if f"The '{functions[-1].name}' function is in error" in text]
    return text


def queue(name: str = "queue", **fields: Any) -> Function:
    return triggered("f", "queueTrigger", queueName=name, **fields)


@pytest.mark.parametrize(
    ("function", "setting", "said"),
    [
        *(
            (http(name), {}, "not a valid function name")
            for name in ("1st", "host", "Host", "with space", "a" * 129, "ü")
        ),
        *(
            (http("f", route=route), {"route_prefix": "api"}, "conflicts with one or more built in routes")
            for route in ("admin/x", "/Administration", "runtime", "runtimes")
        ),
        (http("f", route="a/{b"), {}, "is not a route template"),
        (triggered("f", "carrierPigeonTrigger"), {}, "were not found in the configured extension bundle"),
        (queue(), {"has_bundle": False}, "not registered"),
        *(
            (queue(name), {}, "not a valid queue name")
            for name in ("x", "under_score", "double--dash", "-start", "a" * 64)
        ),
        (queue(connection="Other"), {}, "connection string 'Other' does not exist"),
        (queue(connection="Other"), {"env": {"Other__accountName": "a"}}, "identity connections"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_function_that_is_left_out_says_why(function: Function, setting: dict[str, Any], said: str) -> None:
    assert said in error(function, **setting)


def test_the_same_route_with_overlapping_methods_names_the_other_function() -> None:
    message = error(http("a", route="x/{id}", methods=("GET", "PUT")), http("b", route="/X/{id}/", methods=("PUT",)))
    assert "The route specified conflicts with the route defined by function 'a'." in message


def test_the_same_route_with_other_methods_is_fine() -> None:
    assert len(planned(http("a", route="x", methods=("GET",)), http("b", route="x", methods=("PUT",))).routes) == 2


def test_a_binding_type_that_azure_knows_and_this_host_does_not_imitate() -> None:
    assert "does not imitate the binding type 'blobTrigger'" in refusal(triggered("f", "blobTrigger"))


def test_a_setting_that_does_not_resolve_and_a_bad_schedule_leave_the_rest_to_be_served() -> None:
    made = planned(
        triggered("a", "timerTrigger", schedule="%WHEN%"),
        triggered("b", "timerTrigger", schedule="sometimes"),
        triggered("c", "timerTrigger", schedule="0 * * * * *"),
    )
    assert [timer.function.name for timer in made.timers] == ["c"]
    assert "'%WHEN%' does not resolve to a value." in made.errors[0]
    assert "The schedule expression 'sometimes' was not recognized" in made.errors[1]


def test_queue_names_are_resolved_and_lower_cased() -> None:
    made = planned(triggered("f", "queueTrigger", queueName="%Q%"), env={"Q": "MyQueue"})
    assert made.queues[0].queue == "myqueue"


def test_an_unknown_time_zone() -> None:
    assert "'Mars/Olympus' (WEBSITE_TIME_ZONE, TZ) is unknown" in refusal(env={"WEBSITE_TIME_ZONE": "Mars/Olympus"})


def test_a_disabled_function_has_no_timer_but_its_route_stays() -> None:
    made = planned(
        triggered("tick", "timerTrigger", schedule="0 * * * * *"),
        http("page"),
        env={"AzureWebJobs.tick.Disabled": "1", "AzureWebJobs.page.Disabled": "1"},
    )
    assert (made.timers, [route.function for route in made.routes]) == ((), ["page"])


def test_functions_that_host_json_does_not_list_are_left_out() -> None:
    assert list(planned(http("a"), http("b"), allow_list=frozenset({"b"})).functions) == ["b"]


def test_what_cannot_be_imitated_is_said() -> None:
    function = triggered("tick", "timerTrigger", schedule="0 * * * * *")
    retried = Function(name="again", id="2", bindings=function.bindings, retries=True, is_async=True)
    warnings = " ".join(planned(retried).warnings)
    assert "again: retry policies are not imitated" in warnings
    assert "again: is async" in warnings
    assert "functionTimeout" in warnings


def test_the_hosts_own_page_is_there_unless_it_is_switched_off() -> None:
    assert planned(http("f")).has_home_page
    assert not planned(http("f"), env={"AzureWebJobsDisableHomepage": "true"}).has_home_page
