"""Everything that is done to people or about them, and every change of who may do it, is in the log.

Every documented door is here once: with the events that its success enters, or among those that enter none. A new door
is in neither, and the first test says so.
"""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixtures.devices import MAKER
from sim.faces import photo
from support.logged import entries_of, require_sound
from support.place import CALLS, Place, called, furnished
from support.surface import operations
from support.world import Person, World, public_text

from visavis.audit.leaf import Entry

ENTERS = {
    "POST /v1/purposes": ["policy"],
    "POST /v1/purposes/{purpose_id}/texts": ["policy"],
    "POST /v1/purposes/{purpose_id}/end": ["policy"],
    "POST /v1/galleries": ["policy"],
    "POST /v1/stations": ["key"],
    "PUT /v1/stations/{station_id}/key": ["key"],
    "PUT /v1/stations/{station_id}/attestation": ["policy"],
    "DELETE /v1/stations/{station_id}": ["key"],
    "POST /v1/stations/{station_id}/reopening": ["policy"],
    "POST /v1/stations/{station_id}/pairing": ["policy"],
    "POST /v1/pairing": ["key"],
    "POST /v1/api-keys": ["key"],
    "DELETE /v1/api-keys/{key_id}": ["key"],
    "POST /v1/api-keys/{key_id}/rotation": ["key"],
    "POST /v1/accounts": ["key"],
    "POST /v1/accounts/{account_id}/reset": ["key"],
    "PUT /v1/accounts/{account_id}/roles": ["key"],
    "DELETE /v1/accounts/{account_id}": ["key"],
    "POST /v1/console/password": ["key"],
    "POST /v1/keys/root/rotation": ["key"],
    "POST /v1/keys/epoch/rotation": ["key"],
    "POST /v1/galleries/{gallery_id}/key/rotation": ["key"],
    "POST /v1/galleries/{gallery_id}/own-rates": ["policy"],
    "POST /v1/subjects/{subject_id}/key/rotation": ["key"],
    "GET /v1/readings": ["reading"],
    "GET /v1/galleries/{gallery_id}/subjects": ["reading"],
    "POST /v1/galleries/{gallery_id}/subjects/lookup": ["reading"],
    "GET /v1/subjects/{subject_id}": ["reading"],
    "POST /v1/subjects/{subject_id}/archive": ["reading"],
    "GET /v1/decisions": ["reading"],
    "GET /v1/reviews": ["reading"],
    "GET /v1/personal-sessions/{session_id}": ["reading"],
    "GET /v1/imports/{import_id}/refusals": ["reading"],
    "GET /v1/imports/{import_id}/links": ["export"],
    "POST /v1/exports": ["export"],
    "POST /v1/exports/{export_id}/approvals": ["export"],
    "POST /v1/exports/{export_id}/bundle": ["export", "export", "export"],
    "POST /v1/imports/{import_id}/bundle": ["offer"],
    "POST /v1/galleries/{gallery_id}/enrolments": ["offer"],
    "POST /v1/galleries/{gallery_id}/invitations": ["offer"],
    "POST /v1/imports/{import_id}/entries": ["offer"],
    "POST /v1/galleries/{gallery_id}/without-face": ["admit", "credential"],
    "POST /v1/subjects/{subject_id}/credentials": ["reading", "credential"],
    "POST /v1/subjects/{subject_id}/withdrawal": ["withdraw", "erase"],
    "POST /v1/reviews/{review_id}/resolution": ["review"],
    "GET /v1/galleries/{gallery_id}/look-alikes": ["reading"],
    "POST /v1/galleries/{gallery_id}/look-alikes": ["review"],
    "DELETE /v1/look-alikes/{look_alike_id}": ["review"],
    "POST /v1/decisions/{decision_id}/not-me": ["review"],
    "POST /v1/personal-sessions": ["session"],
    "POST /v1/sessions": ["session"],
    "POST /v1/sessions/{session_id}/identify": ["decision"],
    "POST /v1/sessions/{session_id}/verify": ["decision"],
    "POST /v1/sessions/{session_id}/document-check": ["decision"],
    "POST /v1/sessions/{session_id}/pin": ["decision"],
    "POST /v1/sessions/{session_id}/qr": ["decision"],
    "POST /v1/sessions/{session_id}/own-data": ["decision"],
    "POST /v1/visits": ["reading"],
    "POST /v1/personal-sessions/{session_id}/verify": ["decision"],
    "POST /v1/consent/countersignature": ["grant", "enrol", "credential"],
    "POST /v1/consent/refusal": ["decline", "erase", "admit", "credential"],
    "POST /v1/me/withdrawal": ["withdraw", "erase"],
    "POST /v1/me/receipts/{receipt_id}/renewal": ["offer", "grant"],
    "POST /v1/seal": ["seal"],
    "POST /v1/backups": ["backup"],
    "GET /v1/erasures/{subject_id}": ["reading"],
}
QUIET = {
    # What is not about people.
    "GET /healthz", "GET /readyz", "GET /.well-known/jwks.json", "GET /log/checkpoint", "GET /log/key",
    "GET /log/tile/{path}", "GET /v1/purposes", "GET /v1/purposes/{purpose_id}", "GET /v1/galleries",
    "GET /v1/galleries/{gallery_id}", "GET /v1/stations", "GET /v1/stations/{station_id}", "GET /v1/api-keys",
    "GET /v1/keys", "GET /v1/accounts",
    # People log in and out; what they read and change then is entered. Their account was when it was added.
    "GET /v1/console/ways", "POST /v1/console/login", "POST /v1/console/logout", "GET /v1/console/me",
    "GET /v1/console/set-up", "POST /v1/console/set-up", "POST /v1/console/set-up/confirmation",
    # What is asked of somebody before the camera; the session is entered, and what is decided.
    "POST /v1/sessions/{session_id}/challenge", "POST /v1/personal-sessions/{session_id}/challenge",
    # A station sees its own purpose.
    "GET /v1/station",
    # Counts in steps of ten, of stations and doors.
    "GET /metrics",
    # Nobody is in an import yet, or counts are told.
    "POST /v1/galleries/{gallery_id}/imports", "GET /v1/imports/{import_id}", "POST /v1/imports/{import_id}/missing",
    # People look at what is theirs, or open what was entered when it was made for them.
    "GET /v1/me", "GET /v1/me/archive", "GET /v1/me/log", "GET /v1/me/log/{after}", "GET /v1/consent",
    # What they send waits for their answer, which is entered.
    "POST /v1/consent/photos", "DELETE /v1/consent/photos",
    # What is offered again is kept nowhere until they agree.
    "GET /v1/me/receipts/{receipt_id}/renewal",
    # What was read in it was entered when it began.
    "POST /v1/visits/end",
    "GET /v1/grant", "POST /v1/grant", "POST /v1/personal-sessions/opening",
    # What custodians are asked: nothing about anybody.
    "GET /v1/exports/{export_id}", "GET /v1/exports",
    # Whether custodians hold their shares; a sealed server has no log to enter into.
    "GET /v1/unseal", "POST /v1/unseal", "POST /v1/rehearsals", "POST /v1/rehearsals/answers",
    # Nothing was looked at.
    "DELETE /v1/sessions/{session_id}",
}  # fmt: skip


