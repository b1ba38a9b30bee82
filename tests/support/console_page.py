"""Somebody who is logged in at the console, in a real browser."""

from playwright.sync_api import Page, expect

from support.console import Colleague, invited, set_up
from support.world import BASE, World


def at_console(page: Page, world: World, *roles: str, at: str = "", galleries: list[str] | None = None) -> Colleague:
    """Log in at the page with an account of these roles.

    :param at: the section to begin at, as its address names it: ``stations``.
    """
    account_id, link = invited(world, "ann", *roles, galleries=galleries)
    ann = set_up(world, account_id, "ann", link)
    page.goto(f"{BASE}/console" + (f"#/{at}" if at else ""))
    log_in(page, ann)
    expect(page.locator("#who")).to_contain_text("ann")
    return ann


def log_in(page: Page, somebody: Colleague) -> None:
    """Fill in the form, with a fresh code."""
    expect(page.locator("#login")).to_be_visible()
    page.locator("#name").fill(somebody.name)
    page.locator("#password").fill(somebody.password)
    page.locator("#code").fill(somebody.code())
    page.get_by_role("button", name="Log in", exact=True).click()


def opened(page: Page, section: str) -> None:
    """Wait until a section has what it shows."""
    expect(page.locator(f"#places a[href='#/{section}']")).to_have_attribute("aria-current", "page")
    expect(page.locator("#section h1")).to_be_visible()
    expect(page.locator("#section")).not_to_have_attribute("aria-busy", "true")


def go(page: Page, section: str, rest: str = "") -> None:
    """Open a section by its address."""
    page.goto(f"{BASE}/console#/{section}{rest}")
    opened(page, section)
