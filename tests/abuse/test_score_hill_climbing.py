"""Score hill-climbing.

Who: somebody who can show pictures they compute, at a station or in their own or a stolen personal session. What they
have: every answer, to the byte. What they must not get: anything in an answer that grows as a picture comes nearer to
somebody enrolled, and with it a way to a picture that matches; and more tries than the lock and the waits allow.
"""

from collections.abc import Callable, Hashable
from typing import Any

import httpx2
import numpy as np
import pytest
from numpy.typing import NDArray
from sim.faces import CALIBRATION, DIMENSION, MODEL, photo
from support.again import run
from support.attackers import seen, told
from support.world import Device, Person, World

from visavis.model.station import WINDOW
from visavis.model.template import Template

Vector = NDArray[np.float64]
THRESHOLD = CALIBRATION.threshold_at(0.01)
"""That of a gallery with one reference and an FPIR of 1 %."""


@pytest.fixture(autouse=True)
def computed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a "photo" be a template: the attacker's best case, since no real picture can be steered as well."""
    extract = world.faces.extract

    def either(picture: bytes, **how: Any) -> Template:
        if picture.startswith(b"VEC "):
            return Template(np.frombuffer(picture[4:], dtype=np.float32), MODEL)
        return extract(picture, **how)

    monkeypatch.setattr(world.faces, "extract", either)


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def station(world: World, gallery: str, ann: Person) -> Device:  # noqa: ARG001 -- she is the one to be climbed to
    return world.station(gallery)


def unit(vector: Vector) -> Vector:
    return vector / np.linalg.norm(vector)


def picture_of(vector: Vector) -> bytes:
    return b"VEC " + unit(vector).astype(np.float32).tobytes()


def target(world: World) -> Vector:
    return world.faces.extract(photo("ann")).vector.astype(np.float64)


def at_cosine(world: World, cosine: float, *, seed: int = 0) -> bytes:
    """A picture that has this cosine to Ann's reference."""
    ann, other = target(world), np.random.default_rng(seed).normal(size=DIMENSION)
    across = unit(other - (other @ ann) * ann)
    return picture_of(cosine * ann + np.sqrt(1 - cosine**2) * across)


def shown(world: World, station: Device, kind: str, picture: bytes) -> httpx2.Response:
    world.clock.move(seconds=3)
    path = f"/v1/sessions/{world.session(station, kind)}/{kind}"
    body: dict[str, Any] = {"data": {"external_reference": "ann"}} if kind == "verify" else {}
    world.sql("DELETE FROM tries")  # as if the climber had waited, as long as wrong faces with one name ask for
    return world.at(station, "POST", path, files={"photo": picture}, **body)


@pytest.mark.parametrize("kind", ["identify", "verify"])
def test_a_near_miss_and_a_far_one_are_the_same_to_the_byte(world: World, station: Device, kind: str) -> None:
    misses = [THRESHOLD - 1e-4, THRESHOLD - 0.01, 0.1, 0.0, -0.3, -0.99]
    answers = {
        seen(shown(world, station, kind, at_cosine(world, cosine, seed=seed)), anew=("decision_id",))
        for cosine in misses
        for seed in range(3)
    }
    assert len(answers) == 1
    assert "NO_MATCH" in answers.pop()[-1]
    assert told(shown(world, station, kind, at_cosine(world, THRESHOLD + 1e-4))) == "MATCH"


@pytest.mark.parametrize("kind", ["identify", "verify"])
def test_a_bare_match_and_a_full_one_are_the_same_to_the_byte(world: World, station: Device, kind: str) -> None:
    answers = {
        seen(shown(world, station, kind, at_cosine(world, cosine)), anew=("decision_id",))
        for cosine in (THRESHOLD + 1e-4, 0.5, 0.7, 0.9, 1.0)
    }
    assert len(answers) == 1


def test_a_near_miss_of_a_document_is_the_same_too(world: World) -> None:
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-2))
    answers = set()
    for cosine in (THRESHOLD - 1e-4, 0.2, 0.0, -0.9):
        path = f"/v1/sessions/{world.granted_check(checker)}/document-check"
        pictures = {"portrait": at_cosine(world, cosine), "document": photo("ann")}
        answers.add(seen(world.at(checker, "POST", path, files=pictures), anew=("decision_id",)))
    assert len(answers) == 1
    assert "NO_MATCH" in answers.pop()[-1]


def climb(ask: Callable[[Vector], Hashable], *, tries: int, seed: int) -> Vector:
    """A hill-climber that takes every difference between answers for a signal, and learns which way it points.

    It moves to a changed picture whenever the answer ranks at least as high as the one before; how answers rank, it
    finds out by itself: an answer that it never saw before is taken for progress.
    """
    rng = np.random.default_rng(seed)
    here = unit(rng.normal(size=DIMENSION))
    ranks: dict[Hashable, int] = {}
    best = ranks.setdefault(ask(here), 0)
    for _ in range(tries - 1):
        there = unit(here + 0.25 * unit(rng.normal(size=DIMENSION)))
        rank = ranks.setdefault(ask(there), len(ranks))
        if rank > best:
            here, best = there, rank
    return here


TRIES = WINDOW // 2 + 1
CLIMBS = 2


