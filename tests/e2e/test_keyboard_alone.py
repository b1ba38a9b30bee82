"""Every flow with the keyboard alone: no mouse, and the focus is never lost. Nothing moves for who asked for less."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sim.faces import SimExtractor, photo
from support.enrol_page import invited
from support.person_at_page import read_json
from support.tablet import paired
from support.world import BASE, World

from visavis.model.template import Template

pytestmark = pytest.mark.browser

MOST_TABS = 60
"""From the beginning of a page to whatever is on it."""

_AT = "(id) => document.activeElement?.id === id"
_LOST = "() => document.activeElement === null || document.activeElement === document.body"
_HEADINGS = """() => [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .filter((one) => one.checkVisibility()).map((one) => Number(one.tagName[1]))"""
_MOVING = "() => document.getAnimations().filter((one) => one.playState === 'running').length"
_HIDDEN_FOCUS = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const label = at.labels?.[0]?.getBoundingClientRect();
  return box.width * box.height === 0 && !(label && label.width * label.height > 0);
}"""


class Keys:
    """Somebody who has a keyboard and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.emulate_media(reduced_motion="reduce")

    def to(self, id_: str) -> None:
        """Go on with the Tab key until the focus is there."""
        for _ in range(MOST_TABS):
            if self.page.evaluate(_AT, id_):
                assert not self.page.evaluate(_HIDDEN_FOCUS), f"the focus is on {id_}, and nobody sees it"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"The Tab key does not lead to {id_}.")

    def press(self, id_: str, key: str = "Enter") -> None:
        self.to(id_)
        self.page.keyboard.press(key)

    def type(self, id_: str, text: str) -> None:
        self.to(id_)
        self.page.keyboard.type(text)

    def arrived(self, part: str) -> None:
        """The next part is there, the focus in it, its headings are in order, and nothing moves."""
        expect(self.page.locator(f"#{part}")).to_be_visible()
        assert not self.page.evaluate(_LOST), f"the focus is lost in {part}"
        levels = self.page.evaluate(_HEADINGS)
        assert levels[:1] == [1]
        assert all(after <= before + 1 for before, after in pairwise(levels)), (part, levels)
        assert self.page.evaluate(_MOVING) == 0, f"something moves in {part}"


@pytest.fixture
def keys(page: Page) -> Keys:
    return Keys(page)


@pytest.fixture
def _ann_stands_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    extract = SimExtractor.extract

    def seen(self: SimExtractor, content: bytes) -> Template:
        return extract(self, photo("ann", 2) if content.startswith(b"\xff\xd8") else content)

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
    assert page.evaluate(_AT, "agree")
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
    assert not keys.page.evaluate(_LOST)


@pytest.mark.slow
def test_a_refusal(keys: Keys, at_sim: World) -> None:
    keys.page.goto(f"{BASE}/consent#{at_sim.pending(at_sim.gallery(), 'ann', photo('ann'))}")
    keys.arrived("ask")
    keys.press("no")
    keys.arrived("declined")


def loaded(keys: Keys, receipt: Path) -> None:
    """Choose the receipt: the browser's own dialog opens by the key, and gives the file."""
    page = keys.page
    page.goto("about:blank")
    page.goto(f"{BASE}/me")
    keys.to("file")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(receipt)
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
    assert page.evaluate(_AT, "withdraw")
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
    assert page.evaluate(_AT, "read")
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
    assert not page.evaluate(_LOST)
    keys.to("code")
    page.keyboard.press("Control+A")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    keys.arrived("idle")


@pytest.mark.slow
@pytest.mark.usefixtures("_ann_stands_there")
def test_enrolling_at_home(keys: Keys, at_sim: World) -> None:
    page = keys.page
    page.goto(f"{BASE}/enrol#{invited(at_sim, at_sim.gallery())}")
    keys.arrived("ask")
    keys.press("agree", "Space")
    keys.press("go-on")
    expect(page.locator("visavis-capture")).to_be_visible()
    assert not page.evaluate(_LOST)
    assert page.evaluate(_MOVING) == 0


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
