"""People who look alike: found, declared or disputed; a face alone does not serve them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sim.faces import photo
from support.logged import entries_of, require_sound
from support.world import Device, Person, World

from visavis.consent import receipt
from visavis.consent.sentences import ENGLISH
from visavis.evaluate.alike import pairs_reaching
from visavis.flows import find_look_alikes, look_alikes
from visavis.flows.ports import Transaction
from visavis.model.consent import Tombstone


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def bob(world: World, gallery: str) -> Person:
    return world.active(gallery, "bob", photo("bob"))


@pytest.fixture
def station(world: World, gallery: str) -> Device:
    return world.station(gallery)


@pytest.fixture
def twin(world: World, gallery: str, ann: Person) -> Person:
    """Ann's twin, whom an operator let through; that they were declared by it is forgotten."""
    assert ann.subject_id
    person = world.active(gallery, "twin", photo("twin", 1, twin_of="ann"))
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    path = f"/v1/reviews/{review['id']}/resolution"
    assert world.api("POST", path, json={"resolution": "activate"}).status_code == 204
    world.sql("DELETE FROM look_alikes")
    return person


def find(world: World, gallery: str) -> int:
    return world.services.find_look_alikes.find(gallery)


def rows(world: World) -> list[tuple[Any, ...]]:
    return world.sql("SELECT subject_id, other_subject_id, source FROM look_alikes")


def pair(one: Person, other: Person) -> tuple[str, str]:
    return look_alikes.pair_of(one.subject_id, other.subject_id)


def declared(world: World, gallery: str, one: Person, other: Person | None = None) -> dict[str, Any]:
    body = {"subject_id": one.subject_id, "other_subject_id": None if other is None else other.subject_id}
    return world.made(f"/v1/galleries/{gallery}/look-alikes", body)


def told(answer: dict[str, Any]) -> tuple[str, str | None]:
    return answer["decision"], answer["reason"]


ASKED = ("REFUSED", "second_factor")


