"""How a log asks a witness for its cosignature, and what it believes of the answer: nothing that does not check out."""

import asyncio
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import httpx2
import pytest
from support.live_witness import LiveWitness, live_witness
from support.submitting import SomeLog, cosigner_of, key_of

from visavis.adapters.witnesses import MAX_ANSWER, HttpWitness
from visavis.audit.note import Cosigner, Note, NoteSigner, Signature, cosigned_at
from visavis.audit.witnessing import Submission, read_submission
from visavis.model.audit import LogRefused
from visavis.model.witness import (
    WitnessAhead,
    WitnessConflict,
    WitnessFailed,
    WitnessRefusing,
    WitnessUnreachable,
    WitnessWrong,
)

LOG = SomeLog()
FORK = LOG.forked(2)
W1 = cosigner_of("witness.example/w1")
NOW = 1_770_000_000
SIZE = {"Content-Type": "text/x.tlog.size"}
Say = Callable[[Submission], httpx2.Response]


def asked(witness: HttpWitness, size: int, *, log: SomeLog = LOG) -> Signature:
    """As a log does it."""
    return witness.cosign(log.note(size), prove=lambda old: log.prove(old, size), size=size)


def line(size: int, *, by: Cosigner = W1, log: SomeLog = LOG, moment: int = NOW) -> str:
    return by.cosign(log.checkpoint(size).text(), moment=moment).line()


@contextmanager
def told(*says: Say | str, seen: list[int] | None = None, timeout_s: float = 5.0) -> Iterator[HttpWitness]:
    """A witness that answers so, one after the other. ``seen`` gets the old sizes that it is sent."""
    left = list(says)

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("POST", "/w/add-checkpoint")
        sent = read_submission(request.content)
        if seen is not None:
            seen.append(sent.old_size)
        said = left.pop(0)
        return status(200, said.encode())(sent) if isinstance(said, str) else said(sent)

    witness = HttpWitness(
        "https://witness.example/w/", W1.key, transport=httpx2.MockTransport(answer), timeout_s=timeout_s
    )
    with closing(witness):
        yield witness
    assert left == []


class Sent(httpx2.AsyncByteStream):
    """A body as it comes over the network."""

    def __init__(self, *chunks: bytes, endless: bool = False, wait_s: float = 0.0) -> None:
        self._chunks = chunks
        self._endless = endless
        self._wait_s = wait_s

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            for chunk in self._chunks:
                await asyncio.sleep(self._wait_s)
                yield chunk
            if not self._endless:
                return


def status(code: int, content: bytes = b"", **headers: str) -> Say:
    return lambda _: httpx2.Response(code, stream=Sent(content), headers=headers)


def size_is(size: object, *, wait_s: float = 0.0) -> Say:
    return lambda _: httpx2.Response(409, stream=Sent(f"{size}\n".encode(), wait_s=wait_s), headers=SIZE)


# With a real one


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveWitness]:
    with live_witness(tmp_path_factory.mktemp("witness") / "w1", LOG.key) as started:
        yield started


def test_a_log_grows_and_is_cosigned_is_stopped_and_goes_on(live: LiveWitness) -> None:
    with closing(HttpWitness(live.url, live.key)) as witness:
        for size in (1, 5, 5, 64, 200):
            signature = asked(witness, size)
            assert cosigned_at(Note(LOG.checkpoint(size).text(), (signature,)), live.key)
    with closing(HttpWitness(live.url, live.key)) as witness:  # which knows nothing of before
        asked(witness, 300)
        with pytest.raises(WitnessConflict):
            asked(witness, 310, log=FORK)
        with pytest.raises(WitnessConflict):
            asked(witness, 300, log=FORK)
        asked(witness, 310)
    with closing(HttpWitness(live.url, live.key)) as witness:
        with pytest.raises(WitnessAhead, match=r"310 entries; there are 305"):
            asked(witness, 305)
        with pytest.raises(WitnessRefusing, match="404"):
            asked(witness, 5, log=SomeLog(origin="log.example/b"))
        with pytest.raises(WitnessRefusing, match="403"):
            asked(witness, 320, log=SomeLog(seed="another key"))
        asked(witness, 320)


