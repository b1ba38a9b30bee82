from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.answers import (
    API_KEY,
    AT,
    BASE,
    ENROLMENT,
    GALLERY,
    KEY,
    OTHER_WAY,
    PURPOSE,
    RECORD,
    REVIEW,
    SECRET,
    STATION,
    SUBJECT,
    SUBJECT_ROW,
    Answer,
    FakeServer,
    an_id,
    page,
)

from visavis.client import Visavis, VisavisProblem
from visavis.wire.setup import PurposeRequest, StationRequest

PURPOSE_REQUEST = PurposeRequest(
    name="Door",
    controller="Acme",
    contact="privacy@acme.example",
    jurisdiction="DE",
    text="We open the door.",
    retention_days=30,
    target_kind="fpir",
    target=0.01,
)
STATION_REQUEST = StationRequest(name="Door 1", gallery_id=an_id("gal"), public_key="A" * 43, attended=True)
INVITATION = {"session_id": an_id("ses"), "link": f"{BASE}/me#session={SECRET}", "expires_at": AT}
TEXT = {"version": 2, "language": "en", "text": "Better.", "created_at": AT}
GAL, SUB, STA, REV, PUR, SES = (an_id(kind) for kind in ("gal", "sub", "sta", "rev", "pur", "ses"))

CALLS: list[tuple[str, Answer, Callable[[Visavis], Any]]] = [
    ("POST /v1/purposes", PURPOSE, lambda c: c.state_purpose(PURPOSE_REQUEST)),
    (f"POST /v1/purposes/{PUR}/texts", TEXT, lambda c: c.reword_purpose(PUR, text="Better.")),
    (f"GET /v1/purposes/{PUR}", PURPOSE, lambda c: c.purpose(PUR)),
    ("GET /v1/purposes", page(PURPOSE), lambda c: c.purposes()),
    ("POST /v1/galleries", GALLERY, lambda c: c.open_gallery(name="Staff", purpose_id=PUR)),
    (f"GET /v1/galleries/{GAL}", GALLERY, lambda c: c.gallery(GAL)),
    ("GET /v1/galleries", page(GALLERY), lambda c: c.galleries()),
    (f"POST /v1/galleries/{GAL}/enrolments", ENROLMENT, lambda c: c.enrol(GAL, external_reference="7", photos=[b"p"])),
    (
        f"POST /v1/galleries/{GAL}/without-face",
        {"subject_id": SUB, "other_way": OTHER_WAY},
        lambda c: c.add_without_face(GAL, external_reference="7"),
    ),
    (f"GET /v1/galleries/{GAL}/subjects", page(SUBJECT_ROW), lambda c: c.subjects(GAL)),
    (f"GET /v1/subjects/{SUB}", SUBJECT, lambda c: c.subject(SUB)),
    (
        f"GET /v1/galleries/{GAL}/subjects/by-reference",
        SUBJECT,
        lambda c: c.subject_by_reference(GAL, external_reference="staff 7"),
    ),
    (f"POST /v1/subjects/{SUB}/withdrawal", None, lambda c: c.withdraw(SUB)),
    (f"POST /v1/subjects/{SUB}/credentials", OTHER_WAY, lambda c: c.new_credentials(SUB)),
    ("POST /v1/stations", STATION, lambda c: c.register_station(STATION_REQUEST)),
    (f"GET /v1/stations/{STA}", STATION, lambda c: c.station(STA)),
    ("GET /v1/stations", page(STATION), lambda c: c.stations()),
    (f"POST /v1/stations/{STA}/reopening", STATION, lambda c: c.reopen_station(STA)),
    ("POST /v1/api-keys", KEY, lambda c: c.make_api_key(name="desk", scopes=["enrol", "operate"])),
    ("GET /v1/api-keys", page({**KEY, "secret": None}), lambda c: c.api_keys()),
    (f"DELETE /v1/api-keys/{an_id('key')}", None, lambda c: c.revoke_api_key(an_id("key"))),
    ("GET /v1/reviews", page(REVIEW), lambda c: c.reviews()),
    (f"POST /v1/reviews/{REV}/resolution", None, lambda c: c.resolve_review(REV, "noted")),
    ("GET /v1/decisions", page(RECORD), lambda c: c.decisions(GAL)),
    ("POST /v1/personal-sessions", INVITATION, lambda c: c.invite(SUB, attended=True)),
    (f"GET /v1/personal-sessions/{SES}", RECORD, lambda c: c.personal_decision(SES)),
]


@pytest.mark.parametrize(("door", "answer", "call"), CALLS, ids=[door for door, _, _ in CALLS])
def test_each_call_goes_to_its_door_with_the_key(door: str, answer: Answer, call: Callable[[Visavis], Any]) -> None:
    server = FakeServer({door: answer})
    with Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport) as client:
        got = call(client)
    assert server.called == [door]
    assert server.requests[0].headers["Authorization"] == f"Bearer {API_KEY}"
    if answer is None:
        assert got is None
    else:
        assert got.model_dump(mode="json").keys() == answer.keys()  # type: ignore[union-attr] # answers here are bodies


def test_lists_ask_for_their_page() -> None:
    server = FakeServer({"GET /v1/decisions": page(RECORD, after=an_id("dec"))})
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    got = client.decisions(GAL, after=an_id("dec"), limit=7)
    assert got.next == an_id("dec")
    assert dict(server.requests[0].url.params) == {"gallery_id": GAL, "after": an_id("dec"), "limit": "7"}
    client.decisions(GAL)
    assert dict(server.requests[1].url.params) == {"gallery_id": GAL, "limit": "50"}


def test_photos_are_bytes_or_paths_and_their_names_stay_here(tmp_path: Path) -> None:
    path = tmp_path / "anna-lind-passport.jpg"
    path.write_bytes(b"second photo")
    server = FakeServer({f"POST /v1/galleries/{GAL}/enrolments": ENROLMENT})
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    client.enrol(GAL, external_reference="staff 7", photos=[b"first photo", path, str(path)])
    body = server.requests[0].content
    assert body.count(b'; name="photos"') == 3
    assert b"first photo" in body
    assert body.count(b"second photo") == 2
    assert b"anna" not in body
    assert b'name="external_reference"' in body


def test_a_photo_that_is_not_there_is_told_before_anything_is_sent() -> None:
    server = FakeServer()
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    with pytest.raises(VisavisProblem, match="photo_unreadable"):
        client.enrol(GAL, external_reference="7", photos=["/nowhere/photo.jpg"])
    assert server.requests == []


def test_an_idempotency_key_is_sent_where_it_is_given() -> None:
    server = FakeServer({"POST /v1/galleries": GALLERY})
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    client.open_gallery(name="Staff", purpose_id=PUR, idempotency_key="once-1")
    client.open_gallery(name="Staff", purpose_id=PUR)
    assert [request.headers.get("Idempotency-Key") for request in server.requests] == ["once-1", None]
