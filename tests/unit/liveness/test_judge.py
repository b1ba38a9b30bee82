"""What a film has to show, one rule at a time: a film that shows it passes, and the same without it does not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pytest
from attacks.film import performed, timed
from attacks.heads import Stance
from sim.faces import SimExtractor
from sim.films import film, frame, look, shape

from visavis.liveness.depth import flatness_error
from visavis.liveness.draw import draw
from visavis.liveness.judge import judged
from visavis.liveness.sensor import same_share
from visavis.liveness.steps import blinks
from visavis.model.challenge import (
    ChallengeNotDone,
    Done,
    FaceChanged,
    FaceFlat,
    FaceLost,
    FramesUnlikeSensor,
    Step,
    Variant,
)
from visavis.model.film import Look
from visavis.model.mesh import Mesh

SAME: Final = 0.37
NOW: Final = datetime(2027, 1, 15, 8, tzinfo=UTC)
STEPS: Final = (
    Done(Step.LEFT, 700, 1900),
    Done(Step.UP, 2600, 3800),
    Done(Step.CLOSER, 4500, 5700),
    Done(Step.BLINK, 6400, 7600),
)
AT_MS: Final = tuple(range(0, 7801, 150))


def looks(frames: Sequence[bytes], at_ms: Sequence[int] = AT_MS) -> list[Look]:
    extractor = SimExtractor()
    return [look(one, at, template=extractor.extract(one)) for one, at in zip(frames, at_ms, strict=True)]


def judge(seen: Sequence[Look], steps: Sequence[Done] = STEPS) -> int:
    return judged(seen, steps=steps, same_person=SAME)


@pytest.fixture(scope="module")
def genuine() -> list[Look]:
    return looks(film("ann", STEPS, AT_MS))


def moving(steps: Sequence[Done], change: Callable[[float, Stance], Stance]) -> Callable[[float], Stance]:
    held = performed(steps)
    return lambda at: change(at, held(at))


@pytest.mark.parametrize("variant", list(Variant))
@pytest.mark.parametrize("seed", range(6))
def test_who_does_what_is_asked_passes(variant: Variant, seed: int) -> None:
    steps, at_ms = timed(draw(variant, now=NOW), seed=seed)
    seen = looks(film("ann", steps, at_ms), at_ms)
    still = judge(seen, steps)
    assert abs(seen[still].pose.yaw) + abs(seen[still].pose.pitch) < 5
    assert seen[still].opened > 0.2


def test_the_same_film_answers_no_other_challenge(genuine: list[Look]) -> None:
    other = {Step.LEFT: Step.RIGHT, Step.UP: Step.DOWN, Step.CLOSER: Step.LOWER_LEFT, Step.BLINK: Step.BLINK_TWICE}
    for number, done in enumerate(STEPS):
        asked = [*STEPS[:number], replace(done, step=other[done.step]), *STEPS[number + 1 :]]
        with pytest.raises(ChallengeNotDone):
            judge(genuine, asked)
    with pytest.raises(ChallengeNotDone):
        judge(genuine, [replace(one, step=other.step) for one, other in zip(STEPS, STEPS[::-1], strict=True)])


def test_whoever_moves_before_they_are_asked_knew_before(genuine: list[Look]) -> None:
    early = [replace(STEPS[0], shown_ms=1500), *STEPS[1:]]
    with pytest.raises(ChallengeNotDone):
        judge(genuine, early)


def test_a_step_that_is_done_after_its_time_is_not_done(genuine: list[Look]) -> None:
    over = [replace(STEPS[0], shown_ms=100, done_ms=800), *STEPS[1:]]
    with pytest.raises(ChallengeNotDone):
        judge(genuine, over)


@pytest.mark.parametrize(
    "change",
    [
        lambda at, held: replace(held, yaw=held.yaw - 34 * np.exp(-(((at - 3200) / 250) ** 2))),
        lambda at, held: replace(held, pitch=held.pitch - 24 * np.exp(-(((at - 1300) / 250) ** 2))),
        lambda at, held: replace(held, size=held.size * (1 + 0.6 * np.exp(-(((at - 1300) / 300) ** 2)))),
        lambda at, held: replace(held, eyes=held.eyes * float(not 6900 <= at <= 7000 and not 7250 <= at <= 7700)),
    ],
    ids=["turns as well", "nods as well", "comes closer as well", "blinks on"],
)
def test_whoever_does_something_else_as_well_does_not_what_is_asked(change: Callable[[float, Stance], Stance]) -> None:
    seen = looks(film("ann", STEPS, AT_MS, motion=moving(STEPS, change)))
    if change(7300, Stance()).eyes == 0:
        blinking = replace(STEPS[3], step=Step.BLINK_THRICE)
        with pytest.raises(ChallengeNotDone):
            judge(seen, [*STEPS[:3], blinking])
    else:
        with pytest.raises(ChallengeNotDone):
            judge(seen)


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_whoever_leaves_a_step_out_does_not_pass(number: int) -> None:
    done = [*STEPS[:number], *STEPS[number + 1 :]]
    with pytest.raises(ChallengeNotDone):
        judge(looks(film("ann", STEPS, AT_MS, motion=performed(done))))


def test_a_flat_picture_that_seems_to_turn_is_found_flat() -> None:
    seen = looks(film("ann", STEPS, AT_MS, depth=0.0))
    real = looks(film("ann", STEPS, AT_MS))
    # As if the landmarker had been deceived about how it is turned, and saw the truth of where its points are.
    deceived = [replace(one, pose=other.pose) for one, other in zip(seen, real, strict=True)]
    with pytest.raises(FaceFlat):
        judge(deceived)


def test_flatness_is_what_a_homography_leaves() -> None:
    flat = shape(0.0) * 70 + (300, 200, 0)
    turn = np.array([[0.9, 0.1, 0.0], [-0.08, 0.95, 0.0], [0.0, 0.0, 1.0]])
    away = 1.0 + (flat @ turn.T)[:, :1] / 900.0
    moved = flat @ turn.T / away
    one, other = (Mesh(points.astype(np.float32), 1.0) for points in (flat, moved))
    assert flatness_error(one, other) < 1e-3
    assert flatness_error(one, one) < 1e-4
    head = looks(film("ann", STEPS, AT_MS))
    assert flatness_error(head[0].mesh, head[11].mesh) > 0.05


@pytest.mark.parametrize(
    ("start", "change"),
    [
        (20, {"x": 150.0}),
        (20, {"y": 150.0}),
        (20, {"roll": 50.0}),
        (20, {"size": 1.6}),
    ],
    ids=["jumps aside", "jumps up", "tilts at once", "grows at once"],
)
def test_a_head_does_not_jump(start: int, change: dict[str, Any]) -> None:
    held = performed(STEPS)
    frames = [
        frame("ann", replace(held(at), **change) if number >= start else held(at), number=number)
        for number, at in enumerate(AT_MS)
    ]
    with pytest.raises(FaceChanged):
        judge(looks(frames))


@pytest.mark.parametrize(
    "places", [range(12, 13), range(52), range(40, 53)], ids=["one frame", "all but one", "the end"]
)
def test_another_person_in_some_frames_is_another_person(genuine: list[Look], places: range) -> None:
    other = looks(film("bea", STEPS, AT_MS))
    mixed = [other[number] if number in places else one for number, one in enumerate(genuine)]
    with pytest.raises(FaceChanged):
        judge(mixed)


def test_the_scene_stays_one(genuine: list[Look]) -> None:
    elsewhere = [replace(one, scene=one.scene[::-1, ::-1] // 2 + 90) for one in genuine[26:]]
    elsewhere = [
        replace(one, scene=np.where(np.arange(40)[None, :, None] < 20, one.scene, 255 - one.scene).astype(np.uint8))
        for one in elsewhere
    ]
    with pytest.raises(FaceChanged):
        judge([*genuine[:26], *elsewhere])
    brighter = [replace(one, scene=(one.scene * 1.1).astype(np.uint8)) for one in genuine[26:]]
    judge([*genuine[:26], *brighter])


def test_what_has_no_noise_was_taken_by_no_sensor() -> None:
    still = looks(film("ann", STEPS, AT_MS, still=True))
    assert same_share(still[0], still[1]) == 1.0
    with pytest.raises(FramesUnlikeSensor):
        judge(still)


def test_where_all_is_black_or_white_noise_tells_nothing(genuine: list[Look]) -> None:
    for level in (3, 252):
        cut_off = [replace(one, grey=np.full_like(one.grey, level)) for one in genuine]
        assert same_share(cut_off[0], cut_off[1]) is None
        judge(cut_off)


def test_a_face_that_is_hardly_one_is_none(genuine: list[Look]) -> None:
    doubtful = replace(genuine[7], mesh=Mesh(genuine[7].mesh.points, 0.3))
    with pytest.raises(FaceLost):
        judge([*genuine[:7], doubtful, *genuine[8:]])


@pytest.mark.parametrize(
    ("opened", "times"),
    [
        ([1, 1, 0.98, 1.02, 0.95], 0),
        ([1, 0.85, 0.9, 1, 1], 0),
        ([1, 0.6, 0.4, 0.6, 1], 1),
        ([1, 0.4, 0.55, 0.42, 0.5, 1], 1),
        ([1, 0.4, 1, 1, 0.45, 1], 2),
        ([0.4, 1, 0.4, 1, 0.4], 3),
        ([1, 0.7, 0.72, 0.7, 0.99], 1),
    ],
)
def test_blinks_are_counted_not_trembling_lids(opened: list[float], times: int) -> None:
    assert blinks(np.array(opened)) == times
