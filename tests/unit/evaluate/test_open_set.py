"""1:N on planted templates: strangers are strangers, rank 1 is rank 1, and targets are kept."""

import numpy as np
import pytest
from support.planted import templates

from visavis.evaluate.open_set import GalleryTooLarge, measure_size, split


def test_a_split_enrols_who_it_says_and_asks_about_every_other_photo() -> None:
    vectors, people = templates(30, 4, noise=0.5)
    one = split(
        vectors, people, enrolled=range(10), strangers=range(10, 30), photos_each=3, random=np.random.default_rng(0)
    )
    assert len(one.members) == 10
    assert len(one.strangers) == 80
    assert sorted(set(one.member.tolist())) == list(range(10))
    assert sorted(set(one.stranger.tolist())) == list(range(10, 30))
    assert one.is_first.all()
    assert one.members.min() > one.strangers.max()
    threshold = float(one.strangers.max()) + 1e-3
    assert (one.fpir_at(threshold), one.fnir_at(threshold)) == (0, 0)
    assert one.fnir_at(2.0) == pytest.approx(1)
    assert one.fpir_at(-2.0) == pytest.approx(1)


def test_a_member_behind_whom_somebody_else_is_found_first_is_missed() -> None:
    """One of person 1's two photos shows person 0: where it is the probe, person 0 is found first."""
    vectors, people = templates(20, 2, noise=0.0)
    vectors[2] = vectors[0]
    found = set()
    for seed in range(12):
        random = np.random.default_rng(seed)
        one = split(vectors, people, enrolled=[0, 1], strangers=range(2, 20), photos_each=1, random=random)
        found.add(tuple(one.is_first.tolist()))
        assert one.fnir_at(-1.0) == pytest.approx((~one.is_first).mean())
    assert found == {(True, True), (True, False)}


def test_the_threshold_keeps_the_target_with_every_stranger_weighing_the_same() -> None:
    photos = np.array([2] * 20 + [1] * 15 + [30] * 5)
    vectors, people = templates(40, photos, noise=1.0)
    one = split(
        vectors, people, enrolled=range(20), strangers=range(20, 40), photos_each=1, random=np.random.default_rng(0)
    )
    for fpir in (0.5, 0.2, 0.05):
        threshold = one.threshold_at(fpir)
        assert one.fpir_at(threshold) <= fpir
        weight = {person: 1 / photos[person] for person in range(20, 40)}
        by_hand = sum(weight[p] for p, s in zip(one.stranger, one.strangers, strict=True) if s >= threshold) / 20
        assert one.fpir_at(threshold) == pytest.approx(by_hand)


def test_better_templates_and_more_photos_miss_fewer() -> None:
    easy = templates(200, 4, noise=0.8)
    hard = templates(200, 4, noise=1.8)
    found = {
        (name, each): measure_size(*rows, enrolled=50, photos_each=each, fpirs=[0.05], seed=1, splits=5).fnir[0.05]
        for name, rows in (("easy", easy), ("hard", hard))
        for each in (1, 3)
    }
    assert found["easy", 1].value < 0.01
    assert found["hard", 3].value < found["hard", 1].value
    assert found["hard", 1].low <= found["hard", 1].value <= found["hard", 1].high


def test_one_gallery_has_an_interval_over_its_people() -> None:
    vectors, people = templates(200, 3, noise=1.5)
    found = measure_size(vectors, people, enrolled=60, photos_each=1, fpirs=[0.05], seed=1, splits=1).fnir[0.05]
    assert found.low < found.value < found.high
    of_sixty = 2 * 1.96 * (found.value * (1 - found.value) / 60) ** 0.5
    assert found.high - found.low > 0.5 * of_sixty


def test_the_same_seed_gives_the_same_figures() -> None:
    vectors, people = templates(60, 3, noise=1.5)
    again = [
        measure_size(vectors, people, enrolled=20, photos_each=1, fpirs=[0.1], seed=seed, splits=4)
        for seed in (7, 7, 8)
    ]
    assert again[0] == again[1] != again[2]


@pytest.mark.parametrize(("enrolled", "photos_each"), [(30, 1), (31, 1), (10, 4)])
def test_a_gallery_that_leaves_no_probes_is_refused(enrolled: int, photos_each: int) -> None:
    vectors, people = templates(30, 4, noise=0.5)
    with pytest.raises(GalleryTooLarge):
        measure_size(vectors, people, enrolled=enrolled, photos_each=photos_each, fpirs=[0.1], seed=0)
