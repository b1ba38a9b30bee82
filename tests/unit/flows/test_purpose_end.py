"""A purpose ends: at once nobody is recognised for it, and then nobody is left in it."""

import json
import threading
import time
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import who
from support.logged import entries_of, require_sound
from support.world import Device, World

from visavis.audit.leaf import Entry
from visavis.consent.receipt import countersign
from visavis.flows import ended
from visavis.flows.erase import erase_subject
from visavis.flows.record import openings_of


def end(world: World, purpose: str, at: str | None = None, status: int = 200) -> dict[str, Any]:
    return world.made(f"/v1/purposes/{purpose}/end", {"ends_at": at}, status=status)


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture
def purpose(world: World) -> str:
    return world.purpose()


@pytest.fixture
def gallery(world: World, purpose: str) -> str:
    return world.gallery(purpose)


@pytest.fixture
def station(world: World, gallery: str) -> Device:
    return world.station(gallery)


def test_nothing_new_begins_under_a_purpose_that_has_ended(
    world: World, purpose: str, gallery: str, station: Device
) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    waiting = world.pending(gallery, "bea", photo("bea"))
    offer = world.link("GET", "/v1/consent", waiting).json()["offer"]
    signed = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    opened = world.made(f"/v1/galleries/{gallery}/imports", {"name": "autumn"}, status=200)["id"]
    told = end(world, purpose)
    assert told["ends_at"].startswith(f"{world.clock.now():%Y-%m-%dT}")
    body = {"json": {"name": "x", "purpose_id": purpose}}
    key = {"name": "x", "gallery_id": gallery, "public_key": "B" * 43, "attended": True}
    world.clock.move(seconds=3)
    refused = {
        "a gallery": world.api("POST", "/v1/galleries", **body),
        "a station": world.api("POST", "/v1/stations", json=key),
        "photos": world.enrol(gallery, "cem", photo("cem")),
        "more photos": world.enrol(gallery, "ann", photo("ann", 2)),
        "somebody without a face": world.api(
            "POST", f"/v1/galleries/{gallery}/without-face", json={"external_reference": "wim"}
        ),
        "an import": world.api("POST", f"/v1/galleries/{gallery}/imports", json={"name": "winter"}),
        "an entry": world.api(
            "POST",
            f"/v1/imports/{opened}/entries",
            data={"external_reference": "dov"},
            files={"photos": photo("dov")},
        ),
        "a question": world.link("GET", "/v1/consent", waiting),
        "an answer": world.link("POST", "/v1/consent/countersignature", waiting, json={"countersignature": signed}),
        "a session": world.at(station, "POST", "/v1/sessions", json={"kind": "identify"}),
        "an invitation": world.api(
            "POST", "/v1/personal-sessions", json={"subject_id": ann.subject_id, "attended": True}
        ),
    }
    answers = {name: (one.status_code, one.json()["code"]) for name, one in refused.items()}
    # A station's key that is none is refused before it is asked for what it is for.
    assert answers.pop("a station")[0] in {409, 422}
    assert set(answers.values()) == {(409, "purpose_ended")}, answers
    assert world.link("POST", "/v1/consent/refusal", waiting).status_code == 200, "to say no is always possible"


