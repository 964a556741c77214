"""Every Bicep file can be read, and is called with what it takes; the rest of its syntax is the compiler's to check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.infra import rules
from tests.infra.bicep import FOLDER, parts, project, text_of
from tests.infra.seeding import assert_found, seeded

ROOT = Path(__file__).resolve().parents[2]


def test_the_files_are_there_to_be_checked():
    assert {"main.bicep", "access.bicep", "modules/app.bicep"} <= project().files.keys()
    assert len(project().parameter_files) == 4


def test_every_file_is_bicep():
    assert [fault for file in project().files.values() for fault in file.broken] == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("main.bicep", "scope: group\n  params: {", "scope: group\n  params: "),
        ("modules/app.bicep", "httpsOnly: true", "httpsOnly true"),
    ],
)
def test_a_seeded_slip_of_the_pen_is_found(path, old, new):
    assert any(fault.startswith(f"{path}:") for fault in seeded(path, old, new).files[path].broken)


def test_modules_and_parameter_files_set_what_their_templates_take():
    assert rules.call_faults(project()) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("main.bicep", "isPrivate: privateNetwork", "isPrivat: privateNetwork", "sets isPrivat"),
        ("main.bicep", "    redundancy: storageRedundancy\n", "", "does not set redundancy"),
        ("main.bicep", "modules/events.bicep", "br/public:avm/res/event-grid/topic:0.9.0", "no file of infra/azure"),
        ("large.bicepparam", "param zoneRedundant = true", "param zonesRedundant = true", "sets zonesRedundant"),
        ("small.bicepparam", "param location = readEnvironmentVariable('AZURE_LOCATION')\n", "", "not set location"),
        ("access-large.bicepparam", "using 'access.bicep'", "using 'acess.bicep'", "no file of infra/azure"),
    ],
)
def test_a_seeded_wrong_parameter_is_found(path, old, new, words):
    assert_found(rules.call_faults(seeded(path, old, new)), path, words)


def test_the_large_set_up_has_what_the_small_one_lacks():
    large = project().parameter_files["large.bicepparam"].values
    assert {name: text_of(large[name]) for name in ("privateNetwork", "storageRedundancy", "zoneRedundant")} == {
        "privateNetwork": "true",
        "storageRedundancy": "'Standard_ZRS'",
        "zoneRedundant": "true",
    }
    access = project().parameter_files["access-large.bicepparam"]
    assert len(parts(access.values["sourceSubscriptions"])) > 1, "several subscriptions"


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
