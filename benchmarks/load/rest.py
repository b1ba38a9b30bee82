"""``verify`` over REST from many stations: how long one takes, how many a second, and whether memory stays flat.

Three runs against one server with 1,000 references and everything on: signatures, sessions, pace, consent read again,
decision recorded. A few stations at first, for the time that a person waits; then more than the server can serve, for
what it can do; that goes on until 100,000 requests are answered, for its memory. Locust has to share the processor
with the server.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from benchmarks.filled_server import Filled, filled_server, last_line
from benchmarks.load.identify import probes

from visavis.client import ConsentLink, Visavis

ROOT = Path(__file__).parents[2]

FEW = 10
MANY = 200
REQUESTS = int(os.environ.get("VISAVIS_BENCH_REQUESTS", "100000"))
CLAIM = "somebody"
SAMPLE_EVERY_S = 2.0
WINDOW = 0.1
"""Of the samples of memory, the share at the beginning and at the end that are compared; the first is left out, in
which the server opens what it keeps open."""


def main() -> None:
    """Measure, and print the figures."""
    (ROOT / ".work").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch,
        filled_server(Path(scratch), subjects=500, photos_each=2, stations=MANY) as server,
    ):
        photos = _photos(Path(scratch))
        _enrol(server, Path(photos[0]).read_bytes())
        few = _load(server, photos, stations=FEW, requests=10**9, seconds=60)
        memory = _Memory(server)
        many = _load(server, photos, stations=MANY, requests=REQUESTS, seconds=3600)
        growth, first, last = memory.stop()
    last_line(
        {
            "verify_p50_ms": few["verify_p50_ms"],
            "verify_p99_ms": few["verify_p99_ms"],
            "verify_per_s": many["verify_per_s"],
            "rss_growth": round(growth, 4),
            "rss_mb": [round(first), round(last)],
            "few": few,
            "many": many,
            "references": 1000,
        }
    )


def _photos(folder: Path) -> list[str]:
    """Two photographs of one person, as a station's camera would send them."""
    files = []
    for number, photo in enumerate(probes()[:2]):
        file = folder / f"{number}.jpg"
        file.write_bytes(photo)
        files.append(str(file))
    return files


def _enrol(server: Filled, photo: bytes) -> None:
    """The person whom the stations verify enrols and agrees (the act is played)."""
    with Visavis(base_url=server.url, api_key=server.api_key) as operator:
        pending = operator.enrol(server.gallery_id, external_reference=CLAIM, photos=[photo])
    with ConsentLink(pending.consent_link) as asked:
        asked.countersign(asked.prepare(asked.terms()))


def _load(server: Filled, photos: list[str], *, stations: int, requests: int, seconds: float) -> dict[str, Any]:
    some = list(server.devices.items())[:stations]
    plan = {
        "url": server.url,
        "devices": {id_: base64.b64encode(key.private_bytes_raw()).decode() for id_, key in some},
        "photos": photos,
        "claim": CLAIM,
        "requests": requests,
        "seconds": seconds,
        "warm_up_s": 10,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load.stations"],
        input=json.dumps(plan),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps(figures), file=sys.stderr)
    return figures


class _Memory(threading.Thread):
    """Looks at the memory of the server and of what it started, again and again."""

    def __init__(self, server: Filled) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._samples: list[float] = []
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(SAMPLE_EVERY_S):
            self._samples.append(self._server.family_rss_mb())

    def stop(self) -> tuple[float, float, float]:
        """Growth as a share, and the mean in MB of the second tenth and of the last tenth."""
        self._over.set()
        self.join()
        size = max(1, int(len(self._samples) * WINDOW))
        first = sum(self._samples[size : 2 * size]) / len(self._samples[size : 2 * size])
        last = sum(self._samples[-size:]) / size
        return last / first - 1, first, last


if __name__ == "__main__":
    main()
