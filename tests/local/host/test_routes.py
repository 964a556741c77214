"""ASP.NET route templates and the host's order of matching."""

from __future__ import annotations

import pytest

from infra.local.host.routes import BadTemplate, Route, RouteTable, decode_path, parse_template, resolved


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("items/{id}", "items/7", {"id": "7"}),
        ("/items/{id}/", "ITEMS/AbC", {"id": "AbC"}),
        ("files/{*rest}", "files/a/b/c", {"rest": "a/b/c"}),
        ("files/{*rest}", "files", {}),
        ("/", "", {}),
        ("subscriptions/{s}/providers/Microsoft.DataProtection/backupVaults",
         "subscriptions/1/providers/microsoft.dataprotection/BACKUPVAULTS", {"s": "1"}),
        ("items/{id}", "items", None),
        ("items/{id}", "items/1/2", None),
        ("items", "item", None),
        ("openapi.json", "openapi-json", None),
    ],
)  # fmt: skip
def test_what_matches_and_what_does_not(template: str, path: str, values: dict[str, str] | None) -> None:
    assert parse_template(template).match(path) == values


@pytest.mark.parametrize(
    "text",
    ["a//b", "{a}/{a}", "{*rest}/more", "{a", "a}", "{}", "{a:int}", "{a?}", "{a=b}", "{a}-{b}", "{1a}", "{a b}"],
)
def test_what_is_no_template_or_none_that_is_imitated(text: str) -> None:
    with pytest.raises(BadTemplate):
        parse_template(text)


def table(*routes: tuple[str, str, str], prefix: str = "") -> RouteTable:
    return RouteTable(
        [Route(function=f, template=parse_template(t), methods=frozenset(m.split())) for f, t, m in routes],
        prefix=prefix,
    )


def winner(routes: RouteTable, method: str, path: str) -> str | None:
    found = routes.find(method, path)
    return found[0].function if found else None


def test_the_first_function_by_name_wins_even_over_a_literal() -> None:
    routes = table(("recent", "items/recent", "GET"), ("Get_item", "items/{id}", "GET"))
    assert winner(routes, "GET", "/items/recent") == "Get_item"


def test_methods_select_and_a_wrong_one_matches_nothing() -> None:
    routes = table(("a_put", "x", "PUT"), ("b_get", "x", "GET"), ("c_any", "y", ""))
    assert winner(routes, "GET", "/x") == "b_get"
    assert winner(routes, "HEAD", "/x") is None
    assert winner(routes, "PATCH", "/y") == "c_any"


def test_the_prefix_is_part_of_the_path() -> None:
    routes = table(("f", "x", ""), prefix="api")
    assert winner(routes, "GET", "/API/x/") == "f"
    assert winner(routes, "GET", "/x") is None
    assert winner(routes, "GET", "/apix") is None


def test_paths_are_decoded_but_an_encoded_slash_is_no_separator() -> None:
    assert decode_path("/a%20b/c%2Fd") == "a b/c%2Fd"


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("/a/b", "/a/b"),
        ("/a/.", "/a/"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/b/..", "/a/"),
        ("/../../a", "/a"),
        ("/a/%2e/b", "/a/b"),
        ("/a/%2E%2e/b", "/b"),
        ("/a/.../b", "/a/.../b"),
        ("/a/..%2Fb", "/a/..%2Fb"),
        ("/a%20b/c/", "/a%20b/c/"),
    ],
)
def test_dots_are_resolved_before_a_route_is_looked_for(sent: str, found: str) -> None:
    assert resolved(sent) == found
