"""The key store opens with its root only, as it was written, and any root can take another's place."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from visavis.model.keys import Custodian, Custody, KeyFileForeign, KeyStoreDamaged
from visavis.protect.epochs import emptied, new_tree, turned, without_dead
from visavis.protect.key_store import KeyStore, new_store, open_store, read_seats

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROOT, OTHER = bytes(range(32)), bytes(range(32, 64))
QUORUM = Custody("quorum", 2, (Custodian(1, "Ann", bytes(32), "age1x"), Custodian(2, "Ben", bytes(32), None)))


def store() -> KeyStore:
    tree = turned(new_tree(now=NOW), now=NOW)
    tree = emptied(tree, before=2, now=NOW)
    tree = without_dead(turned(tree, now=NOW), window=NOW - NOW, now=NOW)
    return new_store(replace(tree, generation=7), root=ROOT, custody=QUORUM)


def test_a_store_opens_as_it_was_written() -> None:
    made = store()
    opened = open_store(made.sealed(), root=ROOT)
    assert opened == made
    assert [epoch.number for epoch in opened.tree.epochs] == [2, 3]
    assert [gone.number for gone in opened.tree.destroyed] == [1]
    assert opened.custody == QUORUM
    assert read_seats(made.sealed()) == made.seats


def test_nothing_secret_is_in_the_file_or_in_what_is_printed() -> None:
    made = store()
    secrets = [made.store_key, made.tree.installation, *(epoch.key for epoch in made.tree.epochs), ROOT]
    for secret in secrets:
        for shown in (made.sealed().decode(), repr(made)):
            assert secret.hex() not in shown
            assert repr(secret) not in shown
            assert b64encode(secret).decode() not in shown


def test_another_root_does_not_open_it() -> None:
    with pytest.raises(KeyFileForeign):
        open_store(store().sealed(), root=OTHER)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": "visavis-key-store/2"}', b"\xff"])
def test_what_is_no_store_is_said_to_be_damaged(data: bytes) -> None:
    with pytest.raises(KeyStoreDamaged):
        open_store(data, root=ROOT)
    with pytest.raises(KeyStoreDamaged):
        read_seats(data)


@pytest.mark.parametrize(
    ("name", "value"),
    [("threshold", 1), ("mode", "keyfile"), ("mode", "other"), ("custodians", []), ("version", 2), ("version", "x")],
)
def test_who_holds_the_root_cannot_be_edited(name: str, value: object) -> None:
    told = json.loads(store().sealed())
    told["seats"][0][name] = value
    with pytest.raises((KeyStoreDamaged, KeyFileForeign)):
        open_store(json.dumps(told).encode(), root=ROOT)


def test_what_it_keeps_cannot_be_edited_or_taken_from_another() -> None:
    told, other = json.loads(store().sealed()), json.loads(store().sealed())
    body = bytearray(b64decode(told["body"]))
    body[-1] ^= 1
    for wrong in (b64encode(body).decode(), other["body"], "", "?"):
        with pytest.raises(KeyStoreDamaged):
            open_store(json.dumps({**told, "body": wrong}).encode(), root=ROOT)


def test_while_one_root_takes_the_place_of_another_either_opens_it() -> None:
    both = store().with_seat(OTHER)
    for root in (ROOT, OTHER):
        assert open_store(both.sealed(), root=root).tree == both.tree
    assert both.custody == QUORUM, "until it is finished the former custodians count"
    assert not both.is_exchanging_files


def test_a_second_seat_is_replaced_by_the_next() -> None:
    third = bytes(range(64, 96))
    both = store().with_seat(OTHER).with_seat(third)
    with pytest.raises(KeyFileForeign):
        open_store(both.sealed(), root=OTHER)
    assert len(both.seats) == 2


def test_what_is_finished_opens_with_one_root_under_a_fresh_key() -> None:
    both = store().with_seat(OTHER)
    done = both.finished(OTHER)
    assert done.store_key != both.store_key
    assert open_store(done.sealed(), root=OTHER).tree == both.tree
    assert done.custody.mode == "keyfile"
    with pytest.raises(KeyFileForeign):
        open_store(done.sealed(), root=ROOT)
    kept = both.finished(ROOT)
    assert kept.custody == QUORUM
    with pytest.raises(KeyFileForeign):
        both.finished(bytes(32))


def test_only_two_files_are_an_exchange_of_files() -> None:
    files = new_store(new_tree(now=NOW), root=ROOT)
    assert not files.is_exchanging_files
    assert files.with_seat(OTHER).is_exchanging_files
