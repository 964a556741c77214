"""The examples of docs/, taken out of the text to be run as they stand there."""

from __future__ import annotations

import re

from infra.local.up import PROJECT


def example(page: str, section: str, language: str) -> str:
    """All code blocks of one language in a section of docs/<page>, as one script. See `examples`."""
    return "\n".join(examples(page, section, language))


def examples(page: str, section: str, language: str) -> list[str]:
    """The code blocks of one language in a section of docs/<page>, in order; "" is what stands before the first one.

    Raises AssertionError when there is none: a test of nothing must not pass.
    """
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    _, found, rest = text.partition(f"\n## {section}\n" if section else "\n")
    assert found, f"{page} has no section {section!r}"
    body = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)
    assert blocks, f"section {section!r} of {page} has no {language} block"
    return blocks
