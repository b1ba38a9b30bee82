"""Scores of recognised people become counts of ten people or more, in memory, and nothing of anybody."""

import threading
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sim.clock import SimClock
from sim.faces import CALIBRATION, photo
from support.world import Device, World

from visavis.decide.drift import FEWEST_PEOPLE, WINDOW, Tail
from visavis.flows import drift
from visavis.flows.bars import Bar, Bars
from visavis.flows.deciding import Deciding
from visavis.flows.drift import BOUNDS, CONFIRMED_AFTER, TOGETHER, WAITS_FOR, Drift, Standing, Told
from visavis.model.bar import BarSource, OwnRatesDamaged
from visavis.model.decision import Decision, Means, Outcome
from visavis.model.ids import new_id
from visavis.model.station import SessionKind

LEVEL = CALIBRATION.misses[0].points[-1].threshold


class Door:
    """One station, and people who come by it without a picture of them."""

    bar = Bar(0.45, 100, 1e-4, BarSource.MODEL, 0.37)

    def __init__(self, clock: SimClock, counts: Drift, *, station: str = "sta_1", gallery: str = "gal_1") -> None:
        self.clock, self.drift, self.station, self.gallery = clock, counts, station, gallery

    def decision(self, who: str | None, **changed: Any) -> Decision:
        now = self.clock.now()
        fields: dict[str, Any] = {
            "id": new_id("dec"), "session_id": "ses_1", "kind": SessionKind.IDENTIFY, "means": Means.FACE,
            "outcome": Outcome.MATCH, "reason": None, "station_id": self.station, "gallery_id": self.gallery,
            "purpose_id": "pur_1", "subject_id": who, "fmr_decade": -4, "gallery_size": 100, "model_id": "m",
            "decided_at": now, "expires_at": now, **changed,
        }  # fmt: skip
        return Decision(**fields)

    def come(self, people: Iterable[str], *, own: float = 0.8, other: float | None = 0.1, **changed: Any) -> list[str]:
        made = [self.decision(who, **changed) for who in people]
        for one in made:
            self.drift.decided(one, bar=self.bar, own=own, nearest_other=other)
        return [one.id for one in made]

    def wait(self) -> None:
        self.clock.move(seconds=CONFIRMED_AFTER.total_seconds())

    def told(self) -> Told:
        return next(told for told in self.drift.told() if told.station_id == self.station)

    def counted(self, tail: Tail = Tail.OWN) -> int:
        return sum(told.scores[tail][-1] for told in self.drift.told() if told.station_id == self.station)


@pytest.fixture
def door() -> Door:
    clock = SimClock()
    bars = cast("Bars", SimpleNamespace(calibration_of=lambda _: CALIBRATION))
    return Door(clock, Drift(clock=clock, bars=bars))


def door_of(world: World) -> tuple[Door, Device]:
    """A station with a gallery that ann is in."""
    gallery = world.gallery()
    device = world.station(gallery)
    return Door(world.clock, world.services.drift, station=device.id, gallery=gallery), device


def people(count: int, first: int = 0) -> list[str]:
    return [f"sub_{number}" for number in range(first, first + count)]


def test_nothing_is_told_before_two_minutes_have_passed_and_ten_people_came(door: Door) -> None:
    door.come(people(TOGETHER - 1))
    door.wait()
    assert door.counted() == 0
    door.come(people(1, first=TOGETHER))
    assert door.counted() == 0, "the tenth can still say that it was not them"
    door.wait()
    assert door.counted() == door.counted(Tail.OTHERS) == TOGETHER
    door.come(people(TOGETHER - 1))
    door.wait()
    assert door.counted() == TOGETHER


def test_one_person_who_comes_often_is_not_ten(door: Door) -> None:
    for _ in range(3 * TOGETHER):
        door.come(["sub_1", "sub_2"])
    door.wait()
    assert door.counted() == 0


def test_who_says_it_was_not_them_is_not_counted(door: Door) -> None:
    ids = door.come(people(TOGETHER + 1))
    door.drift.disputed(ids[0], station_id=door.station)
    door.wait()
    assert door.counted() == TOGETHER
    assert door.told().disputed == 0, "in steps of ten"
    more = door.come(people(TOGETHER - 1))
    for one in [*more, *more]:
        door.drift.disputed(one, station_id=door.station)
    assert door.told().disputed == TOGETHER, "each once"
    door.drift.disputed("dec_gone", station_id="sta_of_nothing")


