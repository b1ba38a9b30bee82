"""Every write of every act is broken twice: not stored, and stored but reported failed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx2
import pytest
from joserfc.jwk import OKPKey
from sim.breaking_store import BreakingStore, Fault
from sim.faces import photo
from support.again import LOG, dump
from support.breaking import breaking
from support.logged import require_sound
from support.world import Device, Person, World

from visavis.consent.receipt import countersign

FAULTS = list(Fault)


@dataclass
class Broken:
    """A world whose store can be broken, with one gallery, its station and somebody who agreed."""

    world: World
    store: BreakingStore
    gallery: str
    station: Device
    ann: Person

    def breaking(self, act: Callable[[], httpx2.Response], fault: Fault) -> Iterator[tuple[int, httpx2.Response]]:
        """Do the act with each of its writes broken in turn, until there is none left to break."""
        number = 1
        while True:
            self.store.arm(number, fault)
            response = act()
            broke = self.store.broke
            self.store.arm(0, fault)
            if not broke:
                assert response.is_success, response.text
                assert number > 1, "the act writes nothing"
                return
            yield number, response
            number += 1

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything stored but nonces and idempotency keys, which are spent whatever follows, and the log.

        Of what was stored and is taken back again the log tells both; it is as sound as ever.
        """
        require_sound(self.world)
        return {name: rows for name, rows in dump(self.world).items() if name not in {"nonces", "answered", *LOG}}


@pytest.fixture
def broken(world: World) -> Broken:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    station = world.station(gallery)
    store = breaking(world)
    return Broken(world, store, gallery, station, ann)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("key", [False, True])
def test_a_failed_enrolment_leaves_no_subject_key_or_row(broken: Broken, fault: Fault, *, key: bool) -> None:
    before, keys = broken.rows(), count()

    def act() -> httpx2.Response:
        headers = {"Idempotency-Key": f"key-{next(keys)}"} if key else {}
        return broken.world.enrol(broken.gallery, "new", photo("new"), photo("new", 2), headers=headers)

    tried = 0
    for number, response in broken.breaking(act, fault):
        tried += 1
        if response.is_success:  # only the memory of the answer was lost
            assert key
            assert broken.world.link("GET", "/v1/consent", link_of(response)).status_code == 200
            withdraw(broken, response.json()["subject_id"])
            continue
        assert (response.status_code, response.json()["code"]) == (500, "internal"), number
        assert broken.rows() == before, number
        told = "SELECT count(*) FROM answered WHERE subject_id IS NOT NULL OR length(sealed_answer) > 0"
        assert broken.world.sql(told) == [(0,)], number
    assert tried >= 7
    assert broken.world.state(broken.world.enrol(broken.gallery, "new", photo("new")).json()["subject_id"]) == "PENDING"


def link_of(response: httpx2.Response) -> str:
    return str(response.json()["consent_link"].partition("#")[2])


def withdraw(broken: Broken, subject_id: str) -> None:
    assert broken.world.api("POST", f"/v1/subjects/{subject_id}/withdrawal").status_code == 204


@pytest.mark.parametrize("fault", FAULTS)
def test_more_photos_that_failed_leave_a_waiting_enrolment_as_it_was(broken: Broken, fault: Fault) -> None:
    link = broken.world.pending(broken.gallery, "eve", photo("eve"))
    before = broken.rows()
    for number, response in broken.breaking(
        lambda: broken.world.enrol(broken.gallery, "eve", photo("eve", 2), photo("eve", 3)), fault
    ):
        assert response.status_code == 500
        assert broken.rows() == before, number
        assert broken.world.link("GET", "/v1/consent", link).status_code == 200, number


def invite(broken: Broken, name: str) -> httpx2.Response:
    body = {"external_reference": name}
    return broken.world.api("POST", f"/v1/galleries/{broken.gallery}/invitations", json=body)


def send(broken: Broken, link: str, *photos: bytes) -> httpx2.Response:
    files = [("photos", (f"{n}.jpg", content, "image/jpeg")) for n, content in enumerate(photos)]
    return broken.world.link("POST", "/v1/consent/photos", link, files=files)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("anew", ["invite", "enrol"])
