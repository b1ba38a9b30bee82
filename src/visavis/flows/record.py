"""Entering into the transparency log what a transaction does: in that transaction, so that they are stored together.

An entry says what happened on which day, and commits to the details with a fresh salt. Who it is about can open it:
salt and details are kept for them, sealed under their own key, and end with it.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from visavis.audit.commitment import Opened, opened, read_opened
from visavis.audit.leaf import write_entry
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.model.access import ApiKey
from visavis.model.audit import Event, Opening
from visavis.model.consent import Subject
from visavis.model.decision import Decision
from visavis.model.ids import new_id
from visavis.model.keys import EpochDestroyed, SealBroken, SubjectSecret
from visavis.model.purpose import MAX_RETENTION_DAYS
from visavis.model.station import Session
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import tag

INVITED: Final = "by invitation"
BROUGHT: Final = "brought"
"""Where the photos of an enrolment come from, as the entry of its offer has it: the person sends them, or not."""
SERVERS_OPENINGS: Final = timedelta(days=MAX_RETENTION_DAYS)
"""How long what opens the server's own entries is kept: as long as anything about a person can be."""
_RANDOM_BYTES: Final = 16
_ENDINGS: Final = frozenset({Event.DECLINE, Event.LAPSE, Event.WITHDRAW, Event.ERASE, Event.SEAL})
"""What nobody is kept from, not even by a log that cannot be published."""
_BEGINNINGS: Final = frozenset({Event.OFFER, Event.GRANT, Event.ENROL})


def record_life(
    tx: Transaction, event: Event, subject: Subject, *, keyring: Keyring, now: datetime, **details: str | None
) -> None:
    """Something in one person's life here: they are asked, agree, withdraw …

    :param details: what is committed to beside the moment, the person and their gallery.
    :raises SealBroken: the person's key is damaged, and they would be granted or enrolled something.
    """
    secret = _secret_of(tx, subject, keyring=keyring)
    if secret is None and event in _BEGINNINGS:
        raise SealBroken("A person's key does not open.")
    what, index = _append_life(tx, event, subject, secret, details, keyring=keyring, now=now)
    if secret is not None and event is not Event.ERASE:
        _keep_opening(tx, what, index, secret=secret, expires_at=None)


def record_withdrawal_for(
    tx: Transaction, subject: Subject, *, by: ApiKey, reason: str, until: datetime, keyring: Keyring, now: datetime
) -> None:
    """Somebody withdraws on the person's word: by whom and why outlives the person's own key.

    :param until: as long as the server keeps what opens the entry; ``servers_openings`` finds it by the person's
        identifier.
    """
    secret = _secret_of(tx, subject, keyring=keyring)
    details = {**done_by(by), "reason": reason}
    what, index = _append_life(tx, Event.WITHDRAW, subject, secret, details, keyring=keyring, now=now)
    _keep_opening(tx, what, index, secret=_servers_secret(keyring), expires_at=until, of=subject.id.encode())


def done_by(key: ApiKey | None) -> dict[str, str]:
    """Who did something, as an entry commits to it: the name of their key or account, and its identifier.

    None: the server itself did, or the person whom it is about.
    """
    return {} if key is None else {"by": key.name, "by_id": key.id}


def handle_of(tx: Transaction, subject: Subject, *, keyring: Keyring) -> str:
    """What a person's entries have in common, as it stands in them."""
    return _handle_of(_secret_of(tx, subject, keyring=keyring), subject, keyring=keyring)


def record_session(tx: Transaction, session: Session, *, keyring: Keyring) -> None:
    """A session is opened."""
    what = opened({
        "at": _stamp(session.opened_at),
        "purpose": session.purpose_id,
        "station": session.station_id,
        "subject": session.subject_id,
    })  # fmt: skip
    named = {"kind": session.kind.value, "session": _session_name(session.id, keyring=keyring)}
    index = _append(tx, Event.SESSION, what, now=session.opened_at, **named)
    if session.subject_id is not None:
        subject = tx.subjects.get(session.subject_id)
        _keep_for(tx, what, index, subject, keyring=keyring, expires_at=session.opened_at + _retention(tx, session))


