"""A real server with a million references: how long until it answers, and how fast somebody who withdraws is gone."""

import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx2
from benchmarks.filled_server import PACE_S
from benchmarks.load.identify import probes
from benchmarks.scale.people import Made
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from demo.server import VISAVIS

from visavis.client import ConsentLink, StationClient, Visavis, VisavisProblem

PATIENCE_S: Final = 600.0
WITHDRAWALS: Final = int(os.environ.get("VISAVIS_BENCH_WITHDRAWALS", "300"))
BUSY_STATIONS: Final = 16
"""Each asks every two seconds: about eight identifications a second run beside the withdrawals."""
ASKING_STATIONS: Final = 2
"""Of the small gallery, while the large one is loaded: about one identification a second."""
ROUNDS: Final = 3


@dataclass(slots=True)
class Answers:
    """What stations of one gallery were told while the server loaded."""

    first_s: float | None = None
    loading: int = 0
    took: list[float] = field(default_factory=list)


class Station:
    """A station that keeps its pace."""

    def __init__(self, url: str, id_: str, key: str) -> None:
        private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key))
        self._client = StationClient(base_url=url, station_id=id_, private_key=private)
        self._ready_at = 0.0

    def identify(self, photo: bytes, *, on_loading: Callable[[], None] = lambda: None) -> tuple[str, str | None, float]:
        """A decision, who it was, and how long it took; while the gallery is loaded it is asked again."""
        session = self._session()
        while True:
            begun = time.perf_counter()
            try:
                answer = self._client.identify(session, photo=photo)
            except VisavisProblem as problem:
                if problem.code == "session_expired":
                    session = self._session()
                elif problem.code != "gallery_loading":
                    raise
                on_loading()
                time.sleep(0.1)
            else:
                who = None if answer.subject is None else answer.subject.external_reference
                return answer.decision, who, time.perf_counter() - begun

    def _session(self) -> str:
        time.sleep(max(0.0, self._ready_at - time.perf_counter()))
        session = self._client.open_session("identify")
        self._ready_at = time.perf_counter() + PACE_S
        return session.session_id


@dataclass(slots=True)
class Running:
    """A server that was started, and when."""

    process: subprocess.Popen[bytes]
    begun: float
    url: str
    over: threading.Event = field(default_factory=threading.Event)

    def stations(self, made: Made, gallery: str) -> list[Station]:
        """Those of a gallery."""
        return [Station(self.url, id_, key) for id_, key in made.stations[gallery].items()]


