"""Replays.

Who: somebody who listened in, or keeps what they once sent. What they have: whole signed requests, countersignatures
and idempotency keys, word for word. What they must not get: the same thing done twice, something else done by the same
words, or somebody else's answer.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2
import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import restarted, who
from support.attackers import at_once, copied, signing, told
from support.world import Device, World

from visavis.consent.receipt import countersign

IDENTIFY = {"kind": "identify"}


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def station(world: World, gallery: str) -> Device:
    world.active(gallery, "ann", photo("ann"))
    return world.station(gallery)


def opening(world: World, station: Device, *, nonce: str | None = None, shift_s: float = 0) -> httpx2.Request:
    return signing(world, station.id, station.key, "POST", "/v1/sessions", json=IDENTIFY, nonce=nonce, shift_s=shift_s)


def test_of_one_request_sent_many_times_at_once_one_is_heard(world: World, station: Device) -> None:
    request = opening(world, station)
    got = at_once(8, lambda _: told(world.http.send(copied(world, request))))
    assert Counter(got) == {"201": 1, "request_replayed": 7}


def test_a_refused_request_is_not_kept_for_later_either(world: World, station: Device) -> None:
    session_id = world.session(station)
    request = opening(world, station)
    assert told(world.http.send(copied(world, request))) == "session_open"
    world.at(station, "DELETE", f"/v1/sessions/{session_id}")
    world.clock.move(seconds=3)
    assert told(world.http.send(copied(world, request))) == "request_replayed"


def test_a_nonce_is_good_once_whatever_it_is_sent_with(world: World, station: Device) -> None:
    nonce = "n" * 24
    assert told(world.http.send(opening(world, station, nonce=nonce))) == "201"
    (session_id,) = world.sql("SELECT id FROM sessions")[0]
    for method, path, body in (
        ("POST", "/v1/sessions", {"json": {"kind": "verify"}}),
        ("DELETE", f"/v1/sessions/{session_id}", {}),
        ("POST", f"/v1/sessions/{session_id}/identify", {"files": {"photo": photo("ann", 2)}}),
    ):
        again = signing(world, station.id, station.key, method, path, nonce=nonce, **body)
        assert told(world.http.send(again)) == "request_replayed"
    assert world.sql("SELECT state FROM sessions") == [("OPEN",)]


def test_nobody_uses_up_somebody_elses_nonces(world: World, gallery: str, station: Device) -> None:
    """Neither by signing with them, nor by a forged request that has them."""
    nonce, other = "n" * 24, world.station(gallery)
    assert told(world.http.send(opening(world, other, nonce=nonce))) == "201"
    forged = opening(world, Device(station.id, other.key), nonce=nonce)
    assert told(world.http.send(forged)) == "signature_refused"
    assert told(world.http.send(opening(world, station, nonce=nonce))) == "201"


def test_a_replay_after_a_restart_is_one(world: World, station: Device) -> None:
    request = opening(world, station, shift_s=25)
    assert told(world.http.send(copied(world, request))) == "201"
    with restarted(world) as again:
        assert told(again.http.send(copied(again, request))) == "request_replayed"


def _path(request: httpx2.Request) -> dict[str, object]:
    return {"url": str(request.url).replace("/identify", "/pin")}


def _spelled(request: httpx2.Request) -> dict[str, object]:
    return {"url": str(request.url).replace("/identify", "/%69dentify")}


def _slashed(request: httpx2.Request) -> dict[str, object]:
    return {"url": str(request.url).replace("/v1/", "//v1/")}


def _body(request: httpx2.Request) -> dict[str, object]:
    return {"content": request.content.replace(b"stranger", b"somebody")}


def _method(_: httpx2.Request) -> dict[str, object]:
    return {"method": "DELETE"}


CHANGES: list[Callable[[httpx2.Request], dict[str, object]]] = [_path, _spelled, _slashed, _body, _method]


def test_a_request_that_was_caught_on_its_way_is_good_for_nothing_else(world: World, station: Device) -> None:
    """It was not sent before: only what was changed betrays it."""
    session_id = world.session(station)
    request = signing(
        world, station.id, station.key, "POST", f"/v1/sessions/{session_id}/identify",
        files={"photo": photo("stranger")},
    )  # fmt: skip
    refused = {"signature_refused", "not_found", "method_unfit"}
    for change in CHANGES:
        assert told(world.http.send(copied(world, request, **change(request)))) in refused, change
    assert world.sql("SELECT state FROM sessions") == [("OPEN",)]
    assert told(world.http.send(copied(world, request))) == "NO_MATCH"


def test_a_query_changes_nothing_and_no_second_sending(world: World, station: Device) -> None:
    request = opening(world, station)
    asked = copied(world, request, url=f"{request.url}?kind=verify&gallery_id=gal_other&station_id=sta_other")
    answer = world.http.send(asked)
    assert (answer.status_code, answer.json()["kind"]) == (201, "identify")
    assert told(world.http.send(copied(world, request))) == "request_replayed"


def test_headers_in_other_letters_are_the_same_request(world: World, station: Device) -> None:
    request = opening(world, station)
    shouted = [(name.upper(), value) for name, value in request.headers.multi_items()]
    assert told(world.http.send(copied(world, request, headers=shouted))) == "201"
    assert told(world.http.send(copied(world, request))) == "request_replayed"


def test_a_header_that_comes_twice_is_refused(world: World, station: Device) -> None:
    """Else what stands before the server could check one of them and the server the other."""
    request, other = opening(world, station), opening(world, station)
    for name, sent in itertools.product(("Signature", "Signature-Input", "Content-Digest"), (request, other)):
        second = sent.headers[name]
        doubled = [*request.headers.multi_items(), (name, second)]
        assert told(world.http.send(copied(world, request, headers=doubled))) == "signature_refused"
    assert told(world.http.send(copied(world, request))) == "201"


@pytest.mark.parametrize("shift_s", [30, -30])
def test_at_no_moment_of_the_window_is_a_request_good_twice(world: World, station: Device, shift_s: int) -> None:
    """With old nonces purged at every second from the first moment the request could pass to the last."""
    world.clock._now = datetime(2026, 1, 1, tzinfo=UTC)
    request = opening(world, station, shift_s=shift_s)
    assert told(world.http.send(copied(world, request))) == "201"
    world.sql("UPDATE sessions SET state = 'CLOSED'")
    while world.clock.now() < datetime(2026, 1, 1, 0, 1, 5, tzinfo=UTC):
        world.clock.move(seconds=1)
        world.services.withdraw.purge(thorough=False)
        assert told(world.http.send(copied(world, request))) in {"request_replayed", "signature_refused"}
    assert world.sql("SELECT count(*) FROM sessions") == [(1,)]
    assert world.sql("SELECT count(*) FROM nonces") == [(0,)]


def signed_for(world: World, link: str, key: OKPKey) -> str:
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    return countersign(offer, subject_key=key, now=world.clock.now())


def answered(world: World, link: str, token: str) -> str:
    return told(world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token}))


def test_a_countersignature_is_good_for_its_own_offer_alone(world: World, gallery: str) -> None:
    key = OKPKey.generate_key("Ed25519")
    link = world.pending(gallery, "eve", photo("eve"))
    caught = signed_for(world, link, key)
    others = {
        "another person": world.pending(gallery, "zoe", photo("zoe")),
        "another gallery": world.pending(world.gallery(), "eve", photo("eve")),
    }
    for other in others.values():
        assert answered(world, other, caught) == "consent_forged"
    assert answered(world, link, caught) == "200"
    assert answered(world, link, caught) == "link_unknown"
    others["another batch"] = world.pending(gallery, "eve", photo("eve", 2))
    assert answered(world, others["another batch"], caught) == "consent_forged"
    station = world.station(gallery)
    assert who(world, station, photo("zoe", 5)) is None
    assert world.sql("SELECT count(*) FROM enrolments WHERE state = 'PENDING'") == [(3,)]


def test_a_countersignature_under_older_words_is_none_under_newer_ones(world: World) -> None:
    purpose = world.purpose()
    gallery, key = world.gallery(purpose), OKPKey.generate_key("Ed25519")
    older = world.pending(gallery, "eve", photo("eve"))
    caught = signed_for(world, older, key)
    world.made(f"/v1/purposes/{purpose}/texts", {"text": "We do more than we said."})
    newer = world.pending(gallery, "eve", photo("eve"))
    assert answered(world, older, caught) == "link_unknown"
    assert answered(world, newer, caught) == "consent_forged"
    assert who(world, world.station(gallery), photo("eve", 2)) is None


def test_a_countersignature_does_not_bring_back_who_withdrew(world: World, gallery: str) -> None:
    key = OKPKey.generate_key("Ed25519")
    link = world.pending(gallery, "eve", photo("eve"))
    caught = signed_for(world, link, key)
    assert answered(world, link, caught) == "200"
    (subject_id,) = world.sql("SELECT id FROM subjects")[0]
    assert world.api("POST", f"/v1/subjects/{subject_id}/withdrawal").status_code == 204
    assert answered(world, link, caught) == "link_unknown"
    again = world.pending(gallery, "eve", photo("eve"))
    assert answered(world, again, caught) == "consent_forged"
    assert who(world, world.station(gallery), photo("eve", 2)) is None


def test_a_request_of_who_withdrew_is_nobodys(world: World, gallery: str) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert told(world.as_person(ann, "GET", "/v1/me")) == "signature_refused"
    world.active(gallery, "ann", photo("ann"))
    assert told(world.as_person(ann, "POST", "/v1/me/withdrawal")) == "signature_refused"


def test_an_idempotency_key_is_its_callers_alone(world: World, gallery: str) -> None:
    secret = world.made("/v1/api-keys", {"name": "other", "scopes": ["enrol"]})["secret"]
    again = {"Idempotency-Key": "the-same"}
    first = world.enrol(gallery, "eve", photo("eve"), headers=again)
    other = world.enrol(gallery, "eve", photo("eve"), headers={**again, "Authorization": f"Bearer {secret}"})
    assert first.json()["consent_link"] != other.json()["consent_link"]
    assert world.enrol(gallery, "eve", photo("eve"), headers=again).json() == first.json()
    nobody = {**again, "Authorization": "Bearer vv1.key_x.y"}
    assert told(world.enrol(gallery, "eve", photo("eve"), headers=nobody)) == "unauthenticated"


def test_an_idempotency_key_of_one_link_opens_no_answer_to_another(world: World, gallery: str) -> None:
    """The answer to a countersignature has a PIN in it."""
    again = {"Idempotency-Key": "the-same"}
    answers = {}
    for name in ("eve", "zoe"):
        link = world.pending(gallery, name, photo(name))
        body = {"countersignature": signed_for(world, link, OKPKey.generate_key("Ed25519"))}
        headers = {**again, "Visavis-Link": link}
        answers[name] = world.http.post("/v1/consent/countersignature", headers=headers, json=body)
        repeated = world.http.post("/v1/consent/countersignature", headers=headers, json=body)
        assert repeated.json() == answers[name].json()
        guessed = {**again, "Visavis-Link": link[:-1] + ("A" if link[-1] != "A" else "B")}
        assert told(world.http.post("/v1/consent/countersignature", headers=guessed, json=body)) == "link_unknown"
    assert answers["eve"].json()["other_way"] != answers["zoe"].json()["other_way"]