def record_decision(tx: Transaction, decision: Decision, *, keyring: Keyring, about: Subject | None) -> None:
    """A decision, before it is told.

    :param about: who may open it: whom it matched, or whose own session it was. What is about nobody is opened by
        nobody: the salt is not kept (rule S3).
    """
    what = opened({
        "at": _stamp(decision.decided_at),
        "decision": decision.id,
        "purpose": decision.purpose_id,
        "gallery": decision.gallery_id,
        "station": decision.station_id,
        "station_name": None if about is None else _station_name(tx, decision),
        "reason": decision.reason,
        "subject": None if about is None else about.id,
    })  # fmt: skip
    index = _append(
        tx,
        Event.DECISION,
        what,
        now=decision.decided_at,
        kind=decision.kind.value,
        means=decision.means.value,
        outcome=decision.outcome.value,
        session=_session_name(decision.session_id, keyring=keyring),
    )
    if about is not None:
        _keep_for(tx, what, index, about, keyring=keyring, expires_at=decision.expires_at)


def record_act(
    tx: Transaction,
    event: Event,
    *,
    now: datetime,
    fields: Mapping[str, str],
    details: Mapping[str, Any],
    keyring: Keyring,
    about: Subject | None = None,
    expires_at: datetime | None = None,
    found_by: bytes = b"",
) -> None:
    """What somebody who runs the server does: reads, looks, changes a key or a rule.

    :param fields: what everybody may see, as the form of the entry has it.
    :param about: the person who may open it; what is about nobody in particular can be opened by the server.
    :param expires_at: how long what opens it is kept; None: as long as the person, or three years.
    :param found_by: under which ``servers_openings`` finds what is about nobody in particular.
    """
    # Whom it is about is committed to as well: else it could be shown to somebody else as theirs.
    whom = {} if about is None else {"subject": about.id}
    what = opened({"at": _stamp(now), **details, **whom})
    index = _append(tx, event, what, now=now, **fields)
    if about is None:
        until = expires_at or now + SERVERS_OPENINGS
        _keep_opening(tx, what, index, secret=_servers_secret(keyring), expires_at=until, of=found_by)
    else:
        _keep_for(tx, what, index, about, keyring=keyring, expires_at=expires_at)


def openings_of(
    tx: Transaction, subject: Subject, *, keyring: Keyring, after: int, limit: int
) -> list[tuple[int, Opened]]:
    """The first ``limit`` entries behind the index ``after`` that are about somebody, with what opens them."""
    secret = keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
    mine = _openings_tag(secret)
    found = sorted(tx.openings.find(tag=mine), key=lambda opening: opening.entry_index)
    wanted = [opening for opening in found if opening.entry_index > after][:limit]
    return [(opening.entry_index, read_opened(_unsealed(opening, secret))) for opening in wanted]


def comes_by_invitation(tx: Transaction, subject: Subject, enrolment_id: str, *, keyring: Keyring) -> bool | None:
    """Whether the person sent the photos of an enrolment themselves; None where no entry that opens tells."""
    secret = _secret_of(tx, subject, keyring=keyring)
    if secret is None:
        return None
    found = sorted(tx.openings.find(tag=_openings_tag(secret)), key=lambda opening: -opening.entry_index)
    for opening in found:  # the newest first: an enrolment can be asked for anew, in another way
        try:
            details = read_opened(_unsealed(opening, secret)).details
        except SealBroken:
            continue
        if details.get("enrolment") == enrolment_id and "photos" in details:
            return bool(details["photos"] == INVITED)
    return None


def servers_openings(tx: Transaction, *, keyring: Keyring, of: bytes) -> list[Opened]:
    """What opens the server's own entries that were made to be found by ``of``, oldest first.

    :raises SealBroken: one of them was edited.
    """
    secret = _servers_secret(keyring)
    found = sorted(tx.openings.find(tag=_openings_tag(secret, of)), key=lambda opening: opening.entry_index)
    return [read_opened(_unsealed(opening, secret)) for opening in found]


def forget_openings(tx: Transaction, subject: Subject, *, keyring: Keyring) -> None:
    """Take out what opens somebody's entries; before their key goes, since nothing finds them without it."""
    secret = _secret_of(tx, subject, keyring=keyring)
    if secret is not None:
        tx.openings.remove(tag=_openings_tag(secret))


def end_servers_openings(tx: Transaction, *, keyring: Keyring, now: datetime) -> None:
    """Give an end to what opens the server's own entries and was made by a release that gave it none."""
    mine = _openings_tag(_servers_secret(keyring))
    for opening in tx.openings.find(tag=mine, expires_at=None):
        tx.openings.change(replace(opening, expires_at=now + SERVERS_OPENINGS))


