"""A real server over a gallery of a given size.

The references are synthetic unit vectors, enrolled and countersigned through the product's own flows (the act is
played); the server that is then started is the product, with its real models.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from demo.server import running
from joserfc.jwk import OKPKey

from visavis import bootstrap
from visavis.adapters.cards import read_calibration
from visavis.client import StationClient
from visavis.consent.receipt import countersign
from visavis.flows.extract import Extractor
from visavis.model.preset import Promised
from visavis.model.purpose import LivenessMode, TargetKind
from visavis.model.template import Template
from visavis.quality.gate import PROBE, Gate
from visavis.settings import Settings
from visavis.web.services import Services

PORT = 8643
DIMENSION = 128
PACE_S = 2.05


class SyntheticExtractor(Extractor):
    """Gives photo number n of a person a vector near that person's own; people are independent."""

    def __init__(self, model_id: str) -> None:
        self._model_id = model_id

    @property
    def model_id(self) -> str:
        """The model that the gallery is said to be made with, so that the real one can search it."""
        return self._model_id

    @property
    def dimension(self) -> int:
        """As the real model's."""
        return DIMENSION

    @property
    def pad_report(self) -> None:
        """Nothing finds attacks here."""

    def extract(self, photo: bytes, *, gate: Gate = PROBE, passive: bool = False) -> Template:  # noqa: ARG002 -- nothing asks for it here
        """The vector that a name and a number stand for."""
        person, number = photo.decode().split(" ")
        vector = _unit(int(person), 0) + 0.6 * _unit(int(person), int(number))
        return Template((vector / np.linalg.norm(vector)).astype(np.float32), self._model_id)


class Paced:
    """A station that keeps its pace: it waits until it may open its next session."""

    def __init__(self, client: StationClient) -> None:
        self.client = client
        self._ready_at = 0.0

    def open_session(self) -> tuple[str, float]:
        """A session's identifier, and the seconds that opening it took."""
        time.sleep(max(0.0, self._ready_at - time.perf_counter()))
        begun = time.perf_counter()
        session = self.client.open_session("identify")
        self._ready_at = time.perf_counter() + PACE_S
        return session.session_id, self._ready_at - PACE_S - begun


@dataclass(frozen=True, slots=True)
class Filled:
    """A running server, its process and stations that may ask it; the keys of its operator and of the stations."""

    process: subprocess.Popen[bytes]
    stations: list[Paced]
    url: str
    gallery_id: str
    api_key: str
    devices: dict[str, Ed25519PrivateKey]

    def rss_mb(self) -> float:
        """Resident memory of the server now, in MB."""
        return self._status("VmRSS")

    def family_rss_mb(self) -> float:
        """That and of every process it started, in MB."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return sum(_status(pid, "VmRSS") for pid in (str(self.process.pid), *children.split()))

    def peak_mb(self) -> float:
        """The most it ever had, in MB."""
        return self._status("VmHWM")

    def _status(self, field: str) -> float:
        return _status(str(self.process.pid), field)


def _status(pid: str, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(field)), 0) / 1000


@contextmanager
def filled_server(folder: Path, *, subjects: int, photos_each: int, stations: int) -> Iterator[Filled]:
    """Fill a gallery and serve it on loopback."""
    settings = Settings(
        data_dir=folder / "data",
        key_file=folder / "keys" / "root.key",
        models=Path(os.environ["VISAVIS_MODELS"]),
        port=PORT,
        rate_per_minute=1_000_000,
    )
    api_key = bootstrap.initialise(settings)
    keys = [Ed25519PrivateKey.generate() for _ in range(stations)]
    gallery_id, station_ids = _fill(settings, subjects=subjects, photos_each=photos_each, keys=keys)
    url = f"http://127.0.0.1:{PORT}"
    given = {f"VISAVIS_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()}
    with running(given, url=url) as process:
        devices = dict(zip(station_ids, keys, strict=True))
        clients = [Paced(StationClient(base_url=url, station_id=id_, private_key=key)) for id_, key in devices.items()]
        yield Filled(process, clients, url, gallery_id, api_key, devices)


def _fill(
    settings: Settings, *, subjects: int, photos_each: int, keys: list[Ed25519PrivateKey]
) -> tuple[str, list[str]]:
    card = settings.embedder
    calibration = read_calibration(bootstrap.cards_of(settings) / card)
    stages = bootstrap.Stages(SyntheticExtractor(calibration.model_id), calibration)
    services = bootstrap.open_services(settings, stages=stages)
    purpose, _ = services.administer.state_purpose(
        name="Benchmark",
        controller="Benchmark",
        contact="none",
        jurisdiction="NL",
        language="en",
        text="Synthetic people.",
        retention_days=1,
        promised=Promised(TargetKind.FPIR, 0.1),
        liveness=LivenessMode.ATTENDED,
        by=None,
    )
    gallery = services.administer.open_gallery(name="Benchmark", purpose_id=purpose.id, by=None)
    for person in range(subjects):
        enrol_one(services, gallery.id, person, photos_each)
        if person % 100 == 0:
            print(f"enrolled {person} of {subjects}", file=sys.stderr)
    station_ids = [
        services.administer.register_station(
            name=f"station {number}",
            gallery_id=gallery.id,
            purpose_id=None,
            public_key=key.public_key().public_bytes_raw(),
            attended=True,
            by=None,
        ).id
        for number, key in enumerate(keys)
    ]
    return gallery.id, station_ids


def enrol_one(services: Services, gallery_id: str, person: int, photos_each: int) -> None:
    """Somebody with photos, who agrees at once."""
    photos = [f"{person} {number + 1}".encode() for number in range(photos_each)]
    offered = services.enrol.request(gallery_id=gallery_id, external_reference=f"person {person}", photos=photos)
    offer = services.agree.terms(offered.link_secret).offer
    signed = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=datetime.now(UTC))
    services.agree.countersign(offered.link_secret, signed)


def _unit(person: int, number: int) -> np.ndarray:
    vector = np.random.default_rng([person, number]).normal(size=DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector))


def last_line(figures: dict[str, object]) -> None:
    """Print the benchmark's result, as its last line."""
    print(json.dumps(figures))
