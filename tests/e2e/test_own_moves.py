"""A check on the person's own device that asks for movements, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sim.faces import photo
from support.axe import violations
from support.browser import Traffic, at_world
from support.person_at_page import agree, load_receipt, open_consent, read_json
from support.pictures import Look as Picture
from support.seeing_films import SeeingFilming
from support.world import BASE, World

pytestmark = pytest.mark.browser


@pytest.fixture
def check(page: Page, active: World, traffic: Traffic, tmp_path: Path, shown_faces: list[bytes]) -> Page:
    """Ann opened the link of a check, with her receipt."""
    at_world(page, active)
    assert traffic.requests == []
    assert shown_faces == []
    gallery = active.gallery(liveness="active")
    open_consent(page, active.pending(gallery, "ann", photo("ann")))
    receipt = agree(page, tmp_path)
    asked = {"subject_id": read_json(receipt)["subject_id"], "attended": False}
    load_receipt(page, receipt, address=active.made("/v1/personal-sessions", asked)["link"])
    expect(page.locator("#moves")).to_be_visible()
    return page


def outcomes(world: World) -> list[tuple[str, str | None]]:
    return [(str(outcome), reason) for outcome, reason in world.sql("SELECT outcome, reason FROM decisions")]


def test_what_is_asked_is_told_before_with_ways_for_who_cannot(check: Page, look: Picture) -> None:
    for name in ("Begin", "I cannot shut my eyes at will"):
        expect(check.get_by_role("button", name=name, exact=True).locator("visible=true")).to_be_visible()
    expect(check.locator("#moves")).to_contain_text("use your PIN")
    expect(check.locator("#photo")).to_be_hidden()
    assert violations(check) == []
    look("me-moves")


def test_somebody_who_does_what_the_page_asks_is_recognised(check: Page, active: World, filming: SeeingFilming) -> None:
    filming.does = True
    check.locator("#move").click()
    expect(check.locator("visavis-capture .asked")).to_be_visible(timeout=15_000)
    active.clock.move(seconds=15)
    expect(check.locator(".verdict")).to_have_text("Recognised", timeout=30_000)
    assert outcomes(active) == [("MATCH", None)]


def test_somebody_who_does_nothing_is_not_and_told_how_to_go_on(check: Page, active: World) -> None:
    check.locator("#only-head").focus()
    check.keyboard.press("Enter")
    expect(check.locator("visavis-capture .asked")).to_be_visible(timeout=15_000)
    active.clock.move(seconds=15)
    expect(check.locator(".verdict")).to_have_text("Not decided", timeout=30_000)
    expect(check.locator("#verdict-means")).to_contain_text("Ask for a new link")
    assert outcomes(active) == [("REFUSED", "challenge_not_done")]


def test_who_stops_is_not_filmed_and_may_begin_again(check: Page, active: World) -> None:
    check.locator("#move").click()
    expect(check.locator("#look")).to_be_visible()
    check.locator("#look-stop").click()
    expect(check.locator("#move")).to_be_focused()
    expect(check.locator("#problem")).to_be_empty()
    assert outcomes(active) == []
    check.locator("#move").click()
    expect(check.locator("visavis-capture")).to_be_visible()


def test_a_camera_that_may_not_be_used_is_said_to_be_none(check: Page, active: World) -> None:
    check.context.clear_permissions()
    check.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
    )
    check.locator("#move").click()
    expect(check.locator("#problem")).not_to_be_empty()
    expect(check.locator("#move")).to_be_visible()
    assert outcomes(active) == []


def test_it_fits_a_narrow_phone(check: Page) -> None:
    check.set_viewport_size({"width": 360, "height": 640})
    for part in ("#moves", "#look"):
        expect(check.locator(part)).to_be_visible()
        assert check.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        if part == "#moves":
            check.locator("#move").click()
    assert BASE in check.url