@pytest.mark.parametrize("most", [find_look_alikes.MOST_AT_ONCE, 0])
def test_two_people_who_reach_the_bar_are_found_each_night_and_no_others(
    world: World, gallery: str, twin: Person, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    assert bob.subject_id
    monkeypatch.setattr(find_look_alikes, "MOST_AT_ONCE", most)
    before = len(entries_of(world.services.store))
    assert find(world, gallery) == 1
    assert rows(world) == [(*pair(ann, twin), "found")]
    (entry,) = entries_of(world.services.store)[before:]
    assert (entry.event.value, entry.fields) == ("review", {"act": "found"})
    assert world.api("GET", f"/v1/galleries/{gallery}").json()["second_factor"] == 2
    assert find(world, gallery) == 1  # again: the same row
    assert len(rows(world)) == 1
    require_sound(world)


@pytest.mark.slow
def test_comparing_leaves_what_memory_has_as_it_was(
    world: World, gallery: str, twin: Person, bob: Person, station: Device
) -> None:
    assert twin.subject_id
    find(world, gallery)
    assert world.identify(station, photo("bob", 2))["subject"]["subject_id"] == bob.subject_id


@pytest.mark.slow
@pytest.mark.usefixtures("twin")
def test_what_is_not_found_any_more_ends_and_what_people_said_stays(
    world: World, gallery: str, ann: Person, bob: Person
) -> None:
    declared(world, gallery, ann, bob)
    find(world, gallery)
    assert {row[2] for row in rows(world)} == {"found", "declared"}
    world.sql("UPDATE enrolments SET state = 'HELD'")  # nobody is recognisable by them any more
    world.services.live.load()
    world.active(gallery, "cat", photo("cat"))
    world.active(gallery, "dan", photo("dan"))
    assert find(world, gallery) == 0
    assert rows(world) == [(*pair(ann, bob), "declared")]


@pytest.mark.slow
@pytest.mark.usefixtures("twin")
def test_the_nightly_look_comes_once_a_day_and_ends_with_the_server(world: World) -> None:
    looks = []
    for hours in (0, 1, 23, 1):
        world.clock.move(hours=hours)
        looks.append(world.services.find_look_alikes.look())
    assert looks == [1, 0, 1, 0]
    world.sql("DELETE FROM look_alikes")
    world.services.find_look_alikes.stop()
    world.clock.move(hours=25)
    assert world.services.find_look_alikes.look() == 0
    assert rows(world) == []


@pytest.mark.slow
def test_s1_who_may_not_be_recognised_is_not_found(world: World, gallery: str, twin: Person) -> None:
    assert twin.subject_id
    world.clock.move(days=91)  # consent is over; memory still has them
    assert find(world, gallery) == 0
    assert rows(world) == []


def test_s1_who_withdrew_since_they_were_compared_is_not_written(
    world: World, gallery: str, twin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = pairs_reaching

    def and_then_withdraws(*given: Any, **named: Any) -> set[tuple[int, int]]:
        found = compared(*given, **named)
        world.as_person(twin, "POST", "/v1/me/withdrawal")
        return found

    monkeypatch.setattr(find_look_alikes, "pairs_reaching", and_then_withdraws)
    find(world, gallery)
    assert rows(world) == []


@pytest.mark.parametrize("most", [find_look_alikes.MOST_AT_ONCE, 0])
def test_s2_only_two_who_were_both_told_of_it_are_found(
    world: World, gallery: str, ann: Person, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    assert ann.subject_id
    monkeypatch.setattr(find_look_alikes, "MOST_AT_ONCE", most)
    with monkeypatch.context() as before:
        silent = replace(ENGLISH, look_alikes="A template is not kept longer than you agreed to.")
        before.setattr(receipt, "sentences_in", lambda _: silent)
        world.active(gallery, "twin", photo("twin", 1, twin_of="ann"))
        (review,) = world.api("GET", "/v1/reviews").json()["items"]
        world.api("POST", f"/v1/reviews/{review['id']}/resolution", json={"resolution": "activate"})
    world.sql("DELETE FROM look_alikes")
    assert find(world, gallery) == 0
    assert rows(world) == []


def test_s5_people_of_two_galleries_are_no_pair(world: World, gallery: str, ann: Person) -> None:
    elsewhere = world.gallery()
    other = world.active(elsewhere, "ann", photo("ann", 3))
    assert (find(world, gallery), find(world, elsewhere)) == (0, 0)
    for inside in (gallery, elsewhere):
        body = {"subject_id": ann.subject_id, "other_subject_id": other.subject_id}
        assert world.api("POST", f"/v1/galleries/{inside}/look-alikes", json=body).status_code == 404
    assert rows(world) == []


def test_a_face_alone_does_not_serve_either_of_a_pair(
    world: World, gallery: str, ann: Person, bob: Person, station: Device
) -> None:
    declared(world, gallery, bob, ann)
    for name, person in (("ann", ann), ("bob", bob)):
        answer = world.identify(station, photo(name, 2))
        assert (told(answer), answer["subject"]) == (ASKED, None)
        assert answer["guidance"].startswith("Show your QR code or type your PIN")
        assert told(world.verify(station, photo(name, 2), name)) == ASKED
        assert world.pin(station, name, person.pin)["decision"] == "MATCH"


def test_s3_a_face_that_is_asked_for_more_is_recorded_without_anybody(
    world: World, gallery: str, ann: Person, station: Device
) -> None:
    declared(world, gallery, ann)
    openings = world.sql("SELECT count(*) FROM log_openings")
    world.identify(station, photo("ann", 2))
    found = world.sql("SELECT outcome, reason, subject_id, fmr_decade, model_id FROM decisions")
    assert found == [("REFUSED", "second_factor", None, None, None)]
    assert world.sql("SELECT count(*) FROM log_openings") == openings
    assert world.sql("SELECT unmatched FROM stations") == [("",)]
    require_sound(world)


@pytest.mark.slow
def test_who_has_no_pin_is_looked_at_by_a_person(
    world: World, gallery: str, ann: Person, bob: Person, station: Device
) -> None:
    declared(world, gallery, ann, bob)
    world.sql("DELETE FROM credentials")
    for _ in range(2):
        assert told(world.identify(station, photo("ann", 2))) == ("REVIEW", "look_alike")
    assert told(world.verify(station, photo("bob", 2), "bob")) == ("REVIEW", "look_alike")
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    assert (review["kind"], review["subject_id"], review["other_subject_id"]) == ("look_alike", *pair(ann, bob))


def test_a_personal_session_is_as_before(world: World, gallery: str, ann: Person, bob: Person) -> None:
    declared(world, gallery, ann, bob)
    invited = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    secret = invited["link"].partition("session=")[2]
    opened = world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret})
    assert opened.status_code == 200, opened.text
    path = f"/v1/personal-sessions/{invited['session_id']}/verify"
    assert world.as_person(ann, "POST", path, files={"photo": photo("ann", 2)}).json()["decision"] == "MATCH"


def test_s1_a_pair_goes_with_either_and_the_other_is_served_by_a_face_again(
    world: World, gallery: str, ann: Person, bob: Person, station: Device
) -> None:
    declared(world, gallery, ann, bob)
    world.as_person(bob, "POST", "/v1/me/withdrawal")
    assert rows(world) == []
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"


@pytest.mark.slow
def test_s1_a_pair_with_somebody_who_withdrew_and_was_brought_back_has_no_effect(
    world: World, gallery: str, ann: Person, bob: Person, station: Device
) -> None:
    declared(world, gallery, ann, bob)
    with world.services.store.write() as tx:
        now = world.clock.now()
        tx.tombstones.add(Tombstone("tmb_x", bob.subject_id, (), b"", "withdrawn", now, now + timedelta(days=30), None))
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"


@pytest.mark.slow
def test_two_people_who_were_taken_for_one_are_declared_by_the_review(
    world: World, gallery: str, ann: Person, bob: Person
) -> None:
    assert bob.subject_id
    double = world.active(gallery, "double", photo("ann", 5))
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    world.api("POST", f"/v1/reviews/{review['id']}/resolution", json={"resolution": "activate"})
    assert rows(world) == [(*pair(ann, double), "declared")]


def test_further_photos_of_a_declared_twin_are_not_held_again(
    world: World, gallery: str, ann: Person, twin: Person
) -> None:
    for number, held in ((7, 1), (8, 0)):
        link = world.pending(gallery, "twin", photo("twin", number, twin_of="ann"))
        assert world.countersign(link, twin.key).status_code == 200
        reviews = world.api("GET", "/v1/reviews").json()["items"]
        assert len(reviews) == held
        for review in reviews:
            world.api("POST", f"/v1/reviews/{review['id']}/resolution", json={"resolution": "erase"})
        declared(world, gallery, ann, twin)


def test_what_an_operator_declares_is_listed_and_ends_by_their_word(
    world: World, gallery: str, ann: Person, bob: Person, station: Device
) -> None:
    first = declared(world, gallery, bob, ann)
    assert declared(world, gallery, ann, bob) == first  # the same again, the other way round
    alone = declared(world, gallery, bob)
    assert (alone["subject_id"], alone["other_subject_id"]) == (bob.subject_id, None)
    path = f"/v1/galleries/{gallery}/look-alikes"
    page = world.api("GET", path, params={"limit": 1}).json()
    rest = world.api("GET", path, params={"after": page["next"]}).json()
    assert sorted([*page["items"], *rest["items"]], key=lambda row: row["id"]) == sorted(
        [first, alone], key=lambda row: row["id"]
    )
    assert rest["next"] is None
    for row in (first, alone):
        assert world.api("DELETE", f"/v1/look-alikes/{row['id']}").status_code == 204
        assert world.api("DELETE", f"/v1/look-alikes/{row['id']}").status_code == 404
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"
    acts = [entry.fields["act"] for entry in entries_of(world.services.store) if entry.event.value == "review"]
    assert acts == ["declare", "declare", "declare", "end", "end"]
    require_sound(world)


@pytest.mark.slow
def test_one_person_is_no_pair_and_what_was_found_does_not_end_by_a_word(
    world: World, gallery: str, twin: Person
) -> None:
    body = {"subject_id": twin.subject_id, "other_subject_id": twin.subject_id}
    refused = world.api("POST", f"/v1/galleries/{gallery}/look-alikes", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "look_alike_unfit")
    find(world, gallery)
    ((id_,),) = world.sql("SELECT id FROM look_alikes")
    refused = world.api("DELETE", f"/v1/look-alikes/{id_}")
    assert (refused.status_code, refused.json()["code"]) == (422, "look_alike_unfit")
    assert len(rows(world)) == 1


@pytest.mark.slow
def test_what_was_declared_before_is_found_all_the_same(world: World, gallery: str, ann: Person, twin: Person) -> None:
    declared(world, gallery, ann, twin)
    find(world, gallery)
    assert {row[2] for row in rows(world)} == {"declared", "found"}


@pytest.mark.parametrize("how", ["declared", pytest.param("disputed", marks=pytest.mark.slow)])
def test_what_the_machine_found_does_not_end_with_what_people_say(
    world: World, gallery: str, ann: Person, twin: Person, station: Device, how: str
) -> None:
    if how == "disputed":
        matched = world.identify(station, photo("ann", 2))["decision_id"]
        find(world, gallery)
        not_me(world, station, matched)
        world.pin(station, "twin", twin.pin, disputed=matched)
    else:
        find(world, gallery)
        declared(world, gallery, ann, twin)
    for id_, source in world.sql("SELECT id, source FROM look_alikes"):
        if source != "found":
            assert world.api("DELETE", f"/v1/look-alikes/{id_}").status_code == 204
    assert rows(world) == [(*pair(ann, twin), "found")]
    assert told(world.verify(station, photo("twin", 3, twin_of="ann"), "ann")) == ASKED


# "This was not me"


def not_me(world: World, station: Device, decision_id: str) -> tuple[int, str | None]:
    answer = world.at(station, "POST", f"/v1/decisions/{decision_id}/not-me")
    return answer.status_code, answer.json()["code"] if answer.content else None


def test_who_says_that_it_was_not_them_and_shows_who_they_are_makes_a_pair(
    world: World, gallery: str, ann: Person, bob: Person, station: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, str]] = []
    disputes = world.services.disputes
    monkeypatch.setattr(
        disputes, "_disputed", lambda decision_id, *, station_id: heard.append((decision_id, station_id))
    )
    answer = world.identify(station, photo("ann", 2))
    for _ in range(2):  # the same again changes nothing
        assert not_me(world, station, answer["decision_id"]) == (204, None)
    assert rows(world) == [(ann.subject_id, None, "disputed")]
    assert heard == [(answer["decision_id"], station.id)]
    assert told(world.identify(world.station(gallery), photo("ann", 2))) == ASKED
    assert world.pin(station, "bob", bob.pin, disputed=answer["decision_id"])["decision"] == "MATCH"
    assert set(rows(world)) == {(ann.subject_id, None, "disputed"), (*pair(ann, bob), "disputed")}
    assert told(world.identify(station, photo("bob", 2))) == ASKED
    assert world.sql("SELECT outcome FROM decisions ORDER BY decided_at LIMIT 1") == [("MATCH",)]
    acts = [entry.fields["act"] for entry in entries_of(world.services.store) if entry.event.value == "review"]
    assert acts == ["dispute"]
    require_sound(world)


