"""Does the planner keep its word? FPIR that it predicts for galleries, beside what other people measure there.

Run with ``make bench-planner``. The people of ``lfw-dev`` are split anew ``SPLITS`` times into three groups that share
nobody: a gallery of 1,000, enrolled with one photo each, of which smaller ones are the first 100 and 500; 400 people
who come and are in none; and all others, of whom alone a calibration is made, by the product's own code. The planner
is asked for each size and target with that calibration, and its threshold is tried on those who come, with all their
photos, every person weighing the same; and for ``fnmr`` on the other photos of those who are enrolled.

``predicted`` and ``measured`` are means over the splits, ``low`` and ``high`` hold 95 % of what single splits measured,
and ``within_2`` is the share of splits that were within a factor of two. A prediction that the calibration cannot bear
is "not known", in ``known`` of the splits it was known. The last line printed is one JSON object.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import Templates, templates
from numpy.typing import NDArray

from visavis.decide.plan import Aim, Standing, Wanted, plan
from visavis.evaluate.calibrate import calibration_fields
from visavis.evaluate.comparisons import Comparisons, compare_all
from visavis.model.calibration import Calibration

SPLITS: Final = int(os.environ.get("VISAVIS_BENCH_SPLITS", "200"))
SIZES: Final = (100, 500, 1000)
TARGETS: Final = (0.1, 0.01, 0.001)
STRANGERS: Final = 400
DRAWS: Final = 20
"""Of people, for the calibration's bands; the product takes more, which takes longer."""
FACTOR: Final = 2.0
NOT_KNOWN: Final = "not known"


@dataclass(frozen=True, slots=True)
class Tried:
    """One size and target in one split; what was predicted is None where the planner did not know."""

    size: int
    target: float
    predicted: dict[str, float] | None
    measured: dict[str, float]


def main() -> None:
    """Measure, and print the figures."""
    made = templates()
    people: NDArray[np.int32] = np.unique(made.people, return_inverse=True)[1].astype(np.int32)
    found = compare_all(made.vectors, people)
    begun = time.perf_counter()
    tried: list[Tried] = []
    for number in range(SPLITS):
        tried += _split(made, people, found, random=np.random.default_rng([6, number]))
        if (number + 1) % 10 == 0:
            print(f"{number + 1} of {SPLITS} splits, {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    told = {
        rate: {str(size): {f"{target:g}": _told(tried, rate, size, target) for target in TARGETS} for size in SIZES}
        for rate in ("fpir", "fnmr")
    }
    print(json.dumps({**told, "splits": SPLITS, "strangers": STRANGERS, "calibrated_on": _others(found)}))


def _others(found: Comparisons) -> int:
    return found.people - max(SIZES) - STRANGERS


def _split(
    made: Templates, people: NDArray[np.int32], found: Comparisons, *, random: np.random.Generator
) -> Iterator[Tried]:
    mixed = random.permutation(found.people)
    enrolled, strangers, others = np.split(mixed, [max(SIZES), max(SIZES) + STRANGERS])
    fields = calibration_fields(
        of_people(found, others),
        model_id=made.model_id,
        model_sha256="",
        data="other people",
        seed=int(random.integers(2**31)),
        draws=DRAWS,
    )
    calibration = Calibration.from_fields(fields)
    photo = np.array([random.choice(np.flatnonzero(people == person)) for person in enrolled])
    rows = np.flatnonzero(np.isin(people, strangers))
    scores, weight = made.vectors[rows] @ made.vectors[photo].T, _weights(people[rows])
    for size in SIZES:
        best, (own, own_weight) = scores[:, :size].max(axis=1), _own_scores(made.vectors, people, photo[:size])
        for target in TARGETS:
            planned = plan(Wanted(people=size, aim=Aim.FPIR, value=target, max_fnmr=1.0), calibration)
            at, fpir, fnmr = planned.threshold, planned.fpir, planned.fnmr
            if planned.standing is not Standing.PROMISED or at is None or fpir is None or fnmr is None:
                yield Tried(size, target, None, {})
            else:
                seen = {"fpir": float(weight @ (best >= at)), "fnmr": float(own_weight @ (own < at))}
                yield Tried(size, target, {"fpir": fpir.value, "fnmr": fnmr.value}, seen)


def _own_scores(
    vectors: NDArray[np.float32], people: NDArray[np.int32], enrolled: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Of every other photo of those who are enrolled: its score with the enrolled one, and its weight."""
    reference = np.full(int(people.max()) + 1, -1)
    reference[people[enrolled]] = enrolled
    rows = np.setdiff1d(np.flatnonzero(reference[people] >= 0), enrolled)
    scores = np.einsum("ij,ij->i", vectors[rows], vectors[reference[people[rows]]])
    return scores, _weights(people[rows])


def _weights(person: NDArray[np.int32]) -> NDArray[np.float64]:
    """Every person the same, whatever their photos; they sum to 1."""
    photos = np.bincount(person)
    return np.asarray(1 / photos[person] / np.count_nonzero(photos))


def of_people(found: Comparisons, chosen: NDArray[np.int64]) -> Comparisons:
    """The comparisons among some of the people, numbered anew."""
    number = np.full(found.people, -1, np.int32)
    number[chosen] = np.arange(len(chosen), dtype=np.int32)
    own, both = number[found.owner] >= 0, (number[found.first] >= 0) & (number[found.second] >= 0)
    return Comparisons(
        photos=found.photos[chosen],
        mated=found.mated[own],
        owner=number[found.owner[own]],
        non_mated=found.non_mated[both],
        first=number[found.first[both]],
        second=number[found.second[both]],
        kept_from=found.kept_from,
    )


def _told(tried: list[Tried], rate: str, size: int, target: float) -> object:
    here = [one for one in tried if (one.size, one.target) == (size, target)]
    known = [(one.predicted[rate], one.measured[rate]) for one in here if one.predicted is not None]
    if not known:
        return NOT_KNOWN
    predicted, measured = np.array(known).T
    low, high = np.quantile(measured, [0.025, 0.975])
    within = (measured <= FACTOR * predicted) & (measured >= predicted / FACTOR)
    return {
        "predicted": _three(predicted.mean()),
        "measured": _three(measured.mean()),
        "low": _three(low),
        "high": _three(high),
        "within_2": _three(within.mean()),
        "known": _three(len(known) / len(here)),
    }


def _three(number: float) -> float:
    return float(f"{number:.3g}")


if __name__ == "__main__":
    main()
