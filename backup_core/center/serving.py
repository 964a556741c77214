"""Answers requests for the page: which file, whether the browser has it already, and what it may do with it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import azure.functions as func

from backup_core.center.configuration import configuration
from backup_core.center.files import ASSETS, INDEX, File, read
from backup_core.settings import SignIn

CONFIGURATION = "config.json"
_ROOT = "/center/"
_ASK_EACH_TIME = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"  # a year, the longest that RFC 9111's users honour
# Fluent UI fills its <style> elements by rules, which a policy lets pass; that they are made empty it has to be told.
_EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Backup Center: not built</title></head>
<body><h1>Backup Center is not built</h1>
<p>The API works; its page is missing from this copy of the app. In the project's folder, <code>make dashboard</code>
builds it, and <code>make package</code> does so for a deployment. Then start the app again.</p></body></html>
"""


class Services(Protocol):
    """What the composition root hands in."""

    def sign_in(self) -> SignIn:
        """Raises SettingsInvalid: then nobody can sign in, and the page says so."""
        ...


class Pages:
    """Everything that there is to answer, read once."""

    def __init__(self, services: Services, built: Path) -> None:
        self._files = read(built)
        found = configuration(services.sign_in)
        self._configuration = json.dumps(found.document, indent=2).encode()
        self._headers = _headers(found.origins)

    def lead_there(self, request: func.HttpRequest) -> func.HttpResponse:
        del request
        return self._answer(302, b"", {"Location": _ROOT, "Cache-Control": _ASK_EACH_TIME})

    def answer(self, request: func.HttpRequest) -> func.HttpResponse:
        """A file, the configuration, or for every other path the page itself, which reads from it what to show."""
        path = request.route_params.get("path", "")
        if path == CONFIGURATION:
            return self._text(request, 200, self._configuration, "application/json")
        file = self._files.get(path)
        if file is not None and path != INDEX:
            return self._file(request, file, _FOR_EVER if path.startswith(ASSETS) else _ASK_EACH_TIME)
        if path.startswith(ASSETS):
            return self._text(request, 404, b"There is no such file.\n", "text/plain")
        index = self._files.get(INDEX)
        if index is None:
            return self._text(request, 503, _NOT_BUILT.encode(), "text/html")
        return self._file(request, index, _ASK_EACH_TIME)

    def _file(self, request: func.HttpRequest, file: File, caching: str) -> func.HttpResponse:
        packs = _takes_gzip(request.headers.get("Accept-Encoding", ""))
        tag = f'"{file.tag}"' if packs else f'"{file.tag}-unpacked"'
        # Its type on a 304 as well: the worker would add another one, and caches take over what a 304 says.
        headers = {"ETag": tag, "Vary": "Accept-Encoding", "Cache-Control": caching, "Content-Type": file.media_type}
        if _has(request.headers.get("If-None-Match", ""), tag):
            return self._answer(304, b"", headers)
        if packs:
            headers["Content-Encoding"] = "gzip"
        if request.method == "HEAD":
            return self._answer(200, b"", headers)
        return self._answer(200, file.packed if packs else gzip.decompress(file.packed), headers)

    def _text(self, request: func.HttpRequest, status: int, content: bytes, media_type: str) -> func.HttpResponse:
        headers = {"Content-Type": f"{media_type}; charset=utf-8", "Cache-Control": _ASK_EACH_TIME}
        return self._answer(status, b"" if request.method == "HEAD" else content, headers)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> func.HttpResponse:
        return func.HttpResponse(body, status_code=status, headers={**self._headers, **headers})


def _headers(origins: tuple[str, ...]) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' {_EMPTY_STYLE}",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": " ".join(("'self'", *origins)),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def _takes_gzip(header: str) -> bool:
    """By RFC 9110, 12.5.3: the coding's own weight counts before that of `*`, and 0 refuses."""
    weights = dict(_weighed(part) for part in header.lower().split(",") if part.strip())
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _weighed(part: str) -> tuple[str, float]:
    coding, _, parameters = part.partition(";")
    weight = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameters)
    return coding.strip(), 1.0 if not parameters else float(weight[1]) if weight else 0.0


def _has(header: str, tag: str) -> bool:
    """Whether If-None-Match names what would be sent; compared weakly (RFC 9110, 13.1.2)."""
    named = [each.strip().removeprefix("W/") for each in header.split(",")]
    return tag in named or named == ["*"]
