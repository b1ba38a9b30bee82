"""A station whose purpose asks for movements: what the page asks, films and sends, in a real browser."""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from attacks.heads import Stance
from playwright.sync_api import Page, Request, expect
from sim.faces import SimExtractor, photo
from sim.films import SimFilming, frame
from support.axe import violations
from support.browser import Traffic, at_world
from support.pictures import Look as Picture
from support.world import BASE, World, reopened_world, settings_in

from visavis import bootstrap
from visavis.model.film import Look

pytestmark = pytest.mark.browser


class SeeingFilming(SimFilming):
    """Takes real frames for somebody who stands still; ``given`` has how many there were."""

    def __init__(self, extractor: SimExtractor) -> None:
        super().__init__(extractor)
        self.given: list[int] = []

    def looks(self, frames: Sequence[bytes], at_ms: Sequence[int]) -> list[Look]:
        assert all(one.startswith(b"\xff\xd8\xff") for one in frames)
        self.given.append(len(frames))
        made = [frame("ann", Stance(), number=number) for number in range(len(frames))]
        return super().looks(made, at_ms)


@pytest.fixture
def filming() -> SeeingFilming:
    return SeeingFilming(SimExtractor())


@pytest.fixture
def active(tmp_path: Path, filming: SeeingFilming) -> Iterator[World]:
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    with reopened_world(tmp_path, settings, secret, filming=filming) as world:
        yield world


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
    assert 16 <= len(told["frames"]) <= 128
    assert len(told["steps"]) == 4
    ((outcome, reason),) = active.sql("SELECT outcome, reason FROM decisions")
    assert outcome == "REFUSED"
    # What the browser signed, timed and sent is whole; a made-up camera that always shows one picture is found out.
    assert reason == ("challenge_not_done" if filming.given else "frames_repeated")
    expect(station.locator("#answer-means")).not_to_be_empty()
