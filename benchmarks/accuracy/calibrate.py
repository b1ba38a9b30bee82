"""Measure what a score of the shipped embedder is worth and write it beside its model card.

Run with ``make calibrate``. The file holds counts and rates, no names and no pairs, and is the same, byte for byte,
when the script runs again on the same machine.
"""

import json
import sys
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import templates

from visavis.adapters.cards import EmbedderCard, cards_folder, read_calibration, read_card, read_embedder_card
from visavis.evaluate.calibrate import calibration_fields
from visavis.evaluate.comparisons import compare_all
from visavis.evaluate.several import Mated
from visavis.model.calibration import SEVERAL

SEED: Final = 1

_DATA: Final = (
    "About half of Labeled Faces in the Wild (Huang et al. 2007, deep-funneled, 250 x 250): press photographs of "
    "public figures, mostly frontal and well lit. The detection nearest the centre is taken, and no photo is refused."
)

_TAIL: Final = (
    "The tail starts at a rate of 1e-3. In 40 random halves of the people, a tail fitted to one half from there on "
    "gave a score that 0.98e-5 of the comparisons of the other half reached where 1e-5 was asked; from 1e-2 on it was "
    "1.32e-5, from 1e-4 on 0.78e-5. Further up the shape climbs from 0 to 0.5, which would mean cosines above 1: there "
    "wrong labels of the set are fitted, people who are in it under two names. They weigh on everything below 1e-5, so "
    "the upper ends of the bands take in what was counted as well."
)

_LIMITS: Final = (
    "Measured on one set of press photographs; a kiosk's or a phone's pictures, and groups of people whom this set "
    "shows seldom, can give higher rates than those promised here. Whoever has four photos or more is well known: the "
    "misses with three references are those of such people."
)


def main() -> None:
    """Write ``calibration.json`` beside every embedder's card that we ship."""
    for folder in sorted(cards_folder().iterdir()):
        if isinstance(read_card(folder), EmbedderCard):
            calibrate(folder)


def calibrate(folder: Path) -> None:
    """Write the calibration of one card, and say where."""
    made = templates(embedder=folder.name)
    people = np.unique(made.people, return_inverse=True)[1].astype(np.int32)
    card = read_embedder_card(folder)
    fields = calibration_fields(
        compare_all(made.vectors, people),
        model_id=made.model_id,
        model_sha256=card.sha256,
        data=_DATA,
        seed=SEED,
        limits=_LIMITS,
        several=Mated.of(made.vectors, people, photos=SEVERAL, seed=SEED),
        remarks={
            "photos": made.photos,
            "photos_without_a_face": made.photos - len(made.vectors),
            "tail_reason": _TAIL,
        },
    )
    path = folder / card.calibration
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    read_calibration(folder)
    print(f"Wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
