"""What an entry commits to: one thing, and nobody can tell which without the salt."""

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any, Final

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from visavis.audit.commitment import SALT_BYTES, Opened, opened, read_opened, require_opens
from visavis.model.audit import OpeningWrong

SALT: Final = bytes(range(32))
DETAILS: Final = {"at": "2027-01-15T08:00:00+00:00", "subject": "sub_aaaqeayeaudaocajbifqydiob4", "reason": None}
VALUES: Final = st.none() | st.text(st.characters(codec="utf-8")) | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans()
MAPPINGS: Final = st.dictionaries(st.text(st.characters(codec="utf-8")), VALUES)


def test_a_commitment_is_what_the_specification_says() -> None:
    canonical = b'{"at":"2027-01-15T08:00:00+00:00","reason":null,"subject":"sub_aaaqeayeaudaocajbifqydiob4"}'
    digest = hashlib.sha256(b"visavis-log-commitment-v1\n" + SALT + canonical).digest()
    assert Opened(SALT, DETAILS).commitment() == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert bytes(Opened(SALT, DETAILS)) == SALT + canonical


@given(st.binary(min_size=32, max_size=32), MAPPINGS)
def test_an_opening_reads_as_it_was_written(salt: bytes, details: dict[str, Any]) -> None:
    one = Opened(salt, details)
    read = read_opened(bytes(one))
    assert read == one
    require_opens(read, commitment=one.commitment())


def test_the_same_details_are_committed_to_differently_each_time() -> None:
    first, second = opened(DETAILS), opened(DETAILS)
    assert len(first.salt) == len(second.salt) == SALT_BYTES
    assert first.commitment() != second.commitment()


def test_every_changed_bit_of_an_opening_is_refused() -> None:
    data = bytes(Opened(SALT, DETAILS))
    commitment = Opened(SALT, DETAILS).commitment()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(OpeningWrong):
            require_opens(read_opened(bytes(changed)), commitment=commitment)


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b"\xff",
        b'{"a": 1}',
        b'{"a":1} ',
        b'{"b":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740993}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"\\ud800":"a"}',
        b'{"a":' + b"[" * 100_000,
        b'{"a":' + b"[" * 900 + b"]" * 900 + b"} ",
    ],
)
def test_details_that_could_be_read_in_two_ways_are_refused(written: bytes) -> None:
    with pytest.raises(OpeningWrong):
        read_opened(SALT + written)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_opening_or_refused(data: bytes) -> None:
    try:
        read = read_opened(data)
    except OpeningWrong:
        return
    assert bytes(read) == data


@pytest.mark.parametrize("salt", [b"", SALT[:-1], SALT + b"x"])
def test_a_salt_of_another_length_opens_nothing(salt: bytes) -> None:
    """Else bytes could move from the salt to the details, and one commitment would have two openings."""
    for commitment in ("", Opened(salt, DETAILS).commitment()):
        with pytest.raises(OpeningWrong):
            require_opens(Opened(salt, DETAILS), commitment=commitment)
    with pytest.raises(OpeningWrong):
        read_opened(salt)


@pytest.mark.parametrize("commitment", ["", "x", "\u00f8", "\ud800"])
def test_what_is_no_commitment_is_opened_by_nothing(commitment: str) -> None:
    with pytest.raises(OpeningWrong):
        require_opens(Opened(SALT, DETAILS), commitment=commitment)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [float("nan"), 2**60, object(), nested(100_000), "\ud800", {1: 2}])
def test_details_that_cannot_be_written_open_nothing(value: Any) -> None:
    with pytest.raises(OpeningWrong):
        require_opens(Opened(SALT, {"a": value}), commitment="x" * 43)


def test_neither_salt_nor_details_are_shown() -> None:
    shown = repr(Opened(SALT, DETAILS))
    assert "sub_" not in shown
    assert repr(SALT) not in shown


def test_the_reference_is_json() -> None:
    assert json.loads(bytes(Opened(SALT, DETAILS))[SALT_BYTES:]) == DETAILS
    assert rfc8785.dumps(DETAILS) == bytes(Opened(SALT, DETAILS))[SALT_BYTES:]
