"""The person's own page without a receipt, with its QR code, and when their consent ends soon."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import segno
from playwright.sync_api import Page, expect
from sim.faces import SimExtractor, photo
from support.browser import Traffic
from support.pdf import files_inside
from support.person_at_page import agree, load_receipt, open_consent, read_json
from support.pictures import Look
from support.tablet import paired
from support.world import BASE, World

from visavis.model.template import Template

pytestmark = pytest.mark.browser

_UNTIL = "async () => { while (!(IT)) await new Promise((on) => setTimeout(on, 50)); }"
"""The pages let no text become a script, so that what is waited for is asked for in one."""


@pytest.fixture
def stands_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Whom a photo of the camera shows."""
    shown = [photo("ann", 2)]
    extract = SimExtractor.extract

    def seen(self: SimExtractor, content: bytes, **how: Any) -> Template:
        return extract(self, shown[0] if content.startswith(b"\xff\xd8") else content, **how)

    monkeypatch.setattr(SimExtractor, "extract", seen)
    yield shown
    monkeypatch.undo()


def prove(page: Page, name: str, pin: str) -> None:
    page.locator("#my-data").click()
    expect(page.locator("#data-name")).to_be_focused()
    page.locator("#data-name").fill(name)
    page.locator("#data-pin").fill(pin)
    page.get_by_role("button", name="Next: your face").click()


@pytest.mark.slow
def test_somebody_without_a_receipt_sees_their_data_by_face_and_pin(
    page: Page, at_sim: World, stands_there: list[bytes], traffic: Traffic, look: Look
) -> None:
    assert stands_there
    _, ann = paired(page, at_sim)
    prove(page, "ann", ann.pin)
    expect(page.locator("#data h1")).to_have_text("Scan this with your phone")
    expect(page.get_by_role("img", name="QR code that opens your data")).to_be_visible()
    look("station-my-data")
    page.locator("#data-here").click()
    expect(page.locator("#held")).to_be_visible()
    expect(page.locator("#visit")).to_contain_text("known by face and PIN")
    expect(page.locator("#held")).to_contain_text("ann")
    expect(page.locator("#readings")).to_contain_text("You, by face and PIN")
    expect(page.locator("#log-entries")).to_contain_text("opened with your face and your PIN")
    expect(page.locator("#log-unpinned")).to_contain_text("Without your receipt")
    look("me-visit")
    assert "visit=" not in page.url
    page.locator("#end-visit").click()
    page.wait_for_url(f"{BASE}/station")
    expect(page.locator("#idle")).to_be_visible()
    assert traffic.origins() == {BASE}
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


@pytest.mark.slow
def test_neither_is_enough_and_nothing_tells_which_was_wrong(
    page: Page, at_sim: World, stands_there: list[bytes], look: Look
) -> None:
    _, ann = paired(page, at_sim)
    said = []
    for face, pin in ((photo("ann", 2), "000000"), (photo("stranger"), ann.pin)):
        stands_there[0] = face
        prove(page, "ann", pin)
        expect(page.locator("#answer")).to_be_visible()
        expect(page.locator("#answer h1")).to_have_text("That did not fit together")
        said.append(page.locator("#answer h1, #answer-means").all_inner_texts())
        look("station-my-data-refused")
        page.locator("#done").click()
        expect(page.locator("#idle")).to_be_visible()
        assert page.locator("#answer h1").text_content() == ""
        at_sim.clock.move(seconds=3)
        assert page.locator("#data-name").input_value() == ""
    assert said[0] == said[1]


@pytest.mark.slow
def test_the_link_on_a_phone_opens_once(page: Page, at_sim: World, traffic: Traffic) -> None:
    gallery = at_sim.gallery()
    ann, station = at_sim.active(gallery, "ann", photo("ann")), at_sim.station(gallery)
    path = f"/v1/sessions/{at_sim.session(station, 'verify')}/own-data"
    form = {"external_reference": "ann", "pin": ann.pin}
    link = at_sim.at(station, "POST", path, files={"photo": photo("ann", 2)}, data=form).json()["me_link"]
    page.goto(link)
    expect(page.locator("#held")).to_be_visible()
    secret = urlsplit(link).fragment.removeprefix("visit=")
    assert not [request.url for request in traffic.requests if secret in request.url]
    page.goto("about:blank")
    page.goto(link)
    expect(page.locator("#visit-over")).to_be_visible()
    expect(page.locator("#problem")).to_contain_text("link")


@pytest.fixture
def receipt(page: Page, at_sim: World, tmp_path: Path) -> Path:
    open_consent(page, at_sim.pending(at_sim.gallery(retention_days=90), "ann", photo("ann")))
    return agree(page, tmp_path)


