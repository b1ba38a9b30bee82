"""A line of the list of tombstones: to the byte, and proven by itself."""

import hmac
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visavis.model.backup import TombstonesDamaged
from visavis.model.consent import Tombstone
from visavis.protect.keys import derive
from visavis.protect.tombstones import read_tombstone, write_tombstone

NOW = datetime(2026, 1, 1, 12, 30, 45, tzinfo=UTC)
INSTALLATION, OTHER = bytes(range(32)), bytes(range(32, 64))
FULL = Tombstone(
    "tmb_a",
    "sub_a",
    ("rec_b", "rec_a"),
    bytes(range(32)),
    "asked, in writing: é",
    NOW.replace(microsecond=123_456),
    NOW + timedelta(days=30),
    4,
)
FULL_LINE = (
    '{"at":"2026-01-01T12:30:45.123456+00:00","epoch":4,"id":"tmb_a","keep_until":"2026-01-31T12:30:45+00:00",'
    '"reason":"asked, in writing: é","receipts":["rec_b","rec_a"],"subject":"sub_a",'
    '"tag":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}'
    " 8v65e8Vz2xD548di8zgVf1Bxsxt4n1EXZM7DV5DgFx0\n"
).encode()
LEAST = Tombstone("tmb_a", "sub_a", (), b"", "x", NOW, NOW)
LEAST_LINE = (
    b'{"at":"2026-01-01T12:30:45+00:00","epoch":null,"id":"tmb_a","keep_until":"2026-01-01T12:30:45+00:00",'
    b'"reason":"x","receipts":[],"subject":"sub_a","tag":""} d6lvlStIOU4QrNkRKWS51y4_MVQLJDU9W_YrdlDrN4E\n'
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TOMBSTONES = st.builds(
    Tombstone,
    st.text(max_size=30),
    st.text(max_size=30),
    st.lists(st.text(max_size=9), max_size=4).map(tuple),
    st.binary(max_size=40),
    st.text(max_size=30),
    MOMENTS,
    MOMENTS,
    st.none() | st.integers(0, 2**53 - 1),
)


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock shows another hour than UTC."""
    monkeypatch.setenv("TZ", "AWAY-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def require_damaged(line: bytes, *, installation: bytes = INSTALLATION) -> None:
    with pytest.raises(TombstonesDamaged) as refused:
        read_tombstone(line, installation=installation)
    assert refused.value.detail == "It does not check out."


@pytest.mark.parametrize(("tombstone", "line"), [(FULL, FULL_LINE), (LEAST, LEAST_LINE)])
def test_a_line_is_written_to_the_byte_and_read_for_good(tombstone: Tombstone, line: bytes) -> None:
    assert write_tombstone(tombstone, installation=INSTALLATION) == line
    assert read_tombstone(line, installation=INSTALLATION) == tombstone


@given(tombstone=TOMBSTONES)
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_comes_back(tombstone: Tombstone) -> None:
    line = write_tombstone(tombstone, installation=INSTALLATION)
    assert read_tombstone(line, installation=INSTALLATION) == tombstone
    assert write_tombstone(tombstone, installation=INSTALLATION) == line, "the same list is the same bytes"
    assert line.count(b"\n") == 1, "one line, whatever is in it"


def test_the_proof_is_a_keyed_hash_of_the_object_alone() -> None:
    written, proof = FULL_LINE.removesuffix(b"\n").rsplit(b" ", 1)
    expected = hmac.digest(derive(INSTALLATION, "list of tombstones"), written, "sha256")
    assert proof == urlsafe_b64encode(expected).removesuffix(b"=")


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize("hours", [-11, 0, 2])
def test_moments_are_written_in_utc_wherever_the_machine_is(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    moved = replace(FULL, created_at=FULL.created_at.astimezone(zone), keep_until=FULL.keep_until.astimezone(zone))
    assert write_tombstone(moved, installation=INSTALLATION) == FULL_LINE
    assert read_tombstone(FULL_LINE, installation=INSTALLATION).created_at.utcoffset() == timedelta(0)


def test_the_order_of_receipts_is_kept() -> None:
    turned = replace(FULL, receipt_ids=FULL.receipt_ids[::-1])
    line = write_tombstone(turned, installation=INSTALLATION)
    assert line != FULL_LINE
    assert read_tombstone(line, installation=INSTALLATION).receipt_ids == ("rec_a", "rec_b")


def test_another_installation_neither_writes_nor_reads_it() -> None:
    require_damaged(FULL_LINE, installation=OTHER)
    require_damaged(write_tombstone(FULL, installation=OTHER))
    assert write_tombstone(FULL, installation=OTHER) != FULL_LINE


@pytest.mark.parametrize("line", [FULL_LINE, LEAST_LINE])
def test_any_changed_byte_is_refused(line: bytes) -> None:
    for at in range(len(line)):
        require_damaged(line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :])


@pytest.mark.parametrize("line", [FULL_LINE, LEAST_LINE])
def test_any_torn_line_is_refused(line: bytes) -> None:
    for length in range(len(line) - 1):
        require_damaged(line[:length])
        require_damaged(line[:length] + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b" ",
        b" \n",
        b"x",
        b"{} \n",
        FULL_LINE + b"\n",
        b" " + FULL_LINE,
        b"\n" + FULL_LINE,
        FULL_LINE * 2,
        FULL_LINE.replace(b"\n", b"=\n"),
        FULL_LINE.replace(b"\n", b"\r\n"),
        FULL_LINE.replace(b"\n", b" \n"),
        FULL_LINE.replace(b"} ", b"}"),
        FULL_LINE.replace(b"} ", b"}  "),
        FULL_LINE.replace(b'"epoch":4', b'"epoch":5'),
        FULL_LINE.rpartition(b" ")[0] + b" " + LEAST_LINE.rpartition(b" ")[2],
    ],
)
def test_what_is_no_line_of_ours_is_refused_before_it_is_read(line: bytes) -> None:
    require_damaged(line)


def test_every_member_has_a_place_of_its_own() -> None:
    values: dict[str, object] = {
        "id": "tmb_b",
        "subject_id": "sub_b",
        "receipt_ids": ("rec_c",),
        "reference_tag": b"\xff",
        "reason": "y",
        "created_at": NOW - timedelta(microseconds=1),
        "keep_until": NOW + timedelta(microseconds=1),
        "epoch": 0,
    }
    lines = {FULL_LINE}
    for name, value in values.items():
        changed = replace(FULL, **{name: value})  # type: ignore[arg-type] # each value is of its member's type
        line = write_tombstone(changed, installation=INSTALLATION)
        assert read_tombstone(line, installation=INSTALLATION) == changed
        lines.add(line)
    assert len(lines) == len(values) + 1
