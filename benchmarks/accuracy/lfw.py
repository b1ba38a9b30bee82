"""How well the shipped models tell people apart, on ``lfw-dev``. Run with ``make bench-accuracy``.

The last line printed is one JSON object: ``fta`` (share of photos without a face), ``refused_several`` (share that the
product would refuse by rule S2; here the face nearest the centre is taken instead), ``tmr`` and ``tmr_per_person`` at
three false match rates of this same set.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import ROOT, templates
from benchmarks.accuracy.scores import Scores, all_scores

from visavis.model.face import SeveralFaces

RATES: Final = {"1e-3": 1e-3, "1e-4": 1e-4, "1e-5": 1e-5}
PLOT: Final = ROOT / "docs" / "images" / "det-lfw-dev.png"


def main() -> None:
    """Measure, draw, print."""
    made = templates()
    scores = all_scores(made)
    thresholds = {name: scores.threshold_at(fmr) for name, fmr in RATES.items()}
    for code, count in sorted(made.refused.items()):
        print(f"the product would refuse {count} of {made.photos} photos: {code}", file=sys.stderr)
    draw(scores)
    answer = {
        "fta": round(1 - len(made.vectors) / made.photos, 6),
        "refused_several": round(made.refused.get(SeveralFaces.code, 0) / made.photos, 6),
        "refused": {code: round(count / made.photos, 6) for code, count in sorted(made.refused.items())},
        "tmr": {name: round(scores.tmr_at(threshold), 5) for name, threshold in thresholds.items()},
        "tmr_per_person": {name: round(scores.tmr_per_person_at(t), 5) for name, t in thresholds.items()},
        "threshold": thresholds,
        "photos": made.photos,
        "mated": len(scores.mated),
        "non_mated": len(scores.non_mated),
    }
    print(json.dumps(answer))


def draw(scores: Scores) -> None:
    """The detection error trade-off, by the interpreter that has the plotting library."""
    fmr = np.logspace(-6, -1, 101)
    thresholds = [scores.threshold_at(rate) for rate in fmr]
    curves = {
        "fmr": fmr.tolist(),
        "all mated pairs": [1 - scores.tmr_at(threshold) for threshold in thresholds],
        "every person weighing the same": [1 - scores.tmr_per_person_at(threshold) for threshold in thresholds],
    }
    python = os.environ.get("VISAVIS_BENCH_PYTHON", sys.executable)
    script = Path(__file__).with_name("det_plot.py")
    subprocess.run([python, str(script), str(PLOT)], input=json.dumps(curves), text=True, check=True)
    print(f"Wrote {PLOT}", file=sys.stderr)


if __name__ == "__main__":
    main()