def test_who_waits_and_was_not_asked_anew_waits_with_their_photos_and_link(
    broken: Broken, fault: Fault, anew: str
) -> None:
    link = invite(broken, "eve").json()["enrol_link"].partition("#")[2]
    send(broken, link, photo("eve"), photo("eve", 2))
    before = broken.rows()

    def act() -> httpx2.Response:
        return invite(broken, "eve") if anew == "invite" else broken.world.enrol(broken.gallery, "eve", photo("eve"))

    for number, response in broken.breaking(act, fault):
        assert response.status_code == 500
        assert broken.rows() == before, number
        assert broken.world.link("GET", "/v1/consent", link).json()["photos"]["held"] == 2, number


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_invitation_leaves_nobody(broken: Broken, fault: Fault) -> None:
    before = broken.rows()
    for number, response in broken.breaking(lambda: invite(broken, "new"), fault):
        assert response.status_code == 500
        assert broken.rows() == before, number


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_photos_that_failed_are_sent_again_and_stored_once(broken: Broken, fault: Fault) -> None:
    link = invite(broken, "eve").json()["enrol_link"].partition("#")[2]
    photos = (photo("eve"), photo("eve", 2))
    for number, response in broken.breaking(lambda: send(broken, link, *photos), fault):
        assert response.status_code == 500
        held = broken.world.link("GET", "/v1/consent", link).json()["photos"]["held"]
        assert held in {0, 2}, number
        assert send(broken, link, *photos).json()["held"] == 2
        assert broken.world.link("DELETE", "/v1/consent/photos", link).status_code == 204
    assert broken.world.link("GET", "/v1/consent", link).json()["photos"]["held"] == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_countersignature_is_wholly_there_or_not_at_all(broken: Broken, fault: Fault) -> None:
    world = broken.world
    link = world.pending(broken.gallery, "eve", photo("eve"))
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    signed = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    before = broken.rows()

    def act() -> httpx2.Response:
        return world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": signed})

    for number in range(1, 100):
        broken.store.arm(number, fault)
        response = act()
        broke = broken.store.broke
        broken.store.arm(0, fault)
        states = [row[2] for row in broken.rows()["subjects"]]
        if states.count("ACTIVE") == 2:
            break
        assert broke
        assert response.status_code == 500
        assert broken.rows() == before, number
        assert world.identify(broken.station, photo("eve", 2))["decision"] == "NO_MATCH"
        before = broken.rows()
    assert number >= 7
    assert response.is_success != broke
    assert world.identify(broken.station, photo("eve", 2))["decision"] == "MATCH"
    assert all(row[4] for row in broken.rows()["receipts"])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_refusal_is_wholly_there_or_not_at_all(broken: Broken, fault: Fault) -> None:
    world = broken.world
    link = world.pending(broken.gallery, "dan", photo("dan"))
    before = broken.rows()
    for number in range(1, 100):
        broken.store.arm(number, fault)
        response = world.link("POST", "/v1/consent/refusal", link)
        broke = broken.store.broke
        broken.store.arm(0, fault)
        after = broken.rows()
        if "WITHOUT_FACE" in [row[2] for row in after["subjects"]]:
            break
        assert response.status_code == 500
        assert after == before, number
    assert response.is_success != broke
    assert len(after["references"]) == 1
    assert len(after["subject_keys"]) == len(after["subjects"]) == len(after["credentials"]) == 2


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("who", ["person", "operator"])
def test_a_failed_withdrawal_leaves_the_person_wholly_there_or_wholly_gone(
    broken: Broken, fault: Fault, who: str
) -> None:
    world, subject_id = broken.world, broken.ann.subject_id
    world.identify(broken.station, photo("ann", 2))

    def act() -> httpx2.Response:
        if who == "person":
            return world.as_person(broken.ann, "POST", "/v1/me/withdrawal")
        return world.api("POST", f"/v1/subjects/{subject_id}/withdrawal")

    for number in range(1, 100):
        before = broken.rows()
        broken.store.arm(number, fault)
        response = act()
        broke = broken.store.broke
        broken.store.arm(0, fault)
        after = broken.rows()
        if not after["subjects"]:
            break
        assert not response.is_success
        assert after == before, number
        if number % 4 == 0:
            assert world.identify(broken.station, photo("ann", 2))["decision"] == "MATCH"
    assert response.is_success != broke
    for table in ("subjects", "subject_keys", "references", "receipts", "enrolments", "credentials"):
        assert after[table] == [], table
    assert len(after["tombstones"]) == 1
    with broken.store.read() as tx:
        gallery = tx.galleries.get(broken.gallery)
    assert world.services.live.index(gallery).count() == 0
    assert world.identify(broken.station, photo("ann", 2))["decision"] == "NO_MATCH"