@contextmanager
def started(made: Made) -> Iterator[Running]:
    """The product's own server on the installation, from the moment it is started; nothing of the file is in memory."""
    _forget_file(made)
    given = {f"VISAVIS_{n.upper()}": str(v) for n, v in made.settings.model_dump(exclude_none=True).items()}
    ours = {"VISAVIS_CONFIG": os.devnull, "VISAVIS_LOG_LEVEL": "info"}
    begun = time.perf_counter()
    with (made.settings.data_dir.parent / "server.log").open("wb") as told:
        process = subprocess.Popen([VISAVIS, "serve"], env={**os.environ, **ours, **given}, stderr=told)
        running = Running(process, begun, f"http://127.0.0.1:{made.settings.port}")
        try:
            yield running
        finally:
            running.over.set()
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _forget_file(made: Made) -> None:
    database = os.open(made.settings.data_dir / "visavis.db", os.O_RDONLY)
    try:
        os.fsync(database)
        os.posix_fadvise(database, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(database)


def load(made: Made, running: Running) -> dict[str, float]:
    """Seconds from the start to the first right answer in each gallery, and what stations saw meanwhile."""
    _wait_for_doors(running)
    told = {name: Answers() for name in ("small", "large")}
    with ThreadPoolExecutor(2) as pool:
        large = pool.submit(_until_right, made, running, "large", told["large"])
        pool.submit(_keep_asking, made, running, told["small"], large.done).result()
        large.result()
    small, large_told = told["small"], told["large"]
    if small.first_s is None or large_told.first_s is None:
        sys.exit("A gallery never answered.")
    return {
        "load_1e6_s": round(large_told.first_s, 1),
        "small_gallery_s": round(small.first_s, 1),
        "refused_while_loading": large_told.loading,
        "small_answers_while_loading": len(small.took),
        "small_p50_while_loading_ms": round(1000 * statistics.median(small.took), 1),
    }


def _wait_for_doors(running: Running) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if running.process.poll() is not None:
            sys.exit("The server did not start; its log is beside its data.")
        try:
            httpx2.get(f"{running.url}/healthz", trust_env=False)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    sys.exit("The server did not listen in time.")


def _until_right(made: Made, running: Running, gallery: str, told: Answers) -> None:
    def count() -> None:
        told.loading += 1

    decision, who, _ = running.stations(made, gallery)[0].identify(made.probe, on_loading=count)
    if decision != "MATCH" or who is None:
        sys.exit(f"The first answer was {decision}: somebody was told that they are nobody.")
    told.first_s = time.perf_counter() - running.begun


def _keep_asking(made: Made, running: Running, told: Answers, is_over: Callable[[], bool]) -> None:
    """Stations of the small gallery go on being served while the large one is loaded."""
    stations = running.stations(made, "small")[:ASKING_STATIONS]
    while not told.took or not is_over():
        for station in stations:
            decision, _, took = station.identify(made.probe)
            if decision != "MATCH":
                sys.exit(f"The small gallery answered {decision}.")
            told.first_s = told.first_s or time.perf_counter() - running.begun
            told.took.append(took)
            if is_over():
                break


def withdraw(made: Made, running: Running) -> dict[str, float]:
    """How long withdrawing takes while stations of the same gallery identify.

    Timed from the request to its answer: from the commit before that on no decision is MATCH. That this is so is tried
    with somebody who is enrolled, recognised, withdraws and is shown again at once.
    """
    took: list[float] = []
    with _busy(made, running) as answers, Visavis(base_url=running.url, api_key=made.api_key) as operator:
        for subject_id in _some(made, WITHDRAWALS):
            begun = time.perf_counter()
            operator.withdraw(subject_id, reason="a measurement")
            took.append(time.perf_counter() - begun)
        gone = [_come_and_go(made, running, operator, number) for number in range(ROUNDS)]
    return {
        "withdraw_p99_ms": round(1000 * statistics.quantiles(took, n=100)[98], 1),
        "withdraw_p50_ms": round(1000 * statistics.median(took), 1),
        "withdraw_max_ms": round(1000 * max(took), 1),
        "withdrawals": len(took),
        "unmatchable_max_ms": round(1000 * max(gone), 1),
        "identify_p50_under_load_ms": round(1000 * statistics.median(answers), 1),
        "identifications": len(answers),
    }


@contextmanager
def _busy(made: Made, running: Running) -> Iterator[list[float]]:
    """Stations of the large gallery identify all the time."""
    over, took = threading.Event(), list[float]()

    def work(station: Station) -> None:
        while not over.is_set():
            took.append(station.identify(made.probe)[2])

    stations = running.stations(made, "large")[1 : 1 + BUSY_STATIONS]
    with ThreadPoolExecutor(BUSY_STATIONS) as pool:
        going = [pool.submit(work, station) for station in stations]
        try:
            yield took
        finally:
            over.set()
            for one in going:
                one.result()


def _some(made: Made, count: int) -> list[str]:
    """People of the large gallery, from all over it, but not the one with a face."""
    name = f"file:{made.settings.data_dir / 'visavis.db'}?mode=ro"
    reader = sqlite3.connect(name, uri=True)
    try:
        query = "SELECT id FROM subjects WHERE gallery_id = ? AND rowid % 97 = 5 LIMIT 100000"
        found = [row[0] for row in reader.execute(query, (made.galleries["large"],))]
    finally:
        reader.close()
    return found[:: max(1, len(found) // count)][:count]


def _come_and_go(made: Made, running: Running, operator: Visavis, number: int) -> float:
    """Seconds from asking to withdraw to the first answer that says nobody, of somebody who was recognised before."""
    station = running.stations(made, "large")[-1 - number]
    photo = probes()[2]
    asked = operator.enrol(made.galleries["large"], external_reference=f"visitor {time.time_ns()}", photos=[photo])
    with ConsentLink(asked.consent_link) as link:
        receipt = link.prepare(link.terms())
        link.countersign(receipt)
    decision, _, _ = station.identify(photo)
    if decision != "MATCH":
        sys.exit(f"Somebody who had agreed was answered {decision}.")
    begun = time.perf_counter()
    operator.withdraw(asked.subject_id, reason="a measurement")
    answered = time.perf_counter() - begun
    decision, _, _ = running.stations(made, "large")[-10 - number].identify(photo)
    if decision != "NO_MATCH":
        sys.exit(f"Somebody who had withdrawn was answered {decision}.")
    return answered