def test_a_climber_who_uses_every_byte_of_every_answer_stays_where_they_began(world: World, station: Device) -> None:
    """Climbs with as many tries as one lock allows, and an operator who reopens the station after each."""
    ann, gained = target(world), []
    for seed in range(CLIMBS):
        begun = unit(np.random.default_rng(seed).normal(size=DIMENSION))

        def ask(vector: Vector) -> Hashable:
            return seen(shown(world, station, "identify", picture_of(vector)), anew=("decision_id",))

        ended = climb(ask, tries=TRIES, seed=seed)
        gained.append(float(ended @ ann - begun @ ann))
        assert world.api("GET", f"/v1/stations/{station.id}").json()["locked"]
        assert world.api("POST", f"/v1/stations/{station.id}/reopening").status_code == 200
    assert gained == [0.0] * CLIMBS


def test_the_same_climber_gets_up_where_an_answer_says_anything_of_the_score(world: World, ann: Person) -> None:  # noqa: ARG001 -- there has to be somebody
    """Else the climber above would prove nothing: here the answer leaks the score to one digit, and they do climb."""
    goal = target(world)
    gained = []
    for seed in range(10):
        begun = unit(np.random.default_rng(seed).normal(size=DIMENSION))

        class Leak:
            """Ranks like the score it was made of: new answers come in the order of their size."""

            best = float("-inf")

            def __call__(self, vector: Vector) -> Hashable:
                self.best = max(self.best, float(vector @ goal))
                return round(self.best, 2)

        ended = climb(Leak(), tries=TRIES, seed=seed)
        gained.append(float(ended @ goal - begun @ goal))
    assert min(gained) > 0.05


def test_random_pictures_do_as_well_as_a_climber_within_one_lock(world: World, station: Device) -> None:
    """The bound that is left: 26 pictures, each a stranger's chance."""
    rng = np.random.default_rng(7)
    got = [told(shown(world, station, "identify", picture_of(rng.normal(size=DIMENSION)))) for _ in range(TRIES)]
    assert set(got) <= {"NO_MATCH", "MATCH"}
    assert got.count("NO_MATCH") == TRIES
    assert told(shown(world, station, "identify", at_cosine(world, 1.0))) == "station_locked"


def test_a_station_learns_nothing_from_refusals_about_who_is_near(world: World, station: Device) -> None:
    """What makes a picture unusable is looked at before anybody is compared: it is the same whoever is enrolled."""
    answers = {seen(shown(world, station, "identify", b"SIM nobody"), anew=("decision_id",)) for _ in range(2)}
    run(world, "DELETE FROM stations WHERE id = '{}'", "none")
    other = world.station(world.gallery())
    answers.add(seen(shown(world, other, "identify", b"SIM nobody"), anew=("decision_id",)))
    assert len(answers) == 1


def own_try(world: World, person: Person, picture: bytes) -> httpx2.Response:
    made = world.made("/v1/personal-sessions", {"subject_id": person.subject_id, "attended": True})
    secret = {"link_secret": made["link"].partition("session=")[2]}
    assert told(world.as_person(person, "POST", "/v1/personal-sessions/opening", json=secret)) == "200"
    return world.as_person(
        person, "POST", f"/v1/personal-sessions/{made['session_id']}/verify", files={"photo": picture}
    )


@pytest.mark.parametrize("left_out", [38, pytest.param(0, marks=pytest.mark.slow)])
def test_a_thief_of_a_receipt_gets_fifty_faces_and_no_hint(world: World, ann: Person, left_out: int) -> None:
    """Somebody has Ann's key and is sent link after link, over a year, but does not have her face."""
    begun, answers, got = world.clock.now(), set(), 0
    while got <= 50 and (world.clock.now() - begun).days < 365:
        response = own_try(world, ann, at_cosine(world, THRESHOLD - 0.5 / (1 + got), seed=got))
        answer = response.json()
        if answer["decision"] == "NO_MATCH":
            got += 1
            answers.add(seen(response, anew=("decision_id",)))
            if got == 8 and left_out:
                run(world, "UPDATE tries SET failures = {}", got + left_out)
        else:
            if answer["retry_after_s"] is None:
                break
            assert answer["reason"] == "too_many_tries"
            world.clock.move(seconds=answer["retry_after_s"])
    assert (got, len(answers)) == (50 - left_out, 1)
    assert own_try(world, ann, at_cosine(world, 1.0)).json()["reason"] == "face_disabled"
    assert world.api("POST", f"/v1/subjects/{ann.subject_id}/credentials").status_code == 201
    assert told(own_try(world, ann, at_cosine(world, 1.0))) == "MATCH"


def test_wrong_faces_of_ones_own_are_forgotten_at_the_right_one_and_with_their_owner(world: World, ann: Person) -> None:
    for _ in range(4):
        assert told(own_try(world, ann, photo("stranger"))) == "NO_MATCH"
    assert told(own_try(world, ann, b"SIM nobody")) == "REFUSED"
    assert world.sql("SELECT failures FROM tries") == [(4,)]
    assert told(own_try(world, ann, photo("ann", 2))) == "MATCH"
    assert world.sql("SELECT * FROM tries") == []
    own_try(world, ann, photo("stranger"))
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert world.sql("SELECT * FROM tries") == []


def test_nobody_sees_the_decade_of_a_decision_but_the_operator(world: World, ann: Person) -> None:
    answer = own_try(world, ann, photo("ann", 2)).json()
    assert set(answer) == {"decision_id", "decision", "reason", "guidance", "subject", "retry_after_s"}
    me = world.as_person(ann, "GET", "/v1/me").json()
    assert {name for decision in me["decisions"] for name in decision} == {
        "decision_id", "kind", "means", "outcome", "reason", "station_id", "decided_at",
    }  # fmt: skip