@pytest.mark.slow
def test_a_picture_and_the_pdf_of_the_receipt_open_it(page: Page, receipt: Path, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.locator("#save-pdf").click()
    pdf = tmp_path / "receipt.pdf"
    download.value.save_as(pdf)
    kept = read_json(receipt)
    picture = tmp_path / "code.png"
    address = f"{BASE}/me#key={kept['subject_id']}.{kept['private_key']['d']}"
    segno.make(address, error="m").save(str(picture), scale=6)
    for file in (pdf, picture):
        load_receipt(page, file)
        expect(page.locator("#held")).to_be_visible()
    other = tmp_path / "other.png"
    segno.make("https://elsewhere.example/me#key=x").save(str(other), scale=6)
    load_receipt(page, other)
    expect(page.locator("#problem")).to_contain_text("No code of a receipt")


_SHOWS = """(picture) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 640 });
  const image = new Image();
  image.onload = () => setInterval(() => canvas.getContext("2d").drawImage(image, 0, 0, 640, 640), 50);
  image.src = picture;
  navigator.mediaDevices.asked = 0;
  navigator.mediaDevices.getUserMedia = async () => {
    navigator.mediaDevices.asked++;
    return (navigator.mediaDevices.lit = canvas.captureStream(15));
  };
}"""


@pytest.mark.slow
def test_the_camera_reads_the_receipts_code_after_the_press_and_goes_off(page: Page, receipt: Path, look: Look) -> None:
    kept = read_json(receipt)
    code = segno.make(f"{BASE}/me#key={kept['subject_id']}.{kept['private_key']['d']}", error="m")
    page.goto("about:blank")
    page.goto(f"{BASE}/me")
    page.evaluate(_SHOWS, code.png_data_uri(scale=6))
    assert page.evaluate("navigator.mediaDevices.asked") == 0
    look("me")
    page.get_by_role("button", name="Scan the receipt").click()
    expect(page.locator("#held")).to_be_visible()
    assert page.evaluate("navigator.mediaDevices.lit.getTracks().map((one) => one.readyState)") == ["ended"]


def test_who_has_enough_of_scanning_gets_the_camera_off(page: Page, at_sim: World) -> None:
    assert at_sim.http.get("/me").headers["permissions-policy"].startswith("camera=(self)")
    page.goto(f"{BASE}/me")
    page.evaluate(_SHOWS, "data:,")
    page.locator("#scan").click()
    expect(page.locator("#stop-scan")).to_be_focused()
    page.evaluate(_UNTIL.replace("IT", "navigator.mediaDevices.lit"))
    page.locator("#stop-scan").click()
    expect(page.locator("#scan")).to_be_focused()
    page.evaluate(
        _UNTIL.replace("IT", "navigator.mediaDevices.lit.getTracks().every((one) => one.readyState === 'ended')")
    )
    expect(page.locator("#problem")).to_be_empty()


@pytest.mark.slow
def test_whose_consent_ends_soon_goes_on_with_the_same_key(
    page: Page, at_sim: World, receipt: Path, tmp_path: Path, look: Look, traffic: Traffic
) -> None:
    at_sim.clock.move(days=80)
    load_receipt(page, receipt)
    page.get_by_role("button", name="Go on after").click()
    expect(page.locator("#renew h1")).to_be_focused()
    expect(page.locator("#renew-text")).to_have_text(
        "We open the door for you. We also look for people enrolled twice."
    )
    look("me-renew")
    page.locator("#renew-yes").click()
    expect(page.locator("#renew-problem")).to_contain_text("Tick the box first")
    page.locator("#renew-agree").check()
    page.locator("#renew-yes").click()
    expect(page.locator("#renewed h1")).to_be_focused()
    look("me-renewed")
    with page.expect_download() as download:
        page.locator("#renewed-save").click()
    fresh = tmp_path / "fresh.json"
    download.value.save_as(fresh)
    old, new = read_json(receipt), read_json(fresh)
    assert new["private_key"] == old["private_key"]
    assert new["receipt_id"] != old["receipt_id"]
    with page.expect_download() as download:
        page.locator("#renewed-pdf").click()
    download.value.save_as(tmp_path / "fresh.pdf")
    (inside,) = files_inside((tmp_path / "fresh.pdf").read_bytes())
    assert json.loads(inside) == new
    assert json.dumps(old["private_key"]["d"]).encode() not in traffic.sent()
    page.locator("#renewed-back").click()
    expect(page.locator("#held")).to_be_visible()
    expect(page.locator("#receipts")).to_contain_text(new["receipt_id"])
    at_sim.clock.move(days=20)
    load_receipt(page, fresh)
    expect(page.locator("#held")).to_be_visible()
