"""Compare, remember, sign: in that order, one at a time, and not at all where the disk does not take it."""

import errno
import os
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.submitting import ORIGIN, SomeLog

from visavis.adapters.witness.state import State, held, make_state
from visavis.audit.merkle import require_consistency
from visavis.audit.note import Note, Signature, cosigned_at
from visavis.audit.witnessing import MOST_BACK_S, Cosigned, write_submission
from visavis.model.audit import LogForked, NoteUnsigned, ProofWrong
from visavis.model.errors import VisavisError
from visavis.model.witness import LogUnknown, OldSizeUnfit, SubmissionMalformed, WitnessClockBack, WitnessStopped
from visavis.witness.cosigning import Cosigning

LOG = SomeLog()
FORK = LOG.forked(2)
NOW = 1_770_000_000


class Desk:
    """A witness over a folder, with a clock that tests set."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.now = NOW
        self.signs = Cosigning(state, state.cosigner, now=lambda: self.now)

    def cosigned_at(self, body: bytes, *, size: int, log: SomeLog = LOG) -> int | None:
        """Send, and check what comes back."""
        signature = self.signs.add_checkpoint(body)
        return cosigned_at(Note(log.checkpoint(size).text(), (signature,)), self.state.key)

    def size(self) -> int | None:
        """What the folder says was cosigned last."""
        latest = State(self.state.folder).watched(ORIGIN).latest
        return None if latest is None else latest.checkpoint.size


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    make_state(tmp_path / "witness", name="witness.example/w1")
    with held(tmp_path / "witness") as state:
        state.trust(LOG.key)
        yield Desk(state)


def test_what_is_given_out_is_remembered(desk: Desk) -> None:
    assert desk.cosigned_at(LOG.submission(0, 3), size=3) == NOW
    assert desk.size() == 3
    desk.now += 5
    assert desk.cosigned_at(LOG.submission(3, 7), size=7) == NOW + 5
    assert desk.size() == 7


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"noise", SubmissionMalformed),
        (LOG.submission(3, 7) + b"x" * 200_000, SubmissionMalformed),
        (SomeLog(origin="log.example/b").submission(0, 3), LogUnknown),
        (SomeLog(seed="another key").submission(3, 7), NoteUnsigned),
        (LOG.submission(0, 7), OldSizeUnfit),
        (FORK.submission(3, 3), LogForked),
        (FORK.submission(3, 7), ProofWrong),
    ],
)
def test_what_is_refused_changes_nothing(desk: Desk, body: bytes, refusal: type[VisavisError]) -> None:
    desk.cosigned_at(LOG.submission(0, 3), size=3)
    with pytest.raises(refusal):
        desk.signs.add_checkpoint(body)
    assert desk.size() == 3
    assert desk.cosigned_at(LOG.submission(3, 7), size=7) == NOW


def test_the_same_tree_again_has_a_fresh_time_which_is_remembered(desk: Desk) -> None:
    desk.cosigned_at(LOG.submission(0, 3), size=3)
    desk.now += 7
    assert desk.cosigned_at(LOG.submission(3, 3), size=3) == NOW + 7
    latest = State(desk.state.folder).watched(ORIGIN).latest
    assert latest is not None
    assert latest.moment == NOW + 7


def test_the_same_tree_in_the_same_second_costs_the_disk_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a published checkpoint can send it as often as they like."""
    first = desk.signs.add_checkpoint(LOG.submission(0, 3))

    def full(*_: object) -> None:
        pytest.fail("it was written")

    monkeypatch.setattr(State, "keep", full)
    assert desk.signs.add_checkpoint(LOG.submission(3, 3)) == first


def test_a_clock_that_was_set_back_a_little_stands_still(desk: Desk) -> None:
    desk.cosigned_at(LOG.submission(0, 3), size=3)
    desk.now -= MOST_BACK_S
    assert desk.cosigned_at(LOG.submission(3, 7), size=7) == NOW


def test_a_clock_that_is_further_back_signs_nothing_until_it_is_right(desk: Desk) -> None:
    desk.cosigned_at(LOG.submission(0, 3), size=3)
    desk.now -= MOST_BACK_S + 1
    with pytest.raises(WitnessClockBack):
        desk.signs.add_checkpoint(LOG.submission(3, 7))
    assert desk.size() == 3
    desk.now += 1
    assert desk.cosigned_at(LOG.submission(3, 7), size=7) == NOW


def test_the_time_of_one_log_is_not_that_of_another(desk: Desk) -> None:
    other = SomeLog(origin="log.example/b")
    desk.state.trust(other.key)
    desk.cosigned_at(LOG.submission(0, 3), size=3)
    desk.now -= 1000
    assert desk.cosigned_at(other.submission(0, 2), size=2, log=other) == NOW - 1000


def test_of_two_requests_from_the_same_size_one_wins(desk: Desk) -> None:
    for turn in range(20):
        old = desk.size() or 0
        together = threading.Barrier(4)

        def send(new: int, old: int = old, together: threading.Barrier = together) -> int | None:
            together.wait()
            try:
                desk.signs.add_checkpoint(LOG.submission(old, new))
            except OldSizeUnfit as refused:
                return -refused.size
            return new

        with ThreadPoolExecutor(4) as threads:
            said = [*threads.map(send, [old + 1 + one for one in range(4)])]
        (won,) = [size for size in said if size and size > 0]
        assert said.count(-won) == 3, turn
        assert desk.size() == won


