"""People who look like each other, as an operator declares and ends it, and as it is said at a station."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_act
from visavis.model.access import NotFound
from visavis.model.audit import Event
from visavis.model.decision import Decision, Means, Outcome
from visavis.model.ids import new_id
from visavis.model.look_alike import DisputeUnfit, LookAlike, LookAlikeSource, LookAlikeUnfit

DISPUTED_WITHIN: Final = timedelta(seconds=120)
"""How long after a match it can be said that it was somebody else, and after that who it was."""


def pair_of(one: str, other: str) -> tuple[str, str]:
    """Two people in the order in which a row names them."""
    return min(one, other), max(one, other)


def enter_pair(
    tx: Transaction, *, gallery_id: str, one: str, other: str | None, source: LookAlikeSource, now: datetime
) -> LookAlike:
    """The row of two people, or of one: a new one, or the one there is. What people say stands before what is found."""
    first, second = (one, None) if other is None else pair_of(one, other)
    row = tx.look_alikes.first(subject_id=first, other_subject_id=second)
    if row is None:
        row = LookAlike(new_id("alk"), gallery_id, first, second, source, now)
        tx.look_alikes.add(row)
    elif row.source is LookAlikeSource.FOUND and source is not LookAlikeSource.FOUND:
        row = replace(row, source=source)
        tx.look_alikes.change(row)
    return row


def people_asked(tx: Transaction, gallery_id: str) -> int:
    """How many people of a gallery are asked for a second factor."""
    rows = tx.look_alikes.find(gallery_id=gallery_id)
    return len({id_ for row in rows for id_ in (row.subject_id, row.other_subject_id)} - {None})


class LookAlikes:
    """What an operator says."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def declare(self, gallery_id: str, *, subject_id: str, other_subject_id: str | None) -> LookAlike:
        """Two people of one gallery look like each other, or one looks like somebody who is not in it.

        :raises NotFound: one of them is not in the gallery (rule S5). :raises LookAlikeUnfit: it is one person.
        """
        if subject_id == other_subject_id:
            raise LookAlikeUnfit("This names one person twice.")
        with self._store.write() as tx:
            gallery = tx.galleries.get(gallery_id)
            for id_ in (subject_id, other_subject_id):
                if id_ is not None and tx.subjects.first(id=id_, gallery_id=gallery.id) is None:
                    raise NotFound("There is no such person in this gallery.")
            row = enter_pair(
                tx,
                gallery_id=gallery.id,
                one=subject_id,
                other=other_subject_id,
                source=LookAlikeSource.DECLARED,
                now=self._clock.now(),
            )
            self._enter(tx, "declare", row)
        return row

    def end(self, look_alike_id: str) -> None:
        """Take back what was declared or disputed.

        :raises NotFound: there is no such row. :raises LookAlikeUnfit: the machine found it.
        """
        with self._store.write() as tx:
            row = tx.look_alikes.get(look_alike_id)
            if row.source is LookAlikeSource.FOUND:
                raise LookAlikeUnfit("The machine found this pair.")
            tx.look_alikes.remove(id=row.id)
            self._enter(tx, "end", row)

    def _enter(self, tx: Transaction, act: str, row: LookAlike) -> None:
        """That somebody said so; not about whom, since neither is told of the other."""
        details = {"look_alike": row.id, "gallery": row.gallery_id, "source": row.source.value}
        record_act(tx, Event.REVIEW, now=self._clock.now(), fields={"act": act}, details=details, keyring=self._keyring)


@dataclass(frozen=True, slots=True)
class _Awaited:
    """A dispute at a station whose person may still say who they are."""

    decision_id: str
    subject_id: str
    until: datetime


class Heard(Protocol):
    """Told of every decision that was disputed, after that is stored."""

    def __call__(self, decision_id: str, *, station_id: str) -> None:
        """A station's own decision."""


def _heard_by_nobody(decision_id: str, *, station_id: str) -> None:
    del decision_id, station_id


class Disputes:
    """Somebody says "this was not me", at the station that was told so, while they stand there.

    Which station waits for whom is kept in memory: after a restart the pair stays with one person, and asks for a
    second factor all the same.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, disputed: Heard = _heard_by_nobody) -> None:
        """Wait for nobody yet.

        :param disputed: who is told.
        """
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._disputed = disputed
        self._awaited: dict[str, _Awaited] = {}
        self._lock = threading.Lock()

    def dispute(self, decision_id: str, *, station_id: str) -> None:
        """Whoever was matched looks like somebody else. The decision stays as it was told.

        1. The decision is this station's own, a face was matched in it, and that was up to 120 seconds ago.
        2. The same again changes nothing.
        3. The row is written, and entered; whom it is about can read that this decision was disputed.
        4. If the station's next decision is a match by PIN or QR code of somebody else, within 120 seconds, it is them.

        :raises DisputeUnfit: 1, whichever it is.
        """
        with self._store.write() as tx:
            # 1
            now, decision = self._clock.now(), tx.decisions.first(id=decision_id, station_id=station_id)
            if decision is None or not _can_be_disputed(decision, now):
                raise DisputeUnfit
            subject = tx.subjects.first(id=str(decision.subject_id))
            if subject is None:
                raise DisputeUnfit
            # 2
            with self._lock:
                before = self._awaited.get(station_id)
            if before is not None and before.decision_id == decision_id:
                return
            # 3
            enter_pair(
                tx,
                gallery_id=subject.gallery_id,
                one=subject.id,
                other=None,
                source=LookAlikeSource.DISPUTED,
                now=now,
            )
            record_act(
                tx,
                Event.REVIEW,
                now=now,
                fields={"act": "dispute"},
                details={"decision": decision.id, "gallery": subject.gallery_id},
                keyring=self._keyring,
                about=subject,
                expires_at=decision.expires_at,
            )
        # 4
        with self._lock:
            self._awaited[station_id] = _Awaited(decision_id, subject.id, now + DISPUTED_WITHIN)
        self._disputed(decision_id, station_id=station_id)

    def decided(self, tx: Transaction, decision: Decision) -> None:
        """Told of every decision in its transaction: the first one at a station after a dispute may say who it was."""
        if decision.station_id is None:
            return
        with self._lock:
            awaited = self._awaited.pop(decision.station_id, None)
        if awaited is None or decision.decided_at > awaited.until or not _says_who(decision):
            return
        other, row = decision.subject_id, tx.look_alikes.first(subject_id=awaited.subject_id, other_subject_id=None)
        if other is None or other == awaited.subject_id or row is None or row.source is not LookAlikeSource.DISPUTED:
            return
        tx.look_alikes.remove(id=row.id)
        enter_pair(
            tx, gallery_id=row.gallery_id, one=row.subject_id, other=other, source=row.source, now=decision.decided_at
        )


def _can_be_disputed(decision: Decision, now: datetime) -> bool:
    matched = decision.outcome is Outcome.MATCH and decision.means is Means.FACE and decision.gallery_id is not None
    return matched and now - DISPUTED_WITHIN <= decision.decided_at


def _says_who(decision: Decision) -> bool:
    return decision.outcome is Outcome.MATCH and decision.means is not Means.FACE
