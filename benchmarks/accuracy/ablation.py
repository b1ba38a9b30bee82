"""What makes templates of the same network tell people apart better, each way in a row: ``make bench-ablation``.

The people of ``lfw-dev`` are split into halves that share nobody, ten times. Whatever a way learns (a centre) it learns
from one half and is tried on the other, so that no row is measured on what it was made from. Told are misses: 1 - TMR
in per cent at three false match rates, every person weighing the same, the mean over the twenty halves; and
``networks``: how often detector and embedder run for a photo.

The last line printed is one JSON object: for each way its misses, and its share of the plain way's.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from benchmarks.accuracy.variants import Variants, unit, variants
from numpy.typing import NDArray

from visavis.evaluate.comparisons import compare_all
from visavis.evaluate.rates import Rates

RATES: Final = {"1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5}
SPLITS: Final = 10

Vectors = NDArray[np.float32]
Learn = Callable[[Vectors, NDArray[np.int32]], Callable[[Vectors], Vectors]]


def as_it_is(_vectors: Vectors, _people: NDArray[np.int32]) -> Callable[[Vectors], Vectors]:
    """Learns nothing."""
    return lambda vectors: vectors


def centred(vectors: Vectors, people: NDArray[np.int32]) -> Callable[[Vectors], Vectors]:
    """Learns the mean of people's means, and takes it away: what all faces share tells nobody apart."""
    centre = means(vectors, people).mean(axis=0)
    return lambda others: unit(others - centre)


def whitened(vectors: Vectors, people: NDArray[np.int32]) -> Callable[[Vectors], Vectors]:
    """Learns in which directions people differ much, too, and shortens them halfway."""
    of_people = means(vectors, people)
    centre = of_people.mean(axis=0)
    length, direction = np.linalg.eigh(np.cov((of_people - centre).T))
    shorten = (direction * length**-0.125) @ direction.T
    return lambda others: unit((others - centre) @ shorten)


def means(vectors: Vectors, people: NDArray[np.int32]) -> NDArray[np.float64]:
    """The mean template of each person, shape (people, dimension)."""
    total = np.zeros((int(people.max()) + 1, vectors.shape[1]))
    np.add.at(total, people, vectors)
    return np.asarray(total / np.bincount(people)[:, None])


WAYS: Final[dict[str, tuple[list[tuple[str, bool]], Learn, tuple[int, int]]]] = {
    "plain": ([("plain", False)], as_it_is, (1, 1)),
    "mirror": ([("plain", False), ("plain", True)], as_it_is, (1, 2)),
    "two looks": ([("two looks", False)], as_it_is, (2, 1)),
    "two looks, mirror": ([("two looks", False), ("two looks", True)], as_it_is, (2, 2)),
    "second look": ([("second look", False)], as_it_is, (2, 1)),
    "further": ([("further", False)], as_it_is, (1, 1)),
    "nearer": ([("nearer", False)], as_it_is, (1, 1)),
    "plain and further": ([("plain", False), ("further", False)], as_it_is, (1, 2)),
    "centred": ([("plain", False)], centred, (1, 1)),
    "whitened": ([("plain", False)], whitened, (1, 1)),
    "mirror, centred": ([("plain", False), ("plain", True)], centred, (1, 2)),
    "two looks, centred": ([("two looks", False)], centred, (2, 1)),
    "second look, centred": ([("second look", False)], centred, (2, 1)),
    "second look, mirror, centred": ([("second look", False), ("second look", True)], centred, (2, 2)),
    "two looks, mirror, centred": ([("two looks", False), ("two looks", True)], centred, (2, 2)),
    "everything": ([(name, turned) for name in ("two looks", "further") for turned in (False, True)], centred, (2, 4)),
}
"""Which crops are averaged, what is learnt from other people, and how often detector and embedder run; a second look
shows the detector less of the picture, and takes half the time of the first."""


def main() -> None:
    """Measure and print."""
    made = variants()
    told: dict[str, dict[str, object]] = {}
    for name, (crops, learn, (detector, embedder)) in WAYS.items():
        found = np.array(list(_misses(made, made.unit(*crops), learn)))
        misses = dict(zip(RATES, found.mean(axis=0), strict=True))
        told[name] = {
            "misses": {rate: round(100 * float(value), 3) for rate, value in misses.items()},
            "networks": {"detector": detector, "embedder": embedder},
        }
        print(f"{name:28}{told[name]}", file=sys.stderr)
    plain = told["plain"]["misses"]
    for row in told.values():
        row["of_plain"] = {rate: round(row["misses"][rate] / plain[rate], 3) for rate in RATES}  # type: ignore[index] # what was just put in
    print(json.dumps(told))


def _misses(made: Variants, vectors: Vectors, learn: Learn) -> Iterator[list[float]]:
    people = int(made.people.max()) + 1
    for split in range(SPLITS):
        first = np.isin(made.people, np.random.default_rng([7, split]).permutation(people)[: people // 2])
        for learnt_from, tried_on in ((first, ~first), (~first, first)):
            apply = learn(vectors[learnt_from], _numbered(made.people[learnt_from]))
            found = compare_all(apply(vectors[tried_on]), _numbered(made.people[tried_on]))
            rates = Rates.of(found)
            yield [1 - rates.tmr_at(rate) for rate in RATES.values()]


def _numbered(people: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.unique(people, return_inverse=True)[1].astype(np.int32)


if __name__ == "__main__":
    main()