def new_entries(world: World, act: Callable[[], object]) -> list[Entry]:
    before = len(entries_of(world.services.store))
    act()
    return entries_of(world.services.store)[before:]


def events_of(world: World, act: Callable[[], object]) -> list[str]:
    return [entry.event.value for entry in new_entries(world, act)]


def test_every_door_says_what_it_enters(world: World) -> None:
    documented = {f"{method} {path}" for method, path, _ in operations(world)}
    assert documented == set(ENTERS) | QUIET
    assert not set(ENTERS) & QUIET


@pytest.fixture
def place(world: World) -> Place:
    return furnished(world)


@pytest.mark.parametrize("door", sorted(CALLS))
def test_what_is_done_with_an_api_key_is_entered(world: World, place: Place, door: str) -> None:
    answers: list[httpx2.Response] = []
    found = events_of(world, lambda: answers.append(called(world, door, place, place.key)))
    assert answers[0].is_success, answers[0].text
    assert found == ENTERS.get(door, [])
    require_sound(world)


def test_what_an_administrator_changes_is_entered(world: World, place: Place) -> None:
    key = world.made("/v1/api-keys", {"name": "x", "scopes": ["enrol"]})
    purpose, subject = world.purpose(), world.active(place.gallery, "zoe", photo("zoe")).subject_id
    fresh = public_text(Ed25519PrivateKey.generate())
    station, attested = world.station(place.gallery), world.station(place.gallery)
    public = attested.key.public_key().public_bytes_raw()
    calls: dict[str, tuple[str, str, dict[str, Any]]] = {
        "POST /v1/purposes/{purpose_id}/texts": ("POST", f"/v1/purposes/{purpose}/texts", {"text": "Better."}),
        "POST /v1/galleries": ("POST", "/v1/galleries", {"name": "another", "purpose_id": purpose}),
        "POST /v1/purposes/{purpose_id}/end": ("POST", f"/v1/purposes/{purpose}/end", {"ends_at": None}),
        "PUT /v1/stations/{station_id}/key": ("PUT", f"/v1/stations/{station.id}/key", {"public_key": fresh}),
        "PUT /v1/stations/{station_id}/attestation": (
            "PUT",
            f"/v1/stations/{attested.id}/attestation",
            {"chain": MAKER.chain(public).decode()},
        ),
        "POST /v1/stations/{station_id}/pairing": ("POST", f"/v1/stations/{station.id}/pairing", {}),
        "DELETE /v1/stations/{station_id}": ("DELETE", f"/v1/stations/{station.id}", {}),
        "POST /v1/api-keys": ("POST", "/v1/api-keys", {"name": "y", "scopes": ["operate"]}),
        "POST /v1/api-keys/{key_id}/rotation": ("POST", f"/v1/api-keys/{key['id']}/rotation", {"overlap_hours": 1}),
        "DELETE /v1/api-keys/{key_id}": ("DELETE", f"/v1/api-keys/{key['id']}", {}),
        "POST /v1/keys/epoch/rotation": ("POST", "/v1/keys/epoch/rotation", {}),
        "POST /v1/galleries/{gallery_id}/key/rotation": ("POST", f"/v1/galleries/{place.gallery}/key/rotation", {}),
        "POST /v1/subjects/{subject_id}/key/rotation": ("POST", f"/v1/subjects/{subject}/key/rotation", {}),
    }
    for door, (method, path, body) in calls.items():
        before = len(entries_of(world.services.store))
        answer = _sent(world, method, path, body)
        assert answer.is_success, (door, answer.text)
        found = entries_of(world.services.store)[before:]
        assert [entry.event.value for entry in found] == ENTERS[door], door
    assert events_of(world, world.purpose) == ENTERS["POST /v1/purposes"]
    assert events_of(world, lambda: world.station(place.gallery)) == ENTERS["POST /v1/stations"]
    looked = world.api("GET", "/v1/readings", params={"gallery_id": place.gallery})
    assert looked.is_success
    assert entries_of(world.services.store)[-1].fields == {"act": "readings"}
    require_sound(world)


