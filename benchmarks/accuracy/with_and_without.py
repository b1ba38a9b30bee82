"""What the wrong labels of ``lfw-dev`` do to its figures: ``make bench-labels``.

Each figure is told ``with`` the wrong labels and ``without`` (``benchmarks.accuracy.labels``: photos left out, folders
of one person under one number), for the plain template and for those of the two cards that we ship, ``default`` and
``mirrored``, less a centre that was learnt here from other people.

``tmr`` is at false match rates over pairs of photos, every person weighing the same among the mated ones: of all people
(``whole``, for the plain template, which learns nothing), and in 20 halves of them, what is learnt coming from the
other half. ``fnir`` is at FPIR 1e-2 in 20 galleries; half of those outside teach what is learnt while the other half
try it, and the other way round. Its two readings differ in who fills a gallery up and in how strangers weigh:

- ``by_person``: as ``visavis evaluate`` tells it. Whoever has photos to spare is enrolled first, with as many photos as
  the row says, then others with what they have; every stranger weighs the same.
- ``by_photo``: galleries are filled up with people of one photo, and every photo of a stranger weighs the same.

Intervals hold 95 of 100 draws of people. The last line printed is one JSON object.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from benchmarks.accuracy.ablation import Learn, as_it_is, centred
from benchmarks.accuracy.labels import corrected
from benchmarks.accuracy.variants import variants
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons, compare_all
from visavis.evaluate.open_set import Split, split
from visavis.evaluate.rates import Rates, Weighing

RATES: Final = {"1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5, "1e-6": 1e-6}
ROWS: Final = {"500 x 1": (500, 1), "500 x 3": (500, 3), "2000 x 1": (2000, 1)}
FPIR: Final = 1e-2
SPLITS: Final = 10
GALLERIES: Final = 20
DRAWS: Final = 200
_UPTO: Final = 5e-3
"""Non-mated comparisons beyond this rate are not looked at again."""

Vectors = NDArray[np.float32]
People = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Way:
    """Templates of every photo, and what is learnt for them from other people."""

    vectors: Vectors
    learn: Learn


def main() -> None:
    """Measure and print."""
    made = variants()
    ways = {
        "plain": Way(made.unit(("plain", False)), as_it_is),
        "default": Way(made.unit(("second look", False)), centred),
        "mirrored": Way(made.unit(("second look", False), ("second look", True)), centred),
    }
    right = corrected()
    everything = np.ones(len(made.people), bool)
    sets = {"with": (everything, made.people), "without": (right.kept, right.people)}
    told: dict[str, object] = {"tmr": {}, "fnir": {}}
    for name, way in ways.items():
        tmr, fnir = {}, {}
        for which, (kept, whose) in sets.items():
            vectors, people = way.vectors[kept], numbered(whose[kept])
            tmr[which] = {"halves": _tmr_of_halves(vectors, people, way.learn)}
            if way.learn is as_it_is:
                tmr[which]["whole"] = _tmr_of_all(vectors, people)
            fnir[which] = {
                row: {
                    reading: _fnir(vectors, people, way.learn, size=size, reading=draw) for reading, draw in _READINGS
                }
                for row, size in ROWS.items()
            }
            print(f"{name}, {which}: {tmr[which]} {fnir[which]}", file=sys.stderr)
        told["tmr"] |= {name: tmr}  # type: ignore[operator] # a dict of these
        told["fnir"] |= {name: fnir}  # type: ignore[operator] # as above
    print(json.dumps(told))


def numbered(people: People) -> People:
    """The same people, numbered from 0 without gaps."""
    return np.unique(people, return_inverse=True)[1].astype(np.int32)


def halves(people: People) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Rows to learn from and rows to try on, which share nobody: 20 times."""
    count = int(people.max()) + 1
    for number in range(SPLITS):
        first = np.isin(people, np.random.default_rng([7, number]).permutation(count)[: count // 2])
        yield first, ~first
        yield ~first, first


def _tmr_of_all(vectors: Vectors, people: People) -> dict[str, list[float]]:
    found = _high(compare_all(vectors, people))
    return _told([_tmr(found)], list(_tmr_of_draws(found, draws=DRAWS, seed=0)))


def _tmr_of_halves(vectors: Vectors, people: People, learn: Learn) -> dict[str, list[float]]:
    values, drawn = [], []
    for number, (learnt_from, tried_on) in enumerate(halves(people)):
        apply = learn(vectors[learnt_from], numbered(people[learnt_from]))
        found = _high(compare_all(apply(vectors[tried_on]), numbered(people[tried_on])))
        values.append(_tmr(found))
        drawn += list(_tmr_of_draws(found, draws=DRAWS // (2 * SPLITS), seed=number))
    return _told(values, drawn)


def _told(values: list[list[float]], drawn: list[list[float]]) -> dict[str, list[float]]:
    """Per cent: the mean, and where 95 of 100 draws lie."""
    mean, (low, high) = np.mean(values, axis=0), np.quantile(drawn, [0.025, 0.975], axis=0)
    ends = zip(mean, np.minimum(low, mean), np.maximum(high, mean), strict=True)
    return dict(zip(RATES, [[round(100 * float(one), 2) for one in row] for row in ends], strict=True))


def _tmr_of_draws(found: Comparisons, *, draws: int, seed: int) -> Iterator[list[float]]:
    random = np.random.default_rng([8, seed])
    for _ in range(draws):
        yield _tmr(found, np.bincount(random.integers(found.people, size=found.people), minlength=found.people))


def _tmr(found: Comparisons, drawn: NDArray[np.int64] | None = None) -> list[float]:
    of_pairs = Rates.of(found, weighing=Weighing.PAIRS, drawn=drawn)
    of_people = Rates.of(found, drawn=drawn)
    return [1 - of_people.fnmr_at(of_pairs.threshold_at(rate)) for rate in RATES.values()]


def _high(found: Comparisons) -> Comparisons:
    """The same without the lower non-mated comparisons, so that a draw takes milliseconds."""
    kept = min(len(found.non_mated), int(_UPTO * found.non_mated_pairs))
    return replace(
        found,
        non_mated=found.non_mated[:kept],
        first=found.first[:kept],
        second=found.second[:kept],
        kept_from=float(found.non_mated[kept - 1]),
    )


Drawn = tuple[NDArray[np.int64], NDArray[np.int64]]
Draw = Callable[[NDArray[np.int64], int, int, np.random.Generator], Drawn]


def by_person(photos: NDArray[np.int64], size: int, each: int, random: np.random.Generator) -> Drawn:
    """Who is enrolled, and who stays outside."""
    spare, others = np.flatnonzero(photos > each), np.flatnonzero(photos <= each)
    return _filled(random.permutation(spare), random.permutation(others), size=size, photos=photos)


def by_photo(photos: NDArray[np.int64], size: int, each: int, random: np.random.Generator) -> Drawn:
    """Who is enrolled, and who stays outside."""
    spare, single = np.flatnonzero(photos > each), np.flatnonzero(photos == 1)
    return _filled(random.permutation(spare), random.permutation(single), size=size, photos=photos)


_READINGS: Final[list[tuple[str, Draw]]] = [("by_person", by_person), ("by_photo", by_photo)]


def _filled(
    first: NDArray[np.int64], then: NDArray[np.int64], *, size: int, photos: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    inside = first[:size]
    inside = np.concatenate([inside, then[: size - len(inside)]])
    return inside, np.setdiff1d(np.arange(len(photos)), inside)


def _fnir(vectors: Vectors, people: People, learn: Learn, *, size: tuple[int, int], reading: Draw) -> list[float]:
    """Per cent: the mean over galleries, and where 95 of 100 draws of people lie."""
    enrolled, each = size
    values, drawn = [], []
    anew = np.random.default_rng([9, enrolled, each])
    for number in range(GALLERIES):
        random = np.random.default_rng([10, enrolled, each, number])
        inside, outside = reading(np.bincount(people), enrolled, each, random)
        mixed = random.permutation(outside)
        parts = [mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]]
        seed = int(random.integers(2**31))
        tried = [
            _gallery(vectors, people, learn, inside=inside, learnt_from=one, strangers=other, each=each, seed=seed)
            for one, other in (parts, parts[::-1])
        ]
        found = _joined(*tried, by_photo=reading is by_photo)
        values.append(found.fnir_at(found.threshold_at(FPIR)))
        for _ in range(DRAWS // GALLERIES):
            again = found.drawn_anew(anew)
            drawn.append(again.fnir_at(again.threshold_at(FPIR)))
    mean, (low, high) = float(np.mean(values)), np.quantile(drawn, [0.025, 0.975])
    return [round(100 * one, 2) for one in (mean, min(float(low), mean), max(float(high), mean))]


def _gallery(
    vectors: Vectors,
    people: People,
    learn: Learn,
    *,
    inside: NDArray[np.int64],
    learnt_from: NDArray[np.int64],
    strangers: NDArray[np.int64],
    each: int,
    seed: int,
) -> Split:
    rows = np.isin(people, learnt_from)
    apply = learn(vectors[rows], numbered(people[rows]))
    return split(
        apply(vectors),
        people,
        enrolled=inside.tolist(),
        strangers=strangers.tolist(),
        photos_each=each,
        random=np.random.default_rng(seed),
    )


def _joined(one: Split, other: Split, *, by_photo: bool) -> Split:
    """One gallery asked by all strangers; each half of them compared under what the other half taught."""
    strangers = np.concatenate([one.strangers, other.strangers])
    stranger = np.concatenate([one.stranger, other.stranger])
    photos, members = np.bincount(stranger), np.concatenate([one.of_member, other.of_member]) / 2
    of_person = 1 / photos[stranger] / np.count_nonzero(photos)
    return Split(
        strangers=strangers,
        stranger=stranger,
        members=np.concatenate([one.members, other.members]),
        member=np.concatenate([one.member, other.member]),
        is_first=np.concatenate([one.is_first, other.is_first]),
        of_stranger=np.full(len(strangers), 1 / len(strangers)) if by_photo else of_person,
        of_member=members,
    )


if __name__ == "__main__":
    main()
