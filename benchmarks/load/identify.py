"""How long ``identify`` takes over REST with 1,000 references: JPEG in, decision out, everything recorded.

Many stations take turns, since one may ask every two seconds at most. The photographs are the demo's, brought to
640 x 480 as a station's camera would send them.
"""

import io
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.filled_server import filled_server, last_line
from demo.portraits import portraits
from PIL import Image, ImageOps

ROOT = Path(__file__).parents[2]

STATIONS = 50
ROUNDS = 6
WARM_UP = 20


def probes() -> list[bytes]:
    """Three of the demo's photographs, cut to the upper part, in which the face is a third of the picture's width."""
    made = []
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg"):
        photo = portraits(ROOT / ".work" / "portraits")[name]
        picture = ImageOps.fit(Image.open(io.BytesIO(photo)).convert("RGB"), (640, 480), centering=(0.5, 0.15))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=90)
        made.append(out.getvalue())
    return made


def main() -> None:
    """Measure, and print the figures."""
    photos = probes()
    took, opened = [], []
    (ROOT / ".work").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch,
        filled_server(Path(scratch), subjects=500, photos_each=2, stations=STATIONS) as server,
    ):
        for number, station in enumerate(server.stations * ROUNDS):
            session_id, opening = station.open_session()
            begun = time.perf_counter()
            station.client.identify(session_id, photo=photos[number % len(photos)])
            took.append(time.perf_counter() - begun)
            opened.append(opening)
    took, opened = took[WARM_UP:], opened[WARM_UP:]
    last_line(
        {
            "identify_p50_ms": round(statistics.median(took) * 1000, 1),
            "identify_p95_ms": round(statistics.quantiles(took, n=20)[-1] * 1000, 1),
            "session_p50_ms": round(statistics.median(opened) * 1000, 1),
            "references": 1000,
            "answers": len(took),
        }
    )


if __name__ == "__main__":
    main()
