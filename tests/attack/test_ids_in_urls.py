"""A name in a URL stands for more than its path: what it stands for is held, whatever the route, method and role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from backup_core.api.endpoints import Route
from backup_core.api.linked import IN_THE_PATH, STANDS_FOR
from backup_core.api.operation_ids import Operation, encode
from backup_core.api.routes import ROUTES
from backup_core.domain.alert import Alert
from backup_core.domain.job import Job, JobOperation
from backup_core.domain.recovery_point import RecoveryPoint
from backup_core.domain.resource_ids import VaultKey
from backup_core.ports import Insert, every
from tests.api.bodies import RULE_PATH, VAULT_PATH, restore_body, rule_body
from tests.api.standing import WORKING, filled
from tests.api.tenant import CONTRIBUTOR
from tests.attack.closed import (
    CLOSED_DISK,
    CLOSED_VAULT,
    ROLES,
    SECRET_INSTANCE,
    AttackedFront,
    as_somebody_else,
    attacked,
    somebody_else,
)
from tests.builders import VAULT
from tests.cases import every_case

CODE = "LinkedAuthorizationFailed"
ENDPOINTS = [(route, method) for route in ROUTES for method in route.endpoints if not route.is_anonymous]
STANDING_FOR_MORE = [
    each for each in ENDPOINTS if re.search(r"\{(instance|job|operation|point)\}", each[0].template)
]  # what `secret_names` names
OF_A_VAULT = [each for each in ENDPOINTS if "{vault}" in each[0].template and "deletedVaults" not in each[0].template]


@pytest.fixture(scope="module")
def front() -> Iterator[AttackedFront]:
    front = AttackedFront()
    yield front
    assert front.altered == []


def secret_names() -> dict[str, str]:
    """What is called so in the URLs belongs to the closed disk that is protected from the open vault."""
    ports = attacked().ports
    (backup,) = [
        stored.value
        for stored in every(ports, Job, VAULT)
        if stored.value.disk_id == CLOSED_DISK and stored.value.operation is JobOperation.BACKUP
    ]
    (point,) = [stored.value for stored in every(ports, RecoveryPoint, VAULT, "secret-instance")]
    return {
        "instance": "secret-instance",
        "job": backup.job_id,
        "operation": encode(Operation(vault=VAULT, job_id=backup.job_id)),
        "point": point.point_id,
    }


def body_for(route: Route, method: str) -> Any:
    name = route.endpoints[method].body
    return WORKING.get(name, {}) if name else None


def test_each_word_of_a_route_is_held_or_lies_in_its_path() -> None:
    """Whoever adds a word to a route says what it stands for."""
    words = {word for route in ROUTES for word in re.findall(r"\{\*?(\w+)\}", route.template)}
    assert words == STANDS_FOR.keys() | IN_THE_PATH
    assert not STANDS_FOR.keys() & IN_THE_PATH


@every_case(("route", "method"), STANDING_FOR_MORE)
@every_case("role", ROLES)
def test_nothing_can_be_done_with_what_stands_for_something_closed(
    front: AttackedFront, route: Route, method: str, role: str
) -> None:
    names = {word: name for word, name in secret_names().items() if f"{{{word}}}" in route.template}
    reply = front.attack(method, f"/{filled(route.template, **names)}", body_for(route, method), role=role)
    assert reply.status in (403, 404), reply.text
    assert CLOSED_DISK not in reply.text
    if "instance" in names and "point" not in names and role == CONTRIBUTOR:
        assert reply.error["code"] == CODE or reply.status == 404


@every_case(("route", "method"), OF_A_VAULT)
@every_case("role", ROLES)
def test_a_closed_vault_is_closed_on_every_route(front: AttackedFront, route: Route, method: str, role: str) -> None:
    for vault in (CLOSED_VAULT.rpartition("/")[2], CLOSED_VAULT.rpartition("/")[2].upper()):
        reply = front.attack(method, f"/{filled(route.template, vault=vault)}", body_for(route, method), role=role)
        assert (reply.status, reply.error["code"]) == (403, "AuthorizationFailed")


@pytest.mark.parametrize("name", ["secret-instance", "SECRET-INSTANCE", "Secret-Instance"])
def test_data_of_a_closed_disk_cannot_be_restored_to_where_the_attacker_may(front: AttackedFront, name: str) -> None:
    path = f"{VAULT_PATH}/backupInstances/{name}"
    point = secret_names()["point"]
    for body in (restore_body("latest"), restore_body(point)):
        for role in ROLES:
            assert front.attack("POST", f"{path}/restore", body, role=role).status == 403
            question = {"restoreRequestObject": body}
            assert front.attack("POST", f"{path}/validateRestore", question, role=role).status == 403


def test_a_point_is_an_instances_own(front: AttackedFront) -> None:
    """The id of a closed disk's point, asked for by way of an open instance."""
    reply = front.attack(
        "POST", f"{VAULT_PATH}/backupInstances/instance-1/restore", restore_body(secret_names()["point"])
    )
    assert reply.status == 404


def test_a_policy_of_another_vault_is_refused(front: AttackedFront) -> None:
    rule = rule_body(policyId=f"{CLOSED_VAULT}/backupPolicies/secret-policy")
    assert front.attack("PUT", RULE_PATH, rule).status == 403


def test_an_operation_of_a_closed_vault_is_not_found_by_any_route(front: AttackedFront) -> None:
    subscription, group = CLOSED_VAULT.split("/")[2], CLOSED_VAULT.split("/")[4]
    vault = VaultKey(subscription=subscription, group=group, name=CLOSED_VAULT.rpartition("/")[2])
    job = next(iter(every(attacked().ports, Job, vault))).value
    for named in (
        encode(Operation(vault=vault, job_id=job.job_id)),
        encode(Operation(vault=vault, job_id=job.job_id[::-1])),
    ):
        for route in ROUTES:
            if "{operation}" in route.template and "export" not in route.name.lower():
                reply = front.attack("GET", f"/{filled(route.template, operation=named)}")
                assert reply.status == 404, route.name


def test_an_alert_of_a_closed_disk_is_not_the_attackers_to_acknowledge() -> None:
    front = AttackedFront()
    assert front.services is not None
    alert = Alert(
        alert_id="0" * 32,
        instance_name="secret-instance",
        cause="RpoBreached",
        severity="Sev2",
        fired_type="DiskBackup.Rpo.Breached",
        raised_at=attacked().clock.now(),
        told_at=attacked().clock.now(),
        disk_id=CLOSED_DISK,
    )
    front.world.ports.store.commit(VAULT, [Insert(alert)])
    for method, end in (("GET", ""), ("POST", "/acknowledge")):
        reply = front.attack(method, f"{VAULT_PATH}/backupAlerts/{alert.alert_id}{end}")
        assert reply.error["code"] == CODE
    assert alert.alert_id not in front.attack("GET", f"{VAULT_PATH}/backupAlerts").text


def test_somebody_else_may_do_all_of_it() -> None:
    """The tests above refuse the attacker, not everybody."""
    front, headers = somebody_else(attacked()), as_somebody_else()
    for path in (SECRET_INSTANCE, CLOSED_VAULT, f"{VAULT_PATH}/backupJobs/{secret_names()['job']}"):
        assert front.get(path, headers=headers).status == 200
    assert CLOSED_DISK in front.get(f"{VAULT_PATH}/backupInstances", headers=headers).text