def test_a_fork_is_kept_as_evidence_whatever_size_its_proof_begins_at(desk: Desk) -> None:
    desk.cosigned_at(LOG.submission(0, 5), size=5)
    with pytest.raises(LogForked):
        desk.signs.add_checkpoint(FORK.submission(5, 5))
    with pytest.raises(OldSizeUnfit):
        desk.signs.add_checkpoint(FORK.submission(1, 5))
    with pytest.raises(ProofWrong):
        desk.signs.add_checkpoint(FORK.submission(5, 9))
    kept = [path.name.partition("-")[0] for path in desk.state.evidence(ORIGIN)]
    assert kept == ["log_forked", "log_forked", "proof_wrong"]
    for path in desk.state.evidence(ORIGIN):
        assert LOG.note(5) in path.read_bytes()
        assert FORK.note(5 if path.name.startswith("log_forked") else 9) in path.read_bytes()


def test_nobody_without_the_logs_key_can_fill_the_disk(desk: Desk) -> None:
    desk.cosigned_at(LOG.submission(0, 5), size=5)
    stranger = SomeLog(seed="a stranger's key", forks_at=1)
    for old, new in ((5, 5), (0, 5), (5, 9)):
        with pytest.raises(NoteUnsigned):
            desk.signs.add_checkpoint(stranger.submission(old, new))
    for old, new in ((0, 5), (4, 5)):  # published ones, once more
        with pytest.raises(OldSizeUnfit):
            desk.signs.add_checkpoint(LOG.submission(old, new))
    assert desk.state.evidence(ORIGIN) == []


def test_a_fork_is_refused_where_the_evidence_cannot_be_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.cosigned_at(LOG.submission(0, 5), size=5)

    def full(*_: object, **__: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(State, "keep_evidence", full)
    with pytest.raises(LogForked):
        desk.signs.add_checkpoint(FORK.submission(5, 5))
    assert desk.cosigned_at(LOG.submission(5, 7), size=7) == NOW


def _fails(what: str, *, after: bool, nth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nth call fails: without having done anything, or having done all of it."""
    module: object = Path if what == "replace" else os
    real: Callable[..., object] = getattr(module, what)
    calls = 0

    def broken(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls != nth:
            return real(*arguments, **named)
        if after:
            done = real(*arguments, **named)
            if what == "open":
                assert isinstance(done, int)
                os.close(done)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module, what, broken)


WRITES = [("open", 1), ("fsync", 1), ("replace", 1), ("open", 2), ("fsync", 2)]


@pytest.mark.parametrize("after", [False, True], ids=["not done", "done but reported failed"])
@pytest.mark.parametrize(("what", "nth"), WRITES, ids=[f"{what} {nth}" for what, nth in WRITES])
def test_every_write_breaks_twice_and_nothing_is_signed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, what: str, nth: int, *, after: bool
) -> None:
    desk.cosigned_at(LOG.submission(0, 3), size=3)
    with monkeypatch.context() as patched:
        _fails(what, after=after, nth=nth, monkeypatch=patched)
        with pytest.raises(WitnessStopped):
            desk.signs.add_checkpoint(LOG.submission(3, 7))
    # The disk works again; what is on it may be either, so nothing is signed until it is read anew.
    for body in (LOG.submission(3, 7), LOG.submission(7, 7), FORK.submission(3, 7)):
        with pytest.raises(WitnessStopped):
            desk.signs.add_checkpoint(body)
    size = desk.size()
    assert size in {3, 7}
    again = Desk(State(desk.state.folder))
    with pytest.raises(ProofWrong):
        again.signs.add_checkpoint(FORK.submission(size, 9))
    assert again.cosigned_at(LOG.submission(size, 9), size=9) == NOW


def test_the_signature_is_made_over_what_was_sent(desk: Desk) -> None:
    """With its own lines below, which are the log's to answer for."""
    note = LOG.note(4, more="mirror 17\n")
    signature = desk.signs.add_checkpoint(write_submission(old_size=0, proof=[], note=note))
    text = LOG.checkpoint(4).text() + "mirror 17\n"
    assert cosigned_at(Note(text, (signature,)), desk.state.key) == NOW
    assert struct.unpack(">Q", signature.signature[:8]) == (NOW,)


def test_nothing_is_given_out_before_it_is_remembered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    keep = State.keep

    def kept(self: State, origin: str, latest: Cosigned) -> None:
        keep(self, origin, latest)
        done.append("kept")

    monkeypatch.setattr(State, "keep", kept)
    given: Signature = desk.signs.add_checkpoint(LOG.submission(0, 3))
    assert done == ["kept"]
    assert given.name == "witness.example/w1"


def test_whatever_is_sent_all_that_was_cosigned_is_one_history(desk: Desk) -> None:
    """Two histories of one log, sent in every order of sizes: one of them gets no further than where they part."""
    cosigned = []
    for old in range(6):
        for new in range(7):
            for log in (FORK, LOG) if old > 3 else (LOG, FORK):
                try:
                    desk.signs.add_checkpoint(log.submission(old, max(old, new)))
                    cosigned.append((log, max(old, new)))
                except VisavisError:
                    continue
    assert len(cosigned) > 3
    for one, small in cosigned:
        for other, large in cosigned:
            if small <= large:
                require_consistency(
                    old_size=small,
                    old_root=one.checkpoint(small).root,
                    size=large,
                    root=other.checkpoint(large).root,
                    path=LOG.prove(small, large),
                )
