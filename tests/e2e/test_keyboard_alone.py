"""Every flow with the keyboard alone: no mouse, and the focus is never lost. Nothing moves for who asked for less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FileChooser, Page, expect
from sim.faces import SimExtractor, photo
from support.browser import Traffic, with_camera
from support.enrol_page import fates, invited
from support.films import film, turning_head
from support.keyboard import AT, LOST, Keys
from support.live_server import LiveServer
from support.person_at_page import read_json
from support.tablet import paired
from support.world import BASE, PURPOSE, World

from visavis.model.template import Template
from visavis.wire.setup import PurposeRequest

pytestmark = pytest.mark.browser

DOOR = PurposeRequest.model_validate({**PURPOSE, "name": "enrolling with the keyboard"})


@pytest.fixture
def keys(page: Page) -> Keys:
    return Keys(page)


@pytest.fixture
def _ann_stands_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    extract = SimExtractor.extract

    def seen(self: SimExtractor, content: bytes, **how: Any) -> Template:
        return extract(self, photo("ann", 2) if content.startswith(b"\xff\xd8") else content, **how)

    monkeypatch.setattr(SimExtractor, "extract", seen)
    yield
    monkeypatch.undo()


def agreed(keys: Keys, world: World, folder: Path) -> Path:
    """Agree at /consent and save the receipt."""
    page, gallery = keys.page, world.gallery(retention_days=90)
    page.goto(f"{BASE}/consent#{world.pending(gallery, 'ann', photo('ann'))}")
    keys.arrived("ask")
    keys.press("yes")
    expect(page.locator("#agree-problem")).not_to_be_empty()
    assert page.evaluate(AT, "agree")
    page.keyboard.press("Space")
    keys.press("yes")
    keys.arrived("agreed")
    with page.expect_download() as download:
        keys.press("save")
    kept = folder / "receipt.json"
    download.value.save_as(kept)
    return kept


def test_a_consent(keys: Keys, at_sim: World, tmp_path: Path) -> None:
    assert read_json(agreed(keys, at_sim, tmp_path))["server"] == BASE
    assert not keys.page.evaluate(LOST)


@pytest.mark.slow
def test_a_refusal(keys: Keys, at_sim: World) -> None:
    keys.page.goto(f"{BASE}/consent#{at_sim.pending(at_sim.gallery(), 'ann', photo('ann'))}")
    keys.arrived("ask")
    keys.press("no")
    keys.arrived("declined")


def loaded(keys: Keys, receipt: Path) -> None:
    """Choose the receipt: the browser's own dialog opens by the key, and gives the file."""
    page = keys.page

    def chosen(chooser: FileChooser) -> None:
        chooser.set_files(receipt)

    # Before the page is opened: a dialog that comes sooner than somebody waits for it is lost.
    page.once("filechooser", chosen)
    page.goto("about:blank")
    page.goto(f"{BASE}/me")
    keys.press("file")
    keys.arrived("held")


