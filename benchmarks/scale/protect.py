"""What keys cost: sealing, unlinkable galleries, starting with a million references, and withdrawing among them.

The million people are made once, which takes some minutes, and kept in ``.work`` (6 GB); each run withdraws some of
them. The server is the product's own, on the same machine; its database is not in memory when it starts.
"""

import os
import sys

from benchmarks.accuracy.unlinkability import measure_d_sys
from benchmarks.filled_server import last_line
from benchmarks.scale import sealing, starting
from benchmarks.scale.people import installation

PEOPLE = int(os.environ.get("VISAVIS_BENCH_PEOPLE", "1000000"))


def main() -> None:
    """Measure, and print the figures."""
    sealed = sealing.measure()
    print(sealed, file=sys.stderr)
    d_sys = measure_d_sys()
    made = installation(PEOPLE)
    with starting.started(made) as running:
        loaded = starting.load(made, running)
        print(loaded, file=sys.stderr)
        withdrawn = starting.withdraw(made, running)
    first = {
        "seal_vs_raw": sealed["seal_vs_raw"],
        "d_sys": round(d_sys, 4),
        "load_1e6_s": loaded["load_1e6_s"],
        "withdraw_p99_ms": withdrawn["withdraw_p99_ms"],
    }
    last_line({**first, **sealed, **loaded, **withdrawn, "people": PEOPLE})


if __name__ == "__main__":
    main()
