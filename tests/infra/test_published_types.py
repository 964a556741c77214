"""The checker of resource types, on types made up for it. Azure's own are in tests/conformance/test_azure_types.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.infra.bicep import Project, parse
from tests.infra.published_types import PublishedTypes, faults_of, types_of

TEXT, COUNT, FLAG, ANY, ON, OFF, STATE, LEVEL, TEXTS, TAGS, SMALL, LARGE, SIZE, INNER, BODY, NAMED = range(16)
REQUIRED, READ_ONLY = 1, 2


def of(at: int, flags: int = 0) -> dict[str, Any]:
    return {"type": {"$ref": f"#/{at}"}, "flags": flags}


def made(name_: str, /, **properties: Any) -> dict[str, Any]:
    return {"$type": "ObjectType", "name": name_, "properties": properties}


NODES: list[dict[str, Any]] = [
    {"$type": "StringType"},
    {"$type": "IntegerType", "minValue": 1, "maxValue": 9},
    {"$type": "BooleanType"},
    {"$type": "AnyType"},
    {"$type": "StringLiteralType", "value": "On"},
    {"$type": "StringLiteralType", "value": "Off"},
    {"$type": "UnionType", "elements": [{"$ref": f"#/{ON}"}, {"$ref": f"#/{OFF}"}, {"$ref": f"#/{TEXT}"}]},
    {"$type": "StringType", "minLength": 3, "pattern": "^[a-z]+$"},
    {"$type": "ArrayType", "itemType": {"$ref": f"#/{LEVEL}"}},
    {**made("Tags"), "additionalProperties": {"$ref": f"#/{TEXT}"}},
    made("Small", kind=of(TEXT, REQUIRED), grams=of(COUNT)),
    made("Large", kind=of(TEXT, REQUIRED), tons=of(COUNT, REQUIRED)),
    {
        "$type": "DiscriminatedObjectType",
        "name": "Size",
        "discriminator": "kind",
        "baseProperties": {"label": of(TEXT)},
        "elements": {"Small": {"$ref": f"#/{SMALL}"}, "Large": {"$ref": f"#/{LARGE}"}},
    },
    made(
        "Inner",
        state=of(STATE),
        count=of(COUNT),
        flag=of(FLAG),
        levels=of(TEXTS),
        size=of(SIZE),
        whatever=of(ANY),
        made=of(TEXT, READ_ONLY),
    ),
    made(
        "Body",
        id=of(TEXT, 10),
        name=of(TEXT, 9),
        location=of(TEXT, REQUIRED),
        tags=of(TAGS),
        properties=of(INNER),
    ),
    {"$type": "ResourceType", "name": "My.Own/things@2026-01-01", "body": {"$ref": f"#/{BODY}"}, "writableScopes": 8},
    {
        "$type": "ResourceType",
        "name": "My.Own/things/parts@2026-01-01",
        "body": {"$ref": f"#/{BODY}"},
        "writableScopes": 8,
    },
]
TYPES = types_of(NODES)


def thing(inner: str = "", outer: str = "", before: str = "") -> str:
    return (
        f"param count int\nparam on bool\n{before}\nresource thing 'My.Own/things@2026-01-01' = {{\n  name: 'a'\n"
        f"  location: 'b'\n{outer}\n  properties: {{\n{inner}\n  }}\n}}\n"
    )


def faults(text: str, unpublished: dict[str, str] | None = None) -> list[str]:
    file = parse(text)
    assert file.broken == ()
    return faults_of(Project(files={file.path: file}, parameter_files={}, roles_text="{}"), TYPES, unpublished or {})


@pytest.mark.parametrize(
    "inner",
    [
        "state: 'On'",
        "state: on ? 'On' : 'Off'",
        "count: count",
        "count: 9",
        "flag: !on",
        "flag: null",
        "levels: ['low', 'high']",
        "levels: [for each in ['low']: each]",
        "size: {\n  kind: 'Large'\n  tons: 3\n  label: 'x'\n}",
        "whatever: {\n  a: [1, 'b']\n}",
        "state: reference('x').state",
    ],
)
def test_what_fits_its_type_is_let_be(inner):
    assert faults(thing(inner)) == []


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        ("stat: 'On'", "properties.stat is unknown"),
        ("State: 'On'", "properties.State is written state"),
        ("made: 'x'", "properties.made is read-only"),
        ("state: 'on'", "'on' is none of Off, On"),
        ("state: on ? 'On' : 'Of'", "'Of' is none of"),
        ("state: true", "properties.state is bool, not string"),
        ("count: '3'", "properties.count is string, not int"),
        ("count: on", "properties.count is bool, not int"),
        ("count: 10", "10 is out of range"),
        ("flag: 'true'", "properties.flag is string, not bool"),
        ("levels: 'low'", "properties.levels is string, not array"),
        ("levels: ['low', 'Hi']", "'Hi' is too short"),
        ("levels: ['LOW']", "does not match"),
        ("levels: [for each in ['low', 'no']: each]", "'no' is too short"),
        ("levels: [for each in ['low']: count]", "properties.levels[] is int, not string"),
        ("size: {\n  tons: 3\n}", "kind is missing"),
        ("size: {\n  kind: 'Huge'\n}", "'Huge' is none of Large, Small"),
        ("size: {\n  kind: 'Large'\n}", "tons is missing"),
        ("size: {\n  kind: 'Small'\n  tons: 3\n}", "properties.size.tons is unknown"),
        ("size: {\n  kind: on ? 'Small' : 'Large'\n  tons: 3\n}", "properties.size.tons is unknown"),
        ("size: 'Large'", "properties.size is string, not object"),
    ],
)
def test_what_does_not_fit_its_type_is_found(inner, words):
    assert any(words in fault for fault in faults(thing(inner))), faults(thing(inner))


def test_variables_are_followed_into():
    assert any("out of range" in fault for fault in faults(thing("count: high", before="var high = 11")))


def test_a_missing_required_property_is_found():
    (fault,) = faults("resource thing 'My.Own/things@2026-01-01' = {\n  name: 'a'\n}\n")
    assert "location is missing" in fault


def test_tags_may_have_any_name_but_only_texts():
    assert faults(thing(outer="  tags: {\n    any: 'x'\n  }")) == []
    assert any("not string" in fault for fault in faults(thing(outer="  tags: {\n    any: 1\n  }")))


def test_properties_of_bicep_itself_are_of_no_type():
    assert faults(thing(outer="  dependsOn: []")) == []
    assert any("is unknown" in fault for fault in faults(thing(inner="dependsOn: []")))


def test_a_loop_and_a_condition_hide_nothing():
    text = (
        "param on bool\nresource thing 'My.Own/things@2026-01-01' = [for each in ['a']: if (on) {\n  name: each\n}]\n"
    )
    assert any("location is missing" in fault for fault in faults(text))


def test_a_resource_within_another_has_its_type_and_version():
    nested = "\n  resource part 'parts' = {\n    name: 'p'\n    location: 1\n  }\n"
    (fault,) = faults(thing(outer=nested))
    assert "location is int" in fault
    (fault,) = faults(thing(outer=nested.replace("'parts'", "'pieces'")))
    assert "My.Own/things/pieces@2026-01-01 is not published" in fault


def test_a_wrong_version_is_told_with_the_right_ones():
    (fault,) = faults("resource thing 'My.Own/things@2026-02-01' = {\n  name: 'a'\n  location: 'b'\n}\n")
    assert fault.endswith("is not published; versions are 2026-01-01")


def test_a_wrong_case_of_the_type_is_found():
    (fault,) = faults("resource thing 'my.Own/Things@2026-01-01' = {\n  name: 'a'\n  location: 'b'\n}\n")
    assert fault.endswith("is written My.Own/things@2026-01-01")


def test_a_resource_is_deployed_only_where_it_can_be():
    (fault,) = faults("targetScope = 'subscription'\n" + thing())
    assert "cannot be deployed to a subscription" in fault
    (fault,) = faults(thing(outer="  scope: other"))
    assert "cannot be deployed to a resource" in fault


def test_a_resource_that_exists_is_only_named():
    text = "resource thing 'My.Own/things@2026-01-01' existing = {\n  name: 'a'\n  location: 'b'\n}\n"
    (fault,) = faults(text)
    assert "location cannot be set" in fault


def test_only_what_exists_may_be_of_an_unpublished_type():
    text = "resource thing 'Your.Own/things@2026-01-01' existing = {\n  name: 'a'\n}\n"
    excuse = {"Your.Own/things@2026-01-01": "not in the data"}
    assert faults(text, excuse) == []
    assert faults(text)
    assert faults(text.replace(" existing", ""), excuse)


@pytest.mark.parametrize(
    ("read", "is_there"),
    [
        ("thing.id", True),
        ("thing.properties.state", True),
        ("thing.properties.whatever.at.all", True),
        ("thing.tags.any", True),
        ("thing.properties.stat", False),
        ("thing.property.state", False),
        ("thing.properties.made.more", False),
        ("thing.listKeys().keys", True),
    ],
)
def test_what_is_read_of_a_resource_is_there(read, is_there):
    found = [fault for fault in faults(thing() + f"output told string = {read}\n") if "is no property" in fault]
    assert bool(found) is not is_there


def test_a_folder_without_types_is_refused(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no resource can be checked"):
        PublishedTypes.read(tmp_path)