@dataclass(frozen=True, slots=True)
class Disputed:
    """Ann was disputed at the station, and Bob is there."""

    world: World
    station: Device
    ann: Person
    bob: Person
    decision_id: str


def by_face(case: Disputed) -> None:
    case.world.identify(case.station, photo("bob", 2))


def by_their_own_pin(case: Disputed) -> None:
    case.world.pin(case.station, "ann", case.ann.pin, disputed=case.decision_id)


def with_a_wrong_pin_first(case: Disputed) -> None:
    case.world.pin(case.station, "bob", "000000", disputed=case.decision_id)
    case.world.pin(case.station, "bob", case.bob.pin, disputed=case.decision_id)


def too_late(case: Disputed) -> None:
    case.world.clock.move(seconds=118)
    case.world.pin(case.station, "bob", case.bob.pin, disputed=case.decision_id)


def without_saying_that_it_was_them(case: Disputed) -> None:
    case.world.pin(case.station, "bob", case.bob.pin)


def naming_what_nobody_disputed(case: Disputed) -> None:
    other = case.world.identify(case.station, photo("bob", 2))["decision_id"]
    case.world.pin(case.station, "ann", case.ann.pin, disputed=other)


def at_another_station(case: Disputed) -> None:
    with case.world.services.store.read() as tx:
        (gallery,) = tx.galleries.find()
    case.world.pin(case.world.station(gallery.id), "bob", case.bob.pin, disputed=case.decision_id)


