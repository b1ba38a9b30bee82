"""A station whose purpose asks for movements: what the page asks, films and sends, in a real browser."""

import base64
import json
import re

import pytest
from playwright.sync_api import Page, Request, expect
from sim.faces import photo
from support.axe import violations
from support.browser import Traffic, at_world
from support.pictures import Look as Picture
from support.seeing_films import SeeingFilming
from support.world import BASE, World

pytestmark = pytest.mark.browser


@pytest.fixture
def station(page: Page, active: World, traffic: Traffic) -> Page:
    at_world(page, active)
    assert traffic.requests == []
    gallery = active.gallery(liveness="active")
    active.active(gallery, "ann", photo("ann"))
    made = active.made("/v1/stations", {"name": "Door 1", "gallery_id": gallery, "attended": True})
    page.goto(f"{BASE}/station")
    page.get_by_label("The code").fill(str(active.made(f"/v1/stations/{made['id']}/pairing", {})["code"]))
    page.get_by_role("button", name="Pair this device").click()
    expect(page.locator("#idle")).to_be_visible()
    active.clock.move(seconds=3)
    return page


def test_what_is_asked_is_told_before_with_ways_for_who_cannot(station: Page, look: Picture) -> None:
    expect(station.locator("#face-how")).to_contain_text("Some movements")
    station.locator("#face").click()
    expect(station.locator("#moves")).to_be_visible()
    for name in ("Begin", "No face, please", "I cannot shut my eyes at will", "I cannot move my head"):
        expect(station.get_by_role("button", name=name, exact=True).locator("visible=true")).to_be_visible()
    assert violations(station) == []
    look("station-moves")
    station.locator("#moves-other-way").click()
    expect(station.locator("#way")).to_be_visible()


def test_a_film_is_taken_and_judged(station: Page, active: World, filming: SeeingFilming) -> None:
    sent: list[Request] = []
    station.on("request", lambda request: sent.append(request) if request.url.endswith("/identify") else None)
    station.locator("#face").click()
    station.locator("#move").click()
    asked = station.locator("visavis-capture .asked")
    expect(asked).to_be_visible(timeout=15_000)
    expect(asked).to_contain_text(re.compile("head|nose|eyes|closer"), timeout=5_000)
    # The clock of the simulated server stands still: the film takes its own time.
    active.clock.move(seconds=15)
    expect(station.locator("#answer")).to_be_visible(timeout=30_000)
    expect(station.locator("#answer")).to_have_attribute("data-decision", "REFUSED")
    body = sent[0].post_data_buffer or b""
    manifest = re.search(rb'name="manifest"\r\n\r\n([^\r]+)', body)
    assert manifest is not None
    text = manifest[1].split(b".")[1]
    told = json.loads(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    assert 16 <= len(told["frames"]) <= 160
    assert len(told["steps"]) == 4
    ((outcome, reason),) = active.sql("SELECT outcome, reason FROM decisions")
    assert outcome == "REFUSED"
    # What the browser signed, timed and sent is whole; a made-up camera that always shows one picture is found out.
    assert reason == ("challenge_not_done" if filming.given else "frames_repeated")
    expect(station.locator("#answer-means")).not_to_be_empty()


def test_somebody_who_does_what_the_page_asks_is_recognised(
    station: Page, active: World, filming: SeeingFilming, shown_faces: list[bytes]
) -> None:
    """From the page to the decision: only what the cameras saw is made up."""
    assert shown_faces == []
    filming.does = True
    station.locator("#face").click()
    station.locator("#move").click()
    expect(station.locator("visavis-capture .asked")).to_be_visible(timeout=15_000)
    active.clock.move(seconds=15)
    expect(station.locator("#answer")).to_have_attribute("data-decision", "MATCH", timeout=30_000)
    expect(station.locator("#answer-title")).to_contain_text("ann")
    assert filming.given
