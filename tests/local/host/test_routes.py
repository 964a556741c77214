"""ASP.NET route templates and the host's order of matching."""

from __future__ import annotations

import pytest

from infra.local.host.routes import BadTemplate, Route, RouteTable, decode_path, parse_template, resolved


def match(template: str, path: str) -> dict[str, str] | None:
    return parse_template(template).match(path)


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("items/{id}", "items/7", {"id": "7"}),
        ("/items/{id}/", "ITEMS/AbC", {"id": "AbC"}),
        ("items/{id?}", "items", {}),
        ("items/{id=all}", "items", {"id": "all"}),
        ("items/{id:int}", "items/7", {"id": "7"}),
        ("items/{id:int:min(5)}", "items/5", {"id": "5"}),
        ("n/{x:alpha}", "n/abc", {"x": "abc"}),
        ("n/{x:length(2,3)}", "n/abc", {"x": "abc"}),
        ("n/{x:regex(^[a-c]{{2}}$)}", "n/ab", {"x": "ab"}),
        ("n/{g:guid}", "n/00000000-0000-4000-8000-000000000001", {"g": "00000000-0000-4000-8000-000000000001"}),
        ("files/{*rest}", "files/a/b/c", {"rest": "a/b/c"}),
        ("files/{*rest}", "files", {}),
        ("{a}-{b}", "x-y-z", {"a": "x-y", "b": "z"}),
        ("subscriptions/{s}/providers/Microsoft.DataProtection/backupVaults",
         "subscriptions/1/providers/microsoft.dataprotection/BACKUPVAULTS", {"s": "1"}),
    ],
)  # fmt: skip
def test_what_matches(template: str, path: str, values: dict[str, str]) -> None:
    assert match(template, path) == values


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("items/{id}", "items"),
        ("items/{id}", "items/1/2"),
        ("items/{id:int}", "items/x"),
        ("items/{id:int}", "items/2147483648"),
        ("items/{id:range(1,3)}", "items/4"),
        ("items/{id:minlength(3)}", "items/ab"),
        ("n/{x:alpha}", "n/a1"),
        ("n/{g:guid}", "n/123"),
        ("n/{b:bool}", "n/yes"),
        ("n/{f:double}", "n/one"),
        ("items", "item"),
    ],
)
def test_what_does_not_match(template: str, path: str) -> None:
    assert match(template, path) is None


@pytest.mark.parametrize(
    "text",
    ["a//b", "{a}/{A}", "{*rest}/more", "{a", "a}", "{}", "{a:unknown}", "{a:min(x)}", "{a:range()}", "{1a}", "{a b}"],
)
def test_what_is_no_template(text: str) -> None:
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


def test_a_constraint_lets_the_later_name_have_its_path() -> None:
    routes = table(("recent", "items/recent", "GET"), ("get_item", "items/{id:int}", "GET"))
    assert winner(routes, "GET", "/items/recent") == "recent"


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