def after_it_was_taken_back(case: Disputed) -> None:
    ((id_,),) = case.world.sql("SELECT id FROM look_alikes")
    case.world.api("DELETE", f"/v1/look-alikes/{id_}")
    case.world.pin(case.station, "bob", case.bob.pin, disputed=case.decision_id)
    assert rows(case.world) == []
    declared(case.world, case.world.sql("SELECT id FROM galleries")[0][0], case.ann)


@pytest.mark.parametrize(
    "then",
    [
        without_saying_that_it_was_them,
        *(
            pytest.param(then, marks=pytest.mark.slow)
            for then in (
                by_face,
                by_their_own_pin,
                with_a_wrong_pin_first,
                too_late,
                naming_what_nobody_disputed,
                at_another_station,
                after_it_was_taken_back,
            )
        ),
    ],
)
def test_nobody_is_taken_for_the_other_one_who_did_not_say_so_and_show_it_next(
    world: World, ann: Person, bob: Person, station: Device, then: Callable[[Disputed], None]
) -> None:
    answer = world.identify(station, photo("ann", 2))
    not_me(world, station, answer["decision_id"])
    then(Disputed(world, station, ann, bob, answer["decision_id"]))
    source = "declared" if then is after_it_was_taken_back else "disputed"
    assert rows(world) == [(ann.subject_id, None, source)]


