"""A person in front of our pages."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from support.world import BASE


def open_consent(page: Page, secret: str, *, base: str = BASE, query: str = "") -> None:
    """Open a one-time link that waits for an answer."""
    page.goto("about:blank")
    page.goto(f"{base}/consent{query}#{secret}")
    expect(page.locator("#ask")).to_be_visible()


def agree(page: Page, folder: Path) -> Path:
    """Read, tick, say yes and save the receipt."""
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    expect(page.locator("#agreed")).to_be_visible()
    return save_receipt(page, folder)


def save_receipt(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.locator("#save").click()
    kept = folder / download.value.suggested_filename
    download.value.save_as(kept)
    return kept


def load_receipt(page: Page, receipt: Path, *, address: str = f"{BASE}/me") -> None:
    page.goto("about:blank")
    page.goto(address)
    page.locator("#file").set_input_files(receipt)


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