def test_many_threads_may_ask_the_same_witness(live: LiveWitness) -> None:
    failed: list[Exception] = []

    def ask() -> None:
        try:
            asked(witness, 400)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the test fails of it
            failed.append(error)

    with closing(HttpWitness(live.url, live.key)) as witness:
        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []


def test_nobody_there_has_a_name() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with closing(HttpWitness(f"http://127.0.0.1:{port}", W1.key)) as witness, pytest.raises(WitnessUnreachable):
        asked(witness, 5)


# With ones that lie


def test_the_first_proof_begins_at_nothing_and_the_next_where_the_last_ended() -> None:
    seen: list[int] = []
    with told(line(3), line(7), line(7), seen=seen) as witness:
        for size in (3, 7, 7):
            asked(witness, size)
    assert seen == [0, 3, 7]


def test_a_size_that_is_named_is_followed_once() -> None:
    seen: list[int] = []
    with told(size_is(4), line(7), line(9), seen=seen) as witness:
        asked(witness, 7)
        asked(witness, 9)
    assert seen == [0, 4, 7]
    seen.clear()
    with told(size_is(4), size_is(5), seen=seen) as witness, pytest.raises(WitnessWrong):
        asked(witness, 7)
    assert seen == [0, 4]


def test_what_was_not_cosigned_is_not_remembered() -> None:
    seen: list[int] = []
    with told(size_is(4), status(503), line(7), seen=seen) as witness:
        with pytest.raises(WitnessUnreachable):
            asked(witness, 7)
        asked(witness, 7)
    assert seen == [0, 4, 0]


def test_a_size_beyond_the_log_means_that_the_log_was_set_back() -> None:
    with told(size_is(8)) as witness, pytest.raises(WitnessAhead):
        asked(witness, 7)
    with told(line(9)) as witness:
        asked(witness, 9)
        with pytest.raises(WitnessAhead):  # known without asking
            asked(witness, 7)


def test_a_witness_that_was_set_back_is_wrong() -> None:
    with told(line(9), size_is(4)) as witness:
        asked(witness, 9)
        with pytest.raises(WitnessWrong, match="4 entries, after it cosigned 9"):
            asked(witness, 12)


@pytest.mark.parametrize("said", ["", "x", "-1", "07", "7 ", "7\n7", "\u0667", "9" * 30, 1 << 63])
def test_a_size_that_is_none_is_wrong(said: object) -> None:
    with told(size_is(said)) as witness, pytest.raises(WitnessWrong):
        asked(witness, 7)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (409, WitnessConflict),
        (422, WitnessConflict),
        (400, WitnessRefusing),
        (403, WitnessRefusing),
        (404, WitnessRefusing),
        (413, WitnessRefusing),
        (408, WitnessUnreachable),
        (429, WitnessUnreachable),
        (500, WitnessUnreachable),
        (503, WitnessUnreachable),
        (201, WitnessWrong),
        (204, WitnessWrong),
        (301, WitnessWrong),
        (307, WitnessWrong),
    ],
)
def test_every_status_has_a_name(code: int, error: type[WitnessFailed]) -> None:
    answer = status(code, Location="https://elsewhere.example/")
    with told(answer) as witness, pytest.raises(error, match=f"w1 answered {code}"):
        asked(witness, 7)
    assert issubclass(error, LogRefused)


def _with_time(size: int, moment: int) -> str:
    """A cosignature whose time was changed after it was signed."""
    signature = W1.cosign(LOG.checkpoint(size).text(), moment=NOW)
    return Signature(signature.name, signature.key_id, struct.pack(">Q", moment) + signature.signature[8:]).line()


