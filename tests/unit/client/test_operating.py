from pathlib import Path
from urllib.parse import unquote

import pytest
from fixtures.answers import API_KEY, BASE, ENROLMENT, GALLERY, RECORD, SUBJECT, FakeServer, an_id, page

from visavis.client import Visavis, VisavisProblem

GAL, PUR = an_id("gal"), an_id("pur")


def test_lists_ask_for_their_page() -> None:
    server = FakeServer({"GET /v1/decisions": page(RECORD, after=an_id("dec"))})
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    got = client.decisions(GAL, reason="a dispute", after=an_id("dec"), limit=7)
    assert got.next == an_id("dec")
    assert dict(server.requests[0].url.params) == {"gallery_id": GAL, "after": an_id("dec"), "limit": "7"}
    client.decisions(GAL, reason="a dispute")
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


def test_a_reason_goes_with_what_is_read_whatever_letters_it_has() -> None:
    server = FakeServer({"GET /v1/decisions": page(RECORD), f"POST /v1/galleries/{GAL}/subjects/lookup": SUBJECT})
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    client.decisions(GAL, reason="Überprüfung, 100 %")
    assert unquote(server.requests[0].headers["Visavis-Reason"]) == "Überprüfung, 100 %"
    client.subject_by_reference(GAL, external_reference="staff 7", reason="Überprüfung")
    assert server.json_of() == {"external_reference": "staff 7", "reason": "Überprüfung"}
    assert server.requests[1].url.query == b"", "a name does not belong in an address"