def test_scores_are_counted_in_twentieths(door: Door) -> None:
    door.come(people(TOGETHER), own=0.81, other=-0.2)
    door.wait()
    own, others = (dict(zip(BOUNDS, door.told().scores[tail], strict=False)) for tail in Tail)
    assert (own[0.8], own[0.85], own[1.0]) == (0, TOGETHER, TOGETHER)
    assert others[0.0] == TOGETHER


def test_each_kind_of_score_waits_for_ten_people_of_its_own(door: Door) -> None:
    door.come(people(TOGETHER), other=None)
    door.come(people(1, first=50))
    door.wait()
    assert (door.counted(), door.counted(Tail.OTHERS)) == (TOGETHER + 1, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"outcome": Outcome.REVIEW}, {"outcome": Outcome.NO_MATCH, "subject_id": None}, {"means": Means.PIN},
        {"means": Means.QR}, {"kind": SessionKind.DOCUMENT_CHECK}, {"station_id": None, "kind": SessionKind.PERSONAL},
    ],
)  # fmt: skip
def test_only_who_is_recognised_at_a_station_is_observed(door: Door, changed: dict[str, Any]) -> None:
    for who in people(2 * TOGETHER):
        one = door.decision(**{"who": who, **changed, "subject_id": who})
        door.drift.decided(one, bar=door.bar, own=0.8, nearest_other=0.1)
    door.wait()
    assert [told for told in door.drift.told() if told.scores[Tail.OWN][-1]] == []


def test_decisions_are_told_in_steps_of_ten(door: Door) -> None:
    door.come(people(TOGETHER - 1))
    assert door.drift.told() == [], "nor that there were any"
    door.come(people(4))
    assert door.told().decisions == {(Outcome.MATCH, Means.FACE): TOGETHER}


def test_an_alarm_begins_and_ends_once_in_the_log_and_names_no_station(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(drift, "log", SimpleNamespace(warning=lambda event, **fields: told.append((event, fields))))
    assert door.drift.standing(door.station) is Standing.NOT_ENOUGH
    door.come(people(FEWEST_PEOPLE))
    door.wait()
    assert door.drift.standing(door.station) is Standing.NONE
    for _ in range(2):
        door.come(people(WINDOW), own=LEVEL - 0.01, other=door.bar.threshold - 0.01)
        door.wait()
        assert door.drift.standing(door.station) is Standing.BOTH
    assert door.told().alarms == {Tail.OWN: True, Tail.OTHERS: True}
    door.come(people(WINDOW), other=door.bar.threshold - 0.01)
    door.wait()
    assert door.drift.standing(door.station) is Standing.OTHERS
    door.come(people(WINDOW))
    door.wait()
    assert door.drift.standing(door.station) is Standing.NONE
    assert told == [
        ("drift", {"tail": "own"}), ("drift", {"tail": "others"}),
        ("drift_over", {"tail": "own"}), ("drift_over", {"tail": "others"}),
    ]  # fmt: skip


def test_everybody_counts_once_however_often_they_come(door: Door) -> None:
    """A few who never look like their references are no alarm; as many of all would be."""
    few, all_ = people(4), people(FEWEST_PEOPLE)
    door.come(all_)
    for _ in range(FEWEST_PEOPLE):
        door.come(few, own=LEVEL - 0.01)
    door.wait()
    assert door.drift.standing(door.station) is Standing.NONE


def test_who_is_erased_is_forgotten_at_once(world: World) -> None:
    door, device = door_of(world)
    ann = world.active(door.gallery, "ann", photo("ann"))
    assert world.identify(device, photo("ann", 2))["decision"] == "MATCH"
    door.come(people(TOGETHER - 1))
    world.as_person(ann, "POST", "/v1/me/withdrawal")
    door.wait()
    assert door.counted() == 0, "nine are left"


def test_who_is_erased_is_not_among_the_newest_people(door: Door) -> None:
    door.come(people(FEWEST_PEOPLE))
    door.wait()
    assert door.drift.standing(door.station) is Standing.NONE
    door.drift.forget("sub_0")
    assert door.drift.standing(door.station) is Standing.NOT_ENOUGH


def test_retired_stations_and_galleries_without_people_are_forgotten(world: World) -> None:
    (door, _), (other, _) = door_of(world), door_of(world)
    ann, bea = (world.active(one.gallery, "ann", photo("ann")) for one in (door, other))
    for one in (door, other):
        one.come([ann.subject_id, *people(TOGETHER)])
    door.drift.tidy(world.services.store)
    assert len(door.drift.told()) == 2
    world.as_person(bea, "POST", "/v1/me/withdrawal")
    door.drift.tidy(world.services.store)
    assert [told.station_id for told in door.drift.told()] == [door.station]
    world.api("DELETE", f"/v1/stations/{door.station}")
    door.drift.tidy(world.services.store)
    assert door.drift.told() == []


def test_what_waits_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "_MOST_WAITING", 20)
    for _ in range(2):
        door.come([*people(TOGETHER - 1), *people(15, first=20)])
    door.wait()
    assert door.counted() == 20


