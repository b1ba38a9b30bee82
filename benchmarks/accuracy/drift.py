"""How often drift is alarmed of where there is none, and how soon where there is: on faces of ``lfw-dev``.

``python -m benchmarks.accuracy.drift`` draws galleries of one photo of each person, lets members come by with another
photo, and asks the product's own rule. Noise on the templates stands for whatever makes faces less like their
references: its size is told by the share of those who pass below the level. Prints one line for each sort of gallery.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import Templates, templates
from numpy.typing import NDArray

from visavis.adapters.cards import DEFAULT_EMBEDDER, cards_folder, read_calibration
from visavis.decide.drift import WINDOW, Draw, Tail, draw_of_others, draw_of_own, is_alarm
from visavis.model.calibration import Calibration

GALLERIES: Final = ((100, 0.01), (300, 0.01), (1_000, 0.01), (1_000, 0.1), (2_000, 0.1), (500, 0.1))
"""Members, and the FPIR that is promised."""
NOISES: Final = (0.0, 0.5, 0.8)
"""Length of a random vector that is added to each template."""
CALM_DRAWS: Final = 100
NOISY_DRAWS: Final = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """One gallery: which tails were alarmed of, and the share of each that was seen."""

    alarms: dict[Tail, bool]
    shares: dict[Tail, float]


def main() -> None:
    """Print the table."""
    found, random = templates(), np.random.default_rng(5)
    calibration = read_calibration(cards_folder() / DEFAULT_EMBEDDER)
    for members, fpir in GALLERIES:
        for noise in NOISES:
            draws = NOISY_DRAWS if noise else CALM_DRAWS
            seen = [_gallery(found, random, calibration, members=members, fpir=fpir, noise=noise) for _ in range(draws)]
            told = (
                f"{tail.value}: {sum(one.alarms[tail] for one in seen)} alarms in {draws}, "
                f"share {np.mean([one.shares[tail] for one in seen]):.3f}"
                for tail in Tail
            )
            print(f"{members} members, FPIR {fpir:g}, noise {noise:g}: {'; '.join(told)}")


def _gallery(
    found: Templates,
    random: np.random.Generator,
    calibration: Calibration,
    *,
    members: int,
    fpir: float,
    noise: float,
) -> Seen:
    """Enrol members at random, the much-photographed first, and let up to 500 of them come by."""
    people, counts = np.unique(found.people, return_counts=True)
    coming = random.choice(people[counts > 1], min(members, int((counts > 1).sum())), replace=False)
    others = random.choice(np.setdiff1d(people, coming), max(0, members - len(coming)), replace=False)
    pairs = [random.choice(np.flatnonzero(found.people == who), 2, replace=False) for who in coming]
    references = [pair[0] for pair in pairs] + [random.choice(np.flatnonzero(found.people == who)) for who in others]
    probes = found.vectors[[pair[1] for pair in pairs]]
    probes = probes + noise * random.standard_normal(probes.shape) / np.sqrt(probes.shape[1])
    probes /= np.linalg.norm(probes, axis=1, keepdims=True)
    scores = probes @ found.vectors[references].T
    at = np.arange(len(coming))
    own = scores[at, at].copy()
    scores[at, at] = -1
    bar = calibration.threshold_at(-float(np.expm1(np.log1p(-fpir) / members)))
    nearest = scores.max(axis=1)
    passed = np.flatnonzero((own >= bar) & (nearest < bar))[:WINDOW]
    drawn = {
        Tail.OWN: [draw_of_own(float(score), bar=bar, calibration=calibration) for score in own[passed]],
        Tail.OTHERS: _others(nearest[passed], bar=bar, references=members, calibration=calibration),
    }
    kept = {tail: [one for one in draws if one is not None] for tail, draws in drawn.items()}
    return Seen(
        alarms={tail: is_alarm(draws, tail=tail, was_alarm=False) for tail, draws in kept.items()},
        shares={tail: sum(one.is_in_tail for one in draws) / max(1, len(draws)) for tail, draws in kept.items()},
    )


def _others(
    scores: NDArray[np.floating], *, bar: float, references: int, calibration: Calibration
) -> Sequence[Draw | None]:
    return [draw_of_others(float(s), bar=bar, references=references, calibration=calibration) for s in scores]


if __name__ == "__main__":
    main()
