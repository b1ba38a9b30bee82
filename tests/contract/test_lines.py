"""What a file of lines promises, and lines of tombstones."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.adapters.line_file import LineFile
from visavis.flows.tombstones import read_all
from visavis.model.backup import TombstonesDamaged
from visavis.model.consent import Tombstone
from visavis.protect.tombstones import read_tombstone, write_tombstone

KEY = bytes(range(32))
TOMBSTONE = Tombstone(
    id="tmb_a",
    subject_id="sub_a",
    receipt_ids=("rec_a", "rec_b"),
    reference_tag=b"t" * 32,
    reason="withdrawn",
    created_at=datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC),
    keep_until=datetime(2026, 12, 1, tzinfo=UTC),
    epoch=None,
)


@pytest.fixture
def lines(tmp_path: Path) -> LineFile:
    return LineFile(tmp_path / "keys" / "list")


def test_there_are_none_before_the_first(lines: LineFile) -> None:
    assert lines.read() == []


def test_lines_stay_in_their_order_and_for_the_next_reader(lines: LineFile) -> None:
    lines.append([b"one\n"])
    lines.append([b"two\n", b"three\n"])
    assert lines.read() == LineFile(lines.path).read() == [b"one\n", b"two\n", b"three\n"]
    assert lines.path.stat().st_mode & 0o777 == 0o600
    lines.replace([b"two\n"])
    assert lines.read() == [b"two\n"]
    assert lines.path.stat().st_mode & 0o777 == 0o600
    lines.replace([])
    lines.append([b"four\n"])
    assert lines.read() == [b"four\n"]


@pytest.mark.parametrize("left", [b"", b"t", b"torn in the midd"])
def test_what_a_torn_write_left_is_no_line_and_goes(lines: LineFile, left: bytes) -> None:
    lines.append([b"one\n"])
    with lines.path.open("ab") as file:
        file.write(left)
    assert lines.read() == [b"one\n"]
    lines.append([b"two\n"])
    assert lines.path.read_bytes() == b"one\ntwo\n"


def test_a_list_that_begins_torn_has_no_line(lines: LineFile) -> None:
    lines.path.parent.mkdir()
    lines.path.write_bytes(b"torn")
    assert lines.read() == []
    lines.append([b"one\n"])
    assert lines.read() == [b"one\n"]


@pytest.mark.parametrize("epoch", [None, 7])
def test_a_tombstone_comes_back_as_it_was(epoch: int | None) -> None:
    tombstone = replace(TOMBSTONE, epoch=epoch)
    line = write_tombstone(tombstone, installation=KEY)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert read_tombstone(line, installation=KEY) == tombstone


@given(at=st.integers(0, 400), flip=st.integers(1, 255))
def test_no_letter_of_a_line_can_be_another(at: int, flip: int) -> None:
    line = bytearray(write_tombstone(TOMBSTONE, installation=KEY).removesuffix(b"\n"))
    line[at % len(line)] ^= flip
    with pytest.raises(TombstonesDamaged):
        read_tombstone(bytes(line) + b"\n", installation=KEY)


def test_a_line_of_another_installation_is_refused_and_named() -> None:
    own, other = (write_tombstone(TOMBSTONE, installation=key) for key in (KEY, bytes(32)))
    with pytest.raises(TombstonesDamaged, match="Line 2"):
        read_all([own, other], installation=KEY)


def test_of_several_for_one_person_the_last_counts() -> None:
    later = replace(TOMBSTONE, id="tmb_b", reason="declined")
    found = read_all([write_tombstone(one, installation=KEY) for one in (TOMBSTONE, later)], installation=KEY)
    assert found == {"sub_a": later}
