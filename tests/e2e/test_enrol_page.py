"""Somebody at home opens an invitation on a telephone, in a real browser with a made-up camera."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, FileChooser, Page, expect
from sim.faces import CROWD, NOBODY, photo
from support.browser import Traffic, with_camera
from support.enrol_page import (
    choose,
    fates,
    go_on_to_photos,
    invited,
    open_invitation,
    press_take,
    send,
    take_three,
)
from support.films import film, turning_head
from support.keyboard import Keys
from support.live_server import LiveServer
from support.pdf import unpacked
from support.person_at_page import load_receipt, read_json, save_receipt
from support.pictures import Look
from support.reader import PORTRAITS
from support.world import BASE, PURPOSE, World

from visavis.client import StationClient, public_key_text
from visavis.wire.setup import PurposeRequest, StationRequest

pytestmark = pytest.mark.browser
slow = pytest.mark.slow

PHOTOS: Final = "/v1/consent/photos"
DOOR: Final = PurposeRequest.model_validate({**PURPOSE, "name": "enrolling at home"})
ORT: Final = re.compile(r"ort|wasm|/capture/")


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery(text="We open the door.\n\nThen we forget.")


def posted(traffic: Traffic) -> list[str]:
    return [request.url.removeprefix(BASE) for request in traffic.requests if request.method not in {"GET", "HEAD"}]


@pytest.mark.usefixtures("shown_faces")
def test_somebody_reads_takes_photos_agrees_and_is_recognised(
    page: Page, at_sim: World, traffic: Traffic, gallery: str, tmp_path: Path, look: Look
) -> None:
    station = at_sim.station(gallery)
    secret = invited(at_sim, gallery)
    open_invitation(page, secret)
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    look("enrol")
    # Nothing of the camera, and no model, is loaded before somebody goes on.
    page.wait_for_load_state("networkidle")
    assert [request.url for request in traffic.requests if ORT.search(request.url)] == []
    go_on_to_photos(page)
    assert [request.url for request in traffic.requests if "capture/page" in request.url] != []
    look("enrol-photos")
    take_three(page)
    expect(page.locator("#check")).to_be_visible()
    look("enrol-check")
    # Nothing leaves before the press.
    assert posted(traffic) == []
    send(page)
    assert (fates(page), posted(traffic)) == (["taken"] * 3, [PHOTOS] * 3)
    look("enrol-sent")
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "NO_MATCH"
    page.locator("#to-sign").click()
    look("enrol-sign")
    page.locator("#yes").click()
    expect(page.locator("#agreed h1")).to_be_focused()
    expect(page.locator("[data-pin]")).to_be_visible()
    expect(page).to_have_url(f"{BASE}/enrol")
    receipt = read_json(save_receipt(page, tmp_path))
    look("enrol-agreed")
    decision = at_sim.identify(station, photo("ann", 2))
    assert (decision["decision"], decision["subject"]["subject_id"]) == ("MATCH", receipt["subject_id"])
    assert traffic.origins() == {BASE}
    assert secret not in "".join(request.url.partition("#")[0] for request in traffic.requests)
    assert receipt["private_key"]["d"].encode() not in traffic.sent()
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


@pytest.mark.usefixtures("shown_faces")
def test_enrolling_needs_neither_a_camera_nor_a_mouse(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path], tmp_path: Path
) -> None:
    station = at_sim.station(gallery)
    waiting, keys = list(phone_photos[:2]), Keys(page)

    def chosen(chooser: FileChooser) -> None:
        chooser.set_files(waiting.pop(0))

    page.on("filechooser", chosen)
    open_invitation(page, invited(at_sim, gallery))
    keys.press("agree", "Space")
    keys.press("go-on")
    expect(page.locator("#photos h1")).to_be_focused()
    expect(page.locator("visavis-capture")).to_be_visible()
    for number in (1, 2):
        keys.to_what(selector="input[type=file]")
        page.keyboard.press("Enter")
        expect(page.locator(".strip img")).to_have_count(number)
    keys.press("enough")
    expect(page.locator("#check h1")).to_be_focused()
    keys.press("send")
    expect(page.locator("#check h1")).to_have_text("All 2 photos were accepted")
    expect(page.locator("#check h1")).to_be_focused()
    keys.press("to-sign")
    keys.press("yes")
    expect(page.locator("#agreed h1")).to_be_focused()
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "MATCH"
    assert read_json(save_receipt(page, tmp_path))["server"] == BASE
    # What a telephone writes into its photos stays on it.
    assert b"a telephone" not in at_sim.files()


@slow
def test_s1_photos_wait_for_the_tick_and_the_sending_for_the_press(
    page: Page, at_sim: World, traffic: Traffic, gallery: str, phone_photos: list[Path]
) -> None:
    secret = invited(at_sim, gallery)
    open_invitation(page, secret)
    page.locator("#go-on").click()
    expect(page.locator("#agree-problem")).to_contain_text("Tick the box first")
    expect(page.get_by_role("checkbox")).to_be_focused()
    go_on_to_photos(page)
    choose(page, *phone_photos[:1])
    page.locator("#enough").click()
    page.reload()
    # What was not sent is nowhere, and what is asked is asked anew.
    expect(page.get_by_role("checkbox")).not_to_be_checked()
    assert posted(traffic) == []
    assert at_sim.link("GET", "/v1/consent", secret).json()["photos"]["held"] == 0


@slow
def test_each_photo_says_what_became_of_it_and_can_be_taken_again(
    page: Page, at_sim: World, gallery: str, shown_faces: list[bytes], phone_photos: list[Path], look: Look
) -> None:
    station = at_sim.station(gallery)
    shown_faces += [photo("ann"), NOBODY, CROWD]
    open_invitation(page, invited(at_sim, gallery))
    go_on_to_photos(page)
    choose(page, *phone_photos)
    expect(page.locator("#check")).to_be_visible()
    send(page)
    assert fates(page) == ["taken", "refused", "refused"]
    expect(page.locator("#check h1")).to_have_text("1 of 3 photos was accepted")
    expect(page.locator(".photo").nth(1)).to_contain_text("There is no face in the photo.")
    expect(page.locator(".photo").nth(1)).to_contain_text("with your whole face in the picture")
    expect(page.locator(".photo").nth(2)).to_contain_text("One person at a time")
    look("enrol-refused")
    page.get_by_role("button", name="Take again Photo 2").click()
    choose_again(page, phone_photos[0])
    expect(page.locator("#check h1")).to_be_focused()
    assert fates(page) == ["taken", "waits", "refused"]
    page.get_by_role("button", name="Leave out Photo 3").click()
    send(page)
    assert fates(page) == ["taken", "taken"]
    page.locator("#to-sign").click()
    page.locator("#yes").click()
    expect(page.locator("#agreed h1")).to_be_visible()
    assert at_sim.identify(station, photo("ann", 2))["decision"] == "MATCH"


def choose_again(page: Page, file: Path) -> None:
    """Another file in the place of a photo."""
    expect(page.locator("visavis-capture")).to_be_visible()
    page.locator("visavis-capture input[type=file]").set_input_files(file)


@slow
def test_a_photo_can_be_taken_again_before_it_is_sent(
    page: Page, at_sim: World, traffic: Traffic, gallery: str
) -> None:
    open_invitation(page, invited(at_sim, gallery))
    go_on_to_photos(page)
    page.get_by_label("Say aloud what to do").check()
    expect(page.locator("visavis-capture")).to_have_attribute("speak", "")
    take_three(page)
    shown = [one.get_attribute("src") for one in page.locator(".photo img").all()]
    page.get_by_role("button", name="Take again Photo 2").click()
    page.get_by_role("button", name="Turn the camera on").click()
    press_take(page)
    expect(page.locator("#check")).to_be_visible()
    again = [one.get_attribute("src") for one in page.locator(".photo img").all()]
    assert [a == b for a, b in zip(shown, again, strict=True)] == [True, False, True]
    page.get_by_role("button", name="Leave out Photo 1").click()
    expect(page.locator("#send")).to_have_text("Send 2 photos")
    assert posted(traffic) == []


@pytest.mark.usefixtures("shown_faces")
@slow
def test_s8_a_guardian_is_told_whose_face_it_is_and_until_when(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path], tmp_path: Path, look: Look
) -> None:
    day = (at_sim.clock.now() + timedelta(days=30)).date()
    told = f"{day.day} {day:%B %Y}"
    open_invitation(page, invited(at_sim, gallery, "kim", guardian_until=day.isoformat()))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "May Acme recognise the face of the person you decide for?"
    )
    expect(page.locator("#ask")).to_contain_text(f"A guardian agrees for this person, until {told}.")
    expect(page.locator("#ask .agree")).to_contain_text("I am this person's guardian and decide for them.")
    look("enrol-guardian")
    go_on_to_photos(page)
    expect(page.locator("#photos")).to_contain_text("Their face alone belongs in the pictures, not yours.")
    expect(page.locator("visavis-capture")).to_contain_text("shows only the person you decide for")
    look("enrol-guardian-photos")
    choose(page, *phone_photos)
    send(page)
    page.locator("#to-sign").click()
    page.get_by_role("button", name="Yes, recognise their face").click()
    expect(page.locator("#agreed")).to_contain_text(f"your consent for them ends on {told}")
    with page.expect_download() as download:
        page.locator("#save-pdf").click()
    download.value.save_as(tmp_path / "receipt.pdf")
    written = b"A guardian agreed for this person".hex().upper().encode()
    assert [True for drawn in unpacked((tmp_path / "receipt.pdf").read_bytes()) if written in drawn] == [True]
    receipt = save_receipt(page, tmp_path)
    load_receipt(page, receipt)
    expect(page.locator("#receipts")).to_contain_text(f"A guardian agreed for this person. That ends on {told}.")


@slow
def test_s8_the_page_of_an_ordinary_consent_tells_the_guardians_day_too(
    page: Page, at_sim: World, gallery: str
) -> None:
    day = (at_sim.clock.now() + timedelta(days=30)).date()
    form = {"external_reference": "kim", "guardian_until": day.isoformat()}
    sent = [("photos", ("1.jpg", photo("kim"), "image/jpeg"))]
    link = at_sim.api("POST", f"/v1/galleries/{gallery}/enrolments", data=form, files=sent).json()["consent_link"]
    page.goto(link)
    expect(page.locator("#ask")).to_contain_text(f"A guardian agrees for this person, until {day.day} {day:%B %Y}.")
    expect(page.get_by_role("button", name="Yes, recognise their face")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("your face")


@pytest.mark.usefixtures("shown_faces")
@slow
@pytest.mark.parametrize("step", ["ask", "photos", "check", "sign"])
def test_s7_no_is_said_as_easily_at_every_step(
    page: Page, at_sim: World, gallery: str, phone_photos: list[Path], step: str
) -> None:
    station = at_sim.station(gallery)
    open_invitation(page, invited(at_sim, gallery))
    if step != "ask":
        go_on_to_photos(page)
        choose(page, *phone_photos[:1])
    if step in {"check", "sign"}:
        page.locator("#enough").click()
    if step == "sign":
        send(page)
        page.locator("#to-sign").click()
    others = page.locator(f"#{step} .choices button:visible")
    sizes = {(box["width"], box["height"]) for one in others.all() if (box := one.bounding_box())}
    assert (others.count(), len(sizes)) == (2, 1)
    page.locator(f"#{step}-no").click()
    expect(page.locator("#declined h1")).to_be_focused()
    pin = page.locator("[data-pin]").inner_text()
    assert at_sim.pin(station, "ann", pin)["decision"] == "MATCH"
    assert at_sim.sql('SELECT count(*) FROM "references"') == [(0,)]
    expect(page).to_have_url(f"{BASE}/enrol")
    # The link is in nothing that the browser goes back to, either.
    if step != "ask":
        page.go_back()
    expect(page).to_have_url(f"{BASE}/enrol")
    expect(page.locator("#declined h1")).to_be_visible()


@slow
def test_a_head_is_guided_from_pose_to_pose_and_a_real_server_knows_it_again(
    browser: Browser, server: LiveServer, tmp_path: Path
) -> None:
    with server.operator() as operator:
        purpose = operator.state_purpose(DOOR).id
        gallery = operator.open_gallery(name="at home", purpose_id=purpose).id
        link = operator.invite_to_enrol(gallery, external_reference="somebody at home").enrol_link
        key = Ed25519PrivateKey.generate()
        request = StationRequest(name="hall", gallery_id=gallery, public_key=public_key_text(key), attended=True)
        registered = operator.register_station(request)
    shown = film(tmp_path / "head.y4m", turning_head(), per_second=1)
    with with_camera(browser, f"--use-file-for-fake-video-capture={shown}") as other:
        page = other.new_context(viewport={"width": 390, "height": 844}).new_page()
        traffic = Traffic.of(page)
        page.goto(link)
        go_on_to_photos(page)
        page.get_by_role("button", name="Turn the camera on").click()
        # Nobody presses: each photo takes itself when the head is where it is asked to be.
        expect(page.locator("#check")).to_be_visible(timeout=90_000)
        assert [request.url for request in traffic.requests if request.url.endswith(".onnx")] != []
        send(page)
        assert fates(page) == ["taken"] * 3
        page.locator("#to-sign").click()
        page.locator("#yes").click()
        expect(page.locator("#agreed")).to_be_visible()
        assert traffic.complaints == []
    with StationClient(base_url=server.url, station_id=registered.id, private_key=key) as station:
        portrait = (PORTRAITS / "obama3.jpg").read_bytes()
        assert station.identify(station.open_session("identify").session_id, photo=portrait).decision == "MATCH"
