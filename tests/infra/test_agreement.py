"""What Bicep and the code must say alike: settings, queues, functions that alerts look for, Python versions."""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path

import azure.functions as func
import pytest

from backup_core.domain.messages import QUEUES
from backup_core.domain.messages import RESOURCE_EVENTS as EVENTS_QUEUE
from backup_core.settings import Settings, SignIn
from infra.local.up import HOST_SETTINGS, RESOURCE_EVENTS, RESOURCE_OPERATIONS
from infra.package.interpreters import SUPPORTED
from tests.infra.app_settings import OF_THE_HOST, setting_faults, settings_read, settings_set
from tests.infra.bicep import BicepFile, literal, parts, project, properties, text_of, walk
from tests.infra.seeding import assert_found, seeded

ROOT = Path(__file__).resolve().parents[2]
# What an expression of Bicep may come to, for the settings that are not written out.
COMPUTED = {
    "AzureWebJobsStorage__clientId": "00000000-0000-0000-0000-0000000000c1",
    "AzureWebJobsStorage__blobServiceUri": "https://st1.blob.core.windows.net/",
    "AzureWebJobsStorage__queueServiceUri": "https://st1.queue.core.windows.net/",
    "AzureWebJobsStorage__tableServiceUri": "https://st1.table.core.windows.net/",
    "DISKBACKUP_ARM_ENDPOINT": "https://management.azure.com/",
    "DISKBACKUP_IDENTITY_CLIENT_ID": "00000000-0000-0000-0000-0000000000c1",
    "DISKBACKUP_TABLE_PREFIX": "diskbackup",
    "DISKBACKUP_EVENTGRID_ENDPOINT": "https://evgt-1.westeurope-1.eventgrid.azure.net/api/events",
    "DISKBACKUP_TELEMETRY": "off",
    "DISKBACKUP_SIGN_IN": "entra",
    "DISKBACKUP_ENTRA_TENANT_ID": "00000000-0000-0000-0000-0000000000d1",
    "DISKBACKUP_ENTRA_AUDIENCE": "api://disk-backup,00000000-0000-0000-0000-0000000000e1",
    "DISKBACKUP_ENTRA_AUTHORITY": "https://login.microsoftonline.com/",
    "DISKBACKUP_AUDIT_DAYS": "400",
    "DISKBACKUP_ON_DEMAND_A_DAY": "10",
    "DISKBACKUP_PUBLIC_URL": "https://func-1.azurewebsites.net",
    "DISKBACKUP_ACCESS_SCOPES": "",
    "DISKBACKUP_VAULT_IDENTITIES": "",
    "DISKBACKUP_VAULT_SCOPES": "",
}


def test_the_settings_in_bicep_are_those_that_are_read():
    assert list(setting_faults(project(), settings_read())) == []


def test_the_readers_of_settings_are_found():
    assert {"AzureWebJobsStorage", "DISKBACKUP_ENTRA_AUDIENCE", "IDENTITY_ENDPOINT"} <= settings_read()


@pytest.mark.parametrize(
    ("old", "new", "read", "words"),
    [
        ("DISKBACKUP_SIGN_IN:", "DISKBACKUP_SIGNIN:", "", "sets DISKBACKUP_SIGNIN, which nothing reads"),
        ("DISKBACKUP_SIGN_IN:", "DISKBACKUP_SIGN_IN:", "DISKBACKUP_NEW", "does not set DISKBACKUP_NEW"),
        ("AzureWebJobsStorage__credential: 'managedidentity'\n", "", "", "not set AzureWebJobsStorage__credential"),
    ],
)
def test_a_seeded_setting_of_one_side_alone_is_found(old, new, read, words):
    faults = setting_faults(seeded("modules/app.bicep", old, new), settings_read() | ({read} - {""}))
    assert_found(list(faults), words)


def test_an_app_with_these_settings_starts():
    written = settings_set(project())
    environment = {name: COMPUTED.get(name, "") if text is None else text for name, text in written.items()}
    environment["IDENTITY_ENDPOINT"] = "http://localhost:4141/msi/token"
    settings, sign_in = Settings.from_env(environment), SignIn.from_env(environment)
    assert settings.storage_connection_string is None
    assert settings.storage_client_id == settings.identity_client_id == COMPUTED["DISKBACKUP_IDENTITY_CLIENT_ID"]
    assert settings.eventgrid_endpoint == COMPUTED["DISKBACKUP_EVENTGRID_ENDPOINT"]
    assert sign_in.audiences == tuple(COMPUTED["DISKBACKUP_ENTRA_AUDIENCE"].split(","))


