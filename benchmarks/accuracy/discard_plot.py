"""Draw error versus discard from JSON on standard input into the PNG file named by the argument."""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt


def main() -> None:
    """A curve for each order in which photos are discarded, in percent."""
    curves = json.load(sys.stdin)
    discarded = [100 * share for share in curves.pop("discarded")]
    figure, axes = plt.subplots(figsize=(6.4, 4.0), dpi=120)
    for name, fnmr in curves.items():
        axes.plot(discarded, [100 * rate for rate in fnmr], label=name)
    axes.set(
        xlim=(0, discarded[-1]),
        ylim=(0, None),
        xlabel="discarded, %",
        ylabel="false non-match rate at FMR 1e-4, %",
        title="lfw-dev, made worse",
    )
    axes.grid(visible=True, color="0.85", linewidth=0.5)
    axes.legend()
    figure.tight_layout()
    figure.savefig(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
