"""A witness as a process of its own: over HTTP, at once from many sides, killed at any moment."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from support.live_witness import LiveWitness, Mortals, live_witness, mortals
from support.submitting import ORIGIN, SomeLog

from visavis.adapters.witness.state import State, held, make_state
from visavis.audit.checkpoint import Checkpoint
from visavis.audit.merkle import require_consistency
from visavis.audit.note import Note, VerifierKey, cosigned_at, read_signatures
from visavis.audit.witnessing import write_submission
from visavis.model.keys import DataLocked

LOG = SomeLog()
FORK = LOG.forked(40)
"""The same log, which tells others something else from its 40th entry on."""


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveWitness]:
    with live_witness(tmp_path_factory.mktemp("witness") / "w1", LOG.key) as started:
        yield started


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortals]:
    with mortals(tmp_path_factory.mktemp("mortals") / "log") as begun:
        yield begun


def sent(url: str, body: bytes) -> httpx2.Response:
    return httpx2.post(f"{url}/add-checkpoint", content=body, timeout=20)


def size_at(url: str, log: SomeLog = LOG) -> int:
    """What the witness cosigned last, as a log finds it out."""
    answer = sent(url, write_submission(old_size=1, proof=[], note=log.note(1)))
    if answer.status_code == 200:
        return 1
    assert answer.status_code == 409
    return int(answer.content)


def test_a_log_grows_and_every_tree_is_cosigned(witness: LiveWitness) -> None:
    old = size_at(witness.url)
    for new in (old, old + 1, old + 7, old + 7, old + 30):
        answer = sent(witness.url, LOG.submission(old, new))
        assert answer.status_code == 200, answer.text
        (signature,) = read_signatures(answer.text)
        moment = cosigned_at(Note(LOG.checkpoint(new).text(), (signature,)), witness.key)
        assert moment == pytest.approx(time.time(), abs=5)
        old = new
    assert State(witness.folder).watched(ORIGIN).latest.checkpoint.size == old  # type: ignore[union-attr] # it is there


def test_what_logs_that_cheat_are_told(witness: LiveWitness) -> None:
    if (old := size_at(witness.url)) < 60:
        sent(witness.url, LOG.submission(old, 60))
        old = 60
    stranger = SomeLog(seed="a stranger's key")
    tried = {
        "another tree of the size": (FORK.submission(old, old), 409),
        "another tree that goes on": (FORK.submission(old, old + 5), 422),
        "a proof of another tree": (
            write_submission(old_size=old, proof=FORK.prove(old, old + 5), note=LOG.note(old + 5)),
            422,
        ),
        "no proof": (write_submission(old_size=old, proof=[], note=LOG.note(old + 5)), 422),
        "rewound": (LOG.submission(old - 10, old - 5), 409),
        "stale": (LOG.submission(old - 10, old), 409),
        "from nothing": (LOG.submission(0, old + 5), 409),
        "from beyond": (write_submission(old_size=old + 9, proof=[], note=LOG.note(old + 5)), 400),
        "another key": (stranger.submission(old, old + 5), 403),
        "another name": (SomeLog(origin="log.example/b").submission(0, 5), 404),
        "64 hashes": (write_submission(old_size=old, proof=[bytes(32)] * 64, note=LOG.note(old + 5)), 400),
        "a megabyte": (LOG.submission(old, old + 5) + b"x" * (1 << 20), 400),
        "nothing": (b"", 400),
    }
    for name, (body, status) in tried.items():
        answer = sent(witness.url, body)
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text}"
    assert size_at(witness.url) == old
    assert len(State(witness.folder).evidence(ORIGIN)) >= 2


def test_of_many_requests_from_one_size_one_wins(witness: LiveWitness) -> None:
    old = size_at(witness.url)
    together = threading.Barrier(8)

    def send(new: int) -> tuple[int, int]:
        together.wait()
        answer = sent(witness.url, LOG.submission(old, new))
        return answer.status_code, new if answer.status_code == 200 else int(answer.content)

    with ThreadPoolExecutor(8) as threads:
        said = [*threads.map(send, range(old + 1, old + 9))]
    assert Counter(status for status, _ in said) == {200: 1, 409: 7}
    assert len({size for _, size in said}) == 1


def test_connections_are_kept(witness: LiveWitness) -> None:
    with httpx2.Client(base_url=witness.url) as http:
        for _ in range(3):
            answer = http.post("/add-checkpoint", content=LOG.submission(0, 0))
            assert answer.status_code in {200, 409}
            assert answer.headers.get("connection", "keep-alive") == "keep-alive"
    assert "server" not in answer.headers


def test_a_second_process_does_not_sign_with_the_same_state(witness: LiveWitness) -> None:
    with pytest.raises(DataLocked), held(witness.folder):
        pytest.fail("two processes sign")


def test_the_log_of_a_witness_has_no_content(witness: LiveWitness) -> None:
    sent(witness.url, LOG.submission(0, 3))
    lines = [json.loads(line) for line in witness.log.read_text().splitlines()]
    assert {"starting", "request"} <= {line["event"] for line in lines}
    assert ORIGIN not in witness.log.read_text()


def test_what_was_cosigned_outlives_the_process(lives: Mortals, tmp_path: Path) -> None:
    make_state(tmp_path / "w", name="witness.example/w1")
    with held(tmp_path / "w") as state:
        state.trust(LOG.key)
    for old, new in ((0, 50), (50, 60)):  # from its 40th entry on the fork is one
        with lives.life(tmp_path / "w") as life:
            url = f"http://127.0.0.1:{life.port}"
            assert sent(url, FORK.submission(max(1, old), max(1, old))).status_code == 409
            assert sent(url, LOG.submission(old, new)).status_code == 200


def test_a_witness_loads_nothing_of_the_server() -> None:
    heavy = ["openvino", "onnx", "sqlalchemy", "alembic", "visavis.flows", "visavis.adapters.sql", "visavis.bootstrap"]
    program = (
        "import sys\nfrom visavis.cli.main import program\nfrom visavis import bootstrap_witness\n"
        f"sys.exit(str([name for name in {heavy} if name in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr.strip() == "[]"


# Killed


@dataclass
class Attack:
    """A log with two histories, which tries to have both cosigned, and keeps every cosignature it gets."""

    key: VerifierKey
    dice: random.Random
    cosigned: list[Checkpoint] = field(default_factory=list)

    def until_it_dies(self, port: int) -> None:
        until = time.monotonic() + 20
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            while time.monotonic() < until:
                try:
                    self._try(http)
                except httpx2.TransportError:
                    return
        pytest.fail("it lives on")

    def _try(self, http: httpx2.Client) -> None:
        asked = http.post("/add-checkpoint", content=write_submission(old_size=1, proof=[], note=LOG.note(1)))
        if asked.status_code == 503:
            return
        old = 1 if asked.status_code == 200 else int(asked.content)
        log = self.dice.choice([LOG, FORK])
        new = old + self.dice.choice([0, 1, 2, 5, 40])
        answer = http.post("/add-checkpoint", content=log.submission(old, new))
        if answer.status_code == 200:
            (signature,) = read_signatures(answer.text)
            assert cosigned_at(Note(log.checkpoint(new).text(), (signature,)), self.key)
            self.cosigned.append(log.checkpoint(new))


def require_one_history(cosigned: list[Checkpoint]) -> None:
    """All trees that were cosigned are beginnings of the largest: each is consistent with the one before it in size."""
    in_order = sorted(set(cosigned), key=lambda one: one.size)
    for small, large in pairwise(in_order):
        assert small.size < large.size, "two trees of one size"
        proofs = [log.prove(small.size, large.size) for log in (LOG, FORK) if log.checkpoint(large.size) == large]
        require_consistency(old_size=small.size, old_root=small.root, size=large.size, root=large.root, path=proofs[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("seed", range(10))
def test_a_witness_that_is_killed_again_and_again_cosigns_one_history(
    lives: Mortals, tmp_path: Path, seed: int
) -> None:
    """Twelve lives on one state; most end at an exact step of writing down, the others by a clock."""
    dice = random.Random(seed)  # noqa: S311 -- dice
    attack = Attack(make_state(tmp_path / "w", name="witness.example/w1"), dice)
    with held(tmp_path / "w") as state:
        state.trust(LOG.key)
    remembered: list[Checkpoint] = []
    for _ in range(12):
        die_at = dice.randint(1, 60) if dice.random() < 0.8 else 0
        with lives.life(tmp_path / "w", die_at=die_at) as life:
            if not die_at:
                threading.Timer(dice.uniform(0, 0.15), life.kill).start()
            attack.until_it_dies(life.port)
        assert life.ended == -signal.SIGKILL
        latest = State(tmp_path / "w").watched(ORIGIN).latest
        if latest is not None:
            remembered.append(latest.checkpoint)
        # What anybody was given is on the disk.
        assert max((one.size for one in attack.cosigned), default=0) <= (latest.checkpoint.size if latest else 0)
    assert len(attack.cosigned) > 5
    assert remembered[-1].size > 40
    require_one_history(attack.cosigned + remembered)