def attempts(broken: Broken) -> dict[str, Callable[[str], httpx2.Response]]:
    world, station, ann = broken.world, broken.station, broken.ann
    return {
        "identify": lambda s: world.at(station, "POST", f"/v1/sessions/{s}/identify", files={"photo": photo("ann", 2)}),
        "pin": lambda s: world.at(
            station, "POST", f"/v1/sessions/{s}/pin", json={"external_reference": "ann", "pin": ann.pin}
        ),
        "qr": lambda s: world.at(station, "POST", f"/v1/sessions/{s}/qr", json={"qr": ann.qr}),
        "stranger": lambda s: world.at(station, "POST", f"/v1/sessions/{s}/identify", files={"photo": photo("x")}),
    }


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", ["identify", "pin", "qr", "stranger"])
def test_a_failed_decision_gives_no_match_and_the_next_try_works(broken: Broken, fault: Fault, way: str) -> None:
    world, expected = broken.world, "NO_MATCH" if way == "stranger" else "MATCH"
    act = attempts(broken)[way]
    for number in range(1, 100):
        world.clock.move(seconds=3700)  # longer than wrong tries are slowed
        session_id = world.session(broken.station)
        broken.store.arm(number, fault)
        response = act(session_id)
        broke = broken.store.broke
        broken.store.arm(0, fault)
        if not broke:
            break
        assert response.status_code == 500, number
        assert "MATCH" not in response.text
        used = next(row for row in broken.rows()["sessions"] if row[0] == session_id)[2] != "OPEN"
        if used:
            assert act(session_id).json()["code"] == "session_used"
        else:
            assert act(session_id).json()["decision"] == expected
    assert number >= 5
    assert response.json()["decision"] == expected
    decided = [row[1] for row in broken.rows()["decisions"]]
    assert len(decided) == len(set(decided))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["identify", "document_check"])
def test_a_failed_opening_does_not_block_the_station(broken: Broken, fault: Fault, kind: str) -> None:
    world, station = broken.world, broken.station
    if kind == "document_check":
        station = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    for number in range(1, 20):
        world.clock.move(seconds=3)
        broken.store.arm(number, fault)
        response = world.at(station, "POST", "/v1/sessions", json={"kind": kind})
        broke = broken.store.broke
        broken.store.arm(0, fault)
        if not broke:
            break
        assert response.status_code == 500
    assert response.status_code == 201, response.text
    assert number >= 4


@pytest.mark.parametrize("fault", FAULTS)
def test_a_purge_that_failed_is_done_by_the_next(broken: Broken, fault: Fault) -> None:
    world = broken.world
    world.active(broken.gallery, "bea", photo("bea"))
    world.identify(broken.station, photo("ann", 2))
    world.clock.move(days=91)
    for number in range(1, 100):
        before = broken.rows()
        broken.store.arm(number, fault)
        failed = False
        try:
            world.services.withdraw.purge()
        except Exception:  # noqa: BLE001 -- whatever broke, the rows tell
            failed = True
        broke = broken.store.broke
        broken.store.arm(0, fault)
        assert failed == broke
        if not broken.rows()["subjects"]:
            break
        assert broken.rows() == before, number
    with broken.store.read() as tx:
        assert world.services.live.index(tx.galleries.get(broken.gallery)).count() == 0


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("resolution", ["activate", "erase"])
def test_a_review_that_failed_can_be_resolved_again_or_is_resolved(
    broken: Broken, fault: Fault, resolution: str
) -> None:
    world = broken.world
    double = world.active(broken.gallery, "double", photo("ann", 2))
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    for number in range(1, 100):
        before = broken.rows()
        broken.store.arm(number, fault)
        response = world.api("POST", f"/v1/reviews/{review['id']}/resolution", json={"resolution": resolution})
        broke = broken.store.broke
        broken.store.arm(0, fault)
        if not broken.rows()["reviews"]:
            break
        assert response.status_code == 500
        assert broken.rows() == before, number
    assert response.is_success != broke
    with broken.store.read() as tx:
        count = world.services.live.index(tx.galleries.get(broken.gallery)).count()
        assert count == (2 if resolution == "activate" else 1)
        assert (tx.subjects.first(id=double.subject_id) is None) == (resolution == "erase")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_move_of_the_bar_that_failed_leaves_one_bar_and_no_answer(broken: Broken, fault: Fault) -> None:
    """The first decision after the gallery grew enters the move; nothing is told that a move not entered decided."""
    world = broken.world
    world.active(broken.gallery, "bea", photo("bea"))
    for number in range(1, 100):
        world.clock.move(seconds=130)  # what is left open is over
        session_id, moves = world.session(broken.station), world.sql("SELECT count(*) FROM bar_moves")[0][0]
        broken.store.arm(number, fault)
        response = attempts(broken)["identify"](session_id)
        broke = broken.store.broke
        broken.store.arm(0, fault)
        present = world.sql("SELECT count(*) FROM bar_moves WHERE is_present")
        assert present == [(1,)], number
        if not broke:
            break
        assert response.status_code == 500
        assert "MATCH" not in response.text
        entered = world.sql("SELECT count(*) FROM bar_moves")[0][0] - moves
        assert entered <= len([row for row in broken.rows()["decisions"] if row[1] == session_id])
    assert response.json()["decision"] == "MATCH"
    assert world.sql("SELECT count(*) FROM bar_moves") == [(2,)]
    assert number >= 7 if fault is Fault.NOT_STORED else number >= 5
