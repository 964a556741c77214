"""The browser that these tests drive: Debian's Chromium, or what else of it this machine has."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
REQUIRED = "BROWSER_TESTS"  # environment: `required` where it is a fault that they cannot run


def executable() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def is_required() -> bool:
    return os.environ.get(REQUIRED) == "required"
