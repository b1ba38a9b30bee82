"""What a person, a photo more, an answer and a reference in memory take: the figures that ``visavis plan`` counts with.

Run with ``python -m benchmarks.scale.sizes``; it takes about two minutes. People are synthetic and enrolled through
the product's own flows, answers are decided by them. Sizes of the database are of the pages it uses, so what is free in
a page counts; the log is its published folder. Memory is that of this process before and after an index of
``REFERENCES`` is filled as a server fills it. One scan is timed on one core. The last line printed is one JSON object.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import sqlalchemy as sa
from benchmarks.filled_server import DIMENSION, SyntheticExtractor, enrol_one, last_line
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis import bootstrap
from visavis.adapters.cards import read_calibration
from visavis.match.exact import ExactIndex
from visavis.model.ids import new_id
from visavis.model.preset import Promised
from visavis.model.purpose import LivenessMode, TargetKind
from visavis.model.station import SessionKind
from visavis.model.template import Template
from visavis.settings import Settings
from visavis.web.services import Services

ROOT: Final = Path(__file__).parents[2]
PEOPLE: Final = 600
PHOTOS: Final = 5
ANSWERS: Final = 2_000
STATIONS: Final = 600
REFERENCES: Final = 1_000_000
AT_ONCE: Final = 2_000
SCANS: Final = 15


def main() -> None:
    """Measure, and print the figures."""
    (ROOT / ".work").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch:
        on_disk = _disk(Path(scratch))
    print(on_disk, file=sys.stderr)
    last_line({**on_disk, **_memory()})


@dataclass(frozen=True, slots=True)
class _Place:
    """An installation whose sizes are looked at."""

    settings: Settings
    services: Services

    def taken(self, act: Callable[[], None]) -> tuple[int, int]:
        """Bytes that an act adds to the database and to the published log."""
        before = self._bytes()
        act()
        after = self._bytes()
        return after[0] - before[0], after[1] - before[1]

    def _bytes(self) -> tuple[int, int]:
        self.services.publisher.publish()
        engine = sa.create_engine(self.settings.database_url)
        with engine.connect() as connection:
            pages, free, each = (
                int(connection.execute(sa.text(f"PRAGMA {name}")).scalar_one())
                for name in ("page_count", "freelist_count", "page_size")
            )
        engine.dispose()
        log = sum(path.stat().st_size for path in self.settings.log_folder.rglob("*") if path.is_file())
        return (pages - free) * each, log


def _disk(folder: Path) -> dict[str, float]:
    settings = Settings(
        data_dir=folder / "data",
        key_file=folder / "keys" / "root.key",
        models=Path(os.environ.get("VISAVIS_MODELS", ROOT / ".work" / "models")),
        rate_per_minute=1_000_000,
    )
    bootstrap.initialise(settings)
    calibration = read_calibration(bootstrap.cards_of(settings) / settings.embedder)
    stages = bootstrap.Stages(SyntheticExtractor(calibration.model_id), calibration)
    place = _Place(settings, bootstrap.open_services(settings, stages=stages))
    services = place.services
    services.live.load()
    purpose, _ = services.administer.state_purpose(
        name="Sizes",
        controller="Sizes",
        contact="none",
        jurisdiction="NL",
        language="en",
        text="Synthetic people agree to be counted. " * 20,
        retention_days=30,
        promised=Promised(TargetKind.FPIR, 0.1),
        liveness=LivenessMode.ATTENDED,
        by=None,
    )
    gallery = services.administer.open_gallery(name="Sizes", purpose_id=purpose.id, by=None).id
    stations = [
        services.administer.register_station(
            name=f"station {number}",
            gallery_id=gallery,
            purpose_id=None,
            public_key=Ed25519PrivateKey.generate().public_key().public_bytes_raw(),
            attended=True,
            by=None,
        ).id
        for number in range(STATIONS)
    ]

    def enrol(first: int, photos: int) -> None:
        for person in range(first, first + PEOPLE):
            enrol_one(services, gallery, person, photos)

    def answer() -> None:
        for number in range(ANSWERS):
            station = stations[number % STATIONS]
            time.sleep(max(0.0, began + 2.1 * (number // STATIONS) - time.monotonic()))
            session = services.sessions.open_at_station(station, SessionKind.IDENTIFY).session
            services.identify.photo(f"{number % PEOPLE} 9".encode(), session_id=session.id, station_id=station)

    one = place.taken(lambda: enrol(0, 1))
    print(one, file=sys.stderr)
    many = place.taken(lambda: enrol(PEOPLE, PHOTOS))
    print(many, file=sys.stderr)
    began = time.monotonic()
    asked = place.taken(answer)
    services.close()
    photo = (many[0] - one[0]) / (PHOTOS - 1)
    return {
        "person_bytes": round((one[0] - photo) / PEOPLE),
        "photo_bytes": round(photo / PEOPLE),
        "person_log_bytes": round((one[1] + many[1]) / (2 * PEOPLE)),
        "answer_bytes": round(asked[0] / ANSWERS),
        "answer_log_bytes": round(asked[1] / ANSWERS),
    }


def _memory() -> dict[str, float]:
    random = np.random.default_rng(0)
    index = ExactIndex(model_id="m", dimension=DIMENSION)
    probe = _unit(random, 1)[0]
    index.reaching(Template(probe, "m"), threshold=0.9)
    before = _resident()
    for _ in range(REFERENCES // AT_ONCE):
        index.put_many(
            reference_ids=[new_id("ref") for _ in range(AT_ONCE)],
            subject_ids=[new_id("sub") for _ in range(AT_ONCE)],
            vectors=_unit(random, AT_ONCE),
            model_id="m",
        )
    held = _resident() - before
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    took = []
    for _ in range(SCANS):
        begun = time.thread_time()
        index.reaching(Template(probe, "m"), threshold=0.9)
        took.append(time.thread_time() - begun)
    each = held / REFERENCES
    return {
        "reference_bytes": round(each),
        "beside_the_vector_bytes": round(each - 4 * DIMENSION),
        "scan_ns_a_reference": round(1e9 * float(np.median(took)) / REFERENCES, 1),
        "references": REFERENCES,
    }


def _unit(random: np.random.Generator, count: int) -> np.ndarray:
    vectors = random.normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _resident() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
