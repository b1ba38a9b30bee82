"""Somebody who lost their receipt sees their data by face and PIN together: neither is enough, and nothing tells which
was wrong."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.logged import entries_of
from support.world import Device, Person, World, public_text

from visavis.model.access import FREE_TRIES
from visavis.model.purpose import LivenessUnavailable
from visavis.model.visit import LINK_LIFE, VISIT_LIFE

WRONG_PIN = "000000"
OWN_DOORS = (("GET", "/v1/me"), ("GET", "/v1/me/archive"), ("GET", "/v1/me/log"), ("POST", "/v1/me/withdrawal"))


@dataclass
class Desk:
    """A gallery with two people, and a station that somebody watches."""

    world: World
    gallery: str
    station: Device
    ann: Person
    bob: Person

    def asked(self, picture: bytes, name: str, pin: str, station: Device | None = None) -> httpx2.Response:
        station = station or self.station
        self.world.clock.move(seconds=3)
        session = self.world.session(station, "verify")
        form = {"external_reference": name, "pin": pin}
        path = f"/v1/sessions/{session}/own-data"
        return self.world.at(station, "POST", path, files={"photo": picture}, data=form)

    def linked(self) -> str:
        answer = self.asked(photo("ann", 2), "ann", self.ann.pin)
        assert answer.json()["decision"] == "MATCH", answer.text
        return str(answer.json()["me_link"].partition("#visit=")[2])

    def visit(self, link: str, key: Ed25519PrivateKey) -> httpx2.Response:
        return self.world.link("POST", "/v1/visits", link, json={"public_key": public_text(key)})

    def visiting(self) -> "Visitor":
        key = Ed25519PrivateKey.generate()
        begun = self.visit(self.linked(), key)
        assert begun.status_code == 201, begun.text
        assert begun.json()["subject_id"] == self.ann.subject_id
        return Visitor(self.world, begun.json()["visit_id"], key)


@dataclass
class Visitor:
    world: World
    id: str
    key: Ed25519PrivateKey

    def ask(self, method: str, path: str, **body: Any) -> httpx2.Response:
        return self.world.signed(self.id, self.key, method, path, **body)


@pytest.fixture
def desk(world: World) -> Desk:
    gallery = world.gallery()
    ann, bob = (world.active(gallery, name, photo(name)) for name in ("ann", "bob"))
    return Desk(world, gallery, world.station(gallery), ann, bob)


def told(answer: httpx2.Response) -> dict[str, Any]:
    """What an answer says but whose decision it is, which is another each time."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.json().items() if name != "decision_id"}


def test_face_and_pin_together_open_what_is_held(desk: Desk) -> None:
    visitor = desk.visiting()
    held = visitor.ask("GET", "/v1/me").json()
    assert held["external_reference"] == "ann"
    assert visitor.ask("GET", "/v1/me/archive").content[:2] == b"PK"
    assert visitor.ask("GET", "/v1/me/log").json()["items"]
    assert visitor.ask("POST", "/v1/me/withdrawal").status_code == 204
    assert desk.world.identify(desk.station, photo("ann", 3))["decision"] == "NO_MATCH"
    assert visitor.ask("GET", "/v1/me").json()["code"] == "visit_over"


def test_a_new_pin_ends_the_visit_and_the_link_of_who_knew_the_former_one(desk: Desk) -> None:
    visitor = desk.visiting()
    assert desk.world.api("POST", f"/v1/subjects/{desk.bob.subject_id}/credentials").status_code == 201
    assert visitor.ask("GET", "/v1/me").status_code == 200, "somebody else's new PIN ends nothing of hers"
    made = desk.world.api("POST", f"/v1/subjects/{desk.ann.subject_id}/credentials").json()
    for method, path in OWN_DOORS:
        assert visitor.ask(method, path).json()["code"] == "visit_over", path
    desk.ann = replace(desk.ann, pin=made["pin"])
    link = desk.linked()
    assert desk.world.api("POST", f"/v1/subjects/{desk.ann.subject_id}/credentials").status_code == 201
    assert desk.visit(link, Ed25519PrivateKey.generate()).json()["code"] == "link_unknown"


