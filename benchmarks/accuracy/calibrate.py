"""Measure what a score of the shipped embedder is worth and write it beside its model card.

Run with ``make calibrate``. The file holds counts and rates, no names and no pairs, and is the same, byte for byte,
when the script runs again on the same machine.
"""

import json
import sys
from typing import Final

from benchmarks.accuracy.lfw_dev import templates
from benchmarks.accuracy.scores import Scores, all_scores

from visavis.adapters.cards import DEFAULT_EMBEDDER, cards_folder, read_calibration, read_embedder_card

FMR_FLOOR: Final = 1e-5

_DATA: Final = (
    "About half of Labeled Faces in the Wild (Huang et al. 2007, deep-funneled, 250 x 250): press photographs of "
    "public figures, mostly frontal and well lit. The detection nearest the centre is taken, and no photo is refused."
)

_LIMITS: Final = (
    "Measured on one set of press photographs; a kiosk's or a phone's pictures, and groups of people whom this set "
    "shows seldom, can give higher rates than those promised here."
)


def main() -> None:
    """Write ``calibration.json`` and print where."""
    made = templates()
    scores = all_scores(made)
    folder = cards_folder() / DEFAULT_EMBEDDER
    card = read_embedder_card(folder)
    fields = {
        "model_id": made.model_id,
        "model_sha256": card.sha256,
        "data": _DATA,
        "photos": made.photos,
        "photos_without_a_face": made.photos - len(made.vectors),
        "people": len(set(made.people.tolist())),
        "mated": len(scores.mated),
        "non_mated": len(scores.non_mated),
        "fmr_floor": FMR_FLOOR,
        "fmr_floor_reason": floor_reason(scores),
        "limits": _LIMITS,
        "points": [{"fmr": fmr, "threshold": scores.threshold_at(fmr)} for fmr in rates()],
    }
    path = folder / card.calibration
    path.write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    read_calibration(folder)
    print(f"Wrote {path}", file=sys.stderr)


def rates() -> list[float]:
    """From 1e-1 to the floor in tenths of a decade, in three digits so that they read well."""
    return [float(f"{10 ** (-tenth / 10):.3g}") for tenth in range(10, 51)]


def floor_reason(scores: Scores) -> str:
    """Why no rate below the floor may be promised."""
    errors = int(FMR_FLOOR * len(scores.non_mated))
    alone = 30 / len(scores.non_mated)
    return (
        f"The rule of thirty (ISO/IEC 19795-1) wants 30 errors behind a rate, which {len(scores.non_mated)} "
        f"independent comparisons would give down to {alone:.1e}. They are not independent: each photo "
        f"is in thousands of them. So the floor stays about a decade above, where {errors} errors were seen."
    )


if __name__ == "__main__":
    main()