@pytest.mark.slow
def test_a_stranger_is_asked_still_when_the_one_whom_a_dispute_named_withdraws(
    world: World, ann: Person, bob: Person, station: Device
) -> None:
    stranger = photo("xeno", 1, twin_of="ann")
    matched = world.identify(station, stranger)["decision_id"]
    not_me(world, station, matched)
    world.pin(station, "bob", bob.pin, disputed=matched)
    world.as_person(bob, "POST", "/v1/me/withdrawal")
    assert rows(world) == [(ann.subject_id, None, "disputed")]
    assert told(world.identify(station, stranger)) == ASKED


def test_who_passed_before_the_last_one_is_not_disputed_any_more(
    world: World, ann: Person, bob: Person, station: Device
) -> None:
    first, last = (world.identify(station, photo(name, 2))["decision_id"] for name in ("ann", "bob"))
    assert not_me(world, station, first) == (422, "dispute_unfit")
    assert not_me(world, station, last) == (204, None)
    after_a_restart = look_alikes.Disputes(
        store=world.services.store, keyring=world.services.keyring, clock=world.clock
    )
    after_a_restart.dispute(last, station_id=station.id)
    assert rows(world) == [(bob.subject_id, None, "disputed")]
    ((id_,),) = world.sql("SELECT id FROM look_alikes")
    world.api("DELETE", f"/v1/look-alikes/{id_}")
    assert not_me(world, station, last) == (204, None)  # the same again, which an operator has looked at
    assert rows(world) == []
    acts = [entry.fields["act"] for entry in entries_of(world.services.store) if entry.event.value == "review"]
    assert acts == ["dispute", "end"]
    assert ann.subject_id


def test_a_station_disputes_only_what_it_was_told_itself_a_moment_ago_of_a_face(
    world: World, gallery: str, ann: Person, station: Device
) -> None:
    refused = (422, "dispute_unfit")
    nobody = world.identify(station, photo("x"))["decision_id"]
    assert not_me(world, station, nobody) == refused
    by_pin = world.pin(station, "ann", ann.pin)["decision_id"]
    assert not_me(world, station, by_pin) == refused
    matched = world.identify(station, photo("ann", 2))["decision_id"]
    assert not_me(world, world.station(gallery), matched) == refused
    assert not_me(world, station, "dec_none") == refused
    world.clock.move(seconds=121)
    assert not_me(world, station, matched) == refused
    assert rows(world) == []
    assert world.api("POST", f"/v1/decisions/{matched}/not-me").status_code == 401


@pytest.mark.slow
def test_whoever_was_matched_reads_that_it_was_disputed(world: World, ann: Person, station: Device) -> None:
    answer = world.identify(station, photo("ann", 2))
    not_me(world, station, answer["decision_id"])
    mine = world.as_person(ann, "GET", "/v1/me/log").json()["items"]
    found = [entry["details"]["decision"] for entry in mine if "decision" in entry["details"]]
    assert found == [answer["decision_id"]] * 2  # that it was made, and that it was disputed


@pytest.mark.slow
def test_a_pair_that_is_written_and_not_stored_asks_for_nothing(
    world: World, gallery: str, ann: Person, station: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(look_alikes, "record_act", fails)
        body = {"subject_id": ann.subject_id}
        assert world.api("POST", f"/v1/galleries/{gallery}/look-alikes", json=body).status_code == 500
    assert rows(world) == []
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"


@pytest.mark.usefixtures("ann", "bob")
def test_the_margin_keeps_a_match_from_being_one(
    world: World, station: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A face between two people, of whom one alone reaches the threshold, and the other almost."""
    deciding, real = world.services.identify._deciding, world.services.bars.bar
    probe = world.faces.extract(photo("ann", 2))
    index = world.services.live.index(_gallery(world))
    first, second = index.reaching(probe, threshold=-1, fewest=2)[:2]
    between = (first.score + second.score) / 2
    bars: list[float] = []

    def bar(*given: Any, **named: Any) -> Any:
        return replace(real(*given, **named), threshold=between, margin_from=bars[0])

    monkeypatch.setattr(type(deciding), "bar", lambda _, *given, **named: bar(*given, **named))
    bars[:] = [between]
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"
    bars[:] = [second.score - (first.score - second.score)]
    assert told(world.identify(station, photo("ann", 2))) == ("REVIEW", "look_alike")


def _gallery(world: World) -> Any:
    with world.services.store.read() as tx:
        transaction: Transaction = tx
        return transaction.galleries.find()[0]
