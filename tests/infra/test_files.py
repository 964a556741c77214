"""Every Bicep file can be read, names only what exists, and calls its modules with what they take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra import rules
from tests.infra.bicep import FOLDER, parse, project, text_of
from tests.infra.seeding import assert_found, seeded
from tests.infra.values import Place, possible

ROOT = Path(__file__).resolve().parents[2]


def test_the_files_are_there_to_be_checked():
    assert {"main.bicep", "access.bicep", "modules/app.bicep"} <= project().files.keys()
    assert len(project().parameter_files) == 4


def test_every_file_is_bicep():
    assert rules.syntax_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("main.bicep", "scope: group\n  params: {", "scope: group\n  params: "),
        ("modules/storage.bicep", "kind: 'StorageV2'", "kind: 'StorageV2"),
        ("modules/app.bicep", "httpsOnly: true", "httpsOnly true"),
        ("large.bicepparam", "param zoneRedundant = true", "param zoneRedundant == true"),
    ],
)
def test_a_seeded_slip_of_the_pen_is_found(path, old, new):
    assert_found(rules.syntax_faults(seeded(path, old, new)), f"{path}:")


def test_a_call_that_the_grammar_tears_apart_is_refused_rather_than_misread():
    assert parse("var a = [\n  toLower(b)\n  c\n]").broken


def test_every_name_is_declared_and_used():
    assert rules.name_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("main.bicep", "name: 'st${token}'", "name: 'st${tokem}'", "nothing is called tokem"),
        ("modules/storage.bicep", "guid(account.id", "guid(acount.id", "nothing is called acount"),
        ("modules/app.bicep", "union(tags", "unite(tags", "no function unite"),
        ("modules/events.bicep", "param tags object", "param tags object\nparam spare string", "nothing uses spare"),
        ("modules/alerts.bicep", "name: 'operator-${i}'", "name: 'operator-${j}'", "nothing is called j"),
        ("access-small.bicepparam", "  subscriptionId\n", "  subscripton\n", "nothing is called subscripton"),
    ],
)
def test_a_seeded_wrong_name_is_found(path, old, new, words):
    assert_found(rules.name_faults(seeded(path, old, new)), path, words)


def test_modules_are_called_with_what_they_take():
    assert rules.module_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("main.bicep", "isPrivate: privateNetwork", "isPrivat: privateNetwork", "sets isPrivat"),
        ("main.bicep", "    redundancy: storageRedundancy\n", "", "does not set redundancy"),
        ("main.bicep", "isPrivate: privateNetwork", "isPrivate: environmentName", "isPrivate to string, not bool"),
        ("main.bicep", "service: 'sites'", "service: 'site'", "sets service to 'site'"),
        ("main.bicep", "'table'\n]", "'tables'\n]", "sets service to 'tables'"),
        ("main.bicep", "identity.outputs.name", "identity.outputs.nam", "no output nam"),
        ("main.bicep", "network!.outputs.networkId", "network!.outputs.id", "no output id"),
        ("main.bicep", "modules/events.bicep", "br/public:avm/res/event-grid/topic:0.9.0", "no file of infra/azure"),
        ("main.bicep", "scope: subscription(subscriptionId)", "scope: group", "for a subscription, to a resourceGroup"),
        ("main.bicep", "  name: 'events'\n  scope: group\n", "  name: 'events'\n", "to a subscription"),
        ("access.bicep", "role: 'Disk Backup Reader'", "role: 'Contributor'", "sets role to 'Contributor'"),
    ],
)
def test_a_seeded_wrong_call_of_a_module_is_found(path, old, new, words):
    assert_found(rules.module_faults(seeded(path, old, new)), path, words)


def test_parameter_files_set_what_their_templates_take():
    assert rules.parameter_file_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("large.bicepparam", "param zoneRedundant = true", "param zonesRedundant = true", "sets zonesRedundant"),
        ("large.bicepparam", "param zoneRedundant = true", "param zoneRedundant = 'yes'", "to string, not bool"),
        ("large.bicepparam", "'Standard_ZRS'", "'Standard_XRS'", "which is none of"),
        ("small.bicepparam", "param location = readEnvironmentVariable('AZURE_LOCATION')\n", "", "not set location"),
        ("access-large.bicepparam", "using 'access.bicep'", "using 'acess.bicep'", "no file of infra/azure"),
    ],
)
def test_a_seeded_wrong_parameter_is_found(path, old, new, words):
    assert_found(rules.parameter_file_faults(seeded(path, old, new)), path, words)


def test_the_large_set_up_has_what_the_small_one_lacks():
    large = project().parameter_files["large.bicepparam"].values
    assert {name: text_of(large[name]) for name in ("privateNetwork", "storageRedundancy", "zoneRedundant")} == {
        "privateNetwork": "true",
        "storageRedundancy": "'Standard_ZRS'",
        "zoneRedundant": "true",
    }
    access = project().parameter_files["access-large.bicepparam"]
    (listed,) = possible(access.values["sourceSubscriptions"], Place(file=access.file))
    assert text_of(listed.node).count("\n") > 2, "several subscriptions"


def test_azd_finds_its_template():
    text = (ROOT / "azure.yaml").read_text()
    written = dict(re.findall(r"^\s+(path|module|host|language|project): (\S+)$", text, re.MULTILINE))
    assert (ROOT / written["path"] / f"{written['module']}.bicepparam").exists()
    assert (written["host"], written["language"], written["project"]) == ("function", "python", ".")
    services = re.findall(r"^services:\n  (\w+):$", text, re.MULTILINE)
    tagged = [
        text_of(each.body) for _, each in project().resources if each.type == "Microsoft.Web/sites" and each.symbol
    ]
    assert all(f"'azd-service-name': '{service}'" in tagged[0] for service in services)
    assert services


def test_nothing_but_templates_lies_in_the_folder():
    assert {path.suffix for path in FOLDER.rglob("*") if path.is_file()} == {".bicep", ".bicepparam", ".json"}
