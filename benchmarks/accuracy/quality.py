"""Whether quality predicts errors: error versus discard, on photos that were made worse in known ways.

``python -m benchmarks.accuracy.quality`` looks at each photo of ``../shared/faces/lfw-dev`` twice (``degraded.py``),
compares each that was made worse with up to four other photos of the same person as they are, and tells how the false
non-match rate falls when the worst are discarded: by the unified quality score, and in the order of the gates. The last
line is one JSON object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.degraded import CLEAN, WAYS, Looked, looked
from benchmarks.accuracy.lfw_dev import PHOTOS, ROOT, models_folder
from numpy.typing import NDArray

from visavis.adapters.cards import DEFAULT_EMBEDDER, cards_folder, read_calibration, read_embedder_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_landmarker
from visavis.capture.decode import decode
from visavis.capture.one_face import the_one_face
from visavis.flows.viewing import view_of
from visavis.model.errors import FaceRefused
from visavis.model.quality import Component
from visavis.model.template import UsualLength
from visavis.quality.assess import MEASURES, assess
from visavis.quality.gate import DOCUMENT, ENROLMENT, PROBE, Gate
from visavis.quality.measures.unified_quality_score import unified

FMR: Final = 1e-4
PLOT: Final = ROOT / "docs" / "concepts" / "quality.png"
MATES: Final = 4
DISCARDED: Final = 0.05
TIMED: Final = 200


class Errors:
    """What was looked at, and how often each photo missed the others of its person."""

    def __init__(self, found: Looked, *, threshold: float, usual: UsualLength) -> None:
        self.found = found
        self.clean = found.ways == CLEAN
        values = {measure.component: found.values[:, column] for column, measure in enumerate(MEASURES)}
        scores = [unified(float(length), usual).value for length in found.lengths]
        self.values = values | {Component.UNIFIED: np.array(scores, dtype=np.float64)}
        rows: dict[int, list[int]] = {}
        for row in np.flatnonzero(self.clean).tolist():
            rows.setdefault(int(found.people[row]), []).append(row)
        self.misses = np.full(len(found.people), np.nan)
        for row in range(len(found.people)):
            others = [one for one in rows[int(found.people[row])] if found.photos[one] != found.photos[row]][:MATES]
            if others:
                self.misses[row] = float((found.vectors[others] @ found.vectors[row] < threshold).mean())
        self.worse = np.flatnonzero(~np.isnan(self.misses) & ~self.clean)

    def fnmr(self, rows: NDArray[np.bool_]) -> float:
        """Over those rows that have mates; nan where there are none."""
        known = self.misses[rows & ~np.isnan(self.misses)]
        return float(known.mean()) if known.size else float("nan")

    def refused(self, gate: Gate) -> NDArray[np.bool_]:
        """Which rows the gate refuses, as ``Gate`` decides it."""
        out = np.zeros(len(self.found.people), dtype=np.bool_)
        for component, least in gate.least.items():
            out |= ~(self.values[component] >= least)  # nan is not
        return out

    def order(self, gate: Gate) -> NDArray[np.float64]:
        """How many components each row fails at the gate, and by how much; 0 for what passes, the lower the worse."""
        short = [
            np.nan_to_num((least - self.values[component]) / least, nan=1.0).clip(min=0)
            for component, least in gate.least.items()
        ]
        found: NDArray[np.float64] = -np.sum(short, axis=0)
        return found

    def after(self, order: NDArray[np.float64], share: float) -> float:
        """The rate among those made worse, without the share that is lowest in ``order``."""
        by = self.worse[np.argsort(order[self.worse], kind="stable")]
        return float(self.misses[by[round(share * len(by)) :]].mean())


def milliseconds(photos: Path, gate: Gate) -> float:
    """Points, view and what a gate asks for of one still, the median: time of a core, whatever else is at work."""
    store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=1)
    detector, landmarker = open_detector(store, runtime), open_landmarker(store, runtime)
    took = []
    for file in sorted(photos.glob("*/*.jpg"))[:TIMED]:
        frame = decode(file.read_bytes())
        faces = detector.detect(frame)
        try:
            face = the_one_face(faces, frame=frame)
        except FaceRefused:
            continue
        begin = time.process_time()
        view = view_of(frame, faces=faces, face=face, mesh=landmarker.find(frame, face))
        assess(view, asked=gate.least)
        took.append((time.process_time() - begin) * 1000)
    return statistics.median(took)


def curves(errors: Errors) -> dict[str, list[float]]:
    """The rate that is left when shares from 0 to 0.4 are discarded, for ``discard_plot.py``: a list for each order."""
    shares = np.linspace(0, 0.4, 81).tolist()
    orders = {
        "unified quality score": errors.found.lengths,
        "what fails at the enrolment gate": errors.order(ENROLMENT),
        "by chance": np.random.default_rng(1).random(len(errors.found.people)),
    }
    return {"discarded": shares} | {
        name: [errors.after(order, share) for share in shares] for name, order in orders.items()
    }


def draw(errors: Errors) -> None:
    """Error versus discard, by the interpreter that has the plotting library."""
    python = os.environ.get("VISAVIS_BENCH_PYTHON", sys.executable)
    script = Path(__file__).with_name("discard_plot.py")
    subprocess.run([python, str(script), str(PLOT)], input=json.dumps(curves(errors)), text=True, check=True)
    print(f"Wrote {PLOT}", file=sys.stderr)


def main() -> None:
    """Measure, draw, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    asked = parser.parse_args()
    found = looked(photos=asked.photos)
    card = read_embedder_card(cards_folder() / DEFAULT_EMBEDDER)
    length = card.output.length
    if length is None:
        parser.error(f"The card of {card.id} does not say how long its vectors are.")
    threshold = read_calibration(cards_folder() / DEFAULT_EMBEDDER).threshold_at(FMR)
    errors = Errors(found, threshold=threshold, usual=UsualLength(middle=length.middle, width=length.width))
    draw(errors)
    _print_components(errors)
    gates = {gate.name: _print_gate(gate, errors) for gate in (PROBE, ENROLMENT, DOCUMENT)}
    before = errors.fnmr(~errors.clean)
    report = {
        "photos": int(errors.clean.sum()),
        "made_worse": len(errors.worse),
        "refused_before_quality": found.refused.tolist(),
        "fmr": FMR,
        "fnmr_as_they_are": errors.fnmr(errors.clean),
        "fnmr_made_worse": before,
        "without_worst_5_percent_by_unified": errors.after(found.lengths, DISCARDED),
        "without_worst_5_percent_by_gate": errors.after(errors.order(ENROLMENT), DISCARDED),
        "gates": gates,
        "lengths": dict(zip(("1%", "50%"), np.percentile(found.lengths[errors.clean], [1, 50]).tolist(), strict=True)),
        "ms_per_still": {gate.name: milliseconds(asked.photos, gate) for gate in (PROBE, ENROLMENT)},
    }
    print(json.dumps(report, default=float))


