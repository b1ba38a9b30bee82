"""Each refusal of a gate is reached by a picture made for it, and by nothing else."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from fixtures.painted import (
    GLASSES,
    MASK,
    blurred,
    lit,
    lit_from_the_side,
    mesh_of,
    painted,
    seen,
    with_opening,
)
from PIL import Image

from visavis.model import unfit
from visavis.model.errors import FaceRefused, leaves
from visavis.model.image import Frame
from visavis.model.quality import BEST, FAILED_TO_ASSESS, Assessed, Component, Quality
from visavis.quality.assess import assess
from visavis.quality.gate import DOCUMENT, ENROLMENT, PROBE, Gate
from visavis.quality.view import View


def turned(*, yaw: float = 0, pitch: float = 0, roll: float = 0) -> View:
    mesh = mesh_of(yaw=yaw, pitch=pitch, roll=roll)
    return seen(painted(mesh), mesh)


def at(x: float) -> View:
    mesh = mesh_of(middle=(x, 210.0))
    return seen(painted(mesh), mesh)


def compressed() -> View:
    file = io.BytesIO()
    Image.fromarray(painted().pixels).save(file, "JPEG", quality=6)
    return seen(Frame(np.asarray(Image.open(file))))


def purple() -> View:
    return seen(Frame(np.clip(painted().pixels * (1.0, 0.9, 1.6), 0, 255).astype(np.uint8)))


MADE: list[tuple[type[FaceRefused], Gate, Callable[[], View]]] = [
    (unfit.TooDark, PROBE, lambda: seen(lit(painted(), 0.01))),
    (unfit.TooBright, PROBE, lambda: seen(lit(painted(), 20))),
    (unfit.HeadTilted, PROBE, lambda: turned(roll=60)),
    (unfit.TurnedAway, PROBE, lambda: turned(yaw=50)),
    (unfit.TurnedAway, PROBE, lambda: turned(pitch=-50)),
    (unfit.EyesClosed, PROBE, lambda: seen(mesh=with_opening(mesh_of(), eyes=0.05))),
    (unfit.EyesCovered, PROBE, lambda: seen(painted(cover=(GLASSES, (18, 18, 19))))),
    (unfit.Blurred, PROBE, lambda: seen(blurred(painted(), 18))),
    (unfit.PhotoCompressed, ENROLMENT, compressed),
    (unfit.FaceUnclear, PROBE, lambda: seen(mesh=mesh_of(presence=0.1))),
    (unfit.TooDark, ENROLMENT, lambda: seen(lit(painted(), 0.12))),
    (unfit.UnevenLight, ENROLMENT, lambda: seen(lit_from_the_side(painted(), 0.12))),
    (unfit.FaceNearBorder, ENROLMENT, lambda: at(20.0)),
    (unfit.FaceNearBorder, ENROLMENT, lambda: at(620.0)),
    (unfit.FaceCovered, ENROLMENT, lambda: seen(painted(cover=(MASK, (90, 140, 200))))),
    (unfit.MouthOpen, ENROLMENT, lambda: seen(mesh=with_opening(mesh_of(), mouth=0.4))),
    (unfit.NotNaturalColours, ENROLMENT, purple),
]


@pytest.mark.parametrize(("refusal", "gate", "made"), MADE, ids=lambda one: getattr(one, "code", ""))
def test_each_refusal_is_reached_by_the_picture_made_for_it(
    refusal: type[FaceRefused], gate: Gate, made: Callable[[], View]
) -> None:
    with pytest.raises(FaceRefused) as refused:
        gate.require(assess(made()))
    assert type(refused.value) is refusal
    assert refused.value.detail == "", "nobody is told how near it was"


def test_every_refusal_there_is_can_be_reached() -> None:
    there = {leaf for leaf in leaves(FaceRefused) if leaf.__module__ == unfit.__name__}
    assert {refusal for refusal, _, _ in MADE} == there


@pytest.mark.parametrize("gate", [PROBE, ENROLMENT, DOCUMENT], ids=lambda one: one.name)
def test_a_good_picture_passes(gate: Gate) -> None:
    gate.require(assess(seen()))


def passed(gate: Gate, quality: Quality) -> None:
    gate.require(quality)
    gate.require_embedded(quality[Component.UNIFIED])


def everything_at(value: int) -> dict[Component, Assessed]:
    return {component: Assessed(value, 0.4) for component in Component}


@pytest.mark.parametrize("gate", [PROBE, ENROLMENT, DOCUMENT], ids=lambda one: one.name)
def test_at_the_least_it_passes_and_one_below_it_does_not(gate: Gate) -> None:
    for component, least in gate.least.items():
        exact = everything_at(BEST) | {component: Assessed(least, 0.4)}
        passed(gate, exact)
        for found in (Assessed(least - 1, 0.4), Assessed(FAILED_TO_ASSESS)):
            below = everything_at(BEST) | {component: found}
            with pytest.raises(FaceRefused):
                passed(gate, below)


@pytest.mark.parametrize("gate", [PROBE, ENROLMENT, DOCUMENT], ids=lambda one: one.name)
def test_what_could_not_be_assessed_and_is_not_asked_for_does_no_harm(gate: Gate) -> None:
    found = everything_at(BEST)
    found |= {component: Assessed(FAILED_TO_ASSESS) for component in set(Component) - set(gate.least)}
    gate.require(found)


def test_only_what_a_gate_asks_for_is_measured() -> None:
    for gate in (PROBE, ENROLMENT, DOCUMENT):
        assert set(assess(seen(), asked=gate.least)) == set(gate.least) - {Component.UNIFIED}


def test_what_enrols_is_asked_for_at_least_as_much_as_what_is_compared() -> None:
    for component, least in PROBE.least.items():
        assert ENROLMENT.least[component] >= least


@pytest.mark.parametrize(("raw", "refusal"), [(0.1, unfit.TooDark), (0.95, unfit.TooBright)])
def test_light_that_is_not_right_is_too_little_or_too_much(raw: float, refusal: type[FaceRefused]) -> None:
    with pytest.raises(refusal):
        ENROLMENT.require(everything_at(BEST) | {Component.LUMINANCE_MEAN: Assessed(0, raw)})
