"""What the page is made of asks for its licences to go along: their texts are among the files that ship."""

from __future__ import annotations

import json
from collections.abc import Callable

from infra import center as built
from tests.browser.window import Window

Opened = Callable[..., Window]


# It is nothing but the names of others, which are told.
NAMES_ONLY = {"@fluentui/react-components"}


def test_the_licence_of_each_library_is_served_with_the_page(open_window: Opened) -> None:
    window = open_window(None)
    told = {each["name"]: each for each in window.page.request.get(f"{window.center}licences.json").json()}
    declared = json.loads((built.ROOT / "dashboard" / "package.json").read_text())["dependencies"].keys()
    assert declared - told.keys() == NAMES_ONLY
    without = {name for name, each in told.items() if "ermission is hereby granted" not in each.get("text", "")}
    assert without <= {"@fluentui/react-icons"}, "only its package carries no text; it is under the MIT licence"
