"""JSON that nests without end: whoever sent it, each reader refuses it as it refuses any other nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast, get_args

import azure.functions as func
import pytest

from backup_core.adapters.open_id import read_document
from backup_core.domain.errors import CloudUnavailable, MessageMalformed
from backup_core.domain.messages import VERSION, Knock, Sendable, decode
from backup_core.domain.resource_event import read_message
from backup_core.settings import SettingsInvalid, SignIn
from backup_core.triggers.admin import admin_blueprint
from tests.serving import Told, serving
from tests.workflows.platform import Platform

DEEP = "[" * 100_000 + "]" * 100_000
# Of some depths one reader is not afraid and the next one is: what is read is also shown, compared and walked through.
DEPTHS = ["[" * levels + "]" * levels for levels in (40, 300, *range(880, 1000, 3), 5_000, 100_000)]


class Services:
    def ports(self) -> Any:
        return Platform().world.ports

    def observe(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function


@pytest.mark.parametrize(
    "body", [DEEP, f'{{"snapshotResourceGroups": {DEEP}}}', f'{{"snapshotResourceGroups": [{DEEP}]}}']
)
def test_the_rebuild_refuses_it(body: str) -> None:
    app = func.FunctionApp()
    app.register_functions(admin_blueprint(cast("Any", Services())))
    (rebuild,) = (each.get_user_function() for each in app.get_functions())
    answer = rebuild(func.HttpRequest("POST", "/diskbackup/catalogue/rebuild", body=body.encode()))
    assert (answer.status_code, json.loads(answer.get_body())["error"]["code"]) == (400, "BadRequest")


@pytest.mark.parametrize("kind", get_args(Sendable))
def test_a_message_of_it_is_malformed(kind: type[Sendable]) -> None:
    known = f'"kind": "{kind.kind}", "version": {VERSION}'
    for deep in DEPTHS:
        of_vault = f'{{{known}, "vault": {deep}, "job_id": {deep}, "resource_id": {deep}, "began_at": {deep}}}'
        for text in (deep, f'{{"version": {deep}}}', f'{{"kind": {deep}}}', of_vault):
            if kind is Knock and text == of_vault:
                continue  # of which nothing more is read
            with pytest.raises(MessageMalformed):
                decode(text, [kind])


def test_an_event_of_it_tells_nothing() -> None:
    assert read_message(DEEP) is None
    assert read_message(f'{{"eventType": "Microsoft.Resources.ResourceWriteSuccess", "data": {DEEP}}}') is None


def test_a_setting_of_it_is_told() -> None:
    with pytest.raises(SettingsInvalid, match="DISKBACKUP_ACCESS_SCOPES is not JSON"):
        SignIn.from_env({"DISKBACKUP_ACCESS_SCOPES": DEEP})


def test_a_sign_in_service_that_publishes_it_is_not_believed() -> None:
    with serving(lambda _: Told(body=DEEP.encode())) as url, pytest.raises(CloudUnavailable):
        read_document(f"{url}/keys")
