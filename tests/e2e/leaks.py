"""Secrets in text: those of a local target by their value, all others by their shape.

Leaves to others: which text (test_no_secrets_in_logs.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

_SECRET_NAMES = re.compile(r"(_key|_header|_connection_string)$")
_ACCOUNT_KEY = re.compile(r"AccountKey=([^;]+)")
SHAPES: Mapping[str, re.Pattern[str]] = {
    "a token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    "a bearer header": re.compile(r"[Bb]earer [A-Za-z0-9._~+/-]{16,}"),
    "a shared access signature": re.compile(r"\bsig=[A-Za-z0-9%+/]{16,}"),
    "a connection string": re.compile(r"(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{16,}"),
    "a storage request's signature": re.compile(r"SharedKey(?:Lite)? \w+:[A-Za-z0-9+/]{16,}"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
}


def secrets_of(endpoints: Mapping[str, Any], *more: str) -> dict[str, str]:
    """Every secret of a running target by its name in endpoints.json, and those that a test got by itself."""
    found = {name: str(value) for name, value in endpoints.items() if _SECRET_NAMES.search(name) and value}
    account_key = _ACCOUNT_KEY.search(found["storage_connection_string"])
    assert account_key is not None, "the storage's key is not where it is looked for"
    return {
        **found,
        "the account's key": account_key[1],
        **{f"secret {number}": text for number, text in enumerate(more)},
    }


def leaks(name: str, lines: Iterable[str], secrets: Mapping[str, str]) -> list[str]:
    """Where a secret stands, in words that do not show it."""
    spelled = {form: what for what, secret in secrets.items() for form in (secret, quote(secret, safe=""))}
    found = []
    for number, line in enumerate(lines, 1):
        held = {what for form, what in spelled.items() if form in line}
        held |= {what for what, shape in SHAPES.items() if shape.search(line)}
        found += [f"{name}:{number} shows {what}" for what in sorted(held)]
    return found
