"""The witness port over HTTP (C2SP tlog-witness): how a log asks for cosignatures. Nothing it is told is believed."""

import asyncio
import re
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

import httpx2

from visavis.adapters.listening import split_address
from visavis.audit.checkpoint import MAX_SIZE
from visavis.audit.note import (
    COSIGNATURE,
    Note,
    Signature,
    VerifierKey,
    cosigned_at,
    read_key,
    read_note,
    read_signatures,
)
from visavis.audit.witnessing import write_submission
from visavis.flows.ports import Witness
from visavis.model.audit import NoteMalformed, NoteUnsigned, VerifierKeyMalformed, WitnessesUnreadable
from visavis.model.witness import (
    WitnessAhead,
    WitnessConflict,
    WitnessFailed,
    WitnessRefusing,
    WitnessUnreachable,
    WitnessWrong,
)
from visavis.settings import is_this_machine

TIMEOUT_S: Final = 5.0
"""Seconds that one cosignature may take in all."""
SIZE_TYPE: Final = "text/x.tlog.size"
MAX_ANSWER: Final = 64 * 1024
"""Longest answer that is read, in bytes."""

_IDLE_S: Final = 4.0
"""Shorter than the five seconds after which servers tend to close: what is being closed is not used again."""
_WORDS: Final = 2
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_OK: Final = 200
_CONFLICT: Final = 409
_UNPROVED: Final = 422
_BUSY: Final = frozenset({408, 429})
_REFUSALS: Final = range(400, 500)
_FAULTS: Final = range(500, 600)
_HEADERS: Final = {
    "User-Agent": "visavis-log",
    "Content-Type": "text/plain; charset=utf-8",
    "Accept": "text/plain",
    "Accept-Encoding": "identity",  # what is unpacked could be longer than anything that was sent
}


class Answer(NamedTuple):
    """What a witness said; ``body`` is one byte too long where there was more."""

    status: int
    media_type: str
    body: bytes