def test_what_waits_at_a_quiet_station_is_gone_after_a_day(world: World) -> None:
    door, device = door_of(world)
    world.active(door.gallery, "ann", photo("ann"))
    world.active(door.gallery, "bea", photo("bea"))
    assert world.identify(device, photo("ann", 2))["decision"] == "MATCH"

    def waiting() -> int:
        return sum(len(scores.waiting) for scores in world.services.drift._stations[device.id].scores.values())

    world.clock.move(seconds=(WAITS_FOR - CONFIRMED_AFTER).total_seconds())
    world.services.drift.tidy(world.services.store)
    assert waiting() == len(Tail)
    world.clock.move(seconds=CONFIRMED_AFTER.total_seconds())
    world.services.drift.tidy(world.services.store)
    assert waiting() == 0


def test_ten_who_come_on_more_than_one_day_are_not_released(door: Door) -> None:
    door.come(people(TOGETHER - 1))
    door.clock.move(days=1)
    door.come(people(1, first=TOGETHER))
    door.wait()
    assert door.counted() == 0
    door.come(people(TOGETHER - 1))
    door.wait()
    assert door.counted() == TOGETHER


def test_a_decision_that_is_not_stored_is_not_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    door, device = door_of(world)
    world.active(door.gallery, "ann", photo("ann"))

    def breaks(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(Deciding, "_answer", breaks)
        session = world.session(device)
        files = {"photo": photo("ann", 2)}
        assert world.at(device, "POST", f"/v1/sessions/{session}/identify", files=files).status_code == 500
    assert world.sql("SELECT count(*) FROM decisions") == [(0,)]
    assert device.id not in world.services.drift._stations
    assert world.identify(device, photo("ann", 2))["decision"] == "MATCH"
    assert world.services.drift._stations[device.id].decisions.total() == 1


def test_rates_of_a_gallery_that_make_no_sense_cost_no_answer_that_was_given(door: Door) -> None:
    """They were damaged after the bar was worked out: the decision is stored and counted, without its scores."""

    def damaged(_: str) -> None:
        raise OwnRatesDamaged

    door.drift._bars = cast("Bars", SimpleNamespace(calibration_of=damaged))
    door.come(people(TOGETHER))
    door.wait()
    assert door.told().decisions == {(Outcome.MATCH, Means.FACE): TOGETHER}
    assert door.counted() == 0


def test_who_is_asked_for_a_second_factor_is_in_no_tail(world: World) -> None:
    """Nobody knows before it is typed whether it is them or whom they look like."""
    door, device = door_of(world)
    ann, bea = (world.active(door.gallery, name, photo(name)) for name in ("ann", "bea"))
    pair = {"subject_id": ann.subject_id, "other_subject_id": bea.subject_id}
    world.made(f"/v1/galleries/{door.gallery}/look-alikes", pair)
    assert world.identify(device, photo("ann", 2))["reason"] == "second_factor"
    told = world.services.drift._stations[device.id]
    assert told.decisions == {(Outcome.REFUSED, Means.FACE): 1}
    assert [len(scores.waiting) for scores in told.scores.values()] == [0, 0]


def test_threads_may_call_at_once(door: Door) -> None:
    def work(first: int) -> None:
        for number in range(first, first + 50):
            door.come([f"sub_{number}"])
            door.drift.told()

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 50, 100, 150)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    door.wait()
    assert door.counted() == 200
    assert door.told().decisions == {(Outcome.MATCH, Means.FACE): 200}


def test_stations_feed_it_and_one_to_one_compares_nobody_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Decision, float | None, float | None]] = []
    monkeypatch.setattr(
        Drift,
        "decided",
        lambda _self, decision, **found: seen.append((decision, found["own"], found["nearest_other"])),
    )
    gallery = world.gallery()
    for name in ("ann", "bea"):
        world.active(gallery, name, photo(name))
    station = world.station(gallery)
    world.identify(station, photo("ann", 2))
    world.verify(station, photo("ann", 3), "ann")
    world.identify(station, photo("nobody"))
    (_, own, other), (_, own_of_one, none), (missed, nothing, nobody) = seen
    assert own is not None
    assert other is not None
    assert other < 0.4 < own
    assert own_of_one is not None
    assert (none, nothing, nobody, missed.outcome) == (None, None, None, Outcome.NO_MATCH)
