"""What the margin between rank 1 and 2 costs and prevents, and how many people look alike to the model.

Run with ``make bench-margin``. The people of ``lfw-dev`` are split ``SPLITS`` times as for ``make bench-planner``: a
gallery of 1,000 with one photo each, of which smaller ones are the first 100 and 500; 400 people who come and are in
none; and all others, of whom alone a calibration is made. At the threshold that keeps the target every other photo of
those who are enrolled is looked for, and every photo of those who are not, every person weighing the same.

A probe for which exactly one subject reaches the threshold is a match. Under a margin of a factor it becomes a review
where the second best subject would be accepted at that many times the false match rate and is nearer to the first than
the two thresholds are to each other (``decide/judge.py``). Printed for each factor, of all probes of members:
``right`` matches, ``asked`` (right ones that the margin takes away) and ``wrong`` ones; of all probes of strangers:
``taken`` for somebody. Factor 1 is no margin. ``alike`` is how
many people of a gallery are in a pair that reaches the threshold, beside what is to be expected: at most 2 people for
each of the N (N - 1) / 2 pairs that errs. The last line printed is one JSON object.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import templates
from benchmarks.accuracy.planner import DRAWS, STRANGERS, of_people
from numpy.typing import NDArray

from visavis.evaluate.calibrate import calibration_fields
from visavis.evaluate.comparisons import Comparisons, compare_all
from visavis.model.calibration import Calibration, PromiseTooStrict

SPLITS: Final = int(os.environ.get("VISAVIS_BENCH_SPLITS", "40"))
SIZES: Final = (100, 500, 1000)
TARGETS: Final = (0.1, 0.01)
FACTORS: Final = (1, 2, 3, 10, 30, 100)


@dataclass(frozen=True, slots=True)
class Probes:
    """The best and second best score of every probe, whether the best is the right person's, and its weight."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    is_right: NDArray[np.bool_]
    weight: NDArray[np.float64]

    def matched(self, threshold: float, nearer: float) -> NDArray[np.bool_]:
        """Which are matches under the margin whose lower threshold is ``nearer``; equal to ``threshold``: no margin."""
        alone = (self.first >= threshold) & (self.second < threshold)
        margin = threshold - nearer
        return alone & ~((self.second >= nearer) & (self.first - self.second < margin))


@dataclass(frozen=True, slots=True)
class Tried:
    """One size and target in one split."""

    size: int
    target: float
    figures: dict[str, dict[str, float]]
    alike: int


def main() -> None:
    """Measure, and print the figures."""
    made = templates()
    people: NDArray[np.int32] = np.unique(made.people, return_inverse=True)[1].astype(np.int32)
    found = compare_all(made.vectors, people)
    begun = time.perf_counter()
    tried: list[Tried] = []
    for number in range(SPLITS):
        tried += _split(made.vectors, people, found, random=np.random.default_rng([6, number]))
        if (number + 1) % 10 == 0:
            print(f"{number + 1} of {SPLITS} splits, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    told = {str(size): {f"{target:g}": _told(tried, size, target) for target in TARGETS} for size in SIZES}
    print(json.dumps({"margin": told, "splits": SPLITS, "strangers": STRANGERS}))


def _split(
    vectors: NDArray[np.float32], people: NDArray[np.int32], found: Comparisons, *, random: np.random.Generator
) -> Iterator[Tried]:
    mixed = random.permutation(found.people)
    enrolled, strangers, others = np.split(mixed, [max(SIZES), max(SIZES) + STRANGERS])
    seed = int(random.integers(2**31))
    fields = calibration_fields(
        of_people(found, others), model_id="lfw-dev", model_sha256="", data="other people", seed=seed, draws=DRAWS
    )
    calibration = Calibration.from_fields(fields)
    photo = np.array([random.choice(np.flatnonzero(people == person)) for person in enrolled])
    outside = np.flatnonzero(np.isin(people, strangers))
    for size in SIZES:
        members = np.setdiff1d(np.flatnonzero(np.isin(people, enrolled[:size])), photo[:size])
        mated = probes(vectors, people, gallery=photo[:size], rows=members)
        strange = probes(vectors, people, gallery=photo[:size], rows=outside)
        between = vectors[photo[:size]] @ vectors[photo[:size]].T
        np.fill_diagonal(between, -1)
        for target in TARGETS:
            fmr = 1 - (1 - target) ** (1 / size)
            try:
                at = calibration.threshold_at(fmr)
            except PromiseTooStrict:
                continue
            figures, without = {}, mated.matched(at, at) & mated.is_right
            for factor in FACTORS:
                nearer = calibration.threshold_at(min(1.0, factor * fmr))
                hit, taken = mated.matched(at, nearer), strange.matched(at, nearer)
                figures[str(factor)] = {
                    "right": float(mated.weight @ (hit & mated.is_right)),
                    "asked": float(mated.weight @ (without & ~hit)),
                    "wrong": float(mated.weight @ (hit & ~mated.is_right)),
                    "taken": float(strange.weight @ taken),
                }
            yield Tried(size, target, figures, int((between >= at).any(axis=1).sum()))


def probes(
    vectors: NDArray[np.float32], people: NDArray[np.int32], *, gallery: NDArray[np.int64], rows: NDArray[np.int64]
) -> Probes:
    """Look for the photos ``rows`` among ``gallery``, one photo of each of its people; both are row numbers."""
    scores = vectors[rows] @ vectors[gallery].T
    best = scores.argmax(axis=1)
    first = scores[np.arange(len(rows)), best]
    scores[np.arange(len(rows)), best] = -1
    return Probes(first, scores.max(axis=1), people[gallery[best]] == people[rows], _weights(people[rows]))


def _weights(person: NDArray[np.int32]) -> NDArray[np.float64]:
    """Every person the same, whatever their photos; they sum to 1."""
    photos = np.bincount(person)
    return np.asarray(1 / photos[person] / np.count_nonzero(photos))


def _told(tried: list[Tried], size: int, target: float) -> object:
    here = [one for one in tried if (one.size, one.target) == (size, target)]
    if not here:
        return "not known"
    factors = {
        str(factor): {
            name: _three(float(np.mean([one.figures[str(factor)][name] for one in here])))
            for name in ("right", "asked", "wrong", "taken")
        }
        for factor in FACTORS
    }
    return {"factors": factors, "alike": _three(float(np.mean([one.alike for one in here]))), "expected": size * target}


def _three(value: float) -> float:
    return float(f"{value:.3g}")


if __name__ == "__main__":
    main()
