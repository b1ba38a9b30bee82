"""Counting what was destroyed or begun, so that an older copy of the database is known for what it is.

The database has the count, sealed; the key store has the highest one that was ever committed. Where the process dies
between the two, the database is ahead, which is allowed; behind it can be only by having been exchanged.
"""

from typing import Final

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Store, Transaction
from visavis.model.keys import DatabaseEdited, DatabaseOlder, Generation, SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

_ONLY: Final = "database"
_CONTEXT: Final = Context("generation", (_ONLY,))
_BYTES: Final = 8


def advance(tx: Transaction, keyring: Keyring) -> int:
    """Count one more, in the transaction that destroys or begins something.

    :raises SealBroken: somebody edited the count.
    """
    known = generation_of(tx, keyring)
    number = (0 if known is None else known) + 1
    put_generation(tx, number, keyring)
    return number


def put_generation(tx: Transaction, number: int, keyring: Keyring) -> None:
    """Write the count down."""
    sealed = seal(number.to_bytes(_BYTES, "big"), key=_key(keyring), context=_CONTEXT)
    tx.generations.remove(id=_ONLY)
    tx.generations.add(Generation(_ONLY, sealed))


def generation_of(tx: Transaction, keyring: Keyring) -> int | None:
    """The count; None in the database of a release that did not count.

    :raises SealBroken: somebody edited it.
    """
    row = tx.generations.first(id=_ONLY)
    if row is None:
        return None
    return int.from_bytes(unseal(row.sealed, key=_key(keyring), context=_CONTEXT), "big")


def require_newest(store: Store, keyring: Keyring) -> None:
    """The database is as new as the key store has seen it.

    :raises DatabaseOlder: it is not.
    :raises DatabaseEdited: somebody edited the count.
    """
    try:
        with store.read() as tx:
            found = generation_of(tx, keyring) or 0
    except SealBroken as broken:
        raise DatabaseEdited from broken
    expected = keyring.keys.tree.generation
    if found < expected:
        raise DatabaseOlder(f"The database is at generation {found}, the key store at {expected}.")


def follow(store: Store, keyring: Keyring) -> None:
    """Tell the key store what the database has committed.

    :raises OSError: the disk did not take it; the next call makes up for that.
    """
    with store.read() as tx:
        found = generation_of(tx, keyring)
    if found is not None:
        keyring.keys.follow(found)


def _key(keyring: Keyring) -> bytes:
    return derive(keyring.installation, "generation")
