"""The key store opens with its root only, as it was written, and any root can take another's place."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from visavis.model.keys import Custodian, Custody, Destroyed, Epoch, KeyFileForeign, KeyStoreDamaged, KeyTree
from visavis.protect.envelope import Context, seal
from visavis.protect.epochs import emptied, new_tree, turned, without_dead
from visavis.protect.key_store import KeyStore, new_store, open_store, read_seats

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROOT, OTHER = bytes(range(32)), bytes(range(32, 64))
QUORUM = Custody("quorum", 2, (Custodian(1, "Ann", bytes(32), "age1x"), Custodian(2, "Ben", bytes(32), None)))

BODY = (
    "AQAAAACgoaKjpKWmp6ipqqvIysYWC9gLLWqXbo/63u+KA7hCn/P9bWpiU/V8vN8RiD0AVpfxHzElrCqcf75YbUuPBu8JB1TLGjVc9t0JhrzJLncJ"
    "dAW62bCOo1V77GDyLrPftosf4yWdx9XaKyPlPgtNP+HBKjZ2GwXNrtJVwjpJ/4JD1ea3tFJ509wNtz3+SEdzHZmbqxoiuFPrqjuiaZ4zE09/qSM4"
    "daAe5p9FK4ogTrIWVC0jz5HXs2otapr2QgP3sTHrP5JJjDrCfEG+hfBTzVYXomfvA9EXSlNQ11Cqg/6C6CGszu0vx5nATpFkxdURqxiLTv8L1TqG"
    "XQIkUBVC4MvnZYSLupSSEM68PxunspNse/hNbaE+aPoUYeVuqnQ8BaxyWGSZiNisnnNTNFKjYsWhJNbMkze6BIsuZQCuVMREdpkUlLkXnr9gBvPV"
    "EY/H1iIsSuCdAKmGbsC4Pq1zbUfETCzRX+PuD66K0V2CFmabwNaF7k18fP3YSszRmFExspoGkDO4H5r7ZGsWk6eijwOthvXIdfF0cBR+RDHQ5NZZ"
    "fCM9dMlbve5/wpW84mNAKyHilo3cLhBeMyy3EryZlplrmnW/SoMjDgYHsEJem4z/kRkZxB+pfzdwI3SScCt86aqOrsd0fyhuOJZbOmaY67i2VK33"
    "d3e3JlevQGagJoopNoy/Tyi9oCrAVlC69FRkaaIH+JNfXYQTpUr9lHWDtZKxaQqsgkkPK5yesyCrdWLthV5cHiBftQTpKL2IYGMeS9IIqORAuJte"
    "RkasgcRS9jxkOwaZDmhSEOHUjqGjKIniJLjBYI6xn4qR8KNJc3s/nqQBZwRsjuUACFfzQL6+ufqJeyVcQZX2kzWnCykEbn9l2SAxgy3xveXYi0NO"
    "yzjR5Ze7bl/bemZ89Xnufg8lzQ=="
)
FILE = r"""{
 "format": "visavis-key-store/1",
 "seats": [
  {
   "version": 1,
   "mode": "quorum",
   "threshold": 2,
   "custodians": [
    {
     "number": 1,
     "name": "Ann",
     "approval_key": "0000000000000000000000000000000000000000000000000000000000000000",
     "recipient": "age1x"
    },
    {
     "number": 2,
     "name": "Ben \u00e9",
     "approval_key": "0101010101010101010101010101010101010101010101010101010101010101",
     "recipient": null
    }
   ],
   "sealed": "AQAAAAGgoaKjpKWmp6ipqqsiPP/RhGfJLGN9hiaAv7QlKhnsWdQUdKVHEL4Bez/c4JQJPmin24wecwlU55ejEck="
  },
  {
   "version": 2,
   "mode": "keyfile",
   "threshold": 1,
   "custodians": [],
   "sealed": "AQAAAAKgoaKjpKWmp6ipqqtX/aQLdK95ZCYd6JTQMBD78iub2BLoTdtLdkrexwrYlOPuRXHr3rDH3cfuaqFeQ84="
  }
 ],
 "body": "BODY"
}
"""
"""``frozen()`` with the store key a0 to bf and every nonce a0 to ab, opened by hand with HKDF, AES-GCM and the spec."""
FOREIGN = "The root key does not open the key store."
TORN = "The key store was edited or is torn."
OTHER_FORM = "The key store has no form that this release knows."
OTHER_SEATS = "The key store's seats cannot be read."


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


# The file


def day(number: int) -> datetime:
    return NOW + timedelta(days=number, minutes=30, seconds=45)


def frozen() -> KeyStore:
    """A store with everything in it that one can have."""
    custody = Custody("quorum", 2, (Custodian(1, "Ann", bytes(32), "age1x"), Custodian(2, "Ben é", b"\1" * 32)))
    epochs = Epoch(2, bytes(range(32, 64)), day(1), day(2)), Epoch(3, bytes(range(64, 96)), day(2))
    destroyed = Destroyed(0, day(0), day(3)), Destroyed(1, day(0), day(4).replace(microsecond=5))
    tree = KeyTree(bytes(range(32)), 7, epochs, destroyed)
    return new_store(tree, root=bytes(range(32, 64)), custody=custody).with_seat(bytes(range(64, 96)))


def why(refusal: type[KeyStoreDamaged | KeyFileForeign], told: dict[str, Any] | bytes, *, root: bytes = ROOT) -> str:
    data = told if isinstance(told, bytes) else json.dumps(told).encode()
    with pytest.raises(refusal) as refused:
        open_store(data, root=root)
    return refused.value.detail


def test_the_file_is_written_to_the_byte_and_opens_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: bytes(range(0xA0, 0xA0 + count)))
    written = FILE.replace("BODY", BODY).encode()
    made = frozen()
    assert made.sealed() == written
    for root in (bytes(range(32, 64)), bytes(range(64, 96))):
        assert open_store(written, root=root) == made
    assert read_seats(written) == made.seats
    assert [seat.version for seat in made.seats] == [1, 2]


def test_roots_are_counted_on_and_a_file_takes_the_place_of_custodians_where_none_are_named() -> None:
    done = store().with_seat(OTHER).finished(OTHER).with_seat(ROOT, QUORUM)
    assert [seat.version for seat in done.seats] == [2, 3]
    assert [seat.custody for seat in done.seats] == [Custody("keyfile"), QUORUM]
    assert [seat.version for seat in done.finished(ROOT).seats] == [3]
    assert len(done.finished(ROOT).store_key) == len(store().store_key) == 32


def test_a_store_with_other_content_opens_as_that() -> None:
    made = store()
    other = made.with_tree(new_tree(now=NOW))
    assert (other.seats, other.store_key) == (made.seats, made.store_key)
    assert other.tree != made.tree
    assert open_store(other.sealed(), root=ROOT) == other


def test_a_root_that_has_no_seat_is_told_so() -> None:
    assert why(KeyFileForeign, store().sealed(), root=OTHER) == FOREIGN
    with pytest.raises(KeyFileForeign) as refused:
        store().finished(OTHER)
    assert refused.value.detail == FOREIGN
    told = json.loads(store().sealed())
    assert why(KeyStoreDamaged, {**told, "seats": []}) == OTHER_SEATS


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"x"', b"{}", b"\xff"])
def test_what_has_another_form_is_told_so(data: bytes) -> None:
    assert why(KeyStoreDamaged, data) == OTHER_FORM
    with pytest.raises(KeyStoreDamaged) as refused:
        read_seats(data)
    assert refused.value.detail == OTHER_FORM


@pytest.mark.parametrize("value", ["visavis-key-store/2", "VISAVIS-KEY-STORE/1", "", None, 1])
def test_another_format_is_refused(value: object) -> None:
    assert why(KeyStoreDamaged, {**json.loads(store().sealed()), "format": value}) == OTHER_FORM


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", "x"),
        ("version", None),
        ("mode", "other"),
        ("mode", None),
        ("threshold", "two"),
        ("custodians", None),
        ("custodians", [{"number": 1, "name": "Ann", "approval_key": "zz", "recipient": None}]),
        ("custodians", [{"number": 1, "name": "Ann", "recipient": None}]),
        ("custodians", [{"number": 1, "name": "Ann", "approval_key": ""}]),
        ("sealed", "?"),
        ("sealed", "AQ==!"),
        ("sealed", "AQ"),
        ("sealed", None),
    ],
)
def test_seats_that_cannot_be_read_are_told(name: str, value: object) -> None:
    told = json.loads(store().sealed())
    told["seats"][0][name] = value
    assert why(KeyStoreDamaged, told) == OTHER_SEATS
    del told["seats"][0][name]
    assert why(KeyStoreDamaged, told) == OTHER_SEATS


@pytest.mark.parametrize("seats", [None, 1, "x", [1], [[]], [{}]])
def test_seats_of_another_kind_are_told(seats: object) -> None:
    assert why(KeyStoreDamaged, {**json.loads(store().sealed()), "seats": seats}) == OTHER_SEATS


def test_content_that_is_not_what_was_written_with_its_seats_is_told() -> None:
    made = store()
    told = json.loads(made.sealed())
    for body in (None, 1, "", "?", "AQ", f"{told['body']}!", f"!{told['body']}", told["body"][:-4]):
        assert why(KeyStoreDamaged, {**told, "body": body}) == TORN
    assert why(KeyStoreDamaged, {name: told[name] for name in ("format", "seats")}) == TORN
    for name, value in (("threshold", 1), ("custodians", []), ("another", 1)):
        seats = [{**told["seats"][0], name: value}]
        assert why(KeyStoreDamaged, {**told, "seats": seats}) == TORN
    second = json.loads(made.with_seat(OTHER).sealed())
    assert why(KeyStoreDamaged, {**told, "seats": second["seats"]}) == TORN
    assert why(KeyStoreDamaged, {**second, "seats": second["seats"][::-1]}) == TORN
    assert why(KeyFileForeign, {**told, "seats": [{**told["seats"][0], "version": 2}]}) == FOREIGN


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"1", b"null", b"{}", b'{"epochs": [], "destroyed": []}', b"\xff"]
)
def test_content_of_no_form_that_we_know_is_told(content: bytes) -> None:
    """Nobody but a holder of the root writes such."""
    made = store()
    told = json.loads(made.sealed())
    seats = json.dumps(told["seats"], sort_keys=True, separators=(",", ":"))
    context = Context("key store", ("visavis-key-store/1", seats))
    body = seal(content, key=made.store_key, context=context)
    assert why(KeyStoreDamaged, {**told, "body": b64encode(body).decode()}) == TORN


@pytest.mark.parametrize(("name", "value"), [("version", v) for v in (-1, 0, 2**32, 1e400)] + [("threshold", 1e400)])
def test_a_number_beyond_all_bounds_is_told(name: str, value: float) -> None:
    told = json.loads(store().sealed())
    told["seats"][0][name] = value
    assert why(KeyStoreDamaged, told) == OTHER_SEATS


def test_a_store_without_a_seat_or_without_an_end_of_nesting_is_damaged() -> None:
    told = {**json.loads(store().sealed()), "seats": []}
    with pytest.raises(KeyStoreDamaged):
        read_seats(json.dumps(told).encode())
    with pytest.raises(KeyStoreDamaged):
        read_seats(b"[" * 100_000)
