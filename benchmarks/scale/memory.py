"""How much memory a server with 10,000 references has after answering."""

import tempfile
from pathlib import Path

from benchmarks.filled_server import filled_server, last_line
from benchmarks.load.identify import probes

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Measure, and print the figures."""
    photos = probes()
    (ROOT / ".work").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch,
        filled_server(Path(scratch), subjects=2000, photos_each=5, stations=20) as server,
    ):
        for number, station in enumerate(server.stations * 5):
            session_id, _ = station.open_session()
            station.client.identify(session_id, photo=photos[number % len(photos)])
        last_line({"rss_mb": round(server.rss_mb()), "peak_mb": round(server.peak_mb()), "references": 10_000})


if __name__ == "__main__":
    main()
