"""Where a run goes to and as whom: a deployed app and Azure, or the front door of the local target."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Token = Callable[[str], str]  # from an audience to a token for it

ARM = "https://management.azure.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`arm` and `app` are base URLs without a slash at their end, `audiences` what tokens are for, by the origin that
    they are sent to; `ca_file` is trusted instead of the public authorities. `longest_pause` caps, in seconds, what an
    answer asks to wait."""

    arm: str
    app: str
    subscription: str
    location: str
    audiences: Mapping[str, str]
    token: Token
    ca_file: str | None = None
    longest_pause: float = 60.0

    @property
    def is_local(self) -> bool:
        return urlsplit(self.arm).hostname in ("127.0.0.1", "localhost", "::1")


def origin(url: str) -> str:
    """Scheme and host of a URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def local(endpoints: Mapping[str, Any]) -> Target:
    """The front door of a running local target: one address for both, signed in as its contributor."""
    from infra.local.demo.clients import LocalCredential

    credential, door = LocalCredential(endpoints), str(endpoints["front_door"])
    return Target(
        arm=door,
        app=door,
        subscription=endpoints["subscription_id"],
        location="westeurope",
        audiences={origin(door): door},
        token=lambda audience: credential.get_token(f"{audience}/.default").token,
        ca_file=endpoints["ca_file"],
        longest_pause=1.0,
    )


def read_endpoints(file: Path) -> Mapping[str, Any]:
    """Raises FileNotFoundError that says what to do."""
    if not file.exists():
        message = f"{file} is missing: start the local target by `make up`, or name an app with --app"
        raise FileNotFoundError(message)
    return dict(json.loads(file.read_text(encoding="utf-8")))


def deployed(*, app: str, audience: str, subscription: str, location: str, arm: str = ARM) -> Target:
    """An app in Azure, as whoever is signed in to `az` or whatever else azure-identity finds."""
    from azure.identity import DefaultAzureCredential

    credential, app, arm = DefaultAzureCredential(), app.rstrip("/"), arm.rstrip("/")
    return Target(
        arm=arm,
        app=app,
        subscription=subscription,
        location=location,
        audiences={origin(arm): arm, origin(app): audience},
        token=lambda wanted: credential.get_token(f"{wanted}/.default").token,
    )
