"""Draw a detection error trade-off from JSON on standard input into the PNG file named by the argument."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt


def main() -> None:
    """Both axes logarithmic; grey where fewer errors were seen than a promise needs."""
    curves = json.load(sys.stdin)
    fmr = curves.pop("fmr")
    figure, axes = plt.subplots(figsize=(6.4, 4.4), dpi=120)
    for name, fnmr in curves.items():
        axes.plot(fmr, fnmr, label=name)
    axes.axvspan(fmr[0], 1e-5, color="0.92", label="below the calibration's floor")
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(fmr[0], fmr[-1]),
        xlabel="false match rate",
        ylabel="false non-match rate",
        title="YuNet and SFace on lfw-dev",
    )
    axes.grid(visible=True, which="both", color="0.85", linewidth=0.5)
    axes.legend()
    figure.tight_layout()
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of the library in its metadata the file is the same on every run.
    figure.savefig(target, metadata={"Software": None})


if __name__ == "__main__":
    main()
