"""The page on which custodians give their shares."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.pictures import Look
from support.quorum import installation

from visavis.cli.share_words import words_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_custodians_unseal_at_the_page_one_after_the_other(page: Page, tmp_path: Path, look: Look) -> None:
    held = installation(tmp_path)
    sheets = held.hold_ceremony(shares=3, threshold=2)
    words = [words_of((sheet,), None, count=1)[0] for sheet in sheets]
    with held.serving() as process:
        page.goto(f"{held.url}/unseal")
        expect(page.locator("#sealed")).to_contain_text("0 of 2 shares are in.")
        page.locator("#words").fill("open sesame")
        page.get_by_role("button", name="Give my share").click()
        expect(page.locator("#problem")).to_contain_text("Word 1 is not in the list")
        page.locator("#words").fill("\n".join(words[0].upper().split()))
        page.get_by_role("button", name="Give my share").click()
        expect(page.locator("#given")).to_contain_text("1 more share is needed.")
        look("unseal")
        assert page.locator("#words").input_value() == ""
        page.goto(f"{held.url}/unseal")
        page.locator("#words").fill(words[2])
        page.get_by_role("button", name="Give my share").click()
        expect(page.locator("#open")).to_contain_text("This server is open", timeout=30_000)
        look("unseal-open")
        held.wait_until_open(process)


def test_a_sheet_stands_alone(page: Page, tmp_path: Path) -> None:
    held = installation(tmp_path)
    sheet = held.hold_ceremony(shares=2, threshold=2)[0]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(sheet.as_uri())
    expect(page.get_by_role("heading", name="Share 1 of 2")).to_be_visible()
    expect(page.get_by_role("listitem")).to_have_count(33)
    expect(page.locator("svg")).to_be_visible()
    assert asked == [sheet.as_uri()]
