"""Bringing a backup back so that nobody is revived: from every place that tells who was erased since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from visavis.audit.checkpoint import Trust, require_checkpoint
from visavis.audit.merkle import edge_of
from visavis.audit.note import VerifierKey
from visavis.audit.tiles import Fetch, Tiles
from visavis.audit.verify import whole_if_gone
from visavis.flows.ahead import Ahead, Committed, MadeUp, Shown, make_up
from visavis.flows.console_sessions import end_all
from visavis.flows.generation import generation_of, put_generation
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Store
from visavis.flows.publish import CHECKPOINT
from visavis.flows.record import record_act
from visavis.model.audit import Event, LogDamaged, ResourceMissing
from visavis.model.backup import BackupHeader, BackupTooOld
from visavis.model.consent import Tombstone


@dataclass(frozen=True, slots=True)
class Replaced:
    """What the database that is being replaced tells."""

    tombstones: Sequence[Tombstone]
    committed: Committed | None
    generation: int


def read_published(fetch: Fetch, *, key: VerifierKey) -> Shown | None:
    """A published log; None where there is none.

    :raises LogRefused: it does not check out.
    """
    try:
        data = fetch(CHECKPOINT)
    except ResourceMissing:
        return None
    signed = require_checkpoint(data, trust=Trust(key))
    either = whole_if_gone(fetch)
    return Shown(signed, Tiles(either, size=signed.checkpoint.size, root=signed.checkpoint.root), either)


def require_beginning(smaller: Shown, larger: Shown) -> None:
    """One published log is the beginning of the other.

    :raises LogDamaged: they are two histories; what the smaller tells of is not in the larger.
    """
    if edge_of(smaller.tiles.size, larger.tiles.read) != smaller.tiles.edge:
        raise LogDamaged("Two logs of this installation tell different histories.")


def read_replaced(store: Store, keyring: Keyring) -> Replaced:
    """What there is to learn from a database before it goes.

    :raises SealBroken: somebody edited its generation.
    """
    with store.read() as tx:
        tombstones, generation = tx.tombstones.find(), generation_of(tx, keyring) or 0
        head, first = tx.log.head(), tx.log.first()
        if head is None:
            return Replaced(tombstones, None, generation)
        return Replaced(tombstones, Committed(head, first, list(tx.log.entries(first, limit=head.size))), generation)


def require_in_time(header: BackupHeader, *, window: timedelta, now: datetime) -> None:
    """The backup may be brought back still, by what it says and by what is promised now.

    Tombstones are kept as long as that; what is older could revive somebody although its key were there.

    :raises BackupTooOld: it may not.
    """
    until = min(header.opens_until, header.made_at + window)
    if now >= until:
        raise BackupTooOld(
            f"It was made on {header.made_at:%Y-%m-%d} and could be brought back until {until:%Y-%m-%d}."
        )


def bring_back(
    store: Store,
    keyring: Keyring,
    *,
    header: BackupHeader,
    ahead: Ahead | None,
    known: Sequence[Tombstone],
    generation: int,
    new_epoch: int,
    now: datetime,
) -> MadeUp:
    """Make a database that came out of a backup the one that goes on; one transaction.

    Nobody stays logged in: a session that was ended since must not come back.

    :param known: tombstones from every place that has some.
    :param generation: the highest count that the key store or the replaced database has seen.
    :param new_epoch: the number of the epoch that begins with this.
    """
    with store.write(alone=True) as tx:
        made_up = make_up(tx, ahead, known, keyring=keyring, now=now)
        details = {
            "destroyed": made_up.destroyed,
            "epoch": header.epoch,
            "lapsed": made_up.lapsed,
            "log_size": header.log_size,
            "made_at": header.made_at.isoformat(),
        }
        record_act(tx, Event.RESTORE, now=now, fields={}, details=details, keyring=keyring)
        fields = {"act": "rotate", "of": "epoch"}
        record_act(tx, Event.KEY, now=now, fields=fields, details={"epoch": new_epoch}, keyring=keyring)
        end_all(tx)
        put_generation(tx, max(generation, generation_of(tx, keyring) or 0) + 1, keyring)
    store.scrub()
    return made_up
