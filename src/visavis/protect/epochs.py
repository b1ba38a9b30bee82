"""The rules of erasure epochs.

Subjects' keys are wrapped with the key of the present epoch, and wrapped anew in each. An epoch's key is destroyed when
no key in the database needs it any more and every backup that was made while one did is over. From then on nobody
opens, with every key there is, what a backup holds of somebody who was erased in that epoch or before.
"""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from visavis.model.keys import BEFORE_EPOCHS, Destroyed, Epoch, EpochDestroyed, KeyTree
from visavis.protect.envelope import KEY_BYTES
from visavis.protect.keys import derive

LENGTH: Final = timedelta(days=1)
"""How long an epoch lasts."""


def new_tree(*, installation: bytes | None = None, now: datetime) -> KeyTree:
    """The keys of an installation that begins.

    :param installation: the key (32 bytes) of one that began before it had a key store.
    """
    first = Epoch(BEFORE_EPOCHS + 1, os.urandom(KEY_BYTES), now)
    if installation is None:
        return KeyTree(os.urandom(KEY_BYTES), 0, (first,))
    before = Epoch(BEFORE_EPOCHS, derive(installation, "wrap subject keys"), now)
    return KeyTree(installation, 0, (before, first))


def present(tree: KeyTree) -> Epoch:
    """The epoch that keys are wrapped in now."""
    return tree.epochs[-1]


def epoch_key(tree: KeyTree, number: int) -> bytes:
    """The key of an epoch (32 bytes).

    :raises EpochDestroyed: it is gone, or never was.
    """
    for epoch in tree.epochs:
        if epoch.number == number:
            return epoch.key
    raise EpochDestroyed(f"Epoch {number} was destroyed.")


def turned(tree: KeyTree, *, now: datetime) -> KeyTree:
    """A new epoch begins."""
    fresh = Epoch(present(tree).number + 1, os.urandom(KEY_BYTES), now)
    return replace(tree, epochs=(*tree.epochs, fresh))


def is_over(tree: KeyTree, *, length: timedelta, now: datetime) -> bool:
    """Whether the present epoch has lasted as long as one lasts."""
    return now >= present(tree).made_at + length


def emptied(tree: KeyTree, *, before: int, now: datetime) -> KeyTree:
    """No key is wrapped any more in the epochs before this number.

    A later call does not move the date of one that was emptied already.
    """
    epochs = (replace(e, emptied_at=now) if e.number < before and e.emptied_at is None else e for e in tree.epochs)
    return replace(tree, epochs=tuple(epochs))


def without_dead(tree: KeyTree, *, window: timedelta, now: datetime) -> KeyTree:
    """Destroy the epochs that no backup within its time needs; the present one never.

    Nor the time before epochs: its key follows from the installation's, so that saying it is gone would be untrue.
    """
    over = (e for e in tree.epochs[:-1] if e.emptied_at is not None and now >= e.emptied_at + window)
    dead = {epoch.number for epoch in over} - {BEFORE_EPOCHS}
    if not dead:
        return tree
    gone = (Destroyed(e.number, e.made_at, now) for e in tree.epochs if e.number in dead)
    return replace(
        tree,
        epochs=tuple(e for e in tree.epochs if e.number not in dead),
        destroyed=(*tree.destroyed, *gone),
    )


def grown(tree: KeyTree, *, generation: int) -> KeyTree:
    """The generation that the database has reached; never a smaller one."""
    return replace(tree, generation=max(tree.generation, generation))