def _as_log(size: int) -> str:
    """The witness's key used as a log's: another statement."""
    return NoteSigner(W1.name, W1.private_key).sign(LOG.checkpoint(size).text()).line()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "\n",
        "noise\n",
        line(7)[:-1],
        line(7) + "\n",
        line(7) + "noise\n",
        line(8),
        line(7, log=FORK),
        line(7, by=cosigner_of("witness.example/w2")),
        line(7, by=Cosigner(W1.name, key_of("another key"))),
        _with_time(7, NOW + 1),
        _with_time(7, 1 << 63),
        _as_log(7),
        LOG.note(7).decode() + line(7),
        line(7) * 2000,
        "\x00" * 100,
    ],
    ids=[
        *("empty", "an empty line", "noise", "cut off", "an empty line more", "noise more", "another size", "a fork"),
        *("another witness", "another key", "another time", "no time", "a log's signature", "the whole note", "long"),
        "zeros",
    ],
)
def test_a_cosignature_that_does_not_check_out_is_wrong(said: str) -> None:
    with told(said) as witness, pytest.raises(WitnessWrong):
        asked(witness, 7)


def test_one_false_cosignature_spoils_the_answer() -> None:
    with told(line(7) + _with_time(7, NOW + 1)) as witness, pytest.raises(WitnessWrong):
        asked(witness, 7)


def test_the_latest_of_its_cosignatures_is_taken_and_those_of_others_are_passed_over() -> None:
    other = line(7, by=cosigner_of("witness.example/w2"), moment=NOW + 50)
    with told(other + line(7) + line(7, moment=NOW + 9) + line(7, moment=NOW + 3)) as witness:
        found = asked(witness, 7)
    assert cosigned_at(Note(LOG.checkpoint(7).text(), (found,)), W1.key) == NOW + 9


def test_an_answer_in_other_bytes_is_wrong() -> None:
    with told(status(200, b"\xff\xfe\n")) as witness, pytest.raises(WitnessWrong):
        asked(witness, 7)


def test_an_answer_that_says_it_is_packed_is_not_unpacked() -> None:
    with told(status(200, b"\x1f\x8b", **{"Content-Encoding": "gzip"})) as witness, pytest.raises(WitnessWrong):
        asked(witness, 7)


def test_an_answer_without_end_is_cut_off() -> None:
    endless = Sent(b"x" * 1000, endless=True)
    with told(lambda _: httpx2.Response(200, stream=endless)) as witness, pytest.raises(WitnessWrong, match="more"):
        asked(witness, 7)
    assert MAX_ANSWER < 1 << 20


# With ones that take their time


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Somebody who accepts a connection and then does as they like."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    talk(connection)
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def _mute(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def _dribble(text: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        for byte in text:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    return talk


def _hang_up(connection: socket.socket) -> None:
    connection.recv(1)


def _noise(connection: socket.socket) -> None:
    connection.recv(1 << 16)
    connection.sendall(b"SSH-2.0-something\r\n")


@pytest.mark.parametrize(
    "talk",
    [
        _mute,
        _dribble(b"HTTP/1.1 200 OK\r\n" + b"X-More: more\r\n" * 1000),
        _dribble(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999),
        _hang_up,
        _noise,
    ],
    ids=["mute", "dribbles headers", "dribbles a body", "hangs up", "speaks something else"],
)
def test_a_witness_that_does_not_answer_in_time_is_not_waited_for(talk: Callable[[socket.socket], None]) -> None:
    with server(talk) as url, closing(HttpWitness(url, W1.key, timeout_s=0.5)) as witness:
        begun = time.monotonic()
        with pytest.raises(WitnessUnreachable):
            asked(witness, 7)
        assert time.monotonic() - begun < 2


def test_both_questions_share_the_time() -> None:
    with (
        told(size_is(4, wait_s=0.4), size_is(4, wait_s=0.4), timeout_s=0.6) as witness,
        pytest.raises(WitnessUnreachable, match=r"within 0\.6 s"),
    ):
        asked(witness, 7)


def test_what_the_log_cannot_prove_is_its_own_fault() -> None:
    def broken(_: int) -> Sequence[bytes]:
        raise LogRefused("the disk")

    with told() as witness, pytest.raises(LogRefused, match="the disk"):
        witness.cosign(LOG.note(7), prove=broken, size=7)


def test_closing_twice_is_closing() -> None:
    witness = HttpWitness("https://witness.example", W1.key)
    witness.close()
    witness.close()
