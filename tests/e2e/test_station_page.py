"""A tablet in front of people: a real browser with a made-up camera, over the real doors of a simulated server."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Page, Route, expect
from sim.faces import SimExtractor, photo
from support.browser import Traffic
from support.pictures import Look
from support.world import BASE, Person, World, public_text

from visavis.model.template import Template

pytestmark = pytest.mark.browser

_LIT = "() => navigator.mediaDevices.lit.filter((track) => track.readyState === 'live').length"
_COUNT_TRACKS = """() => {
  const devices = navigator.mediaDevices, ask = devices.getUserMedia.bind(devices);
  devices.lit = [];
  devices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    devices.lit.push(...stream.getTracks());
    return stream;
  };
}"""


class Tablet:
    """A station's page, paired, with one person enrolled."""

    def __init__(self, page: Page, world: World) -> None:
        self.page, self.world = page, world
        self.gallery = world.gallery(text="We open the door.\n\nThen we forget.", retention_days=30)
        self.ann: Person = world.active(self.gallery, "ann", photo("ann"))
        body = {"name": "Door 1", "gallery_id": self.gallery, "attended": True}
        self.id = str(world.made("/v1/stations", body)["id"])

    def code(self) -> str:
        return str(self.world.made(f"/v1/stations/{self.id}/pairing", {})["code"])

    def pair(self) -> None:
        self.page.add_init_script(f"({_COUNT_TRACKS})()")
        self.page.goto(f"{BASE}/station")
        self.page.get_by_label("The code").fill(self.code())
        self.page.get_by_role("button", name="Pair this device").click()
        expect(self.page.locator("#idle")).to_be_visible()
        self.world.clock.move(seconds=3)

    def next_person(self) -> None:
        self.page.locator("#done").click()
        expect(self.page.locator("#idle")).to_be_visible()
        self.world.clock.move(seconds=3)

    def cameras_on(self) -> int:
        return int(self.page.evaluate(_LIT))

    def decisions(self) -> list[tuple[str, str]]:
        items = self.world.api("GET", "/v1/decisions", params={"gallery_id": self.gallery}).json()["items"]
        return [(item["outcome"], item["means"]) for item in items]


@pytest.fixture
def tablet(page: Page, at_sim: World) -> Tablet:
    made = Tablet(page, at_sim)
    made.pair()
    return made


