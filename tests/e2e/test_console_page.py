"""Somebody who runs the server at its console, in a real browser."""

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from support.browser import Traffic
from support.pictures import Look
from support.world import BASE, World

pytestmark = pytest.mark.browser


def code_now(world: World, uri: str) -> str:
    """What an app shows (RFC 6238)."""
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(world.clock.now().timestamp()) // 30
    digest = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def test_somebody_sets_an_account_up_logs_in_pairs_a_tablet_and_logs_out(
    page: Page, at_sim: World, traffic: Traffic, look: Look
) -> None:
    gallery = at_sim.gallery()
    at_sim.made("/v1/stations", {"name": "Front desk", "gallery_id": gallery, "attended": True})
    link = at_sim.made("/v1/accounts", {"name": "ann", "roles": ["admin", "operator"]})["setup_link"]
    page.goto(link.replace(link.partition("/console")[0], BASE))
    expect(page.locator("#set-up")).to_contain_text("ann")
    look("console-set-up")
    page.get_by_label("A password of your own").fill("short")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#problem")).not_to_be_empty()
    page.get_by_label("A password of your own").fill("four words in a row")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#app-qr")).to_have_attribute("src", re.compile("^data:image/svg"))
    look("console-app")
    uri = str(page.locator("#app-uri").text_content())
    page.get_by_label("The code that the app shows now").fill(code_now(at_sim, uri))
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#login")).to_be_visible()
    at_sim.clock.move(seconds=31)
    expect(page.locator("#name")).to_have_value("ann")
    page.locator("#password").fill("four words in a row")
    page.locator("#code").fill(code_now(at_sim, uri))
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("#who")).to_contain_text("ann (admin, operator)")
    expect(page.locator("#stations")).to_contain_text("Front desk")
    page.get_by_role("button", name="Pair a tablet: Front desk").click()
    expect(page.locator("#paired output")).to_have_text(re.compile("^[0-9A-Z]{4}-[0-9A-Z]{4}$"))
    look("console")
    page.reload()
    expect(page.locator("#who")).to_contain_text("ann")
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#login")).to_be_visible()
    page.reload()
    expect(page.locator("#login")).to_be_visible()
    assert traffic.origins() == {BASE}


def test_a_wrong_login_is_told_in_the_same_words_whatever_was_wrong(page: Page, at_sim: World, look: Look) -> None:
    assert at_sim.http.get("/console").is_success
    page.goto(f"{BASE}/console")
    expect(page.locator("#login")).to_be_visible()
    page.locator("#name").fill("nobody")
    page.locator("#password").fill("four words in a row")
    page.locator("#code").fill("123456")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("#problem")).not_to_be_empty()
    look("console-login")
    assert page.locator("#password").input_value() == ""
