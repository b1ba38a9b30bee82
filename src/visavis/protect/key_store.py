"""The key store: one small file beside the data, without which nothing in the data opens.

Described in ``spec/key-store.md``. The root wraps the *store key* and nothing else; the store key seals everything that
the store keeps. So another root costs one small write, and no key below it changes.
"""

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

import rfc8785

from visavis.model.keys import (
    Custodian,
    Custody,
    Destroyed,
    Epoch,
    KeyFileForeign,
    KeyStoreDamaged,
    KeyTree,
    SealBroken,
)
from visavis.protect.envelope import KEY_BYTES, Context, seal, unseal
from visavis.protect.keys import derive

FORMAT: Final = "visavis-key-store/1"
_KEY_FILE: Final = Custody("keyfile")


@dataclass(frozen=True, slots=True)
class Seat:
    """One root that opens the store: its version, who holds it, and the store key sealed under it."""

    version: int
    custody: Custody
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyStore:
    """An opened key store.

    There are two seats while one root takes the place of another: either opens it then, so that nothing is lost
    whatever happens to the new one.
    """

    seats: tuple[Seat, ...]
    tree: KeyTree
    store_key: bytes = field(repr=False)

    @property
    def custody(self) -> Custody:
        """Who holds the root; while one takes the place of another, who held the former."""
        return self.seats[0].custody

    @property
    def is_exchanging_files(self) -> bool:
        """Whether one key file takes the place of another, so that the one that is there is the right one."""
        return len(self.seats) > 1 and all(seat.custody.mode == "keyfile" for seat in self.seats)

    def sealed(self) -> bytes:
        """What is written to the disk."""
        seats = [_seat_told(seat) for seat in self.seats]
        body = seal(json.dumps(_tree_told(self.tree)).encode(), key=self.store_key, context=_body_context(seats))
        told = {"format": FORMAT, "seats": seats, "body": b64encode(body).decode()}
        return json.dumps(told, indent=1).encode() + b"\n"

    def reread(self, data: bytes) -> Self:
        """The store as another process that holds the same store key wrote it.

        :raises KeyStoreDamaged: it was edited, is torn, or has another store key: a root was exchanged.
        """
        told = _told(data)
        return replace(self, seats=_seats_read(told), tree=_opened_tree(told, self.store_key))

    def with_tree(self, tree: KeyTree) -> Self:
        """The store with other content."""
        return replace(self, tree=tree)

    def with_seat(self, root: bytes, custody: Custody = _KEY_FILE) -> Self:
        """The store with one more root that opens it, in place of any other that was added and not finished.

        :param root: 32 bytes.
        """
        version = self.seats[0].version + 1
        return replace(self, seats=(self.seats[0], _seat(version, custody, self.store_key, root)))

    def finished(self, root: bytes) -> Self:
        """The store that only this root opens, under a fresh store key.

        :raises KeyFileForeign: this root has no seat.
        """
        seat, _ = _seat_of(self.seats, root)
        store_key = os.urandom(KEY_BYTES)
        return replace(self, seats=(_seat(seat.version, seat.custody, store_key, root),), store_key=store_key)


def new_store(tree: KeyTree, *, root: bytes, custody: Custody = _KEY_FILE) -> KeyStore:
    """A store that this root opens (32 bytes)."""
    store_key = os.urandom(KEY_BYTES)
    return KeyStore((_seat(1, custody, store_key, root),), tree, store_key)


def open_store(data: bytes, *, root: bytes) -> KeyStore:
    """Open what ``sealed`` wrote.

    1. It has the form that we know. 2. One of its seats is this root's. 3. The seats, their custodians and the content
    are those that were written together.

    :raises KeyStoreDamaged: 1 or 3 does not hold. :raises KeyFileForeign: 2 does not hold.
    """
    told = _told(data)
    seats = _seats_read(told)
    _, store_key = _seat_of(seats, root)
    return KeyStore(seats, _opened_tree(told, store_key), store_key)


