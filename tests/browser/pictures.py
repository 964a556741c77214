"""`python -m tests.browser.pictures`: the pictures of the README, of a demo that has played and leaves time to look."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from infra.local.demo.run import DIRECTORY
from tests.browser import chromium
from tests.browser.window import Window

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
SIZE = {"width": 1200, "height": 760}
DISK = "app02-os"  # one that has points of two retention rules


def main() -> int:
    try:
        endpoints = json.loads((DIRECTORY / "endpoints.json").read_text())
    except FileNotFoundError:
        print("Run make demo first, and leave it when it says that everything runs on.", file=sys.stderr)
        return 1
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=list(chromium.ARGUMENTS))
        window = Window(browser, endpoints["center"], viewport=SIZE)
        window.sign_in("operator")
        window.settle()
        window.page.screenshot(path=PICTURES / "overview.png")
        window.go(f"disks?search={DISK}")
        window.page.get_by_role("link", name=DISK).click()
        window.settle()
        window.page.screenshot(path=PICTURES / "disk.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
