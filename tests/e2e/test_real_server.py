"""The whole path on real faces: a server process, a browser, a station and the Python client."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Page, expect
from support.browser import Traffic
from support.live_server import ROOT, LiveServer
from support.person_at_page import agree, load_receipt, open_consent, read_json

from visavis.client import StationClient, Visavis, public_key_text
from visavis.wire.deciding import DecisionAnswer
from visavis.wire.setup import PurposeRequest, StationRequest

pytestmark = [pytest.mark.browser, pytest.mark.faces]

FACES = ROOT.parent / "shared" / "faces" / "lfw-dev"
PURPOSE = PurposeRequest(
    name="Door",
    controller="Acme",
    contact="privacy@acme.example",
    jurisdiction="NL",
    text="We open the door for you. We also look for people enrolled twice.",
    retention_days=90,
    target_kind="fpir",
    target=0.01,
)


def face(number: int) -> Path:
    """A photo of one person who is alone in it."""
    path = FACES / "Alejandro_Toledo" / f"Alejandro_Toledo_{number:04}.jpg"
    if not path.exists():
        pytest.skip(f"There are no labelled faces in {FACES}: this test needs two photos of one person.")
    return path


@dataclass
class Door:
    """A gallery of its own, and stations at it: a new one for each look, so that no test waits for the pace."""

    operator: Visavis
    server: LiveServer
    gallery_id: str
    stations: int = 0

    def link(self, name: str) -> str:
        return self.operator.enrol(self.gallery_id, external_reference=name, photos=[face(1)]).consent_link

    def station(self, purpose_id: str | None = None) -> StationClient:
        self.stations += 1
        key = Ed25519PrivateKey.generate()
        registered = self.operator.register_station(
            StationRequest(
                name=f"{self.gallery_id} {self.stations}",
                gallery_id=None if purpose_id else self.gallery_id,
                purpose_id=purpose_id,
                public_key=public_key_text(key),
                attended=True,
            )
        )
        return StationClient(base_url=self.server.url, station_id=registered.id, private_key=key)

    def look(self) -> DecisionAnswer:
        with self.station() as station:
            return station.identify(station.open_session("identify").session_id, photo=face(2))


@pytest.fixture
def door(server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Door]:
    name = request.node.name
    with server.operator() as operator:
        purpose = operator.state_purpose(PURPOSE.model_copy(update={"name": name}))
        yield Door(operator, server, operator.open_gallery(name=name, purpose_id=purpose.id).id)


def secret_of(link: str) -> str:
    return link.partition("#")[2]


def test_person_agrees_is_recognised_withdraws_and_is_gone(
    page: Page, door: Door, traffic: Traffic, tmp_path: Path
) -> None:
    link = door.link("ann")
    assert door.look().decision == "NO_MATCH"
    open_consent(page, secret_of(link), base=door.server.url)
    receipt = agree(page, tmp_path)
    seen = door.look()
    assert seen.decision == "MATCH"
    assert seen.subject is not None
    assert seen.subject.subject_id == read_json(receipt)["subject_id"]
    load_receipt(page, receipt, address=f"{door.server.url}/me")
    expect(page.locator("#held")).to_contain_text("Recognised")
    page.locator("#withdraw").click()
    page.locator("#really").click()
    expect(page.locator("#gone")).to_contain_text("the server does not know it any more")
    assert door.look().decision == "NO_MATCH"
    private = str(read_json(receipt)["private_key"]["d"]).encode()
    assert private not in traffic.sent()
    assert private not in door.server.files()
    assert traffic.origins() == {door.server.url}


def test_person_declines_and_the_pin_works(page: Page, door: Door) -> None:
    open_consent(page, secret_of(door.link("ann")), base=door.server.url)
    page.locator("#no").click()
    expect(page.locator("#declined")).to_be_visible()
    pin, qr = page.locator("[data-pin]").inner_text(), page.locator("[data-qr]").text_content()
    assert qr is not None
    with door.station() as station:
        session = station.open_session("verify")
        assert station.pin(session.session_id, external_reference="ann", pin=pin).decision == "MATCH"
    with door.station() as station:
        assert station.qr(station.open_session("identify").session_id, qr=qr).decision == "MATCH"
    assert door.look().decision == "NO_MATCH"


def test_person_proves_on_their_own_device_that_it_is_them(page: Page, door: Door, tmp_path: Path) -> None:
    open_consent(page, secret_of(door.link("ann")), base=door.server.url)
    receipt = agree(page, tmp_path)
    invitation = door.operator.invite(read_json(receipt)["subject_id"], attended=True)
    load_receipt(page, receipt, address=invitation.link)
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.locator("#photo").set_input_files(face(2))
    page.get_by_role("button", name="Send this photo").click()
    expect(page.locator(".verdict")).to_have_text("Recognised")
    assert door.operator.personal_decision(invitation.session_id, reason="log-in").outcome == "MATCH"


def test_camera_picture_without_a_face_is_refused_with_guidance(page: Page, door: Door, tmp_path: Path) -> None:
    open_consent(page, secret_of(door.link("ann")), base=door.server.url)
    receipt = agree(page, tmp_path)
    invitation = door.operator.invite(read_json(receipt)["subject_id"], attended=True)
    load_receipt(page, receipt, address=invitation.link)
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take the photo").click()
    page.get_by_role("button", name="Send this photo").click()
    expect(page.locator(".verdict")).to_have_text("Not decided")
    assert door.operator.personal_decision(invitation.session_id, reason="log-in").reason == "no_face"


def test_holder_grants_a_document_check(page: Page, door: Door) -> None:
    purpose = PURPOSE.model_copy(update={"name": "Document at the desk", "target_kind": "fmr", "target": 0.001})
    with door.station(door.operator.state_purpose(purpose).id) as desk:
        session = desk.open_session("document_check")
        assert session.grant_link is not None
        page.goto(session.grant_link)
        page.get_by_role("checkbox").check()
        page.locator("#yes").click()
        expect(page.locator("#granted")).to_be_visible()
        decision = desk.document_check(session.session_id, portrait=face(1), document=face(2))
    assert decision.decision == "MATCH"