def _print_components(errors: Errors) -> None:
    print("component: failed, and percentiles 1, 5, 50 as they are; percentiles 5, 50 made worse")
    for component, values in errors.values.items():
        clean, worse = values[errors.clean], values[~errors.clean]
        told = np.nanpercentile(clean, [1, 5, 50]).tolist() + np.nanpercentile(worse, [5, 50]).tolist()
        print(f"{component.value:34s} {int(np.isnan(clean).sum()):4d}  {'  '.join(f'{one:5.0f}' for one in told)}")


def _print_gate(gate: Gate, errors: Errors) -> dict[str, float]:
    refused = errors.refused(gate)
    print(f"\ngate {gate.name}: refused and FNMR of all, FNMR of those that pass")
    for way in (CLEAN, *WAYS):
        rows = errors.found.ways == way
        rates = (errors.fnmr(rows), errors.fnmr(rows & ~refused))
        print(f"  {way:14s} {refused[rows].mean():6.1%}  {rates[0]:6.1%}  {rates[1]:6.1%}")
    return {
        "refused_as_they_are": float(refused[errors.clean].mean()),
        "refused_made_worse": float(refused[~errors.clean].mean()),
        "fnmr_made_worse_that_pass": errors.fnmr(~errors.clean & ~refused),
    }


if __name__ == "__main__":
    main()
