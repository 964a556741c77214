"""What expressions may come to: the checks are as good as this following of names."""

from __future__ import annotations

import pytest

from tests.infra.bicep import parse, text_of
from tests.infra.values import Place, elements, possible

DECLARED = """
@allowed(['a', 'b'])
param letter string
param count int
var one = 'x'
var other = one
var many = ['p', 'q']
var table = {
  'long name': 'found'
}
"""


def told(expression: str, kind: bool = False) -> list[str]:
    file = parse(f"{DECLARED}\nvar asked = {expression}\n")
    assert file.broken == ()
    values = possible(file.variables["asked"], Place(file=file))
    return [value.kind if kind else text_of(value.node) for value in values]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'text'", ["'text'"]),
        ("other", ["'x'"]),
        ("letter", ["'a'", "'b'"]),
        ("count == 1 ? one : (empty(many) ? 'y' : 'z')", ["'x'", "'y'", "'z'"]),
        ("letter ?? 'c'", ["'a'", "'b'", "'c'"]),
        ("table['long name']", ["'found'"]),
        ("count", ["count"]),
        ("toLower(one)", ["toLower(one)"]),
    ],
)
def test_an_expression_may_come_to(expression, expected):
    assert told(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("count", "int"),
        ("-1", "int"),
        ("!empty(many)", "bool"),
        ("count > 1 && true", "bool"),
        ("toLower(one)", "string"),
        ("'${one}y'", "string"),
        ("[for each in many: each]", "array"),
        ("table", "object"),
        ("null", "null"),
        ("deployment().location", ""),
        ("concat(many, many)", ""),
    ],
)
def test_the_kind_of_an_expression(expression, expected):
    assert told(expression, kind=True) == [expected]


def test_the_items_of_a_loop_are_followed():
    file = parse(f"{DECLARED}\nvar asked = [for each in many: each]\n")
    (loop,) = possible(file.variables["asked"], Place(file=file))
    ((body, place),) = elements(loop)
    assert [value.text for value in possible(body, place)] == ["p", "q"]


def test_names_in_a_circle_are_refused():
    file = parse("var a = b\nvar b = a\n")
    with pytest.raises(RecursionError, match="names itself"):
        list(possible(file.variables["a"], Place(file=file)))
