"""The first line of a backup: what is written to the byte, and what is refused of what is read."""

import json
import os
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from pyrage import decrypt, encrypt, x25519

from visavis.model.backup import BackupDamaged, BackupForeign, BackupHeader, BackupTooNew, BackupTooOld
from visavis.model.errors import StartupError
from visavis.model.keys import Destroyed, Epoch, KeyTree
from visavis.protect.backup import (
    FORMAT,
    MAX_HEADER,
    installation_name,
    new_identity,
    open_header,
    read_header,
    write_header,
)
from visavis.protect.envelope import Context, seal
from visavis.protect.keys import derive

NOW = datetime(2026, 1, 1, 12, 30, 45, tzinfo=UTC)
INSTALLATION, SECOND, THIRD = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
NAME = bytes.fromhex("c05560ac35cd36fcca14ba4a6e83f6ca")
TREE = KeyTree(
    INSTALLATION,
    7,
    (Epoch(2, SECOND, NOW), Epoch(3, THIRD, NOW)),
    (Destroyed(0, NOW, NOW + timedelta(days=3)), Destroyed(1, NOW, datetime(2026, 2, 3, 23, 59, tzinfo=UTC))),
)
HEADER = BackupHeader(2, NAME, NOW, NOW + timedelta(days=30), 13, 7, "0.1.0")
IDENTITY = "AGE-SECRET-KEY-1EXAMPLE"
LINE = (
    b'{"epoch":2,"format":"visavis-backup/1","generation":7,'
    b'"identity":"AQAAAAKgoaKjpKWmp6ipqquUzWTHJjdplLdTkuW6cVBF4T0but62PmE/Lfn8FOxQWqVnhvDiiJs=",'
    b'"installation":"c05560ac35cd36fcca14ba4a6e83f6ca","log_size":13,"made_at":"2026-01-01T12:30:45+00:00",'
    b'"opens_until":"2026-01-31T12:30:45+00:00","release":"0.1.0"}\n'
)
"""HEADER and IDENTITY with the nonce a0 to ab, made by hand with HKDF, AES-GCM and spec/backup.md."""
NO_BACKUP = "The file does not begin as a backup does."
OTHER_FORM = "The file does not begin as a backup of this format does."
EDITED = "The beginning of the backup was edited."


def told() -> dict[str, Any]:
    """The members of LINE."""
    members: dict[str, Any] = json.loads(LINE)
    return members


def line_of(**changed: Any) -> bytes:
    """LINE with other members, in the one form that is read."""
    return rfc8785.dumps({**told(), **changed}) + b"\n"


def why_unread(line: bytes) -> str:
    with pytest.raises(BackupDamaged) as refused:
        read_header(line)
    return refused.value.detail