def read_seats(data: bytes) -> tuple[Seat, ...]:
    """Who can open a store, without opening it; what is said is proven only when it opens.

    :raises KeyStoreDamaged: it has no form that we know.
    """
    return _seats_read(_told(data))


def _opened_tree(told: dict[str, Any], store_key: bytes) -> KeyTree:
    try:
        body = unseal(b64decode(told["body"], validate=True), key=store_key, context=_body_context(told["seats"]))
        return _tree_read(json.loads(body))
    except (SealBroken, ValueError, KeyError, TypeError):
        raise KeyStoreDamaged("The key store was edited or is torn.") from None


def _seat(version: int, custody: Custody, store_key: bytes, root: bytes) -> Seat:
    sealed = seal(store_key, key=derive(root, "key store"), context=_seat_context(version), key_version=version)
    return Seat(version, custody, sealed)


def _seat_of(seats: tuple[Seat, ...], root: bytes) -> tuple[Seat, bytes]:
    for seat in seats:
        try:
            context = _seat_context(seat.version)
            return seat, unseal(seat.sealed, key=derive(root, "key store"), context=context, key_version=seat.version)
        except SealBroken:
            continue
    raise KeyFileForeign("The root key does not open the key store.")


def _seat_context(version: int) -> Context:
    return Context("store key", (str(version),))


def _body_context(seats: list[dict[str, Any]]) -> Context:
    return Context("key store", (FORMAT, rfc8785.dumps(seats).decode()))


def _told(data: bytes) -> dict[str, Any]:
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise KeyStoreDamaged("The key store has no form that this release knows.")
    return told


def _seat_told(seat: Seat) -> dict[str, Any]:
    custody = seat.custody
    custodians = [
        {"number": c.number, "name": c.name, "approval_key": c.approval_key.hex(), "recipient": c.recipient}
        for c in custody.custodians
    ]
    return {
        "version": seat.version,
        "mode": custody.mode,
        "threshold": custody.threshold,
        "custodians": custodians,
        "sealed": b64encode(seat.sealed).decode(),
    }


def _seats_read(told: dict[str, Any]) -> tuple[Seat, ...]:
    try:
        seats = tuple(
            Seat(int(seat["version"]), _custody_read(seat), b64decode(seat["sealed"], validate=True))
            for seat in told["seats"]
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        seats = ()
    # The number stands in four bytes of what is sealed, and somebody has to open the store.
    if not seats or not all(0 < seat.version < 2**32 for seat in seats):
        raise KeyStoreDamaged("The key store's seats cannot be read.")
    return seats


def _custody_read(seat: dict[str, Any]) -> Custody:
    custodians = tuple(
        Custodian(int(c["number"]), str(c["name"]), bytes.fromhex(c["approval_key"]), c["recipient"])
        for c in seat["custodians"]
    )
    if seat["mode"] not in {"keyfile", "quorum"}:
        raise ValueError(seat["mode"])
    return Custody(seat["mode"], int(seat["threshold"]), custodians)


def _tree_told(tree: KeyTree) -> dict[str, Any]:
    return {
        "installation": tree.installation.hex(),
        "generation": tree.generation,
        "epochs": [
            {
                "number": epoch.number,
                "key": epoch.key.hex(),
                "made_at": epoch.made_at.isoformat(),
                "emptied_at": None if epoch.emptied_at is None else epoch.emptied_at.isoformat(),
            }
            for epoch in tree.epochs
        ],
        "destroyed": [
            {"number": d.number, "made_at": d.made_at.isoformat(), "destroyed_at": d.destroyed_at.isoformat()}
            for d in tree.destroyed
        ],
    }


def _tree_read(told: dict[str, Any]) -> KeyTree:
    epochs = tuple(
        Epoch(e["number"], bytes.fromhex(e["key"]), _moment(e["made_at"]), e["emptied_at"] and _moment(e["emptied_at"]))
        for e in told["epochs"]
    )
    destroyed = tuple(
        Destroyed(d["number"], _moment(d["made_at"]), _moment(d["destroyed_at"])) for d in told["destroyed"]
    )
    return KeyTree(bytes.fromhex(told["installation"]), told["generation"], epochs, destroyed)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
