"""A refusal in the words of whoever reads it: a person is told what they can do, an operator how it is mended."""

from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sim.faces import photo
from support.browser import at_world
from support.console_page import at_console
from support.person_at_page import open_consent
from support.world import BASE, World

from visavis.model.purpose import GalleryFull

pytestmark = pytest.mark.browser

FULL: Final = {"code": GalleryFull.code, "detail": "There may be 500 references.", "mend": GalleryFull.mend}


def full(route: Route) -> None:
    route.fulfill(status=409, json=FULL)


def test_a_person_is_told_whom_to_tell(page: Page, at_sim: World) -> None:
    open_consent(page, at_sim.pending(at_sim.gallery(), "ann", photo("ann")))
    page.route("**/v1/consent/countersignature", full)
    page.get_by_role("checkbox").check()
    page.locator("#yes").click()
    problem = page.locator("#problem")
    expect(problem).to_contain_text("There is no room for more people here.")
    expect(problem).to_contain_text("Only the people who run this can mend it: tell them.")
    expect(problem).not_to_contain_text("Make room")


@pytest.mark.slow
def test_a_person_is_told_in_their_own_language(browser: Browser, world: World) -> None:
    with browser.new_context(locale="de-DE") as context:
        page = context.new_page()
        at_world(page, world)
        page.goto(f"{BASE}/consent#{world.pending(world.gallery(), 'ann', photo('ann'))}")
        page.route("**/v1/consent/countersignature", full)
        page.get_by_role("checkbox").check()
        page.locator("#yes").click()
        expect(page.locator("#problem")).to_contain_text("Das können nur die Betreiber beheben")
        assert page.locator("#problem [lang]").count() == 0


@pytest.mark.slow
def test_an_operator_is_told_how_it_is_mended(page: Page, at_sim: World) -> None:
    gallery = at_sim.gallery()
    at_console(page, at_sim, "admin", at=f"rates/{gallery}")
    page.route("**/own-rates", full)
    page.get_by_role("button", name="Measure now").click()
    problem = page.locator(".sheet", has=page.locator("#rates-measured")).locator("[role=alert]")
    expect(problem).to_contain_text("There is no room for more people here.")
    expect(problem).to_contain_text("withdraw for people who left")
    expect(problem).not_to_contain_text("tell them")
