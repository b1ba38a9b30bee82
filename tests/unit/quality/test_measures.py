"""Each measure of quality tells the better picture from the worse, and says so where it cannot tell."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fixtures.painted import (
    GLASSES,
    MASK,
    MIDDLE,
    blurred,
    box_of,
    lit,
    lit_from_the_side,
    mesh_of,
    painted,
    seen,
    with_opening,
)
from numpy.typing import NDArray
from PIL import Image

from visavis.flows.viewing import view_of
from visavis.model.image import Frame
from visavis.model.quality import FAILED_TO_ASSESS, Component
from visavis.model.template import UsualLength
from visavis.quality.assess import MEASURES, assess
from visavis.quality.measure import rising, rounded
from visavis.quality.measures.unified_quality_score import unified
from visavis.quality.view import View

BLACK, PAPER, BLUE = (22, 22, 24), (228, 230, 232), (90, 140, 200)


def value(component: Component, view: View) -> int:
    found = assess(view)[component].value
    assert isinstance(found, int)
    return found


def small(between: float, middle: tuple[float, float] = MIDDLE) -> View:
    mesh = mesh_of(between=between, middle=middle)
    return seen(painted(mesh), mesh)


def turned(*, yaw: float = 0, pitch: float = 0, roll: float = 0) -> View:
    mesh = mesh_of(yaw=yaw, pitch=pitch, roll=roll)
    return seen(painted(mesh), mesh)


def open_by(**shares: float) -> View:
    return seen(mesh=with_opening(mesh_of(), **shares))


def covered(outline: tuple[int, ...], colour: tuple[int, int, int]) -> View:
    return seen(painted(cover=(outline, colour)))


def compressed(quality: int) -> View:
    file = io.BytesIO()
    Image.fromarray(painted().pixels).save(file, "JPEG", quality=quality)
    return seen(Frame(np.asarray(Image.open(file))))


def tinted(red: float, green: float, blue: float) -> View:
    return seen(Frame(np.clip(painted().pixels * (red, green, blue), 0, 255).astype(np.uint8)))


def before(pattern: float) -> View:
    """On ground with stripes of that height of light."""
    frame = painted()
    stripes = (pattern * (np.indices(frame.pixels.shape[:2]).sum(axis=0) // 4 % 2))[:, :, None]
    ground = np.abs(frame.pixels.astype(int) - (150, 156, 160)).max(axis=2, keepdims=True) < 60
    return seen(Frame(np.clip(frame.pixels + ground * stripes, 0, 255).astype(np.uint8)))


def beside(width: float) -> View:
    mesh = mesh_of()
    other = replace(box_of(mesh), width=width, height=width)
    return seen(painted(mesh), mesh, others=(other,))


def flattened(contrast: float) -> View:
    pixels = painted().pixels.astype(float)
    return seen(Frame(((pixels - 150) * contrast + 150).astype(np.uint8)))


WORSE: dict[Component, list[Callable[[], View]]] = {
    Component.BACKGROUND_UNIFORMITY: [lambda: before(0), lambda: before(25), lambda: before(80)],
    Component.ILLUMINATION_UNIFORMITY: [
        seen,
        lambda: seen(lit_from_the_side(painted(), 0.85)),
        lambda: seen(lit_from_the_side(painted(), 0.2)),
    ],
    Component.LUMINANCE_MEAN: [seen, lambda: seen(lit(painted(), 0.5)), lambda: seen(lit(painted(), 0.25))],
    Component.LUMINANCE_VARIANCE: [seen, lambda: flattened(0.6), lambda: flattened(0.2)],
    Component.UNDER_EXPOSURE: [seen, lambda: seen(lit(painted(), 0.2)), lambda: seen(lit(painted(), 0.1))],
    Component.OVER_EXPOSURE: [seen, lambda: seen(lit(painted(), 2.5)), lambda: seen(lit(painted(), 5))],
    Component.DYNAMIC_RANGE: [seen, lambda: flattened(0.5), lambda: flattened(0.1)],
    Component.SHARPNESS: [seen, lambda: seen(blurred(painted(), 6)), lambda: seen(blurred(painted(), 12))],
    Component.COMPRESSION: [lambda: compressed(90), lambda: compressed(30), lambda: compressed(12)],
    Component.NATURAL_COLOUR: [seen, lambda: tinted(0.95, 0.9, 1.15), lambda: tinted(0.6, 1.2, 0.6)],
    Component.SINGLE_FACE: [seen, lambda: beside(60), lambda: beside(140)],
    Component.EYES_OPEN: [seen, lambda: open_by(eyes=0.5), lambda: open_by(eyes=0.1)],
    Component.MOUTH_CLOSED: [seen, lambda: open_by(mouth=0.2), lambda: open_by(mouth=0.4)],
    Component.EYES_VISIBLE: [seen, lambda: covered(GLASSES, BLACK)],
    Component.MOUTH_OCCLUSION: [seen, lambda: covered(MASK, BLUE)],
    Component.FACE_OCCLUSION: [seen, lambda: covered(GLASSES, BLACK), lambda: covered(MASK, BLUE)],
    Component.INTER_EYE_DISTANCE: [lambda: small(90), lambda: small(60), lambda: small(30)],
    Component.HEAD_SIZE: [lambda: small(110), lambda: small(90), lambda: small(50)],
    Component.LEFTWARD_CROP: [
        seen,
        lambda: small(90, (50.0, 210.0)),
        lambda: small(90, (30.0, 210.0)),
    ],
    Component.RIGHTWARD_CROP: [
        seen,
        lambda: small(90, (590.0, 210.0)),
        lambda: small(90, (610.0, 210.0)),
    ],
    Component.MARGIN_ABOVE: [
        lambda: small(70, (320.0, 260.0)),
        lambda: small(70, (320.0, 190.0)),
        lambda: small(70, (320.0, 160.0)),
    ],
    Component.MARGIN_BELOW: [
        lambda: small(70, (320.0, 190.0)),
        lambda: small(70, (320.0, 240.0)),
        lambda: small(70, (320.0, 270.0)),
    ],
    Component.YAW: [seen, lambda: turned(yaw=20), lambda: turned(yaw=-45)],
    Component.PITCH: [seen, lambda: turned(pitch=-20), lambda: turned(pitch=35)],
    Component.ROLL: [seen, lambda: turned(roll=25), lambda: turned(roll=-60)],
}


def test_every_measure_has_its_row() -> None:
    assert set(WORSE) == {measure.component for measure in MEASURES}


@pytest.mark.parametrize("component", list(WORSE), ids=lambda one: one.value)
def test_the_worse_the_picture_the_lower_the_value(component: Component) -> None:
    values = [value(component, made()) for made in WORSE[component]]
    assert values == sorted(set(values), reverse=True), values
    assert values[0] - values[-1] >= 15


def test_where_there_is_no_face_in_the_mesh_nothing_is_guessed() -> None:
    found = assess(seen(mesh=mesh_of(presence=0.2)))
    told = {component for component, one in found.items() if one.value is not FAILED_TO_ASSESS}
    assert told == {Component.SINGLE_FACE, Component.COMPRESSION}, "these look at the detector's box alone"
    assert all(one.raw is None for component, one in found.items() if component not in told)


@pytest.mark.parametrize("points", [np.zeros((468, 3)), np.full((468, 3), np.nan), np.full((468, 3), 1e9)])
def test_points_that_lie_nowhere_are_never_a_good_picture(points: NDArray[np.float64]) -> None:
    mesh = replace(mesh_of(), points=points.astype(np.float32))
    face = box_of(mesh_of())
    found = assess(view_of(painted(), faces=(face,), face=face, mesh=mesh))
    for component in (Component.EYES_VISIBLE, Component.SHARPNESS, Component.UNDER_EXPOSURE, Component.EYES_OPEN):
        assert found[component].value is FAILED_TO_ASSESS


@pytest.mark.parametrize("middle", [(320.0, 430.0), (10.0, 210.0)])
def test_of_a_cheek_that_is_outside_the_picture_nothing_is_said(middle: tuple[float, float]) -> None:
    mesh = mesh_of(middle=middle)
    found = assess(seen(painted(mesh), mesh))
    for component in (Component.ILLUMINATION_UNIFORMITY, Component.NATURAL_COLOUR):
        assert found[component].value is FAILED_TO_ASSESS


@pytest.mark.parametrize(("skin", "light"), [((205, 158, 132), 1.0), ((120, 82, 62), 1.0), ((86, 56, 42), 1.6)])
def test_what_covers_a_face_is_told_apart_from_skin_of_any_tone(
    skin: tuple[int, int, int], light: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fixtures.painted.SKIN", skin)
    assert value(Component.EYES_VISIBLE, seen(lit(painted(), light))) >= 50
    assert value(Component.MOUTH_OCCLUSION, seen(lit(painted(), light))) >= 90
    for colour in (BLUE, PAPER):
        assert value(Component.MOUTH_OCCLUSION, seen(lit(painted(cover=(MASK, colour)), light))) <= 5
    assert value(Component.EYES_VISIBLE, seen(lit(painted(cover=(GLASSES, (8, 8, 9))), light))) <= 30


@pytest.mark.parametrize("lids", [((160, 144), (159, 145), (158, 153)), ((385, 380), (386, 374), (387, 373))])
def test_one_closed_eye_is_enough(lids: tuple[tuple[int, int], ...]) -> None:
    points = mesh_of().points.copy()
    for upper, lower in lids:
        points[upper] = points[lower]
    assert value(Component.EYES_OPEN, seen(mesh=replace(mesh_of(), points=points))) <= 15


@pytest.mark.parametrize("eye", [(226, 70, 107, 244, 232, 230, 228), (446, 300, 336, 464, 452, 450, 448)])
@pytest.mark.parametrize("colour", [BLACK, PAPER])
def test_one_covered_eye_is_enough(eye: tuple[int, ...], colour: tuple[int, int, int]) -> None:
    assert value(Component.EYES_VISIBLE, covered(eye, colour)) <= 30


def test_without_colours_a_mask_cannot_be_told_and_dark_glasses_can() -> None:
    def grey(frame: Frame) -> Frame:
        return Frame(np.repeat(np.asarray(Image.fromarray(frame.pixels).convert("L"))[:, :, None], 3, axis=2))

    found = assess(seen(grey(painted(cover=(MASK, BLUE)))))
    assert found[Component.MOUTH_OCCLUSION].value is found[Component.FACE_OCCLUSION].value is FAILED_TO_ASSESS
    assert value(Component.EYES_VISIBLE, seen(grey(painted()))) >= 60
    assert value(Component.EYES_VISIBLE, seen(grey(painted(cover=(GLASSES, BLACK))))) <= 30


def test_in_the_dark_nothing_is_said_of_what_covers_a_face() -> None:
    found = assess(seen(lit(painted(), 0.005)))
    assert found[Component.EYES_VISIBLE].value is found[Component.MOUTH_OCCLUSION].value is FAILED_TO_ASSESS


def test_the_colour_and_the_light_of_a_whole_picture_do_not_cover_a_face() -> None:
    for view in (tinted(1.15, 1.0, 0.8), tinted(0.9, 1.0, 1.15), seen(lit(painted(), 0.3))):
        assert value(Component.MOUTH_OCCLUSION, view) >= 80


def test_longer_vectors_score_higher_and_an_unknown_length_is_not_guessed() -> None:
    usual = UsualLength(middle=9.6, width=1.15)
    assert [unified(length, usual).value for length in (3.0, 9.6, 12.1, 20.0)] == [0, 50, 90, 100]
    assert unified(12.0, None).value is FAILED_TO_ASSESS


@pytest.mark.parametrize(("raw", "whole"), [(49.4999, 49), (49.5, 50), (-3.0, 0), (190.0, 100)])
def test_values_are_whole_numbers_from_0_to_100(raw: float, whole: int) -> None:
    assert rounded(raw) == whole


@pytest.mark.parametrize("raw", [-1e9, 1e9])
def test_the_curve_is_bounded_however_far_a_raw_value_is(raw: float) -> None:
    assert 0.0 <= rising(raw, middle=0.5, width=1e-3) <= 1.0