def test_another_root_key_is_entered(world: World) -> None:
    """Where it is in a file: custodians hold a ceremony."""
    door = "POST /v1/keys/root/rotation"
    assert events_of(world, lambda: world.made("/v1/keys/root/rotation", {}, status=200)) == ENTERS[door]


def _sent(world: World, method: str, path: str, body: dict[str, Any]) -> httpx2.Response:
    return world.api(method, path, json=body) if body else world.api(method, path)


def test_what_happens_to_somebody_shares_a_handle_that_nothing_else_has(world: World) -> None:
    gallery = world.gallery()
    people: dict[str, Person] = {}
    for name in ("ann", "bob"):
        found = new_entries(world, lambda n=name: people.update({n: world.active(gallery, n, photo(n))}))  # type: ignore[misc] # bound now
        assert [entry.event.value for entry in found] == ["offer", "grant", "enrol", "credential"]
        assert len({entry.fields["handle"] for entry in found}) == 1
    gone = new_entries(world, lambda: world.as_person(people["ann"], "POST", "/v1/me/withdrawal"))
    assert [entry.event.value for entry in gone] == ENTERS["POST /v1/me/withdrawal"]
    handles: dict[str, list[str]] = {}
    for entry in entries_of(world.services.store):
        if "handle" in entry.fields:
            handles.setdefault(entry.fields["handle"], []).append(entry.event.value)
    assert sorted(map(len, handles.values())) == [4, 6]
    require_sound(world)


