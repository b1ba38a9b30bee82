import hashlib
import time
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixtures.answers import AGREED, BASE, OWN, SECRET, FakeServer, an_id, decision, problem, session
from joserfc.jwk import OKPKey

from visavis.client import Person, Receipt, StationClient, VisavisProblem
from visavis.wire import signature
from visavis.wire.deciding import DecisionAnswer

SES = an_id("ses")
KEY = Ed25519PrivateKey.generate()


def station(server: FakeServer) -> StationClient:
    return StationClient(base_url=BASE, station_id=an_id("sta"), private_key=KEY, transport=server.transport)


def receipt() -> Receipt:
    key = {name: str(value) for name, value in OKPKey.generate_key("Ed25519").as_dict(private=True).items()}
    return Receipt(BASE, an_id("sub"), an_id("rec"), str(AGREED["offer"]), "a.b.c", key)


def require_signed(request: httpx2.Request, *, signer: str, public_key: bytes) -> signature.Signed:
    """The server's side, over the bytes that came."""
    signed = signature.read(
        method=request.method,
        path=request.url.path,
        body_digest=hashlib.sha256(request.content).digest(),
        headers=dict(request.headers),
    )
    signature.verify(signed, public_key=public_key)
    assert signed.signer == signer
    assert abs(signed.created - time.time()) < 30
    assert "authorization" not in request.headers
    assert request.url.query == b""
    return signed


def test_every_request_of_a_station_is_signed_anew_over_what_is_sent() -> None:
    server = FakeServer(
        {
            "POST /v1/sessions": session(),
            f"DELETE /v1/sessions/{SES}": None,
            f"POST /v1/sessions/{SES}/identify": decision(),
            f"POST /v1/sessions/{SES}/verify": decision("MATCH"),
            f"POST /v1/sessions/{SES}/document-check": decision("REFUSED", reason="no_face", guidance="Face it."),
            f"POST /v1/sessions/{SES}/pin": decision("MATCH"),
            f"POST /v1/sessions/{SES}/qr": decision("REVIEW"),
        }
    )
    with station(server) as client:
        assert client.open_session("identify").session_id == SES
        assert client.identify(SES, photo=b"\xff\xd8 probe").decision == "NO_MATCH"
        assert client.verify(SES, photo=b"probe", external_reference="staff 7").decision == "MATCH"
        assert client.document_check(SES, portrait=b"one", document=b"two").guidance == "Face it."
        assert client.pin(SES, external_reference="staff 7", pin="123456").decision == "MATCH"
        assert client.qr(SES, qr="vq1.x.y", disputed_decision_id=an_id("dec")).decision == "REVIEW"
        client.close_session(SES)
    public = KEY.public_key().public_bytes_raw()
    nonces = {require_signed(r, signer=an_id("sta"), public_key=public).nonce for r in server.requests}
    assert len(nonces) == len(server.requests) == 7
    assert b'name="photo"' in server.requests[1].content
    assert b"\xff\xd8 probe" in server.requests[1].content
    assert b'name="external_reference"' in server.requests[2].content
    assert b'name="portrait"' in server.requests[3].content
    assert b'name="document"' in server.requests[3].content
    assert server.json_of(4) == {"external_reference": "staff 7", "pin": "123456", "disputed_decision_id": None}
    assert server.json_of(5) == {"qr": "vq1.x.y", "disputed_decision_id": an_id("dec")}


def test_a_decision_is_asked_for_once_even_if_the_answer_is_lost() -> None:
    server = FakeServer({f"POST /v1/sessions/{SES}/identify": httpx2.ReadError("lost")})
    with pytest.raises(VisavisProblem, match="unreachable"):
        station(server).identify(SES, photo=b"probe")
    assert len(server.requests) == 1
    assert "idempotency-key" not in server.requests[0].headers


def test_the_code_of_a_refused_session_is_the_servers() -> None:
    server = FakeServer({"POST /v1/sessions": problem("session_too_soon", 429, retry_after_s=1.2)})
    with pytest.raises(VisavisProblem) as raised:
        station(server).open_session("identify")
    assert (raised.value.code, raised.value.retry_after_s) == ("session_too_soon", 1.2)


def test_s3_a_station_is_told_no_score() -> None:
    server = FakeServer({f"POST /v1/sessions/{SES}/identify": decision("MATCH", score=0.9, fmr_decade=-4)})
    answer = station(server).identify(SES, photo=b"probe")
    assert set(DecisionAnswer.model_fields) == {
        "decision_id",
        "decision",
        "reason",
        "guidance",
        "subject",
        "retry_after_s",
    }
    assert not hasattr(answer, "score")


def test_every_request_of_a_person_is_signed_with_the_receipts_key() -> None:
    held = receipt()
    server = FakeServer(
        {
            "GET /v1/me": [httpx2.ConnectError("no"), OWN],
            "POST /v1/me/withdrawal": None,
            "POST /v1/personal-sessions/opening": session("personal"),
            f"POST /v1/personal-sessions/{SES}/verify": decision("MATCH"),
        }
    )
    with Person(held, transport=server.transport) as person:
        assert person.me().external_reference == "staff 7"
        opened = person.open_session(f"{BASE}/me#session={SECRET}")
        assert person.verify(opened.session_id, photo=b"probe").decision == "MATCH"
        person.withdraw()
    public = held.signing_key.public_key().public_bytes_raw()
    nonces = {require_signed(r, signer=an_id("sub"), public_key=public).nonce for r in server.requests}
    assert len(nonces) == len(server.requests) == 5
    assert server.json_of(2) == {"link_secret": SECRET}


@pytest.mark.parametrize("link", [f"{BASE}/me#{SECRET}", f"{BASE}/consent#session={SECRET}", "nonsense", ""])
def test_a_personal_session_needs_its_own_link(link: str) -> None:
    server = FakeServer()
    with pytest.raises(VisavisProblem, match="link_unreadable"):
        Person(receipt(), transport=server.transport).open_session(link)
    assert server.requests == []


def test_s1_the_key_of_a_person_never_travels(tmp_path: Path) -> None:
    held = receipt()
    held.save(tmp_path / "receipt.json")
    server = FakeServer({"GET /v1/me": OWN, "POST /v1/me/withdrawal": None})
    with Person(Receipt.load(tmp_path / "receipt.json"), transport=server.transport) as person:
        person.me()
        person.withdraw()
    for request in server.requests:
        sent = str(request.url).encode() + b"".join(value for _, value in request.headers.raw) + request.content
        assert held.private_key["d"].encode() not in sent
