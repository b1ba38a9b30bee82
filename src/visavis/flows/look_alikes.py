"""People who look like each other, as an operator declares and ends it, and as it is said at a station."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import done_by, record_act
from visavis.model.access import ApiKey, NotFound
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
    """The row of two people, or of one, by whoever says so: a new one, or the one there is.

    Each source has a row of its own: what people say, and take back, leaves what the machine found, and the other way
    round.
    """
    first, second = (one, None) if other is None else pair_of(one, other)
    row = tx.look_alikes.first(subject_id=first, other_subject_id=second, source=source)
    if row is None:
        row = LookAlike(new_id("alk"), gallery_id, first, second, source, now)
        tx.look_alikes.add(row)
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

    def declare(self, gallery_id: str, *, subject_id: str, other_subject_id: str | None, by: ApiKey) -> LookAlike:
        """Two people of one gallery look like each other, or one looks like somebody who is not in it.

        :param by: who says so, which is entered.
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
            self._enter(tx, "declare", row, by=by)
        return row

    def end(self, look_alike_id: str, *, by: ApiKey) -> None:
        """Take back what was declared or disputed; what the machine found of the same two stays.

        :raises NotFound: there is no such row. :raises LookAlikeUnfit: the machine found it.
        """
        with self._store.write() as tx:
            row = tx.look_alikes.get(look_alike_id)
            if row.source is LookAlikeSource.FOUND:
                raise LookAlikeUnfit("The machine found this pair.")
            tx.look_alikes.remove(id=row.id)
            self._enter(tx, "end", row, by=by)

    def _enter(self, tx: Transaction, act: str, row: LookAlike, *, by: ApiKey) -> None:
        """That somebody said so; not about whom, since neither is told of the other."""
        details = {"look_alike": row.id, "gallery": row.gallery_id, "source": row.source.value, **done_by(by)}
        record_act(tx, Event.REVIEW, now=self._clock.now(), fields={"act": act}, details=details, keyring=self._keyring)


class Heard(Protocol):
    """Told of every decision that was disputed, after that is stored."""

    def __call__(self, decision_id: str, *, station_id: str) -> None:
        """A station's own decision."""


def _heard_by_nobody(decision_id: str, *, station_id: str) -> None:
    del decision_id, station_id


class Disputes:
    """Somebody says "this was not me", at the station that was told so, while they stand there."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, disputed: Heard = _heard_by_nobody) -> None:
        """Hold nothing.

        :param disputed: who is told.
        """
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._disputed = disputed

    def dispute(self, decision_id: str, *, station_id: str) -> None:
        """Whoever was matched looks like somebody else. The decision stays as it was told.

        1. The decision is this station's own and its newest, a face was matched in it, and that was up to 120 seconds
           ago: whoever stands there now is not asked about those before them.
        2. The same again changes nothing.
        3. The row is written, and entered; whom it is about can read that this decision was disputed.

        :raises DisputeUnfit: 1, whichever it is.
        """
        with self._store.write() as tx:
            # 1
            now, decision = self._clock.now(), tx.newest_decision(station_id)
            if decision is None or decision.id != decision_id or not _can_be_disputed(decision, now):
                raise DisputeUnfit
            subject = tx.subjects.first(id=str(decision.subject_id))
            if subject is None:
                raise DisputeUnfit
            # 2
            if decision.disputed_at is not None:
                return
            # 3
            tx.decisions.change(replace(decision, disputed_at=now))
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
        self._disputed(decision_id, station_id=station_id)


def disputed_here(tx: Transaction, decision_id: str | None, *, station_id: str, now: datetime) -> Decision | None:
    """The decision of which the person who now shows who they are has said that it was not them.

    It is the station's newest, and they said so up to 120 seconds ago. Asked before their own decision is made.

    :param decision_id: what the station says; None where nobody said anything.
    """
    newest = None if decision_id is None else tx.newest_decision(station_id)
    if newest is None or newest.id != decision_id or newest.disputed_at is None:
        return None
    return newest if newest.disputed_at <= now <= newest.disputed_at + DISPUTED_WITHIN else None


def name_other(tx: Transaction, disputed: Decision, *, other: str, now: datetime) -> None:
    """Whom the other one of a dispute turned out to be.

    That somebody looks like whoever was named stays beside the pair: that it was this person is what one station says.
    Nothing is written of somebody who turned out to be themself, nor after the dispute was taken back.
    """
    named = disputed.subject_id
    if named is None or other == named:
        return
    row = tx.look_alikes.first(subject_id=named, other_subject_id=None, source=LookAlikeSource.DISPUTED)
    if row is not None:
        enter_pair(tx, gallery_id=row.gallery_id, one=named, other=other, source=row.source, now=now)


def _can_be_disputed(decision: Decision, now: datetime) -> bool:
    matched = decision.outcome is Outcome.MATCH and decision.means is Means.FACE and decision.gallery_id is not None
    return matched and now - DISPUTED_WITHIN <= decision.decided_at
