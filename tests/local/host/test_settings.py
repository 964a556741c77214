"""host.json, local.settings.json and app settings."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from infra.local.host.settings import (
    AppSettings,
    StartupRefused,
    Unresolved,
    apply_local_settings,
    host_id,
    parse_time_span,
    read_host_json,
)


def host_json(directory: Path, **content: object) -> Path:
    (directory / "host.json").write_text(json.dumps({"version": "2.0"} | content))
    return directory


def test_what_host_json_leaves_out_has_the_documented_default(tmp_path: Path) -> None:
    options = read_host_json(host_json(tmp_path))
    assert (options.route_prefix, options.has_bundle, options.allow_list) == ("api", False, None)
    assert options.function_timeout == timedelta(minutes=30)
    queues = options.queues
    assert (queues.batch_size, queues.max_dequeue_count, queues.visibility_timeout) == (16, 5, timedelta(0))
    assert (options.locks.period, options.locks.retry_interval) == (timedelta(minutes=1), timedelta(minutes=1))
    assert (queues.max_polling_interval, queues.base64) == (timedelta(minutes=1), True)


def test_in_development_polling_slows_down_to_two_seconds_only(tmp_path: Path) -> None:
    assert read_host_json(host_json(tmp_path), development=True).queues.max_polling_interval == timedelta(seconds=2)


def test_what_host_json_says_is_honoured(tmp_path: Path) -> None:
    queues = {"batchSize": 4, "newBatchThreshold": 0, "visibilityTimeout": "00:00:30", "messageEncoding": "none"}
    singleton = {"listenerLockPeriod": "00:00:15", "listenerLockRecoveryPollingInterval": "00:00:20"}
    extensions = {"http": {"routePrefix": ""}, "queues": queues}
    options = read_host_json(host_json(tmp_path, extensions=extensions, functionTimeout="-1", singleton=singleton))
    assert (options.locks.period, options.locks.retry_interval) == (timedelta(seconds=15), timedelta(seconds=20))
    assert (options.route_prefix, options.function_timeout) == ("", None)
    assert (options.queues.batch_size, options.queues.new_batch_threshold, options.queues.base64) == (4, 0, False)
    assert options.queues.visibility_timeout == timedelta(seconds=30)


def test_what_is_not_imitated_is_said(tmp_path: Path) -> None:
    app = host_json(
        tmp_path, concurrency={"dynamicConcurrencyEnabled": True}, extensions={"http": {"maxConcurrentRequests": 5}}
    )
    warnings = " ".join(read_host_json(app).warnings)
    assert "dynamic concurrency" in warnings
    assert "maxConcurrentRequests" in warnings


def test_comments_and_numbers_as_text_are_taken(tmp_path: Path) -> None:
    text = """{
      // the schema's version, in "quotes"
      "version": "2.0", /* and
      more */ "extensions": {"queues": {"batchSize": "4"}, "http": {"routePrefix": "a//b"}}
    }"""
    (tmp_path / "host.json").write_text(text)
    options = read_host_json(tmp_path)
    assert (options.queues.batch_size, options.route_prefix) == (4, "a//b")


@pytest.mark.parametrize(
    ("category", "level", "passes"),
    [
        ("Function.tick.User", logging.INFO, True),
        ("Function.tick", logging.INFO, False),
        ("Function.ticker.User", logging.INFO, False),
        ("Function.start_backup.User", logging.INFO, False),
        ("Function.start_backup.User", logging.WARNING, True),
        ("Host.Results", logging.INFO, False),
        ("host.results", logging.ERROR, True),
        ("Azure.Core.1", logging.WARNING, False),
        ("Azure.Core", logging.ERROR, True),
        ("Microsoft.Azure.WebJobs.Host.Queues.QueueProcessor", logging.WARNING, True),
    ],
)
def test_the_shipped_levels_let_through_what_fails_and_one_line_of_a_tick(category, level, passes) -> None:
    shipped = read_host_json(Path(__file__).resolve().parents[3])
    assert shipped.log_levels.let_through(category, level) is passes


def test_an_app_setting_overrides_a_level_of_host_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AzureFunctionsJobHost__logging__logLevel__Function", "Information")
    levels = read_host_json(host_json(tmp_path, logging={"logLevel": {"default": "Warning"}})).log_levels
    assert levels.let_through("Function.start_backup.User", logging.INFO)
    assert not levels.let_through("Host.Results", logging.INFO)


@pytest.mark.parametrize(
    "content",
    [
        {"version": "1.0"},
        {"version": 2.0},
        {"functionTimeout": "00:00:01"},
        {"extensions": {"http": {"routePrefix": "/api/"}}},
        {"logging": {"logLevel": {"default": "Chatty"}}},
        {"extensions": {"queues": {"batchSize": 33}}},
        {"extensions": {"queues": {"batchSize": 0}}},
        {"extensions": {"queues": {"maxDequeueCount": 0}}},
        {"extensions": {"queues": {"maxPollingInterval": "00:00:00.05"}}},
        {"extensions": {"queues": {"messageEncoding": "utf7"}}},
        {"extensions": {"queues": {"visibilityTimeout": "soon"}}},
        {"extensions": {"queues": 3}},
        {"functionTimeout": "ten minutes"},
        {"singleton": {"listenerLockPeriod": "00:00:10"}},
        {"singleton": {"listenerLockPeriod": "00:02:00"}},
        {"singleton": {"listenerLockRecoveryPollingInterval": "00:00:01"}},
    ],
)  # fmt: skip
def test_what_the_host_would_refuse_is_refused(tmp_path: Path, content: dict[str, object]) -> None:
    with pytest.raises(StartupRefused):
        read_host_json(host_json(tmp_path, **content))


def test_no_host_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StartupRefused, match=r"host\.json cannot be read"):
        read_host_json(tmp_path)


def settings_file(directory: Path, content: object) -> Path:
    path = directory / "local.settings.json"
    path.write_text(json.dumps(content))
    return path


def test_a_variable_that_is_set_wins_over_local_settings(tmp_path: Path) -> None:
    env = {"A": "set"}
    apply_local_settings(settings_file(tmp_path, {"IsEncrypted": False, "Values": {"A": "file", "B": "file"}}), env)
    assert env == {"A": "set", "B": "file"}


@pytest.mark.parametrize("content", [{"Values": {}}, {"IsEncrypted": True}, {"IsEncrypted": False, "Values": {"A": 1}}])
def test_local_settings_that_cannot_be_taken_are_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(StartupRefused):
        apply_local_settings(settings_file(tmp_path, content), {})


def test_references_are_replaced_whatever_their_case_and_separator() -> None:
    settings = AppSettings({"QUEUE": "q", "My__Nested": "n"})
    assert settings.resolve("%queue%-%my:nested%") == "q-n"


@pytest.mark.parametrize(("text", "message"), [("%GONE%", "'%GONE%' does not resolve"), ("a%b", "not closed")])
def test_a_reference_without_an_answer_is_refused(text: str, message: str) -> None:
    with pytest.raises(Unresolved, match=message):
        AppSettings({}).resolve(text)


@pytest.mark.parametrize(
    ("name", "value", "disabled"),
    [
        ("AzureWebJobs.f.Disabled", "true", True),
        ("AzureWebJobs_f_Disabled", "1", True),
        ("AzureWebJobs.F.Disabled", "True", True),
        ("AzureWebJobs.f.Disabled", "false", False),
        ("AzureWebJobs.g.Disabled", "true", False),
    ],
)
def test_functions_are_disabled_by_setting(name: str, value: str, disabled: bool) -> None:
    assert AppSettings({name: value}).is_disabled("f") is disabled


def test_the_host_id_is_the_setting_or_one_per_machine_and_app() -> None:
    assert host_id(AppSettings({"AzureFunctionsWebHost__hostid": "mine"}), Path("/a")) == "mine"
    assert host_id(AppSettings({}), Path("/a")) == host_id(AppSettings({}), Path("/a"))
    assert host_id(AppSettings({}), Path("/a")) != host_id(AppSettings({}), Path("/b"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:00:05", 5), ("1.02:00:00", 93600), ("00:00:00.1", 0.1), ("10:00", 36000)]
)
def test_time_spans(text: str, seconds: float) -> None:
    assert parse_time_span(text).total_seconds() == seconds
