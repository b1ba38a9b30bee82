"""Whether several photos are better put together, and scores set against those of others: ``make bench-fusion``.

As in ``benchmarks.accuracy.ablation``, people are split into halves that share nobody, ten times. Whatever is learnt (a
centre, a cohort: the first photo of each person) comes from one half and is tried on the other. Wrong labels are left
out (``benchmarks.accuracy.labels``). Told are, in per cent and with every person weighing the same, means over the
twenty halves: ``misses`` at three false match rates, and ``fnir`` at FPIR 1e-2 in a gallery of 500, of the plain
template and of the best that one network gives.

``three photos`` of everybody who has more are the references, the others look for them, and so does everybody else:

- ``best of``: the highest of three cosines. ``mean of cosines``: of the same.
- ``mean``: one reference, the mean of unit vectors. ``by length``: each weighs what the length of the network's vector
  is, a measure of its quality, and ``by length^4``: the good ones weigh more still.

``one photo`` is the reference, under each of

- ``cosine``: as it is;
- ``z-norm``: less the mean of the reference's cosines with the cohort, in units of their standard deviation;
- ``s-norm``: the mean of that and the same of the probe;
- ``s-norm, nearest``: with the 100 of the cohort that are nearest each.

The last line printed is one JSON object.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from benchmarks.accuracy.ablation import as_it_is, centred
from benchmarks.accuracy.labels import corrected
from benchmarks.accuracy.variants import CROPS, unit, variants
from benchmarks.accuracy.with_and_without import People, Vectors, Way, halves, numbered
from numpy.typing import NDArray

RATES: Final = {"1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5}
SPLITS: Final = int(os.environ.get("VISAVIS_BENCH_SPLITS", "10"))
PHOTOS: Final = 3
GALLERY: Final = 500
FPIR: Final = 1e-2
COHORT: Final = 100
_UPTO: Final = 2e-3
"""Share of non-mated scores that are sorted; more than any rate asked about."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What one half is tried with: templates, their lengths before, whose they are, and the other half's cohort."""

    vectors: Vectors
    lengths: NDArray[np.float32]
    people: People
    cohort: Vectors


def main() -> None:
    """Measure and print."""
    made, right = variants(), corrected()
    people = numbered(right.people[right.kept])
    looks = [("two looks", False), ("two looks", True)]
    ways = {
        "plain": (Way(made.unit(("plain", False)), as_it_is), made.raw[:, CROPS.index("plain")]),
        "two looks, mirror, centred": (Way(made.unit(*looks), centred), made.raw[:, CROPS.index("two looks")]),
    }
    told: dict[str, dict[str, object]] = {}
    for name, (way, raw) in ways.items():
        lengths = np.linalg.norm(raw[right.kept], axis=1)
        found: dict[str, list[list[float]]] = {}
        for number, tried in enumerate(_tried(way, way.vectors[right.kept], lengths, people)):
            random = np.random.default_rng([11, number])
            for row, figures in (*_three_photos(tried, random), *_one_photo(tried, random)):
                found.setdefault(row, []).append(figures)
        told[name] = {row: _told(figures) for row, figures in found.items()}
        for row, means in told[name].items():
            print(f"{name:28}{row:34}{means}", file=sys.stderr)
    print(json.dumps(told))


def _told(figures: list[list[float]]) -> dict[str, object]:
    *misses, fnir = (round(100 * float(value), 3) for value in np.mean(figures, axis=0))
    return {"misses": dict(zip(RATES, misses, strict=True)), "fnir": fnir}


def _tried(way: Way, vectors: Vectors, lengths: NDArray[np.float32], people: People) -> Iterator[Tried]:
    for number, (learnt_from, tried_on) in enumerate(halves(people)):
        if number == 2 * SPLITS:
            return
        apply = way.learn(vectors[learnt_from], numbered(people[learnt_from]))
        first = np.unique(people[learnt_from], return_index=True)[1]
        yield Tried(
            apply(vectors[tried_on]), lengths[tried_on], numbered(people[tried_on]), apply(vectors[learnt_from][first])
        )


Fuse = Callable[[Vectors, NDArray[np.float32], Vectors], Vectors]
"""Scores of (people, probes) from references (people, photos, dimension), their lengths and the probes."""


def best_of(references: Vectors, _lengths: NDArray[np.float32], probes: Vectors) -> Vectors:
    """The highest cosine."""
    return np.asarray(np.max([references[:, photo] @ probes.T for photo in range(references.shape[1])], axis=0))


def mean_of_cosines(references: Vectors, _lengths: NDArray[np.float32], probes: Vectors) -> Vectors:
    """Their mean."""
    return np.asarray(references.mean(axis=1) @ probes.T, np.float32)


def by_length(power: int) -> Fuse:
    """One reference: the mean of unit vectors, each weighing that power of its length."""

    def fuse(references: Vectors, lengths: NDArray[np.float32], probes: Vectors) -> Vectors:
        return unit((references * lengths[:, :, None] ** power).sum(axis=1)) @ probes.T

    return fuse


FUSIONS: Final[dict[str, Fuse]] = {
    "best of": best_of,
    "mean of cosines": mean_of_cosines,
    "mean": by_length(0),
    "by length": by_length(1),
    "by length^4": by_length(4),
}


