"""Whether templates of two galleries tell that they are of one person, on ``lfw-dev``: ``make bench-unlinkability``.

One photo of each person who has two lies in each of two galleries with different keys, and every template of the one
is compared with every template of the other: 832 mated scores and 691,392 non-mated ones. That is done for 20 pairs of
keys, because a pair of keys can be luckier than another.

The last line printed is one JSON object. ``d_sys`` is the *largest* of the 20 (goal: 0.05), ``d_sys_shuffled`` the mean
of the same measure between people who are not the same, which is what chance alone gives; ``d_sys_plain`` is without
the transform. The rest says what the measure does not: the same photo in both galleries, finer bins, recognition with
and without transform, and how many are linked by somebody who looks at galleries as wholes (``linked``).
"""

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from benchmarks.accuracy.d_sys import linkability, sturges
from benchmarks.accuracy.lfw_dev import Templates, templates
from benchmarks.accuracy.linking import linked_after_known, linked_by_shape
from benchmarks.accuracy.scores import all_scores
from numpy.typing import NDArray

from visavis.protect.transform import Transform

PAIRS: Final = 20
SHIFTS: Final = 25
TURNED: Final = 3
KNOWN: Final = (20, 30, 40, 60)
MOST_BINS: Final = 100
"""The program that the authors published takes a tenth of the mated scores, at most this."""

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """D_sys over the pairs of keys."""

    largest: float
    mean: float
    shuffled: float
    """Mean of D_sys when each person of one gallery is taken for another of the other: what chance gives."""

    bins: int


def measure_d_sys() -> float:
    """The largest D_sys of 20 pairs of keys between two galleries of the same people, another photo in each."""
    made = templates()
    first, second = two_photos(made)
    return d_sys(made.vectors[first], made.vectors[second]).largest


def two_photos(made: Templates) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Two rows of each person who has two, chosen by a fixed seed."""
    chance = np.random.default_rng(2018)
    enough = np.flatnonzero(np.bincount(made.people) > 1)
    chosen = np.stack([chance.permutation(np.flatnonzero(made.people == person))[:2] for person in enough])
    return chosen[:, 0], chosen[:, 1]


def d_sys(ours: Rows, theirs: Rows, *, bins: int | None = None, turned: bool = True) -> Found:
    """D_sys between two galleries, row by row of the same people; without transform, of that one comparison.

    :param bins: by Sturges' rule if not given.
    """
    bins = bins or sturges(len(ours))
    found, shuffled = [], []
    for pair in range(PAIRS if turned else 1):
        scores = _turn(2 * pair, ours) @ _turn(2 * pair + 1, theirs).T if turned else ours @ theirs.T
        found.append(_one(scores, shift=0, bins=bins))
        shifts = np.random.default_rng(pair).choice(np.arange(1, len(ours)), SHIFTS, replace=False)
        shuffled += [_one(scores, shift=int(shift), bins=bins) for shift in shifts]
    return Found(
        largest=round(max(found), 4),
        mean=round(float(np.mean(found)), 4),
        shuffled=round(float(np.mean(shuffled)), 4),
        bins=bins,
    )


def _one(scores: Rows, *, shift: int, bins: int) -> float:
    """D_sys where row i of one gallery is said to be row i + shift of the other."""
    rows = np.arange(len(scores))
    same = np.zeros(scores.shape, bool)
    same[rows, (rows + shift) % len(scores)] = True
    return linkability(mated=scores[same], non_mated=scores[~same], bins=bins).system


def _turn(gallery: int, rows: Rows) -> Rows:
    key = hashlib.sha256(f"gallery {gallery} of the benchmark".encode()).digest()
    return Transform(key, dimension=rows.shape[1]).forward(rows)


def rank_1(rows: Rows, people: NDArray[np.int32], first: NDArray[np.intp]) -> float:
    """Share of the other photos of enrolled people whose nearest reference is that person's; one reference each."""
    probes = np.setdiff1d(np.flatnonzero(np.isin(people, people[first])), first)
    nearest = (rows[probes] @ rows[first].T).argmax(axis=1)
    return round(float((people[first][nearest] == people[probes]).mean()), 6)


def recognition(made: Templates, first: NDArray[np.intp]) -> dict[str, dict[str, float]]:
    """Rank-1 identification rate and TMR at FMR 1e-3, without a transform and with those of some keys."""
    answer = {}
    for name in ("plain", *(f"key {number}" for number in range(TURNED))):
        rows = made.vectors if name == "plain" else _turn(int(name.split()[1]), made.vectors)
        scores = all_scores(
            Templates(rows, made.people, photos=made.photos, refused=made.refused, model_id=made.model_id)
        )
        tmr = round(scores.tmr_at(scores.threshold_at(1e-3)), 6)
        answer[name] = {"rank_1": rank_1(rows, made.people, first), "tmr_1e-3": tmr}
        print(f"{name}: {answer[name]}", file=sys.stderr)
    return answer


def linked(ours: Rows, theirs: Rows) -> dict[str, float]:
    """Share of people linked by who has both galleries' templates, without the keys."""
    left, right = _turn(0, ours).astype(np.float64), _turn(1, theirs).astype(np.float64)
    again = _turn(1, ours).astype(np.float64)
    shape = {"same_photo_0_known": linked_by_shape(left, again), "other_photo_0_known": linked_by_shape(left, right)}
    known = {f"other_photo_{count}_known": linked_after_known(left, right, known=count) for count in KNOWN}
    return {name: round(share, 4) for name, share in (shape | known).items()}


def main() -> None:
    """Measure and print."""
    made = templates()
    first, second = two_photos(made)
    ours, theirs = made.vectors[first], made.vectors[second]
    found, plain = d_sys(ours, theirs), d_sys(ours, theirs, turned=False)
    kept = recognition(made, first)
    answer = {
        "d_sys": found.largest,
        "d_sys_mean": found.mean,
        "d_sys_shuffled": found.shuffled,
        "d_sys_plain": plain.largest,
        "bins": found.bins,
        "same_photo": asdict(d_sys(ours, ours)),
        "authors_bins": asdict(d_sys(ours, theirs, bins=min(len(ours) // 10, MOST_BINS))),
        "key_pairs": PAIRS,
        "people": len(ours),
        "recognition": kept,
        "recognition_unchanged": len({tuple(round(rate, 4) for rate in one.values()) for one in kept.values()}) == 1,
        "linked": linked(ours, theirs),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
