"""Planted distributions give back what was planted, and too little data gives nothing."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from visavis.evaluate.calibrate import FACTOR, calibration_fields, impostor_curve
from visavis.evaluate.comparisons import Comparisons
from visavis.evaluate.several import Mated, together
from visavis.model.calibration import Calibration, CalibrationTooSmall

PHOTOS = 2


def planted(
    people: int, non_mated: NDArray[np.float64], *, seed: int = 0, mated_people: int | None = None
) -> Comparisons:
    """Everybody has two photos, so that each pair of people is in four comparisons, whose scores are given."""
    first, second = np.triu_indices(people, 1)
    first, second = np.repeat(first, PHOTOS**2), np.repeat(second, PHOTOS**2)
    falling = np.argsort(-non_mated)
    mated = np.sort(np.random.default_rng(seed).normal(0.6, 0.1, mated_people or people))[::-1]
    return Comparisons(
        photos=np.full(people, PHOTOS),
        mated=mated.astype(np.float32),
        owner=np.arange(len(mated), dtype=np.int32),
        non_mated=non_mated[falling].astype(np.float32),
        first=first[falling].astype(np.int32),
        second=second[falling].astype(np.int32),
        kept_from=-1.001,
    )


def pairs(people: int) -> int:
    return people * (people - 1) // 2 * PHOTOS**2


def normal_scores(people: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 0.1, pairs(people))


def true_fmr(threshold: float) -> float:
    return math.erfc(threshold / 0.1 / math.sqrt(2)) / 2


def fields_of(found: Comparisons, **more: Any) -> dict[str, Any]:
    return calibration_fields(found, model_id="m", model_sha256="0", data="planted", seed=3, draws=60, **more)


def test_normal_scores_give_back_their_rates_down_to_the_floor() -> None:
    calibration = Calibration.from_fields(json.loads(json.dumps(fields_of(planted(300, normal_scores(300, 1))))))
    assert calibration.fmr_floor <= 1e-4
    for tenth in range(10, 1 + round(-10 * math.log10(calibration.fmr_floor))):
        asked = 10 ** (-tenth / 10)
        if asked >= calibration.fmr_floor:
            assert true_fmr(calibration.threshold_at(asked)) == pytest.approx(asked, rel=FACTOR - 1)
    assert true_fmr(calibration.threshold_at(1e-2)) == pytest.approx(1e-2, rel=0.05)


def test_misses_of_normal_scores_lie_in_their_bands() -> None:
    misses = fields_of(planted(400, normal_scores(400, 1)))["misses"][0]
    assert (misses["photos"], misses["people"]) == (1, 400)
    for point in misses["points"]:
        true = math.erfc((0.6 - point["threshold"]) / 0.1 / math.sqrt(2)) / 2
        assert point["low"] * 0.7 <= true <= point["high"] * 1.3 + 1e-3


def test_a_planted_tail_is_found_again() -> None:
    random, rate, scale, shape, location = np.random.default_rng(5), 0.01, 0.05, -0.2, 0.3
    share = random.uniform(size=pairs(400))
    beyond = location + scale / shape * ((share / rate) ** -shape - 1)
    curve = impostor_curve(planted(400, np.where(share < rate, beyond, location - share)), seed=3, draws=40)
    assert curve.tail is not None
    assert curve.tail.shape == pytest.approx(shape, abs=0.12)
    by_tail = ~curve.is_measured & (curve.fmr >= 1e-5)
    assert by_tail.any()
    true = location + scale / shape * ((curve.fmr[by_tail] / rate) ** -shape - 1)
    np.testing.assert_allclose(curve.threshold[by_tail], true, atol=0.015)


@pytest.mark.slow
def test_the_band_holds_the_true_rate_about_as_often_as_it_says() -> None:
    """At each threshold the true rate is outside the band in one set in twenty; all alike in one set, so some more."""
    held, told = 0.0, 0.0
    for seed in range(20):
        curve = impostor_curve(planted(150, normal_scores(150, seed)), seed=seed, draws=60)
        counted = curve.is_measured
        true = np.array([true_fmr(threshold) for threshold in curve.threshold])
        held += np.count_nonzero(((curve.low <= true) & (true <= curve.high))[counted])
        told += np.count_nonzero(counted)
    assert 0.85 < held / told <= 1


def test_alike_people_widen_the_band() -> None:
    """Ten relatives among 150 people are 45 pairs of many; who is drawn decides the tail, and no rate there is sure."""
    scores = normal_scores(150, 2)
    first, second = np.triu_indices(150, 1)
    related = np.repeat((first < 10) & (second < 10), PHOTOS**2)
    alone = impostor_curve(planted(150, scores), seed=1, draws=60)
    family = impostor_curve(planted(150, np.where(related, scores + 0.6, scores)), seed=1, draws=60)
    assert family.floor > alone.floor


def test_from_point_to_point_the_rate_falls_and_the_threshold_does_not() -> None:
    curve = impostor_curve(planted(120, normal_scores(120, 4)), seed=1, draws=30)
    assert (np.diff(curve.fmr) < 0).all()
    assert (np.diff(curve.threshold) >= 0).all()
    assert ((curve.low <= curve.fmr) & (curve.fmr <= curve.high)).all()


def test_the_floor_is_never_below_the_rule_of_three() -> None:
    fields = fields_of(planted(150, normal_scores(150, 1)))
    assert fields["fmr_floor"] >= 3 / (150 * 149 / 2)
    assert fields["fpir_floor"] == pytest.approx(3 / 150, rel=0.01)


def test_the_same_seed_gives_the_same_file_and_another_one_another_band() -> None:
    found = planted(120, normal_scores(120, 4))
    assert fields_of(found) == fields_of(found)
    other = calibration_fields(found, model_id="m", model_sha256="0", data="planted", seed=4, draws=60)
    assert other["points"] != fields_of(found)["points"]


@pytest.mark.parametrize(
    "found",
    [
        planted(99, normal_scores(99, 1)),
        planted(120, normal_scores(120, 1), mated_people=29),
        planted(120, np.where(np.arange(pairs(120)) < 2000, 0.9, 0.0)),
    ],
    ids=["few people", "few to miss", "many pairs of one score"],
)
def test_too_little_is_refused(found: Comparisons) -> None:
    with pytest.raises(CalibrationTooSmall):
        fields_of(found)


def test_three_together_are_missed_less_than_one() -> None:
    random = np.random.default_rng(0)
    centre = random.normal(size=(40, 1, 32))
    vectors = (centre + random.normal(size=(40, 6, 32))).reshape(-1, 32).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people = np.repeat(np.arange(40, dtype=np.int32), 6)
    at = np.array([0.3, 0.5])
    one, three = (Mated.of(vectors, people, photos=photos, seed=1).missed_by_person(at).mean(0) for photos in (1, 3))
    assert (three < one).all()
    assert Mated.of(vectors, people, photos=6, seed=1).people == 0


def test_several_references_are_one_direction() -> None:
    right, up = np.array([1, 0], np.float32), np.array([0, 1], np.float32)
    vectors = np.stack([right, up, up, -right, right])
    found = together(vectors, np.array([0, 0, 1, 2, 2]), count=3)
    assert found == pytest.approx(np.array([[0.5**0.5, 0.5**0.5], [0, 1], [0, 0]]))
    # Three photos of a person, two enrolled: whichever is the probe, its score is with the middle of the others.
    three = np.stack([right, up, (right + up) / np.sqrt(np.float32(2))])
    scores = Mated.of(three, np.zeros(3, np.int32), photos=2, seed=1).scores
    assert {round(float(score), 3) for score in scores} == {0.383, 1.0}
