"""What several photos and a cohort are worth is measured as it is said."""

import numpy as np
import pytest
from benchmarks.accuracy.fusion import FUSIONS, RATES, fnir, misses, normalised
from benchmarks.accuracy.variants import unit
from benchmarks.accuracy.with_and_without import by_person, by_photo, halves

RANDOM = np.random.default_rng(3)


def test_halves_share_nobody_and_each_is_tried() -> None:
    people = np.repeat(np.arange(11, dtype=np.int32), 3)
    pairs = list(halves(people))
    for learnt_from, tried_on in pairs:
        assert not set(people[learnt_from]) & set(people[tried_on])
        assert (learnt_from ^ tried_on).all()
    assert (pairs[0][0] == pairs[1][1]).all()


def test_galleries_are_filled_up_with_people_of_one_photo_or_of_all_others() -> None:
    photos = np.array([5, 5, 2, 2, 2, 1, 1, 1, 1])
    inside, outside = by_photo(photos, 4, 3, np.random.default_rng(0))
    assert set(inside[:2]) == {0, 1}
    assert (photos[inside[2:]] == 1).all()
    assert not set(inside) & set(outside)
    inside, _ = by_person(photos, 9, 3, np.random.default_rng(0))
    assert sorted(inside) == list(range(9))


@pytest.mark.parametrize("name", FUSIONS)
def test_three_times_the_same_reference_is_that_reference(name: str) -> None:
    references, probes = unit(RANDOM.normal(size=(4, 8))), unit(RANDOM.normal(size=(5, 8)))
    lengths = RANDOM.uniform(8, 14, size=(4, 3)).astype(np.float32)
    fused = FUSIONS[name](np.repeat(references[:, None], 3, axis=1), lengths, probes)
    assert np.allclose(fused, references @ probes.T, atol=1e-6)


def test_a_long_vector_weighs_more() -> None:
    probe = np.array([[1, 0]], np.float32)
    references = np.array([[[1, 0], [0, 1]]], np.float32)
    lengths = np.array([[14, 7]], np.float32)
    plain, weighed, more = (FUSIONS[name](references, lengths, probe) for name in ("mean", "by length", "by length^4"))
    assert plain < weighed < more < FUSIONS["best of"](references, lengths, probe)


def test_under_s_norm_reference_and_probe_change_places() -> None:
    vectors, cohort = unit(RANDOM.normal(size=(6, 16))), unit(RANDOM.normal(size=(200, 16)))
    told = dict(normalised(vectors @ vectors.T, vectors @ cohort.T, vectors @ cohort.T))
    assert np.allclose(told["s-norm"], told["s-norm"].T)
    assert not np.allclose(told["z-norm"], told["z-norm"].T)


def test_misses_and_fnir_of_planted_scores() -> None:
    people, probes = 50, np.repeat(np.arange(60), 2)
    scores = RANDOM.uniform(-0.2, 0.2, size=(people, len(probes))).astype(np.float32)
    own = np.arange(people)[:, None] == probes[None, :]
    scores[own] = 0.9
    assert misses(scores, owners=np.arange(people), whose=probes) == [0.0] * len(RATES)
    assert fnir(scores, owners=np.arange(people), whose=probes) == 0.0
    scores[:5][own[:5]] = -0.9
    assert np.allclose(misses(scores, owners=np.arange(people), whose=probes), 5 / people)
    assert np.isclose(fnir(scores, owners=np.arange(people), whose=probes), 5 / people)
    scores[10, own[11]] = 0.95
    assert np.isclose(fnir(scores, owners=np.arange(people), whose=probes), 6 / people)
