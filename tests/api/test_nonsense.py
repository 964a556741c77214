"""Whatever JSON is sent to whatever takes a body: a 4xx with ARM's error, or an answer; never a 5xx."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.bodies import (
    INSTANCE_PATH,
    POLICY_PATH,
    VAULT_PATH,
    backup_body,
    instance_body,
    policy_body,
    restore_body,
    vault_body,
)
from tests.api.front import Front
from tests.builders import disk_json
from tests.workflows.platform import Platform

SOUND = {
    f"PUT {VAULT_PATH}": vault_body(),
    f"PATCH {VAULT_PATH}": vault_body(),
    f"PUT {POLICY_PATH}": policy_body(tags={"Daily": ("FirstOfDay", "P14D")}),
    f"PUT {INSTANCE_PATH}": instance_body(),
    f"POST {INSTANCE_PATH}/backup": backup_body(tag="Default"),
    f"POST {INSTANCE_PATH}/restore": restore_body("0" * 32, targetDisk={"sku": "Premium_LRS", "sizeGB": 8}),
}
NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in pairs for place in places(inner, (*path, key)))]


def with_nonsense(value: Any, path: tuple[Any, ...], nonsense: Any) -> Any:
    if not path:
        return nonsense
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_nonsense(value[path[0]], path[1:], nonsense)
    return copy


@pytest.fixture(scope="module")
def busy_front() -> Front:
    platform = Platform()
    platform.world.cloud.add_disk(disk_json())
    front = Front(platform.world)
    front.put(POLICY_PATH, policy_body())
    front.put(INSTANCE_PATH, instance_body())
    platform.run(seconds=2)
    return front


@pytest.mark.parametrize("request_line", SOUND)
@settings(max_examples=60, deadline=None)
@given(choice=st.data())
def test_nonsense_in_any_place_is_refused_or_taken_but_never_a_fault_of_ours(
    busy_front: Front, request_line: str, choice: st.DataObject
) -> None:
    method, path = request_line.split(" ")
    sound = SOUND[request_line]
    body = with_nonsense(sound, choice.draw(st.sampled_from(places(sound))), choice.draw(NONSENSE))
    reply = busy_front.send(method, path, body)
    assert reply.status < 500, reply.text
    assert reply.status < 300 or reply.error["code"]
