"""What erasing somebody has destroyed, and which keys could still open an older copy of what was held about them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.readings import Reader
from visavis.flows.record import record_act, servers_openings
from visavis.model.access import ReadingKind
from visavis.model.audit import Event
from visavis.model.backup import ErasureUnknown, NotErased
from visavis.model.consent import Tombstone
from visavis.model.keys import KeyTree, SealBroken
from visavis.protect.epochs import LENGTH


@dataclass(frozen=True, slots=True)
class EpochLeft:
    """An epoch whose key opens, or opened, backups that are older than an erasure.

    ``destroyed_at`` is when its key was destroyed, ``planned_at`` when it will be if the server runs until then; one of
    them is None.
    """

    number: int
    made_at: datetime
    planned_at: datetime | None
    destroyed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What there is to say of an erasure.

    From ``erased_at`` on no running server opens anything of the person. From ``beyond_recovery_at`` on nobody does,
    with every key there is and every backup: the last of ``epochs`` is destroyed then, or was, if ``beyond_recovery``.
    ``withdrawn_by`` is who withdrew for them, by the name of their key or account, and ``withdrawn_because`` why; both
    are None where the person did it themselves, or something else ended it.
    """

    subject_id: str
    reason: str
    withdrawn_by: str | None
    withdrawn_because: str | None
    receipt_ids: tuple[str, ...]
    erased_at: datetime
    epochs: tuple[EpochLeft, ...]
    beyond_recovery_at: datetime
    beyond_recovery: bool
    tombstone_until: datetime


class Erasures:
    """Tells of erasures."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, window: timedelta) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._window = window

    def of(self, subject_id: str, *, reader: Reader) -> Erasure:
        """What there is to say of the erasure of somebody; that it was asked for is entered.

        :raises ErasureUnknown: nothing tells of it any more, or it never was. :raises NotErased: they are there.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            tombstone = tx.tombstones.first(subject_id=subject_id)
            if tombstone is None:
                if tx.subjects.first(id=subject_id) is not None:
                    raise NotErased
                raise ErasureUnknown
            record_act(
                tx,
                Event.READING,
                now=now,
                fields={"act": ReadingKind.SUBJECT.value},
                details={"erasure": subject_id, "by": reader.key.name, "reason": reader.reason},
                keyring=self._keyring,
                expires_at=tombstone.keep_until,
            )
            said = _who_withdrew(tx, tombstone, keyring=self._keyring)
        return _told(tombstone, said, self._keyring.keys.tree, window=self._window, now=now)


def _who_withdrew(tx: Transaction, tombstone: Tombstone, *, keyring: Keyring) -> tuple[str | None, str | None]:
    """Who withdrew for them and why, by the newest entry: a backup may have brought them back once."""
    try:
        entries = servers_openings(tx, keyring=keyring, of=tombstone.subject_id.encode())
    except SealBroken:
        return None, None
    details = entries[-1].details if entries else {}
    return details.get("by"), details.get("reason")


def _told(
    tombstone: Tombstone, said: tuple[str | None, str | None], tree: KeyTree, *, window: timedelta, now: datetime
) -> Erasure:
    epochs = (*_destroyed(tombstone, tree), *_alive(tombstone, tree, window=window, now=now))
    dates = [date for epoch in epochs if (date := epoch.destroyed_at or epoch.planned_at) is not None]
    return Erasure(
        subject_id=tombstone.subject_id,
        reason=tombstone.reason,
        withdrawn_by=said[0],
        withdrawn_because=said[1],
        receipt_ids=tombstone.receipt_ids,
        erased_at=tombstone.created_at,
        epochs=epochs,
        beyond_recovery_at=max(dates, default=tombstone.created_at),
        beyond_recovery=all(epoch.destroyed_at is not None for epoch in epochs),
        tombstone_until=tombstone.keep_until,
    )


def _destroyed(tombstone: Tombstone, tree: KeyTree) -> list[EpochLeft]:
    """Those that were alive when somebody was erased and are not any more."""
    return [
        EpochLeft(gone.number, gone.made_at, None, gone.destroyed_at)
        for gone in tree.destroyed
        if gone.made_at <= tombstone.created_at < gone.destroyed_at
    ]


def _alive(tombstone: Tombstone, tree: KeyTree, *, window: timedelta, now: datetime) -> list[EpochLeft]:
    """Those that had begun when somebody was erased, and are there still."""
    found = []
    for epoch in tree.epochs:
        if epoch.made_at <= tombstone.created_at:
            # Until no key is wrapped with it any more its time does not begin to run.
            emptied = epoch.emptied_at or max(now, epoch.made_at + LENGTH)
            found.append(EpochLeft(epoch.number, epoch.made_at, emptied + window, None))
    return found
