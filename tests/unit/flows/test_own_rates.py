"""A gallery's own people are measured, kept as rates alone, and raise its bar where they are alike."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sim.breaking_store import DiskFailed, Fault
from sim.faces import CALIBRATION, photo
from support.breaking import breaking
from support.logged import entries_of, require_sound
from support.world import Device, Person, World

from visavis.consent import receipt
from visavis.consent.sentences import ENGLISH
from visavis.flows.keyed_index import KeyedIndex
from visavis.model.calibration import CalibrationTooSmall

PEOPLE = 120


def cohort(*, alike: float) -> list[NDArray[np.float32]]:
    """Unit vectors of so many people, one each, whose cosines lie around ``alike``."""
    random = np.random.default_rng(3)
    common = random.normal(size=(1, 128))
    vectors = np.sqrt(alike) * common / np.linalg.norm(common) * np.sqrt(128)
    vectors = vectors + np.sqrt(1 - alike) * random.normal(size=(PEOPLE, 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [row[None, :].astype(np.float32) for row in vectors]


class Crowd:
    """A gallery with one person who agreed, whose index says it holds so many; all are read as that one."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, *, alike: float) -> None:
        self.world = world
        self.gallery = world.gallery()
        self.ann: Person = world.active(self.gallery, "ann", photo("ann"))
        self.station: Device = world.station(self.gallery)
        self.given = cohort(alike=alike)
        monkeypatch.setattr(
            KeyedIndex, "some", lambda *_, **__: ([self.ann.subject_id] * PEOPLE, [row.copy() for row in self.given])
        )

    def measure(self) -> Any:
        return self.world.services.own_rates.measure(self.gallery)

    def shown(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.world.api("GET", f"/v1/galleries/{self.gallery}").json()
        return answer


@pytest.fixture
def crowd(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Crowd]:
    return lambda **how: Crowd(world, monkeypatch, **how)


def test_people_who_are_alike_raise_their_gallery_s_bar_and_no_other(crowd: Callable[..., Crowd], world: World) -> None:
    alike, other = crowd(alike=0.35), world.gallery()
    before = alike.shown()
    own = alike.measure()
    assert own.is_worse
    assert (own.people, own.comparisons) == (PEOPLE, PEOPLE * (PEOPLE - 1) // 2)
    world.identify(alike.station, photo("ann", 2))
    after = alike.shown()
    assert before["moves"][0]["source"] == "model"
    assert after["moves"][0]["source"] == "gallery"
    assert after["moves"][0]["bar"] > before["moves"][0]["bar"] + 0.05
    assert after["own"] == {**after["own"], "people": PEOPLE, "is_worse": True}
    assert after["missed"] >= before["missed"]
    bars = world.services.bars
    assert bars.calibration_of(other) is bars.calibration
    require_sound(world)


def test_people_who_differ_leave_the_bar_where_the_card_has_it(crowd: Callable[..., Crowd], world: World) -> None:
    apart = crowd(alike=0.0)
    assert not apart.measure().is_worse
    assert world.services.bars.calibration_of(apart.gallery) is CALIBRATION


def test_what_is_kept_is_counts_and_rates(crowd: Callable[..., Crowd], world: World) -> None:
    crowd(alike=0.35).measure()
    ((points,),) = world.sql("SELECT points FROM own_rates")
    told = json.loads(points)
    assert len(told) < 60
    assert all(
        len(point) == 2 and point[0] in {float(f"{10 ** (-t / 10):.3g}") for t in range(10, 91)} for point in told
    )
    assert entries_of(world.services.store)[-1].fields == {"act": "change", "of": "gallery"}


def test_who_may_not_be_recognised_is_not_compared(crowd: Callable[..., Crowd], world: World) -> None:
    alike = crowd(alike=0.35)
    alike.measure()
    world.clock.move(days=91)  # consent is over; memory still has them
    with pytest.raises(CalibrationTooSmall, match="0 people of the gallery can be recognised; 100 are needed"):
        alike.measure()


def test_s2_who_was_not_told_before_they_agreed_is_not_compared(
    crowd: Callable[..., Crowd], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        silent = replace(ENGLISH, measured="A template is not kept longer than you agreed to.")
        before.setattr(receipt, "sentences_in", lambda _: silent)
        alike = crowd(alike=0.35)
    with pytest.raises(CalibrationTooSmall, match="0 people"):
        alike.measure()


def test_a_small_gallery_is_not_measured(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    refused = world.api("POST", f"/v1/galleries/{gallery}/own-rates")
    assert (refused.status_code, refused.json()["code"]) == (409, "calibration_too_small")
    assert world.services.own_rates.look() == 0
    assert world.sql("SELECT * FROM own_rates") == []


@pytest.mark.slow
def test_the_nightly_look_measures_once_a_day(crowd: Callable[..., Crowd], world: World) -> None:
    crowd(alike=0.35)
    looks = []
    for hours in (0, 1, 23, 1):
        world.clock.move(hours=hours)
        looks.append(world.services.own_rates.look())
    assert looks == [1, 0, 1, 0]


def test_a_server_that_ends_leaves_what_it_measures(crowd: Callable[..., Crowd], world: World) -> None:
    crowd(alike=0.35)
    world.services.own_rates.stop()
    assert world.services.own_rates.look() == 0
    assert world.sql("SELECT * FROM own_rates") == []


@pytest.mark.parametrize("fault", list(Fault))
def test_a_measurement_that_failed_is_wholly_there_or_not_at_all(
    crowd: Callable[..., Crowd], world: World, fault: Fault
) -> None:
    alike = crowd(alike=0.35)
    store = breaking(world)
    for number in range(1, 20):
        store.arm(number, fault)
        broke = False
        try:
            alike.measure()
        except DiskFailed:
            broke = True
        store.arm(0, fault)
        kept = world.sql("SELECT count(*) FROM own_rates")[0][0]
        raised = world.services.bars.calibration_of(alike.gallery) is not world.services.bars.calibration
        assert raised == bool(kept), number
        require_sound(world)
        if not broke:
            break
    assert number >= 4
    assert kept == 1


def test_points_that_somebody_changed_recognise_nobody(crowd: Callable[..., Crowd], world: World) -> None:
    alike = crowd(alike=0.35)
    alike.measure()
    world.sql("UPDATE own_rates SET points = 'nothing'")
    world.services.bars.forget(alike.gallery)
    session = world.session(alike.station)
    answer = world.at(alike.station, "POST", f"/v1/sessions/{session}/identify", files={"photo": photo("ann", 2)})
    assert answer.status_code == 500
    assert answer.json()["code"] == "own_rates_damaged"
    assert world.sql("SELECT * FROM decisions") == []