@pytest.fixture
def stands_there(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Whom a photo of the camera shows: the simulated model sees them in any JPEG."""
    shown = [photo("ann", 2)]
    extract = SimExtractor.extract

    def seen(self: SimExtractor, content: bytes, **how: Any) -> Template:
        return extract(self, shown[0] if content.startswith(b"\xff\xd8") else content, **how)

    monkeypatch.setattr(SimExtractor, "extract", seen)
    yield shown
    monkeypatch.undo()


def test_a_paired_tablet_tells_purpose_controller_and_retention_and_its_camera_is_off(
    page: Page, tablet: Tablet, look: Look
) -> None:
    notice = page.locator("#notice")
    for words in ("Acme", "privacy@acme.example", "30 days"):
        expect(notice).to_contain_text(words)
    expect(page.locator("#idle")).to_contain_text("The camera is off")
    look("station")
    assert tablet.cameras_on() == 0
    page.get_by_role("button", name="Read everything").click()
    expect(page.locator("#text")).to_have_text("We open the door.\n\nThen we forget.")
    page.keyboard.press("Escape")
    expect(page.locator("#text")).to_be_hidden()


def test_somebody_is_greeted_and_the_camera_goes_off(
    page: Page, tablet: Tablet, stands_there: list[bytes], traffic: Traffic, look: Look
) -> None:
    assert stands_there
    page.get_by_role("button", name="Use my face").click()
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    assert tablet.cameras_on() == 0
    expect(page.locator("#said")).to_have_text("Welcome, ann")
    look("station-welcome")
    assert tablet.decisions() == [("MATCH", "face")]
    assert traffic.origins() == {BASE}
    tablet.next_person()


@pytest.mark.slow
def test_a_stranger_may_try_again_or_go_the_other_way(
    page: Page, tablet: Tablet, stands_there: list[bytes], look: Look
) -> None:
    stands_there[0] = photo("stranger")
    page.locator("#face").click()
    expect(page.locator("#answer h1")).to_have_text("You were not recognised")
    look("station-not-recognised")
    again, other = (page.locator(f"#{name}").bounding_box() for name in ("again", "other-way"))
    assert again is not None
    assert other is not None
    assert (again["width"], again["height"]) == (other["width"], other["height"])
    stands_there[0] = photo("ann", 2)
    tablet.world.clock.move(seconds=3)
    page.locator("#again").click()
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")


def test_s7_both_ways_are_as_large(page: Page, tablet: Tablet) -> None:
    for width, height in ((360, 740), (768, 1024), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        face, none = (tablet.page.locator(f"#{name}").bounding_box() for name in ("face", "no-face"))
        assert face is not None
        assert none is not None
        assert (face["width"], face["height"]) == (none["width"], none["height"])


def test_s7_a_pin_by_keyboard_alone_gets_the_same(page: Page, tablet: Tablet) -> None:
    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        pytest.fail(f"{selector} is not reached by the keyboard")

    tab_to("#no-face")
    page.keyboard.press("Enter")
    tab_to("#by-pin")
    page.keyboard.press("Enter")
    expect(page.locator("#pin-name")).to_be_focused()
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.type(tablet.ann.pin)
    page.keyboard.press("Enter")
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    assert tablet.decisions() == [("MATCH", "pin")]
    assert tablet.cameras_on() == 0


def test_a_hand_scanner_reads_the_qr_code_without_a_camera(page: Page, tablet: Tablet) -> None:
    page.keyboard.type(tablet.ann.qr)
    page.keyboard.press("Enter")
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    assert tablet.decisions() == [("MATCH", "qr")]
    assert tablet.cameras_on() == 0


@pytest.mark.slow
def test_a_wrong_pin_is_told_and_nothing_of_it_stays_on_the_page(page: Page, tablet: Tablet, look: Look) -> None:
    page.locator("#no-face").click()
    look("station-other-way")
    page.locator("#by-pin").click()
    look("station-pin")
    page.locator("#pin-name").fill("ann")
    page.locator("#pin-digits").fill("000000" if tablet.ann.pin != "000000" else "111111")
    page.locator("#pin-form button.main").click()
    expect(page.locator("#answer h1")).to_have_text("You were not recognised")
    tablet.next_person()
    assert page.locator("#pin-name").input_value() == ""
    assert page.locator("#pin-digits").input_value() == ""


def test_this_was_not_me_is_passed_on_with_whoever_shows_who_they_are_next(
    page: Page, tablet: Tablet, stands_there: list[bytes], look: Look
) -> None:
    assert stands_there
    page.locator("#face").click()
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    page.get_by_role("button", name="This was not me").click()
    expect(page.locator("#answer h1")).to_have_text("Noted. Thank you.")
    look("station-not-me")
    bea = tablet.world.active(tablet.gallery, "bea", photo("bea"))
    tablet.world.clock.move(seconds=3)
    page.locator("#other-way").click()
    page.locator("#by-pin").click()
    page.locator("#pin-name").fill("bea")
    page.locator("#pin-digits").fill(bea.pin)
    page.keyboard.press("Enter")
    expect(page.locator("#answer h1")).to_have_text("Welcome, bea")
    pairs = tablet.world.api("GET", f"/v1/galleries/{tablet.gallery}/look-alikes").json()["items"]
    both = {tablet.ann.subject_id, bea.subject_id}
    assert both in [{pair["subject_id"], pair["other_subject_id"]} for pair in pairs]
    tablet.next_person()
    page.locator("#face").click()
    expect(page.locator("#answer h1")).to_have_text("One more step")
    expect(page.locator("#answer")).to_contain_text("Show your PIN or QR code as well")
    look("station-second-factor")


@pytest.mark.slow
def test_stopping_gives_the_session_up_and_turns_the_camera_off(page: Page, tablet: Tablet, look: Look) -> None:
    page.locator("#face").click()
    look("station-looking")
    page.get_by_role("button", name="Stop, camera off").click()
    expect(page.locator("#idle")).to_be_visible()
    assert tablet.cameras_on() == 0
    page.wait_for_function("() => localStorage.length === 0")
    assert tablet.decisions() == []


def test_a_server_that_is_away_keeps_nobody_waiting_and_the_page_goes_on_by_itself(
    page: Page, tablet: Tablet, stands_there: list[bytes], traffic: Traffic, look: Look
) -> None:
    assert stands_there

    def away(route: Route) -> None:
        route.abort()

    page.route(f"{BASE}/v1/**", away)
    page.locator("#face").click()
    expect(page.locator("#offline")).to_be_visible()
    expect(page.locator("#offline")).to_contain_text("No photo is taken meanwhile")
    look("station-offline")
    assert tablet.cameras_on() == 0
    page.unroute(f"{BASE}/v1/**", away)
    expect(page.locator("#idle")).to_be_visible()
    assert tablet.decisions() == []
    assert set(traffic.complaints) == {"Failed to load resource: net::ERR_FAILED"}
    traffic.complaints.clear()


_NO = '{"code": "one_no_page_words", "status": 409, "detail": "No.", "mend": "Begin again.", "request_id": "a"}'


@pytest.mark.parametrize(
    ("door", "place"),
    [
        pytest.param("sessions", "#look", marks=pytest.mark.slow),
        pytest.param("identify", "#look", marks=pytest.mark.slow),
        ("qr", "#way"),
        pytest.param("not-me", "#answer", marks=pytest.mark.slow),
    ],
)
def test_whatever_the_server_refuses_is_told_and_nobody_is_stuck(
    page: Page, tablet: Tablet, stands_there: list[bytes], door: str, place: str
) -> None:
    assert stands_there
    page.route(f"{BASE}/v1/**/{door}", lambda route: route.fulfill(status=409, body=_NO))
    if door == "qr":
        page.keyboard.type(tablet.ann.qr)
        page.keyboard.press("Enter")
    else:
        page.locator("#face").click()
    if door == "not-me":
        page.locator("#not-me").click()
    expect(page.locator(place)).to_be_visible()
    expect(page.locator(f"{place}-problem")).to_contain_text("Begin again.")
    page.wait_for_timeout(1000)  # a camera that was still being opened is on by now, or never
    assert tablet.cameras_on() == 0
    page.locator(f"{place} .back" if door != "not-me" else "#done").click()
    expect(page.locator("#idle")).to_be_visible()


@pytest.mark.slow
def test_a_tablet_that_slept_begins_anew(page: Page, tablet: Tablet) -> None:
    page.locator("#no-face").click()
    page.locator("#by-pin").click()
    page.locator("#pin-name").fill("ann")
    for hidden in ("true", "false"):
        page.evaluate(
            f"() => {{ Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }});"
            " document.dispatchEvent(new Event('visibilitychange')); }"
        )
    expect(page.locator("#idle")).to_be_visible()
    assert page.locator("#pin-name").input_value() == ""
    assert tablet.cameras_on() == 0


@pytest.mark.slow
def test_a_page_that_is_loaded_again_is_the_same_station_and_gives_up_what_was_open(
    page: Page, tablet: Tablet, stands_there: list[bytes]
) -> None:
    assert stands_there
    page.evaluate("localStorage.setItem('visavis-session', 'ses_aaaaaaaaaaaaaaaaaaaaaaaaaa')")
    page.reload()
    expect(page.locator("#idle")).to_be_visible()
    page.locator("#face").click()
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    assert tablet.decisions() == [("MATCH", "face")]


@pytest.mark.slow
def test_a_station_that_an_operator_has_to_look_at_says_so_and_takes_pins(
    page: Page, tablet: Tablet, look: Look
) -> None:
    tablet.world.sql("UPDATE stations SET locked = 1")
    page.reload()
    expect(page.locator("#idle")).to_be_visible()
    expect(page.locator("#locked")).to_contain_text("until an operator has looked")
    look("station-locked")
    page.locator("#face").click(force=True)
    expect(page.locator("#idle")).to_be_visible()
    page.keyboard.type(tablet.ann.qr)
    page.keyboard.press("Enter")
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")


@pytest.mark.slow
def test_a_tablet_whose_key_was_replaced_says_so_and_can_be_paired_again(
    page: Page, tablet: Tablet, look: Look
) -> None:
    code = tablet.code()
    taken = {"code": code, "public_key": public_text(Ed25519PrivateKey.generate())}
    assert tablet.world.http.post("/v1/pairing", json=taken).is_success
    page.reload()
    expect(page.locator("#foreign")).to_be_visible()
    look("station-replaced")
    page.get_by_role("button", name="Pair it again").click()
    page.get_by_label("The code").fill(tablet.code())
    page.get_by_role("button", name="Pair this device").click()
    expect(page.locator("#idle")).to_be_visible()


@pytest.mark.slow
def test_a_wrong_code_is_told_and_the_page_stays(page: Page, at_sim: World, look: Look) -> None:
    page.goto(f"{BASE}/station")
    assert at_sim.http.get("/station").is_success
    page.get_by_label("The code").fill("0000-0000")
    page.get_by_role("button", name="Pair this device").click()
    expect(page.locator("#pairing-problem")).to_contain_text("This code opens nothing")
    look("station-pairing")


def test_a_camera_that_is_refused_is_told_and_the_other_way_is_there(page: Page, tablet: Tablet, look: Look) -> None:
    assert tablet.cameras_on() == 0
    refused = "() => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    page.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {refused}; }}")
    page.locator("#face").click()
    problem = page.locator("#look-problem")
    expect(problem).to_contain_text("The browser did not allow the camera.")
    expect(problem).to_contain_text("Until then, use your PIN or QR code.")
    expect(page.locator("visavis-capture")).to_be_hidden()
    look("station-camera-refused")
    page.locator("#look").get_by_role("button", name="No face, please").click()
    expect(page.locator("#by-pin")).to_be_visible()
    page.get_by_role("button", name="Back").click()
    expect(page.locator("#no-face")).to_be_visible()


@pytest.mark.slow
def test_a_camera_that_is_unplugged_is_told(page: Page, tablet: Tablet) -> None:
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = () => undefined; }")  # no photo comes of it
    page.locator("#face").click()
    while tablet.cameras_on() == 0:
        page.wait_for_timeout(50)
    page.evaluate("() => navigator.mediaDevices.lit.at(-1).dispatchEvent(new Event('ended'))")
    expect(page.locator("#look-problem")).to_contain_text(re.compile("camera", re.IGNORECASE))
    assert tablet.decisions() == []


def test_an_answer_goes_away_by_itself(page: Page, tablet: Tablet) -> None:
    page.clock.install()
    page.keyboard.type(tablet.ann.qr)
    page.keyboard.press("Enter")
    expect(page.locator("#answer h1")).to_have_text("Welcome, ann")
    page.clock.run_for(7_000)
    expect(page.locator("#idle")).to_be_visible()
    assert "ann" not in page.locator("main").inner_text()