def reseal_openings(tx: Transaction, *, old: SubjectSecret, new: SubjectSecret) -> None:
    """Bring what opens somebody's entries under the next version of their key."""
    for opening in tx.openings.find(tag=_openings_tag(old)):
        context = _context(opening.id, opening.entry_index)
        sealed = seal(_unsealed(opening, old), key=new.sealing, context=context, key_version=new.version)
        tx.openings.change(replace(opening, sealed=sealed))


def _append(tx: Transaction, event: Event, what: Opened, *, now: datetime, **fields: str) -> int:
    entry = write_entry(event, day=_day(tx, now), commitment=what.commitment(), **fields)
    return tx.log.append(entry, always=event in _ENDINGS)


def _append_life(
    tx: Transaction,
    event: Event,
    subject: Subject,
    secret: SubjectSecret | None,
    details: Mapping[str, str | None],
    *,
    keyring: Keyring,
    now: datetime,
) -> tuple[Opened, int]:
    what = opened({"at": _stamp(now), "subject": subject.id, "gallery": subject.gallery_id, **details})
    handle = _handle_of(secret, subject, keyring=keyring)
    entry = write_entry(event, day=_day(tx, now), commitment=what.commitment(), handle=handle)
    return what, tx.log.append(entry, always=event in _ENDINGS)


def _day(tx: Transaction, now: datetime) -> date:
    """The day of an entry; where the clock was set back by days, the one before the newest day in the log.

    Entries whose days go back further are no log (``spec/audit-log.md``, rule 1), and what happens now happens last.
    """
    head = tx.log.head()
    today = now.astimezone(UTC).date()
    return today if head is None else max(today, head.last_day - timedelta(days=1))


def _keep_for(
    tx: Transaction, what: Opened, index: int, subject: Subject, *, keyring: Keyring, expires_at: datetime | None
) -> None:
    secret = _secret_of(tx, subject, keyring=keyring)
    if secret is not None:
        _keep_opening(tx, what, index, secret=secret, expires_at=expires_at)


def _keep_opening(
    tx: Transaction,
    what: Opened,
    index: int,
    *,
    secret: SubjectSecret,
    expires_at: datetime | None,
    of: bytes = b"",
) -> None:
    id_ = new_id("opn")
    sealed = seal(bytes(what), key=secret.sealing, context=_context(id_, index), key_version=secret.version)
    tx.openings.add(Opening(id_, _openings_tag(secret, of), index, sealed, expires_at))


def _openings_tag(secret: SubjectSecret, of: bytes = b"") -> bytes:
    """What the openings have in common that are found together."""
    return tag(secret.tagging, use="log openings", of=of)


def _unsealed(opening: Opening, secret: SubjectSecret) -> bytes:
    context = _context(opening.id, opening.entry_index)
    return unseal(opening.sealed, key=secret.sealing, context=context, key_version=secret.version)


def _context(id_: str, index: int) -> Context:
    return Context("log opening", (id_, str(index)))


def _handle(secret: SubjectSecret) -> bytes:
    """What a person's entries have in common; it stays when the key that seals is exchanged."""
    return tag(secret.tagging, use="log handle", of=b"")


def _handle_of(secret: SubjectSecret | None, subject: Subject, *, keyring: Keyring) -> str:
    if secret is None:
        # The key is damaged, and with it went what their entries have in common: the erasure stands by itself.
        return _short(keyring.secret_tag(subject.id, use="log handles of damaged keys"))
    return _short(_handle(secret))


def _secret_of(tx: Transaction, subject: Subject, *, keyring: Keyring) -> SubjectSecret | None:
    row = tx.subject_keys.first(id=subject.id)
    if row is None:
        return None
    try:
        return keyring.open_subject_key(row, subject=subject)
    except (SealBroken, EpochDestroyed):
        return None


def _servers_secret(keyring: Keyring) -> SubjectSecret:
    key = keyring.secret_tag("", use="log openings of the server")
    return SubjectSecret(tagging=key, sealing=key, version=0)


def _session_name(session_id: str, *, keyring: Keyring) -> str:
    """What the log calls a session: nobody else's name for it, and the same in both its entries."""
    return _short(keyring.secret_tag(session_id, use="log sessions"))


def _station_name(tx: Transaction, decision: Decision) -> str | None:
    return None if decision.station_id is None else tx.stations.get(decision.station_id).name


def _retention(tx: Transaction, session: Session) -> Any:
    return tx.purposes.get(session.purpose_id).retention


def _short(digest: bytes) -> str:
    return urlsafe_b64encode(digest[:_RANDOM_BYTES]).rstrip(b"=").decode()


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