@pytest.mark.slow
def test_my_data_a_renewal_and_a_withdrawal(keys: Keys, at_sim: World, tmp_path: Path) -> None:
    page, receipt = keys.page, agreed(keys, at_sim, tmp_path)
    at_sim.clock.move(days=80)
    loaded(keys, receipt)
    expect(page.locator("#log-list")).to_be_visible()
    keys.arrived("held")
    with page.expect_download():
        keys.press("download")
    keys.press(f"renew-{read_json(receipt)['receipt_id']}")
    keys.arrived("renew")
    keys.press("renew-agree", "Space")
    keys.press("renew-yes")
    keys.arrived("renewed")
    with page.expect_download() as download:
        keys.press("renewed-save")
    download.value.save_as(tmp_path / "fresh.json")
    keys.press("renewed-back")
    keys.arrived("held")
    keys.press("withdraw")
    expect(page.locator("#sure")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sure")).to_be_hidden()
    assert page.evaluate(AT, "withdraw")
    page.keyboard.press("Enter")
    keys.press("really")
    keys.arrived("gone")


@pytest.mark.slow
@pytest.mark.usefixtures("_ann_stands_there")
def test_a_station_by_face_pin_and_to_ones_own_data(keys: Keys, at_sim: World) -> None:
    page = keys.page
    _, ann = paired(page, at_sim)
    keys.arrived("idle")
    keys.press("face")
    keys.arrived("answer")
    keys.press("done")
    keys.arrived("idle")
    at_sim.clock.move(seconds=3)
    keys.press("no-face")
    keys.arrived("way")
    keys.press("by-pin")
    keys.arrived("pin")
    keys.type("pin-name", "ann")
    keys.type("pin-digits", ann.pin)
    page.keyboard.press("Enter")
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    keys.arrived("answer")
    keys.press("done")
    keys.arrived("idle")
    keys.press("read")
    expect(page.locator("#notice-text")).to_be_visible()
    page.keyboard.press("Escape")
    assert page.evaluate(AT, "read")
    at_sim.clock.move(seconds=3)
    keys.press("my-data")
    keys.arrived("prove")
    keys.type("data-name", "ann")
    keys.type("data-pin", ann.pin)
    page.keyboard.press("Enter")
    keys.arrived("data")
    keys.press("data-here")
    keys.arrived("held")
    keys.press("end-visit")
    page.wait_for_url(f"{BASE}/station")
    keys.arrived("idle")


@pytest.mark.slow
def test_pairing_a_station(keys: Keys, at_sim: World) -> None:
    page, gallery = keys.page, at_sim.gallery()
    station = at_sim.made("/v1/stations", {"name": "Door", "gallery_id": gallery, "attended": True})["id"]
    code = str(at_sim.made(f"/v1/stations/{station}/pairing", {})["code"])
    page.goto(f"{BASE}/station")
    keys.arrived("pairing")
    keys.type("code", "0000-0000")
    page.keyboard.press("Enter")
    expect(page.locator("#pairing-problem")).not_to_be_empty()
    assert not page.evaluate(LOST)
    keys.to("code")
    page.keyboard.press("Control+A")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    keys.arrived("idle")


def taken_to_the_camera(keys: Keys, link: str) -> None:
    """Read, tick, go on, and turn the camera on: the focus is where the photo is taken."""
    keys.page.goto(link)
    keys.arrived("ask")
    keys.press("agree", "Space")
    keys.press("go-on")
    expect(keys.page.locator("visavis-capture")).to_be_visible()
    keys.arrived("photos")
    keys.to_what(text="Turn the camera on")
    keys.page.keyboard.press("Enter")
    expect(keys.page.locator("visavis-capture video")).to_have_js_property("readyState", 4)
    assert keys.is_at(text="Take the photo")


def signed(keys: Keys, folder: Path) -> Path:
    """Send the three photos that were taken, say yes, and save the receipt."""
    page = keys.page
    keys.arrived("check")
    keys.press("send")
    expect(page.locator("#check h1")).to_have_text("All 3 photos were accepted")
    assert fates(page) == ["taken"] * 3
    keys.arrived("check")
    keys.press("to-sign")
    keys.arrived("sign")
    keys.press("yes")
    keys.arrived("agreed")
    with page.expect_download() as download:
        keys.press("save")
    kept = folder / "receipt.json"
    download.value.save_as(kept)
    assert not page.evaluate(LOST)
    return kept


@pytest.mark.slow
@pytest.mark.usefixtures("_ann_stands_there")
def test_enrolling_at_home(keys: Keys, at_sim: World, tmp_path: Path) -> None:
    page, gallery = keys.page, at_sim.gallery()
    station = at_sim.station(gallery)
    taken_to_the_camera(keys, f"{BASE}/enrol#{invited(at_sim, gallery)}")
    # Without what guides, each photo is one press; the focus stays on the button between them.
    for number in (1, 2, 3):
        assert keys.is_at(text="Take the photo")
        page.keyboard.press("Space" if number == 2 else "Enter")
        expect(page.locator(".strip img")).to_have_count(number)
    receipt = read_json(signed(keys, tmp_path))
    decision = at_sim.identify(station, photo("ann", 2))
    assert (decision["decision"], decision["subject"]["subject_id"]) == ("MATCH", receipt["subject_id"])


@pytest.mark.slow
def test_enrolling_at_home_while_the_head_is_guided(browser: Browser, server: LiveServer, tmp_path: Path) -> None:
    with server.operator() as operator:
        purpose = operator.state_purpose(DOOR).id
        gallery = operator.open_gallery(name="by the keyboard", purpose_id=purpose).id
        link = operator.invite_to_enrol(gallery, external_reference="somebody with a keyboard").enrol_link
    shown = film(tmp_path / "head.y4m", turning_head(), per_second=1)
    with with_camera(browser, f"--use-file-for-fake-video-capture={shown}") as other:
        page = other.new_page()
        traffic, keys = Traffic.of(page), Keys(page)
        taken_to_the_camera(keys, link)
        # Each photo takes itself, and the keyboard is not thrown anywhere meanwhile.
        for number in (1, 2):
            expect(page.locator(".strip img")).to_have_count(number, timeout=60_000)
            assert keys.is_at(text="Take the photo")
        expect(page.locator("#check")).to_be_visible(timeout=60_000)
        receipt = read_json(signed(keys, tmp_path))
        assert (receipt["server"], traffic.complaints) == (server.url, [])


@pytest.mark.slow
def test_a_grant_of_a_document_check(keys: Keys, at_sim: World) -> None:
    purpose = at_sim.purpose(target_kind="fmr", target=1e-4)
    station = at_sim.station(purpose_id=purpose)
    at_sim.clock.move(seconds=3)
    opened = at_sim.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    keys.page.goto(opened["grant_link"])
    keys.arrived("ask")
    keys.press("agree", "Space")
    keys.press("yes")
    keys.arrived("granted")