@pytest.mark.parametrize("when", ["before the photo is looked at", "while it is looked at"])
def test_a_session_that_was_open_decides_nothing_any_more(
    world: World, purpose: str, gallery: str, station: Device, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.active(gallery, "ann", photo("ann"))
    world.clock.move(seconds=3)
    session = world.session(station)
    if when.startswith("before"):
        end(world, purpose)
    else:
        extract = world.faces.extract

        def looked(content: bytes, *args: Any, **named: Any) -> Any:
            end(world, purpose)
            return extract(content, *args, **named)

        monkeypatch.setattr(world.faces, "extract", looked)
    answer = world.at(station, "POST", f"/v1/sessions/{session}/identify", files={"photo": photo("ann", 2)})
    assert (answer.status_code, answer.json()["code"]) == (409, "purpose_ended")
    assert world.sql("SELECT * FROM decisions") == []
    require_sound(world)


def test_a_pin_opens_nothing_any_more_either(world: World, purpose: str, gallery: str, station: Device) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    world.clock.move(seconds=3)
    session = world.session(station)
    end(world, purpose)
    body = {"external_reference": "ann", "pin": ann.pin}
    answer = world.at(station, "POST", f"/v1/sessions/{session}/pin", json=body)
    assert answer.json()["code"] == "purpose_ended"


def test_everybody_in_it_is_erased_and_nobody_elsewhere(world: World, purpose: str, gallery: str) -> None:
    second, elsewhere = world.gallery(purpose), world.gallery()
    gone = [world.active(where, "ann", photo("ann")) for where in (gallery, second)]
    stays = world.active(elsewhere, "ann", photo("ann"))
    world.pending(gallery, "bea", photo("bea"))
    world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"})
    end(world, purpose)
    with world.services.store.read() as tx:
        index = world.services.live.index(tx.galleries.get(gallery))
    assert index.count() == 1
    before = len(entries_of(world.services.store))
    purged = world.services.withdraw.purge(thorough=False)
    assert (purged.subjects, purged.more) == (4, False)
    assert world.sql("SELECT id FROM subjects") == [(stays.subject_id,)]
    assert world.sql("SELECT DISTINCT reason FROM tombstones") == [("purpose_ended",)]
    found = [entry.event.value for entry in entries_of(world.services.store)[before:]]
    assert found == ["erase"] * 4
    assert world.as_person(gone[0], "GET", "/v1/me").json()["code"] == "signature_refused"
    station = world.station(elsewhere)
    assert who(world, station, photo("ann", 2)) == "ann"
    assert index.count() == 0
    require_sound(world)


def test_its_stations_are_retired_and_that_is_entered(world: World, purpose: str, station: Device) -> None:
    end(world, purpose)
    entries = [(entry.event.value, entry.fields) for entry in entries_of(world.services.store)]
    assert entries[-1] == ("policy", {"act": "change", "of": "purpose"})
    world.services.withdraw.purge(thorough=False)
    entries = [(entry.event.value, entry.fields) for entry in entries_of(world.services.store)]
    assert entries[-1] == ("key", {"act": "end", "of": "station"})
    refused = world.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
    assert refused.json()["code"] in {"station_retired", "purpose_ended"}


def test_people_are_erased_in_turns_between_which_others_write(
    world: World, purpose: str, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "AT_ONCE", 2)
    monkeypatch.setattr(ended, "TURNS", 2)
    for name in ("ann", "bea", "cem", "dov", "eve"):
        world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": name})
    end(world, purpose)
    told = [world.services.withdraw.purge(thorough=False) for _ in range(3)]
    assert [(one.subjects, one.more) for one in told] == [(4, True), (1, False), (0, False)]


def test_what_stops_it_leaves_the_rest_to_the_next_time(
    world: World, purpose: str, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended, "AT_ONCE", 1)
    for name in ("ann", "bea", "cem"):
        world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": name})
    end(world, purpose)
    calls = []

    def breaks(*args: Any, **named: Any) -> None:
        calls.append(1)
        erase_subject(*args, **named)
        if len(calls) == 2:
            raise RuntimeError("the second one breaks after it wrote")

    monkeypatch.setattr(ended, "erase_subject", breaks)
    with pytest.raises(RuntimeError):
        world.services.withdraw.purge(thorough=False)
    assert world.sql("SELECT count(*) FROM subjects") == world.sql("SELECT count(*) FROM subject_keys") == [(2,)]
    assert world.services.withdraw.purge(thorough=False).subjects == 2
    require_sound(world)


def test_others_withdraw_while_a_purpose_is_emptied(
    world: World, purpose: str, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for more than one turn."""
    monkeypatch.setattr(ended, "AT_ONCE", 5)
    other = world.gallery()
    ann = world.active(other, "ann", photo("ann"))
    for number in range(30):
        world.pending(gallery, str(number), photo(str(number)))
    end(world, purpose)
    emptying = threading.Thread(target=lambda: world.services.withdraw.purge(thorough=False))
    emptying.start()
    begun = time.monotonic()
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    took = time.monotonic() - begun
    emptying.join()
    assert world.sql("SELECT count(*) FROM subjects") == [(0,)]
    assert took < 2


def test_a_day_to_come_is_told_to_whom_is_asked_and_bounds_their_consent(
    world: World, purpose: str, gallery: str, station: Device
) -> None:
    before = world.active(gallery, "ann", photo("ann"))
    day = (world.clock.now() + timedelta(days=30)).replace(microsecond=0)
    told = end(world, purpose, day.isoformat())
    assert told["ends_at"] == day.isoformat().replace("+00:00", "Z")
    secret = world.pending(gallery, "bea", photo("bea"))
    record = world.link("GET", "/v1/consent", secret).json()["record"]
    stamp = day.isoformat().replace("+00:00", "Z")
    assert record["valid_until"] == record["pii_processing"]["purposes"][0]["ends_at"] == stamp
    assert world.countersign(secret).status_code == 200
    (last,) = world.sql("SELECT min(expires_at) FROM receipts")
    assert str(last[0]).startswith(f"{day:%Y-%m-%d %H:%M:%S}")
    assert who(world, station, photo("ann", 2)) == "ann"
    held = world.as_person(before, "GET", "/v1/me").json()
    assert "ends_at" not in payload(held["receipts"][0]["offer"])["pii_processing"]["purposes"][0]
    world.clock.move(days=30)
    refused = world.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
    assert refused.json()["code"] == "purpose_ended"
    assert world.services.withdraw.purge(thorough=False).subjects == 2


def test_a_day_that_is_past_is_refused_and_an_end_stays(world: World, purpose: str) -> None:
    yesterday = (world.clock.now() - timedelta(days=1)).isoformat()
    refused = world.api("POST", f"/v1/purposes/{purpose}/end", json={"ends_at": yesterday})
    assert (refused.status_code, refused.json()["code"]) == (422, "purpose_invalid")
    assert world.api("POST", f"/v1/purposes/{purpose}/end", json={"ends_at": "2027-01-01T00:00:00"}).status_code == 422
    later = (world.clock.now() + timedelta(days=9)).isoformat()
    assert end(world, purpose, later)["ends_at"] != end(world, purpose)["ends_at"]
    ended_at = end(world, purpose)["ends_at"]
    world.clock.move(seconds=5)
    assert end(world, purpose, (world.clock.now() + timedelta(days=9)).isoformat())["ends_at"] == ended_at
    policies = [entry for entry in entries_of(world.services.store) if _is_change(entry)]
    assert len(policies) == 2, "the day to come, and the end; ending what has ended changes nothing"


def test_why_is_in_the_entry_of_each_until_it_cannot_be_opened(world: World, purpose: str, gallery: str) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    with world.services.store.read() as tx:
        subject = tx.subjects.get(ann.subject_id)
        mine = openings_of(tx, subject, keyring=world.services.keyring, after=-1, limit=100)
    assert len(mine) == 4
    end(world, purpose)
    world.services.withdraw.purge(thorough=False)
    left = world.sql("SELECT count(*) FROM log_openings WHERE expires_at IS NULL")
    assert left == [(0,)]


def _is_change(entry: Entry) -> bool:
    return entry.event.value == "policy" and entry.fields == {"act": "change", "of": "purpose"}