def test_the_log_does_not_tell_who_looks_like_somebody(world: World) -> None:
    """Rule S3: whoever forges a consent for a photo learns nothing about who else is in the gallery."""
    gallery = world.gallery()
    first = new_entries(world, lambda: world.active(gallery, "ann", photo("ann")))
    double = new_entries(world, lambda: world.active(gallery, "other", photo("ann", 2)))
    assert world.api("GET", "/v1/reviews").json()["items"], "nobody was held"
    assert [(e.event, set(e.fields)) for e in first] == [(e.event, set(e.fields)) for e in double]
    require_sound(world)


def test_who_says_no_is_erased_and_admitted_under_another_handle(world: World) -> None:
    link = world.pending(world.gallery(), "ann", photo("ann"))
    found = new_entries(world, lambda: world.link("POST", "/v1/consent/refusal", link))
    assert [entry.event.value for entry in found] == ENTERS["POST /v1/consent/refusal"]
    handles = [entry.fields["handle"] for entry in found]
    assert handles[0] == handles[1] != handles[2] == handles[3]
    require_sound(world)


def test_a_session_and_its_decision_are_entered_whatever_comes_of_it(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    station = world.station(gallery)
    for picture, outcome in ((photo("ann", 2), "MATCH"), (photo("x"), "NO_MATCH"), (b"no picture", "REFUSED")):
        opened, decided = new_entries(world, lambda p=picture: world.identify(station, p))  # type: ignore[misc] # bound now
        assert (opened.event.value, decided.event.value) == ("session", "decision")
        assert decided.fields == {
            "kind": "identify", "means": "face", "outcome": outcome, "session": opened.fields["session"],
        }  # fmt: skip
    require_sound(world)


def test_the_other_way_and_document_checks_are_entered_alike(world: World) -> None:
    gallery = world.gallery()
    pin = world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"})["other_way"]["pin"]
    station = world.station(gallery)
    _, decided = new_entries(world, lambda: world.pin(station, "wim", pin))
    assert (decided.fields["means"], decided.fields["outcome"]) == ("pin", "MATCH")
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    opened, decided = new_entries(world, lambda: world.document_check(checker, photo("x"), photo("x", 2)))
    assert (opened.fields["kind"], decided.fields["kind"]) == ("document_check", "document_check")
    require_sound(world)


def test_what_time_ends_is_entered(world: World) -> None:
    gallery = world.gallery(retention_days=1)
    world.active(gallery, "ann", photo("ann"))
    world.clock.move(days=2)
    assert events_of(world, world.services.withdraw.purge) == ["lapse", "erase"]
    require_sound(world)


def test_an_entry_names_nobody_and_nothing(world: World) -> None:
    """No identifier, no station, no time but the day: what an outsider gets are the forms."""
    place = furnished(world)
    world.identify(world.station(place.gallery), photo(f"ann-{place.gallery}", 5))
    with world.services.store.read() as tx:
        raw = b"\n".join(tx.log.entries(0, limit=10_000))
    named = [*place.ids.values(), place.gallery, place.key_id, "ann", "leaver", "desk"]
    assert not [name for name in named if name.encode() in raw]
    assert not [prefix for prefix in (b"sub_", b"sta_", b"gal_", b"pur_", b"key_", b"ses_", b"dec_") if prefix in raw]
    for entry in entries_of(world.services.store):
        assert len(entry.day) == len("2026-11-22")


def test_nothing_that_was_refused_before_anything_was_done_is_entered(world: World) -> None:
    gallery = world.gallery()
    for act in (
        lambda: world.api("GET", f"/v1/galleries/{gallery}/subjects", headers={"Authorization": "Bearer x"}),
        lambda: world.enrol(gallery, "ann", b"no picture"),
        lambda: world.api("GET", "/v1/subjects/sub_" + "a" * 26),
    ):
        assert events_of(world, act) == []