def test_the_host_is_told_the_same_in_azure_on_the_local_target_and_under_microsofts_own_tools():
    """All but where storage and telemetry are, which is another place in each."""
    told = {name: text for name, text in settings_set(project()).items() if name in OF_THE_HOST and "__" not in name}
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    assert {name: text for name, text in told.items() if text is not None} == HOST_SETTINGS
    assert {name: sample.get(name) for name in HOST_SETTINGS} == HOST_SETTINGS


def test_resource_events_go_to_the_queue_that_the_code_reads():
    main = project().files["main.bicep"]
    assert literal(main.variables["resourceEventsQueue"]) == EVENTS_QUEUE
    handed_on = [
        text_of(value)
        for module in main.modules
        for name, value in properties(properties(module.body)["params"]).items()
        if name in ("resourceEventsQueue", "queueName")
    ]
    assert handed_on == ["resourceEventsQueue"], "delivered to"


def test_every_queue_that_a_function_listens_to_is_made_before_the_app_runs():
    made = json.loads((ROOT / "infra" / "azure" / "queues.json").read_text())
    assert {*made} == queues() == {*QUEUES}


def test_the_local_target_hears_of_the_operations_that_the_template_subscribes():
    text = (ROOT / "infra" / "azure" / "modules" / "resource-events-delivery.bicep").read_text()
    assert re.findall(r"'(Microsoft\.\S+/\w+)'$", text, re.MULTILINE) == list(RESOURCE_OPERATIONS)
    assert re.findall(r"'(Microsoft\.Resources\.\w+)'$", text, re.MULTILINE) == list(RESOURCE_EVENTS)


@cache
def functions() -> tuple[func.decorators.function_app.Function, ...]:
    """Of an app of our own: an app can be asked for its functions only once."""
    spec = importlib.util.spec_from_file_location("function_app_of_infra", ROOT / "function_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.app.get_functions())


def queues() -> set[str]:
    bindings = (each.get_trigger().get_dict_repr() for each in functions())
    return {binding["queueName"] for binding in bindings if "queueName" in binding}


def test_rows_which_the_alerts_count_are_not_sampled():
    sampling = json.loads((ROOT / "host.json").read_text())["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))


@pytest.mark.parametrize("template", ["main.bicep", "access.bicep"])
def test_every_parameter_is_described_where_one_reads_how_to_deploy(template):
    text = (ROOT / "docs" / "deploy.md").read_text()
    (table,) = re.findall(rf"^\| parameter of {re.escape(template)} .*?^$", text, re.MULTILINE | re.DOTALL)
    first_cells = "".join(row.split("|")[1] for row in table.splitlines())
    assert set(re.findall(r"`(\w+)`", first_cells)) == project().files[template].parameters.keys()


def test_the_workflow_compiles_what_is_deployed():
    text = (ROOT / ".github" / "workflows" / "infra.yml").read_text()
    assert "find infra/azure -name '*.bicep'" in text
    assert "infra/azure/*.bicepparam" in text
    asked = {name for each in project().parameter_files.values() for name in _environment(each.file)}
    assert {name for name in asked if f"\n  {name}: " not in text} == set()


def _environment(file: BicepFile) -> set[str]:
    """The variables of the environment that a parameter file cannot do without."""
    calls = [node for node in walk(file.root) if text_of(node).startswith("readEnvironmentVariable(")]
    arguments = [parts(parts(call)[1]) for call in calls if call.type == "call_expression"]
    return {literal(each[0]) or "" for each in arguments if len(each) == 1}


def test_python_versions_are_the_same_wherever_they_are_listed():
    listed = {path: _allowed(file, "pythonVersion") for path, file in project().files.items()}
    assert {versions for versions in listed.values() if versions} == {SUPPORTED}


def _allowed(file: BicepFile, name: str) -> tuple[str, ...]:
    parameter = file.parameters.get(name)
    return tuple(literal(each) or "" for each in parameter.allowed) if parameter else ()


def test_every_alert_tells_the_action_groups():
    alerts = [each for _, each in project().resources if each.type == "Microsoft.Insights/scheduledQueryRules"]
    assert len(alerts) == 3
    for alert in alerts:
        words = {text_of(part) for node in walk(alert.body) if node.type == "object_property" for part in parts(node)}
        assert {"informed", "actionGroups", "skipQueryValidation"} <= words