def test_whoever_was_known_last_is_the_one_even_while_an_older_link_is_opened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits, older = desk.world.services.visits, desk.linked()
    record, newer = visits._readings.record_own, []
    ((pin_hash,),) = desk.world.sql(f"SELECT pin_hash FROM credentials WHERE id = '{desk.ann.subject_id}'")  # noqa: S608 -- our own id

    def meanwhile(*args: Any, **named: Any) -> None:
        record(*args, **named)
        newer.append(visits.promise(desk.ann.subject_id, station="door", pin_hash=pin_hash)[0])

    with monkeypatch.context() as during:
        during.setattr(visits._readings, "record_own", meanwhile)
        assert desk.visit(older, Ed25519PrivateKey.generate()).json()["code"] == "link_unknown"
    assert desk.visit(newer[0], Ed25519PrivateKey.generate()).status_code == 201


def test_a_visit_that_could_not_be_recorded_is_none_and_its_link_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits, link = desk.world.services.visits, desk.linked()
    with monkeypatch.context() as broken:
        broken.setattr(visits._readings, "record_own", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            visits.open(link, public_key=bytes(Ed25519PrivateKey.generate().public_key().public_bytes_raw()))
    assert visits._visits == {}
    assert desk.visit(link, Ed25519PrivateKey.generate()).status_code == 201
    assert desk.visit(link, Ed25519PrivateKey.generate()).json()["code"] == "link_unknown"


@pytest.mark.slow
def test_the_person_sees_that_somebody_was_there_and_so_does_the_log(desk: Desk) -> None:
    desk.asked(photo("bob", 2), "bob", desk.bob.pin)  # with the first the bar is entered as well
    before = len(entries_of(desk.world.services.store))
    desk.visiting()
    entered = entries_of(desk.world.services.store)[before:]
    assert [entry.event.value for entry in entered] == ["session", "decision", "reading"]
    assert entered[-1].fields == {"act": "own"}
    (seen,) = desk.world.as_person(desk.ann, "GET", "/v1/me").json()["readings"]
    station = desk.world.api("GET", f"/v1/stations/{desk.station.id}").json()["name"]
    assert (seen["kind"], seen["reason"]) == ("own", station)
    mine = desk.world.as_person(desk.ann, "GET", "/v1/me/log").json()["items"]
    assert any('"act":"own"' in one["entry"] and one["details"]["reason"] == station for one in mine)


def test_a_stolen_pin_a_look_alike_and_a_name_that_nobody_has_are_told_the_same(desk: Desk) -> None:
    wrong = [
        desk.asked(photo("bob", 2), "ann", desk.ann.pin),  # the PIN without the face
        desk.asked(photo("ann", 2), "ann", WRONG_PIN),  # the face without the PIN
        desk.asked(photo("bob", 2), "ann", WRONG_PIN),
        desk.asked(photo("ann", 2), "bob", desk.ann.pin),
    ]
    nobody = desk.asked(photo("ann", 2), "nobody", desk.ann.pin)
    answers = [told(one) for one in (*wrong, nobody)]
    assert all(one == answers[0] for one in answers)
    assert (answers[0]["decision"], answers[0]["me_link"], answers[0]["subject"]) == ("NO_MATCH", None, None)
    assert desk.world.as_person(desk.ann, "GET", "/v1/me").json()["readings"] == []


@pytest.mark.slow
def test_a_photo_that_shows_nobody_is_refused_whatever_the_pin(desk: Desk) -> None:
    answers = [told(desk.asked(b"no picture", "ann", pin)) for pin in (desk.ann.pin, WRONG_PIN)]
    assert answers[0] == answers[1]
    assert answers[0]["decision"] == "REFUSED"
    for _ in range(FREE_TRIES):
        desk.asked(b"no picture", "ann", WRONG_PIN)
    assert desk.linked()  # such photos cost nobody their tries


def test_a_known_pin_does_not_buy_more_faces(desk: Desk) -> None:
    """Whoever stole the PIN can be served with it in between: that makes wrong PINs forgotten, not wrong faces."""
    for _ in range(FREE_TRIES):
        assert desk.asked(photo("bob", 2), "ann", desk.ann.pin).json()["decision"] == "NO_MATCH"
        assert desk.world.pin(desk.station, "ann", desk.ann.pin)["decision"] == "MATCH"
    stopped = desk.asked(photo("ann", 2), "ann", desk.ann.pin).json()
    assert (stopped["decision"], stopped["reason"], stopped["me_link"]) == ("REFUSED", "too_many_tries", None)


@pytest.mark.slow
def test_pins_cannot_be_guessed_here_beside_the_other_way(desk: Desk) -> None:
    for _ in range(FREE_TRIES):
        desk.asked(photo("ann", 2), "ann", WRONG_PIN)
    assert desk.world.pin(desk.station, "ann", desk.ann.pin)["reason"] == "too_many_tries"
    names = {row[0] for row in desk.world.sql("SELECT id FROM tries")}
    assert len(names) == 2
    desk.world.api("POST", f"/v1/subjects/{desk.ann.subject_id}/credentials")
    assert desk.world.sql("SELECT count(*) FROM tries") == [(0,)]


def test_s7_a_face_that_is_not_known_today_costs_nobody_their_pin(desk: Desk) -> None:
    desk.asked(photo("bandaged"), "ann", WRONG_PIN)
    for number in range(1, FREE_TRIES):
        desk.asked(photo("bandaged", number + 1), "ann", desk.ann.pin)
    assert sorted(desk.world.sql("SELECT failures FROM tries")) == [(1,), (FREE_TRIES,)]
    assert desk.world.pin(desk.station, "ann", desk.ann.pin)["decision"] == "MATCH"


@pytest.mark.slow
def test_where_nobody_watches_nothing_is_looked_at(desk: Desk) -> None:
    """Whatever the purpose asks for; one that asks for less has no stations yet."""
    desk.world.clock.move(seconds=3)
    session = desk.world.session(desk.station, "verify")
    desk.world.sql("UPDATE stations SET attended = 0")
    shown = {"claim": "ann", "pin": desk.ann.pin, "session_id": session, "station_id": desk.station.id}
    with pytest.raises(LivenessUnavailable):
        desk.world.services.face_and_pin.at_station(photo("ann", 2), **shown)
    assert desk.world.sql("SELECT count(*) FROM decisions") == [(0,)]


@pytest.mark.slow
def test_the_link_opens_once_and_not_for_long(desk: Desk) -> None:
    key = Ed25519PrivateKey.generate()
    link = desk.linked()
    assert desk.visit(link, key).status_code == 201
    assert desk.visit(link, Ed25519PrivateKey.generate()).json()["code"] == "link_unknown"
    late = desk.linked()
    desk.world.clock.move(seconds=LINK_LIFE.total_seconds())
    assert desk.visit(late, key).json()["code"] == "link_unknown"


@pytest.mark.slow
def test_a_visit_ends_after_ten_minutes_when_the_person_says_so_and_with_the_next(desk: Desk) -> None:
    first = desk.visiting()
    desk.world.clock.move(seconds=VISIT_LIFE.total_seconds() - 1)
    assert first.ask("GET", "/v1/me").is_success
    desk.world.clock.move(seconds=1)
    assert first.ask("GET", "/v1/me").json()["code"] == "visit_over"
    second = desk.visiting()
    third = desk.visiting()
    assert second.ask("GET", "/v1/me").json()["code"] == "visit_over"
    assert third.ask("POST", "/v1/visits/end").status_code == 204
    assert third.ask("GET", "/v1/me").status_code == 401


def test_a_visit_is_no_receipt(desk: Desk) -> None:
    """It opens no personal session, countersigns nothing, and nobody else's data."""
    visitor = desk.visiting()
    made = desk.world.made("/v1/personal-sessions", {"subject_id": desk.ann.subject_id, "attended": True})
    secret = made["link"].partition("#session=")[2]
    refused = visitor.ask("POST", "/v1/personal-sessions/opening", json={"link_secret": secret})
    assert refused.json()["code"] == "signature_refused"
    posing = Visitor(desk.world, desk.ann.subject_id, visitor.key)
    assert posing.ask("GET", "/v1/me").json()["code"] == "signature_refused"
    other = Visitor(desk.world, visitor.id, Ed25519PrivateKey.generate())
    assert other.ask("GET", "/v1/me").json()["code"] == "signature_refused"


@pytest.mark.slow
def test_nothing_of_a_visit_is_on_the_disk(desk: Desk) -> None:
    link = desk.linked()
    assert link.encode() not in desk.world.files()
    visitor = desk.visit(link, Ed25519PrivateKey.generate()).json()
    found = [row[0] for row in desk.world.sql("SELECT read_by FROM readings")]
    assert found == [visitor["visit_id"]]  # who read; it opens nothing


def withdrawn(desk: Desk) -> None:
    desk.world.as_person(desk.ann, "POST", "/v1/me/withdrawal")


def over(desk: Desk) -> None:
    desk.world.clock.move(seconds=91 * 86_400)


@pytest.mark.parametrize("ends", [withdrawn, pytest.param(over, marks=pytest.mark.slow)])
def test_an_ended_enrolment_opens_nothing(desk: Desk, ends: Callable[[Desk], None]) -> None:
    ends(desk)
    answer = told(desk.asked(photo("ann", 2), "ann", desk.ann.pin))
    assert (answer["decision"], answer["me_link"]) == ("NO_MATCH", None)


@pytest.mark.slow
@pytest.mark.parametrize("ends", [withdrawn, over])
def test_a_visit_and_a_link_end_with_the_consent(desk: Desk, ends: Callable[[Desk], None]) -> None:
    visitor = desk.visiting()
    ends(desk)
    assert [visitor.ask(*door).json()["code"] for door in OWN_DOORS] == ["visit_over"] * len(OWN_DOORS)


@pytest.mark.slow
def test_a_link_of_somebody_who_withdrew_opens_nothing(desk: Desk) -> None:
    link = desk.linked()
    withdrawn(desk)
    assert desk.visit(link, Ed25519PrivateKey.generate()).json()["code"] == "link_unknown"


def test_s8_nobody_who_came_of_age_is_known_by_a_guardians_consent(desk: Desk) -> None:
    world, key = desk.world, OKPKey.generate_key("Ed25519")
    day = (world.clock.now().astimezone(UTC).date() + timedelta(days=2)).isoformat()
    form = {"external_reference": "kim", "guardian_until": day}
    files = [("photos", ("1.jpg", photo("kim"), "image/jpeg"))]
    asked = world.api("POST", f"/v1/galleries/{desk.gallery}/enrolments", data=form, files=files)
    agreed = world.countersign(asked.json()["consent_link"].partition("#")[2], key).json()
    kim = replace(desk.ann, subject_id=agreed["subject_id"], reference="kim", pin=agreed["other_way"]["pin"])
    assert desk.asked(photo("kim", 2), "kim", kim.pin).json()["decision"] == "MATCH"
    world.clock.move(seconds=2 * 86_400)
    answer = told(desk.asked(photo("kim", 2), "kim", kim.pin))
    assert (answer["decision"], answer["me_link"]) == ("NO_MATCH", None)


@pytest.mark.slow
def test_a_key_that_fits_every_text_begins_no_visit(desk: Desk) -> None:
    weak = urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()
    link = desk.linked()
    refused = desk.world.link("POST", "/v1/visits", link, json={"public_key": weak})
    assert refused.json()["code"] == "visit_key_refused"
    assert desk.visit(link, Ed25519PrivateKey.generate()).status_code == 201
