from typing import Any

import httpx2
import pytest
from fixtures.answers import (
    AGREED,
    BASE,
    GRANT_TERMS,
    OFFER,
    OFFERED,
    OTHER_WAY,
    SECRET,
    SENT_PHOTOS,
    TERMS,
    FakeServer,
    an_id,
    problem,
    session,
)

from visavis.client import ConsentLink, GrantLink, Retries, VisavisProblem
from visavis.consent.receipt import countersigned_by, granted_by

LINK = f"{BASE}/consent#{SECRET}"
GRANT = f"{BASE}/grant#{SECRET}"


def test_agreeing_signs_the_offer_with_a_new_key_and_sends_its_public_half_only() -> None:
    server = FakeServer({"GET /v1/consent": TERMS, "POST /v1/consent/countersignature": AGREED})
    with ConsentLink(LINK, transport=server.transport) as link:
        receipt = link.prepare(link.terms())
        assert len(server.requests) == 1, "preparing sends nothing"
        agreed = link.countersign(receipt)
    assert agreed.other_way is not None
    assert agreed.other_way.model_dump() == OTHER_WAY
    assert (receipt.server, receipt.subject_id, receipt.receipt_id) == (BASE, an_id("sub"), an_id("rec"))
    sent = server.json_of()["countersignature"]
    assert sent == receipt.countersignature
    assert countersigned_by(sent, offer=OFFER) == receipt.signing_key.public_key().public_bytes_raw()
    assert receipt.private_key["d"] not in sent
    assert all(request.headers["Visavis-Link"] == SECRET for request in server.requests)
    assert all(SECRET not in str(request.url) for request in server.requests)


def test_two_people_get_two_keys_and_one_person_keeps_theirs() -> None:
    server = FakeServer({"GET /v1/consent": TERMS})
    link = ConsentLink(LINK, transport=server.transport)
    terms = link.terms()
    first, second = link.prepare(terms), link.prepare(terms)
    assert first.private_key != second.private_key
    assert link.prepare(terms, earlier=first).private_key == first.private_key


CHANGES: list[dict[str, Any]] = [
    {"record": {**OFFERED, "valid_until": "2099-01-01T00:00:00Z"}},
    {"statement": "I agree to something else."},
    {"offer": "not.a.jws"},
    {"offer": "nonsense"},
    {"offer": OFFER.split(".")[0] + "." + OFFER.split(".")[0] + ".x"},
]


@pytest.mark.parametrize("changed", CHANGES, ids=["text", "statement", "no record", "no jws", "another record"])
def test_s1_what_is_shown_is_what_would_be_signed(changed: dict[str, Any]) -> None:
    server = FakeServer({"GET /v1/consent": {**TERMS, **changed}})
    with pytest.raises(VisavisProblem, match="offer_unfit"):
        ConsentLink(LINK, transport=server.transport).terms()


def test_photos_are_sent_again_after_a_lost_answer() -> None:
    lost = httpx2.ReadError("lost")
    server = FakeServer({"POST /v1/consent/photos": [lost, SENT_PHOTOS], "DELETE /v1/consent/photos": None})
    retries = Retries(first_pause_s=0)
    with ConsentLink(f"{BASE}/enrol#{SECRET}", transport=server.transport, retries=retries) as link:
        sent = link.send_photos([b"one", b"two"])
        link.forget_photos()
    assert [photo.code for photo in sent.photos] == [None, "no_face"]
    assert (sent.held, sent.at_most) == (1, 5)
    assert server.called == ["POST /v1/consent/photos"] * 2 + ["DELETE /v1/consent/photos"]
    assert all(name in server.requests[1].content for name in (b"one", b"two"))
    assert all(request.headers["Visavis-Link"] == SECRET for request in server.requests)


def test_declining_is_told_to_the_server() -> None:
    server = FakeServer({"POST /v1/consent/refusal": {"status": "DECLINED", "other_way": OTHER_WAY}})
    assert ConsentLink(LINK, transport=server.transport).decline().status == "DECLINED"


def test_a_used_link_is_the_servers_to_refuse() -> None:
    server = FakeServer({"GET /v1/consent": problem("link_unknown", 404)})
    with pytest.raises(VisavisProblem, match="link_unknown"):
        ConsentLink(LINK, transport=server.transport).terms()


@pytest.mark.parametrize(
    "link",
    [
        "",
        "#",
        SECRET,
        f"{BASE}/consent",
        f"{BASE}/consent#",
        f"{BASE}/grant#{SECRET}",
        f"{BASE}/enrol",
        f"{BASE}/me#{SECRET}",
        f"{BASE}/consent#short",
        f"{BASE}/consent#{SECRET}\nX-Other: 1",
        f"{BASE}/consent#{SECRET}x y",
        f"{BASE}/consent#ä{SECRET}",
    ],
)
def test_a_link_that_is_not_whole_is_told(link: str) -> None:
    with pytest.raises(VisavisProblem, match="link_unreadable"):
        ConsentLink(link, transport=FakeServer().transport)


def test_a_grant_is_for_this_session_and_text() -> None:
    server = FakeServer({"GET /v1/grant": GRANT_TERMS, "POST /v1/grant": session("document_check")})
    with GrantLink(GRANT, transport=server.transport) as link:
        link.grant(link.terms())
    token = server.json_of()["grant"]
    assert granted_by(token, session_id=an_id("ses"), text=str(GRANT_TERMS["text"]), language="en")


def test_a_grants_key_is_made_for_this_once() -> None:
    server = FakeServer({"GET /v1/grant": GRANT_TERMS, "POST /v1/grant": session("document_check")})
    link = GrantLink(GRANT, transport=server.transport)
    keys = set()
    for _ in range(2):
        link.grant(link.terms())
        keys.add(
            granted_by(server.json_of()["grant"], session_id=an_id("ses"), text=str(GRANT_TERMS["text"]), language="en")
        )
    assert len(keys) == 2


def test_a_holder_signs_no_other_statement() -> None:
    server = FakeServer({"GET /v1/grant": {**GRANT_TERMS, "statement": "Keep my pictures."}})
    with pytest.raises(VisavisProblem, match="offer_unfit"):
        GrantLink(GRANT, transport=server.transport).terms()