def why_unopened(refusal: type[StartupError], line: bytes, *, tree: KeyTree = TREE) -> str:
    with pytest.raises(refusal) as refused:
        open_header(line, tree=tree)
    return refused.value.detail


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock shows another hour than UTC."""
    monkeypatch.setenv("TZ", "AWAY-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# What is written


def test_a_header_is_written_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: bytes(range(0xA0, 0xA0 + count)))
    assert write_header(HEADER, tree=TREE, identity=IDENTITY) == LINE
    assert (FORMAT, MAX_HEADER) == ("visavis-backup/1", 4096)


def test_what_was_written_once_opens_for_good() -> None:
    header, sealed = read_header(LINE)
    assert header == HEADER
    assert sealed == b64decode(told()["identity"])
    assert open_header(LINE, tree=TREE) == (HEADER, IDENTITY)


def test_a_header_is_sealed_anew_each_time_and_says_the_same() -> None:
    identity, _ = new_identity()
    one, two = (write_header(HEADER, tree=TREE, identity=identity) for _ in range(2))
    assert one != two
    assert open_header(one, tree=TREE) == open_header(two, tree=TREE) == (HEADER, identity)
    assert identity.encode() not in one


def test_the_key_is_that_of_the_epoch_it_names_for_this_use_only() -> None:
    without = {name: value for name, value in told().items() if name != "identity"}
    for use, kind, names, version, fits in (
        ("backups", "backup", (rfc8785.dumps(without).decode(),), 2, True),
        ("backup", "backup", (rfc8785.dumps(without).decode(),), 2, False),
        ("backups", "backups", (rfc8785.dumps(without).decode(),), 2, False),
        ("backups", "backup", (rfc8785.dumps(told()).decode(),), 2, False),
        ("backups", "backup", (rfc8785.dumps(without).decode(),), 3, False),
    ):
        sealed = seal(b"AGE", key=derive(SECOND, use), context=Context(kind, names), key_version=version)
        line = line_of(identity=b64encode(sealed).decode())
        if fits:
            assert open_header(line, tree=TREE) == (HEADER, "AGE")
        else:
            assert why_unopened(BackupDamaged, line) == EDITED


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-11, minutes=-30))])
def test_moments_are_written_in_utc_and_whole_seconds_wherever_the_machine_is(zone: timezone) -> None:
    moved = replace(
        HEADER,
        made_at=HEADER.made_at.replace(microsecond=999_999).astimezone(zone),
        opens_until=HEADER.opens_until.replace(microsecond=1).astimezone(zone),
    )
    line = write_header(moved, tree=TREE, identity=IDENTITY)
    assert b'"made_at":"2026-01-01T12:30:45+00:00","opens_until":"2026-01-31T12:30:45+00:00"' in line
    assert open_header(line, tree=TREE) == (HEADER, IDENTITY)


def test_an_installation_is_named_by_sixteen_bytes_that_follow_from_its_key() -> None:
    assert installation_name(INSTALLATION) == NAME
    assert installation_name(SECOND) != NAME
    assert len(installation_name(SECOND)) == 16


def test_each_backup_has_a_key_pair_of_its_own() -> None:
    identity, recipient = new_identity()
    assert identity.startswith("AGE-SECRET-KEY-1")
    assert recipient.startswith("age1")
    sealed = encrypt(b"the rest", [x25519.Recipient.from_str(recipient)])
    assert decrypt(sealed, [x25519.Identity.from_str(identity)]) == b"the rest"
    assert new_identity() != (identity, recipient)


def test_the_longest_header_there_is_fits() -> None:
    most = 2**53 - 1
    identity, _ = new_identity()
    largest = replace(HEADER, log_size=most, generation=most, release="1000.1000.1000rc1000")
    line = write_header(largest, tree=TREE, identity=identity)
    assert len(line) < MAX_HEADER // 4
    assert open_header(line, tree=TREE) == (largest, identity)


# What is of no form that we know


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{", b"{}", b"[]", b"null", b"1", b'"x"', b"\xff", b"SQLite format 3\0", b"[" * 100_000, LINE[:-3]],
)
def test_what_begins_otherwise_is_no_backup(line: bytes) -> None:
    assert why_unread(line) == NO_BACKUP
    assert why_unopened(BackupDamaged, line) == NO_BACKUP


@pytest.mark.parametrize("name", sorted(set(json.loads(LINE)) - {"format"}))
def test_every_member_has_to_be_there(name: str) -> None:
    members = told()
    del members[name]
    assert why_unread(rfc8785.dumps(members) + b"\n") == NO_BACKUP


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", "two"),
        ("epoch", None),
        ("epoch", []),
        ("generation", "seven"),
        ("log_size", {}),
        ("installation", "xyz"),
        ("installation", 5),
        ("installation", None),
        ("made_at", "yesterday"),
        ("made_at", 1),
        ("opens_until", None),
        ("opens_until", "2026-13-01T00:00:00+00:00"),
        ("identity", None),
        ("identity", 5),
        ("identity", "AQ"),
        ("identity", "AQ==!"),
        ("identity", "é"),
    ],
)
def test_every_member_has_to_be_of_its_kind(name: str, value: object) -> None:
    assert why_unread(line_of(**{name: value})) == NO_BACKUP


def test_a_number_that_canonical_json_has_no_room_for_is_refused() -> None:
    line = LINE.replace(b'"epoch":2', b'"epoch":%d' % 2**53)
    assert why_unread(line) == NO_BACKUP


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", "2"),
        ("epoch", True),
        ("epoch", 2.5),
        ("epoch", 0),
        ("epoch", -1),
        ("generation", "7"),
        ("log_size", 13.5),
        ("release", 1),
        ("release", None),
        ("format", "visavis-backup/2"),
        ("format", "VISAVIS-BACKUP/1"),
        ("format", None),
        ("another", None),
        ("installation", NAME.hex().upper()),
        ("installation", NAME.hex() + " "),
        ("made_at", "2026-01-01T12:30:45Z"),
        ("made_at", "2026-01-01T12:30:45"),
        ("made_at", "2026-01-01T13:30:45+01:00"),
        ("made_at", "2026-01-01T12:30:45.5+00:00"),
        ("opens_until", "2026-01-31T12:30:45Z"),
        ("opens_until", "2026-01-31"),
        ("identity", "AR=="),
    ],
)
@pytest.mark.usefixtures("far_away")
def test_there_is_one_way_to_write_each(name: str, value: object) -> None:
    assert why_unread(line_of(**{name: value})) == OTHER_FORM


@pytest.mark.parametrize(
    "line",
    [
        LINE[:-1],
        LINE + b"\n",
        LINE[:-1] + b"\r\n",
        b" " + LINE,
        LINE.replace(b",", b", "),
        json.dumps(told()).encode() + b"\n",
        json.dumps(dict(reversed(told().items())), separators=(",", ":")).encode() + b"\n",
        LINE.replace(b"/", b"\\/"),
        LINE.replace(b'"epoch":2', b'"epoch":1,"epoch":2'),
        LINE.replace(b'"epoch":2', b'"epoch":2.0'),
    ],
)
def test_no_other_spelling_is_read(line: bytes) -> None:
    assert why_unread(line) == OTHER_FORM


def test_epochs_count_from_one() -> None:
    assert read_header(line_of(epoch=1))[0].epoch == 1


def test_every_cut_is_refused() -> None:
    for length in range(len(LINE)):
        assert why_unread(LINE[:length]) in {NO_BACKUP, OTHER_FORM}


# What is of the form, and is refused


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epoch", 3),
        ("generation", 6),
        ("log_size", 12),
        ("made_at", "2026-01-01T12:30:46+00:00"),
        ("opens_until", "2027-01-31T12:30:45+00:00"),
        ("release", "0.1.1"),
        ("identity", ""),
        ("identity", "AQAAAAKg"),
        ("identity", b64encode(b64decode(json.loads(LINE)["identity"])[:-1]).decode()),
        ("identity", b64encode(b64decode(json.loads(LINE)["identity"]) + b"\0").decode()),
    ],
)
def test_every_word_of_it_is_proven(name: str, value: object) -> None:
    line = line_of(**{name: value})
    read_header(line)
    assert why_unopened(BackupDamaged, line) == EDITED


def test_the_identity_of_another_backup_does_not_open_in_this_one() -> None:
    other = json.loads(write_header(replace(HEADER, log_size=14), tree=TREE, identity=IDENTITY))["identity"]
    assert why_unopened(BackupDamaged, line_of(identity=other)) == EDITED


def test_another_key_of_that_epoch_does_not_open_it() -> None:
    tree = replace(TREE, epochs=(Epoch(2, THIRD, NOW), Epoch(3, SECOND, NOW)))
    assert why_unopened(BackupDamaged, LINE, tree=tree) == EDITED


def test_a_backup_of_another_installation_is_not_opened_even_with_the_right_key() -> None:
    foreign = "The backup is of another installation than the key store."
    assert why_unopened(BackupForeign, LINE, tree=replace(TREE, installation=SECOND)) == foreign
    other = line_of(installation=bytes(16).hex())
    assert why_unopened(BackupForeign, other) == foreign
    short = line_of(installation=NAME.hex()[:-2])
    assert why_unopened(BackupForeign, short) == foreign


def test_a_backup_of_the_present_epoch_opens_and_of_the_next_does_not() -> None:
    present = replace(HEADER, epoch=3)
    assert open_header(write_header(present, tree=TREE, identity=IDENTITY), tree=TREE) == (present, IDENTITY)
    detail = why_unopened(BackupTooNew, line_of(epoch=4))
    assert detail == "The backup was made in epoch 4, which the key store does not have yet."


def test_a_backup_dies_with_the_key_of_its_epoch_and_the_day_is_told() -> None:
    first = line_of(epoch=1)
    detail = why_unopened(BackupTooOld, first)
    assert detail == "The key of its epoch 1 was destroyed on 2026-02-03."
    unknown = replace(TREE, destroyed=TREE.destroyed[:1])
    detail = why_unopened(BackupTooOld, first, tree=unknown)
    assert detail == "The key of its epoch 1 is not there any more."
    later = replace(TREE, epochs=TREE.epochs[1:])
    detail = why_unopened(BackupTooOld, LINE, tree=later)
    assert detail == "The key of its epoch 2 is not there any more."


def test_what_is_wrong_is_told_in_the_order_of_the_checks() -> None:
    name = os.urandom(16).hex()
    assert why_unopened(BackupDamaged, line_of(installation=name)[:-1]) == OTHER_FORM
    why_unopened(BackupForeign, line_of(installation=name, epoch=4))
    why_unopened(BackupForeign, line_of(installation=name, epoch=1))
    why_unopened(BackupTooNew, line_of(epoch=4, identity=""))
    why_unopened(BackupTooOld, line_of(epoch=1, identity=""))


@pytest.mark.parametrize(
    ("word", "other"),
    [
        (b'"epoch":2', b'"epoch":Infinity'),
        (b'"log_size":13', b'"log_size":1e999'),
        (b"2026-01-01T12:30:45+00:00", b"0001-01-01T00:00:00+14:00"),
        (b"2026-01-31T12:30:45+00:00", b"9999-12-31T23:59:59-14:00"),
    ],
)
def test_a_number_or_moment_beyond_all_bounds_is_refused(word: bytes, other: bytes) -> None:
    assert why_unread(LINE.replace(word, other)) == NO_BACKUP