def _three_photos(tried: Tried, random: np.random.Generator) -> Iterator[tuple[str, list[float]]]:
    photos = np.bincount(tried.people)
    spare = np.flatnonzero(photos > PHOTOS)
    drawn = np.array([random.permutation(np.flatnonzero(tried.people == person))[:PHOTOS] for person in spare])
    single = random.permutation(np.flatnonzero(photos == 1))[: GALLERY - len(spare)]
    filling = np.flatnonzero(np.isin(tried.people, single))
    probes = np.setdiff1d(np.arange(len(tried.people)), np.concatenate([drawn.ravel(), filling]))
    whose, asked = tried.people[probes], tried.vectors[probes]
    for name, fuse in FUSIONS.items():
        scores = fuse(tried.vectors[drawn], tried.lengths[drawn], asked)
        missed = misses(scores, owners=spare, whose=whose)
        everybody = np.concatenate([scores, tried.vectors[filling] @ asked.T])
        owners = np.concatenate([spare, tried.people[filling]])
        yield f"three photos, {name}", [*missed, fnir(everybody, owners=owners, whose=whose)]


def _one_photo(tried: Tried, random: np.random.Generator) -> Iterator[tuple[str, list[float]]]:
    people = int(tried.people.max()) + 1
    mixed = random.permutation(len(tried.people))
    rows = mixed[np.unique(tried.people[mixed], return_index=True)[1]]
    photos = np.bincount(tried.people)
    spare, single = (random.permutation(np.flatnonzero(those)) for those in (photos > 1, photos == 1))
    inside = np.concatenate([spare, single])[:GALLERY]
    probes = np.setdiff1d(np.arange(len(tried.people)), rows[np.union1d(spare, inside)])
    owners, whose = np.arange(people), tried.people[probes]
    references, asked = tried.vectors[rows], tried.vectors[probes]
    cosines = references @ asked.T
    others = ~np.isin(probes, rows)
    for name, scores in normalised(cosines, references @ tried.cohort.T, asked @ tried.cohort.T):
        missed = misses(scores[:, others], owners=owners, whose=whose[others])
        yield f"one photo, {name}", [*missed, fnir(scores[inside], owners=owners[inside], whose=whose)]


def normalised(cosines: Vectors, references: Vectors, probes: Vectors) -> Iterator[tuple[str, Vectors]]:
    """Scores of (references, probes) in each way; told the cosines of both with the cohort."""
    yield "cosine", cosines
    of_reference, of_probe = ((own.mean(axis=1), own.std(axis=1)) for own in (references, probes))
    z = (cosines - of_reference[0][:, None]) / of_reference[1][:, None]
    yield "z-norm", z
    yield "s-norm", (z + (cosines - of_probe[0]) / of_probe[1]) / 2
    near = [np.partition(own, -COHORT, axis=1)[:, -COHORT:] for own in (references, probes)]
    of_reference, of_probe = ((own.mean(axis=1), own.std(axis=1)) for own in near)
    z = (cosines - of_reference[0][:, None]) / of_reference[1][:, None]
    yield "s-norm, nearest", (z + (cosines - of_probe[0]) / of_probe[1]) / 2


def misses(scores: Vectors, *, owners: NDArray[np.integer], whose: NDArray[np.integer]) -> list[float]:
    """At each of ``RATES``, every person weighing the same on either side.

    :param scores: shape (references, probes), one reference for each person.
    :param owners: who each reference is of. ``whose``: who is on each probe.
    """
    weight = _weights(whose)
    row, column = np.nonzero(owners[:, None] == whose[None, :])
    own, own_weight = scores[row, column], _weights(whose[column])
    everything = scores.size * float(weight.mean()) - float(weight[column].sum())
    lowest = np.partition(scores.ravel(), -int(10 * _UPTO * scores.size))[-int(10 * _UPTO * scores.size)]
    high_row, high_column = np.nonzero(scores >= lowest)
    apart = owners[high_row] != whose[high_column]
    high, high_weight = scores[high_row, high_column][apart], weight[high_column][apart]
    falling = np.argsort(-high, kind="stable")
    upto = np.cumsum(high_weight[falling]) / everything
    told = []
    for rate in RATES.values():
        threshold = high[falling][int(np.searchsorted(upto, rate, side="right"))]
        told.append(float(own_weight @ (own <= threshold)))
    return told


def fnir(scores: Vectors, *, owners: NDArray[np.integer], whose: NDArray[np.integer]) -> float:
    """At ``FPIR``, of a gallery: how often a member is not found or found second.

    ``scores`` (references, probes), ``owners`` and ``whose`` as for ``misses``.
    """
    outside = ~np.isin(whose, owners)
    best, weight = scores[:, outside].max(axis=0), _weights(whose[outside])
    falling = np.argsort(-best, kind="stable")
    threshold = best[falling][int(np.searchsorted(np.cumsum(weight[falling]), FPIR, side="right"))]
    inside = scores[:, ~outside]
    own = owners[:, None] == whose[~outside][None, :]
    right, wrong = np.where(own, inside, -np.inf).max(axis=0), np.where(own, -np.inf, inside).max(axis=0)
    return float(_weights(whose[~outside]) @ ~((right > threshold) & (right >= wrong)))


def _weights(person: NDArray[np.integer]) -> NDArray[np.float64]:
    """Every person the same, whatever their photos; they sum to 1."""
    photos = np.bincount(person)
    return np.asarray(1 / photos[person] / np.count_nonzero(photos))


if __name__ == "__main__":
    main()
