"""Accounts and API keys at the console: made, changed, shown once, ended."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.console import colleague
from support.console_page import at_console, go, opened
from support.pictures import Look
from support.world import World

pytestmark = pytest.mark.browser


@pytest.mark.slow
def test_an_account_is_made_changed_given_a_new_link_and_ended(page: Page, at_sim: World, look: Look) -> None:
    gallery = at_sim.gallery()
    at_console(page, at_sim, "admin", at="accounts")
    page.get_by_text("Add somebody").click()
    page.get_by_label("Name to log in with").fill("bob")
    page.get_by_role("button", name="Make the account").click()
    expect(page.locator("#account-form [role=alert]")).to_contain_text("Tick one role")
    page.locator("#account-form input[value=auditor]").check()
    page.get_by_role("button", name="Make the account").click()
    link = str(page.locator("#account-link output").text_content())
    secret = link.partition("#set-up=")[2]
    assert at_sim.link("GET", "/v1/console/set-up", secret).json()["name"] == "bob"
    bob = page.locator("#accounts li").filter(has_text="bob")
    expect(bob).to_contain_text("auditor · All galleries")
    page.get_by_role("button", name="I have it").click()
    assert secret not in page.content()
    bob.get_by_text("Change roles and galleries").click()
    bob.locator("input[value=operator]").check()
    bob.get_by_label("All galleries").uncheck()
    bob.get_by_role("button", name="Save: bob").click()
    expect(bob.locator("[role=alert]")).to_contain_text("Tick a gallery")
    bob.locator(f"input[value={gallery}]").check()
    bob.get_by_role("button", name="Save: bob").click()
    expect(bob).to_contain_text("auditor, operator · gallery 1")
    look("console-accounts")
    bob.get_by_role("button", name="New link: bob").click()
    page.get_by_role("dialog").get_by_role("button", name="New link").click()
    expect(page.locator("#account-link output")).not_to_have_text(link)
    assert not at_sim.link("GET", "/v1/console/set-up", secret).is_success
    bob.get_by_role("button", name="End: bob").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(bob).not_to_contain_text("Ended on")
    bob.get_by_role("button", name="End: bob").click()
    page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(bob).to_contain_text("Ended on")


@pytest.mark.slow
def test_an_account_that_ends_leaves_its_keys_named(page: Page, at_sim: World) -> None:
    bob = colleague(at_sim, "bob", "admin")
    assert bob.call("POST", "/v1/api-keys", json={"name": "backup job", "scopes": ["backup"]}).is_success
    colleague(at_sim, "cyd", "operator")
    at_console(page, at_sim, "admin", at="accounts")
    for name in ("cyd", "bob"):
        page.get_by_role("button", name=f"End: {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="End").click()
        expect(page.locator("#accounts li").filter(has_text=name)).to_contain_text("Ended on")
        if name == "cyd":
            expect(page.locator("#account-link")).to_be_empty()
    expect(page.get_by_role("heading", name="API keys that bob made")).to_be_focused()
    expect(page.locator("#account-link li")).to_have_text(re.compile("backup job backup key_"))
    page.get_by_role("link", name="To the API keys").click()
    expect(page.locator("#keys")).to_contain_text("backup job")


@pytest.mark.slow
def test_a_key_is_made_shown_once_and_ended(page: Page, at_sim: World) -> None:
    at_console(page, at_sim, "admin", at="keys")
    page.get_by_text("Make a key").click()
    page.get_by_label("What it is for").fill("front door")
    page.get_by_label("Days until it ends").fill("30")
    page.locator("#key-form input[value=metrics]").check()
    page.get_by_role("button", name="Make the key").click()
    secret = str(page.locator("#key-secret output").text_content())

    def reads() -> int:
        return at_sim.http.get("/metrics", headers={"Authorization": f"Bearer {secret}"}).status_code

    assert reads() == 200
    go(page, "accounts")
    go(page, "keys")
    assert secret not in page.content()
    item = page.locator("#keys li").filter(has_text="front door")
    expect(item).to_contain_text("metrics · All galleries")
    expect(item).to_contain_text("Ends on")
    item.get_by_role("button", name="End the key: front door").click()
    page.get_by_role("dialog").get_by_role("button", name="End the key").click()
    expect(item).to_have_count(0)
    assert reads() == 401


@pytest.mark.slow
def test_an_account_is_made_with_the_keyboard_alone(page: Page, at_sim: World) -> None:
    at_console(page, at_sim, "admin", at="stations")
    opened(page, "stations")
    page.set_viewport_size({"width": 375, "height": 800})
    press_on(page, "#places-toggle")
    page.keyboard.press("Enter")
    press_on(page, "#places a[href='#/accounts']")
    page.keyboard.press("Enter")
    opened(page, "accounts")
    expect(page.locator("#section h1")).to_be_focused()
    expect(page.locator("#places")).to_be_hidden()
    press_on(page, "#account-add summary")
    page.keyboard.press("Enter")
    press_on(page, "#account-name")
    page.keyboard.type("bob")
    press_on(page, "#account-form input[value=custodian]")
    page.keyboard.press("Space")
    press_on(page, "#account-form button")
    page.keyboard.press("Enter")
    expect(page.locator("#account-link h2")).to_be_focused()
    press_on(page, "#accounts button[aria-label='End: bob']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[aria-labelledby=ask-first-title]")).to_have_count(0)  # gone, and not only closed
    expect(page.locator("#accounts button[aria-label='End: bob']")).to_be_focused()
    expect(page.locator("#accounts button[aria-label='End: bob']")).not_to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    press_on(page, "dialog button[value=yes]")
    page.keyboard.press("Enter")
    expect(page.locator("#accounts")).to_contain_text("Ended on")


def press_on(page: Page, place: str) -> None:
    """Tab until the focus is there."""
    for _ in range(60):
        if page.evaluate("place => document.activeElement.matches(place)", place):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"The keyboard does not come to {place}.")
