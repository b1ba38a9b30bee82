"""Encrypting while it is made: whole or no file, and nobody is kept waiting."""

import threading
import time
from collections.abc import Iterator

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.protect.age import encrypted

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())


@given(st.lists(st.binary(max_size=200)))
def test_what_went_in_comes_out(parts: list[bytes]) -> None:
    assert pyrage.decrypt(b"".join(encrypted(parts, recipient=RECIPIENT)), [IDENTITY]) == b"".join(parts)


def test_it_is_made_while_it_is_taken() -> None:
    """A gallery of any size takes as much memory as some chunks."""
    made = 0

    def parts() -> Iterator[bytes]:
        nonlocal made
        for _ in range(200):
            made += 1
            yield bytes(64 * 1024)

    chunks = encrypted(parts(), recipient=RECIPIENT)
    first = next(chunks)
    time.sleep(0.1)
    assert 0 < made < 30
    assert len(pyrage.decrypt(first + b"".join(chunks), [IDENTITY])) == 200 * 64 * 1024


def test_what_breaks_off_is_no_file_and_says_what_broke() -> None:
    def parts() -> Iterator[bytes]:
        yield bytes(200_000)
        raise ZeroDivisionError

    taken: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        taken.extend(encrypted(parts(), recipient=RECIPIENT))
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(b"".join(taken), [IDENTITY])


def test_who_hangs_up_ends_it() -> None:
    ended = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(64 * 1024)
        finally:
            ended.set()

    endless = parts()
    chunks = encrypted(endless, recipient=RECIPIENT)
    next(chunks)
    chunks.close()  # type: ignore[attr-defined] # it is a generator
    deadline = time.monotonic() + 5
    while any(thread.name == "encrypting" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the thread goes on"
        time.sleep(0.01)
    endless.close()  # type: ignore[attr-defined] # as above
    assert ended.is_set()