class HttpWitness(Witness):
    """One witness. May be used by many threads, whose calls wait for each other; its caller closes it.

    A loop of its own does the talking, so that a call ends in time whatever the witness sends, or does not send, and
    connections are kept between calls.

    :param url: what stands before ``/add-checkpoint``: ``https`` unless it is this machine.
    :param key: of type 0x04.
    :param tls: trust other than the system's. :param transport: in place of the network, for tests.
    :raises WitnessesUnreadable: address or key are none.
    """

    def __init__(
        self,
        url: str,
        key: VerifierKey,
        *,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._url: Final = _door(url)
        _require_witness(key)
        self._key: Final = key
        self._timeout_s: Final = timeout_s
        self._turn: Final = threading.Lock()
        self._size = 0
        encrypted = self._url.scheme == "https"
        self._http: Final = httpx2.AsyncClient(
            verify=tls or encrypted,
            transport=transport,
            timeout=timeout_s,
            trust_env=encrypted,
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_S),
        )
        self._loop: Final = asyncio.new_event_loop()
        self._thread: Final = threading.Thread(target=self._loop.run_forever, name=f"witness {key.name}", daemon=True)
        self._thread.start()

    @property
    def key(self) -> VerifierKey:
        """See the port."""
        return self._key

    def close(self) -> None:
        """Give the connection back. Calls that wait fail."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(self._timeout_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cosign(self, note: bytes, *, prove: Callable[[int], Sequence[bytes]], size: int) -> Signature:
        """See the port.

        1. The proof begins at the size that was cosigned last; at 0 the first time.
        2. Where the witness names another size, the proof begins there; once.
        3. A size beyond the log's own means that the log was set back.
        4. The answer holds a cosignature of this checkpoint by the witness's key. The latest is taken, other lines are
           passed over.

        :raises WitnessUnreachable: there is no answer in time, or it says that there is none now.
        :raises WitnessRefusing: the witness does not know the log or its key, or cannot read what was sent.
        :raises WitnessConflict: it has cosigned another tree. :raises WitnessAhead: 3.
        :raises WitnessWrong: 4 does not hold, 2 would not end, or it says something else that no witness may.
        """
        until = time.monotonic() + self._timeout_s
        with self._turn:
            # 1
            answer = self._ask(note, self._reached(self._size, size), prove, until)
            if (named := _named(answer)) is not None:
                # 2, 3
                if named < self._size:
                    raise WitnessWrong(f"{self._key.name} names {named} entries, after it cosigned {self._size}.")
                answer = self._ask(note, self._reached(named, size), prove, until)
            # 4
            signature = self._checked(answer, read_note(note))
            self._size = size
            return signature

    def _reached(self, named: int, size: int) -> int:
        if named > size:
            raise WitnessAhead(f"{self._key.name} has cosigned {named} entries; there are {size}.")
        return named

    def _ask(self, note: bytes, old_size: int, prove: Callable[[int], Sequence[bytes]], until: float) -> Answer:
        body = write_submission(old_size=old_size, proof=prove(old_size), note=note)
        return self._within(until, body)

    def _within(self, until: float, body: bytes) -> Answer:
        left_s = until - time.monotonic()
        late = WitnessUnreachable(f"{self._key.name} did not answer within {self._timeout_s:g} s.")
        if left_s <= 0:
            raise late
        try:
            return asyncio.run_coroutine_threadsafe(self._post(body, left_s), self._loop).result()
        except TimeoutError:
            raise late from None
        except (httpx2.RequestError, OSError, CancelledError) as error:
            raise WitnessUnreachable(f"No answer from {self._key.name}: {type(error).__name__}.") from None

    async def _post(self, body: bytes, left_s: float) -> Answer:
        async with (
            asyncio.timeout(left_s),
            self._http.stream("POST", self._url, content=body, headers=_HEADERS) as response,
        ):
            said = bytearray()
            async for chunk in response.aiter_raw():
                said += chunk
                if len(said) > MAX_ANSWER:
                    break
            media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return Answer(response.status_code, media_type, bytes(said))

    async def _end(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await self._http.aclose()

    def _checked(self, answer: Answer, note: Note) -> Signature:
        if answer.status != _OK:
            raise _refusal(self._key.name, answer)
        if len(answer.body) > MAX_ANSWER:
            raise WitnessWrong(f"{self._key.name} answered more than any cosignature.")
        try:
            lines = read_signatures(answer.body.decode())
            found = [Note(note.text, (line,)) for line in lines]
            times = [(moment, one) for one in found if (moment := cosigned_at(one, self._key)) is not None]
        except (UnicodeDecodeError, NoteMalformed):
            raise WitnessWrong(f"{self._key.name} did not answer with signature lines.") from None
        except NoteUnsigned as error:
            raise WitnessWrong(error.detail) from None
        if not times:
            raise WitnessWrong(f"There is no signature of {self._key.name} in its answer.")
        return max(times, key=lambda pair: pair[0])[1].signatures[0]


def read_witnesses(path: Path) -> list[HttpWitness]:
    """The witnesses of a file: one a line, its key, white space and its address; ``#`` begins a remark.

    :raises WitnessesUnreadable: the file cannot be read, or a line is not of the form; the message says which.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WitnessesUnreadable(f"{path} cannot be read: {type(error).__name__}.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        words = list(takewhile(lambda word: not word.startswith("#"), line.split()))
        try:
            if words:
                found.append(_read(words))
        except (WitnessesUnreadable, VerifierKeyMalformed) as error:
            raise WitnessesUnreadable(f"{path}, line {number}: {error.detail or error.mend}") from None
    return [HttpWitness(url, key) for url, key in found]


def _read(words: Sequence[str]) -> tuple[str, VerifierKey]:
    """A line's address and key."""
    if len(words) != _WORDS:
        raise WitnessesUnreadable("It is not a key and an address.")
    key, url = read_key(words[0]), words[1]
    _require_witness(key)
    _door(url)
    return url, key


def _require_witness(key: VerifierKey) -> None:
    if key.algorithm != COSIGNATURE:
        raise WitnessesUnreadable(f"The key of {key.name} is that of a log, not of a witness.")


def _door(url: str) -> httpx2.URL:
    """Where checkpoints are sent to."""
    parts = split_address(url)
    if parts is None:
        raise WitnessesUnreadable("The address is not an http or https address without user, query and fragment.")
    if parts.scheme != "https" and not is_this_machine(parts.hostname or ""):
        raise WitnessesUnreadable(f"The address of {parts.hostname} is not https, and not this machine.")
    return httpx2.URL(f"{url.rstrip('/')}/add-checkpoint")


def _named(answer: Answer) -> int | None:
    """The size that a witness says it cosigned last; None where it does not."""
    if (answer.status, answer.media_type) != (_CONFLICT, SIZE_TYPE):
        return None
    found = _SIZE.fullmatch(answer.body)
    return int(found[1]) if found and int(found[1]) < MAX_SIZE else None


def _refusal(name: str, answer: Answer) -> WitnessFailed:
    if answer.status == _UNPROVED or (answer.status == _CONFLICT and answer.media_type != SIZE_TYPE):
        return WitnessConflict(f"{name} answered {answer.status}.")
    if answer.status in _FAULTS or answer.status in _BUSY:
        return WitnessUnreachable(f"{name} answered {answer.status}.")
    if answer.status in _REFUSALS and answer.status != _CONFLICT:
        return WitnessRefusing(f"{name} answered {answer.status}.")
    return WitnessWrong(f"{name} answered {answer.status}.")
