"""The transparency log: decisions a second, what an entry adds to an answer, and whether it costs more as it grows.

At the append port, which is what every flow uses: a transaction of its own for each decision, back when the tree that
has it is signed and on the disk. The publisher runs beside it all the time, as in a server. How fast an auditor
checks a log is measured at one whose entries tell a server's days.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

from benchmarks import log_verify
from benchmarks.filled_server import last_line
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.adapters.clock import SystemClock
from visavis.adapters.log_folder import LogFolder
from visavis.adapters.sql.store import SqlStore
from visavis.audit.commitment import opened
from visavis.audit.leaf import write_entry
from visavis.audit.note import NoteSigner
from visavis.audit.signing import continued
from visavis.flows.publish import Publisher
from visavis.model.audit import Event
from visavis.model.ids import new_secret

ROOT = Path(__file__).parents[2]
THREADS = 40
"""As many as a server has."""
SUSTAINED_S = 10.0
PACED_PER_S = 200
PACED_S = 10.0
SMALL, LARGE = 1_000, int(os.environ.get("VISAVIS_BENCH_ENTRIES", "1000000"))
COUNTED = 3_000
FILLING = 10_000


def main() -> None:
    """Measure, and print the figures."""
    (ROOT / ".work").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch,
        _log(Path(scratch) / "large") as store,
        _log(Path(scratch) / "small") as beside,
    ):
        _fill(store, LARGE // 100)
        per_s = _sustained(store)
        without, with_entry = _paced(lambda: _write_nothing(store)), _paced(lambda: _append(store))
        _fill(store, LARGE)
        _fill(beside, SMALL)
        small, large = _seconds_each(beside, store)
        size = _size(store)
    last_line(
        {
            "decisions_per_s": round(per_s),
            "added_p99_ms": round(max(0.0, with_entry[1] - without[1]), 2),
            "whole_p50_ms": round(with_entry[0], 2),
            "whole_p99_ms": round(with_entry[1], 2),
            "cost_1e6_vs_1e3": round(large / small, 2),
            "append_us_at_1e3": round(1e6 * small),
            "append_us_at_1e6": round(1e6 * large),
            "entries": size,
            **log_verify.measure(),
        }
    )


@contextmanager
def _log(folder: Path) -> Iterator[SqlStore]:
    """A log that is published once a second."""
    folder.mkdir(exist_ok=True)
    store = SqlStore(f"sqlite:///{folder / 'log.db'}")
    store.migrate()
    signer = NoteSigner("bench.example/log", Ed25519PrivateKey.generate())
    store.sign_log_with(lambda head, entries: continued(head, entries, signer=signer))
    publisher = Publisher(
        store=store,
        clock=SystemClock(),
        folder=LogFolder(folder / "log"),
        key=signer.key,
        witnesses=[],
        required=0,
        within=timedelta(hours=1),
    )
    over = threading.Event()

    def publish() -> None:
        while not over.wait(1.0):
            publisher.publish()

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield store
    finally:
        over.set()
        thread.join()
        publisher.publish()
        store.close()


def _decision() -> bytes:
    """An entry as a decision makes it: fresh salt, commitment, session."""
    what = opened({"at": datetime.now(UTC).isoformat(), "decision": "dec_x", "purpose": "pur_x", "gallery": "gal_x"})
    named = {"kind": "verify", "means": "face", "outcome": "MATCH", "session": new_secret()[:21] + "A"}
    return write_entry(Event.DECISION, day=datetime.now(UTC).date(), commitment=what.commitment(), **named)


def _append(store: SqlStore) -> None:
    with store.write() as tx:
        tx.log.append(_decision())


def _write_nothing(store: SqlStore) -> None:
    with store.write():
        pass


def _sustained(store: SqlStore) -> float:
    """Decisions a second with many in flight."""
    until = time.perf_counter() + SUSTAINED_S
    counts = [0] * THREADS

    def work(number: int) -> None:
        while time.perf_counter() < until:
            _append(store)
            counts[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


def _paced(act: Callable[[], None]) -> tuple[float, float]:
    """p50 and p99 in ms of what comes 200 times a second, from when it was due."""
    due: SimpleQueue[float | None] = SimpleQueue()
    took: list[float] = []

    def work() -> None:
        while (moment := due.get()) is not None:
            act()
            took.append(time.perf_counter() - moment)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    begun = time.perf_counter()
    for number in range(int(PACED_PER_S * PACED_S)):
        moment = begun + number / PACED_PER_S
        time.sleep(max(0.0, moment - time.perf_counter()))
        due.put(moment)
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return 1000 * statistics.median(took), 1000 * statistics.quantiles(took, n=100)[98]


def _seconds_each(*stores: SqlStore) -> list[float]:
    """Seconds for one decision in each log, in turns, so that what else the machine does is the same for all.

    Medians, so that the turns of publishers do not count.
    """
    took: list[list[float]] = [[] for _ in stores]
    for _ in range(COUNTED):
        for store, times in zip(stores, took, strict=True):
            begun = time.perf_counter()
            _append(store)
            times.append(time.perf_counter() - begun)
    return [statistics.median(times) for times in took]


def _fill(store: SqlStore, size: int) -> None:
    """Let the log grow to a size; many entries share a transaction, which is not measured."""
    while (there := _size(store)) < size:
        with store.write() as tx:
            for _ in range(min(FILLING, size - there)):
                tx.log.append(_decision())
        print(f"{there} of {size}", file=sys.stderr)


def _size(store: SqlStore) -> int:
    with store.read() as tx:
        head = tx.log.head()
    return 0 if head is None else head.size


if __name__ == "__main__":
    main()
