"""Being served without a face: a PIN or a QR credential, with the same result and the same record (rule S7)."""

import hmac
from contextlib import suppress
from datetime import datetime

from visavis.consent.rules import require_live_consent
from visavis.decide.judge import Verdict
from visavis.decide.tries import PIN
from visavis.flows.counting import allow_face_again, count_failure
from visavis.flows.credentials import QR_PREFIX
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.keyring import Keyring
from visavis.flows.look_alikes import disputed_here, name_other
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.sessions import Sessions
from visavis.flows.tombstones import is_buried
from visavis.model.access import Credential, TooManyTries
from visavis.model.consent import Subject, SubjectState
from visavis.model.decision import Means, Outcome
from visavis.model.errors import ConsentRefused
from visavis.model.station import Session, SessionKind, SessionUnknown
from visavis.protect.pin import pin_fits

_AT_GALLERY = frozenset({SessionKind.IDENTIFY, SessionKind.VERIFY})
_NOBODY = "sub_nobody"


class OtherWay:
    """The flow of PIN and QR."""

    def __init__(self, *, store: Store, clock: Clock, sessions: Sessions, deciding: Deciding) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._deciding = deciding

    def pin(
        self, *, claim: str, pin: str, session_id: str, station_id: str, disputed_decision_id: str | None = None
    ) -> Answer:
        """Decide by a name and a PIN.

        1. The session is used up, as for a face.
        2. Tries against one name are limited and slowed, whether or not somebody has that name. A try counts as wrong
           before the PIN is looked at, so that many stations at once do not get more of them.
        3. A wrong PIN, a name that nobody has and a person without a PIN take as long and are answered alike.

        :param disputed_decision_id: of which this person has just said that it was not them.
        """
        session = self._sessions.claim(session_id, kinds=_AT_GALLERY, station_id=station_id, face=False)
        gallery_id = _gallery_of(session)
        tag = self._deciding.keyring.reference_tag(gallery_id=gallery_id, external_reference=claim)
        try:
            with self._store.write() as tx:
                count_failure(tx, tag.hex(), limits=PIN, now=self._clock.now())
                subject = tx.subjects.first(gallery_id=gallery_id, reference_tag=tag)
                credential = None if subject is None else tx.credentials.first(id=subject.id)
        except TooManyTries as refusal:
            return self._deciding.refuse(session, refusal, means=Means.PIN)
        fits = pin_fits(
            pin,
            pin_hash=None if credential is None else credential.pin_hash,
            pepper=self._deciding.keyring.installation,
            subject_id=_NOBODY if subject is None else subject.id,
        )
        return self._decide(
            session,
            Means.PIN,
            subject if fits else None,
            shown=credential,
            tries_id=tag.hex(),
            disputed_id=disputed_decision_id,
        )

    def qr(self, text: str, *, session_id: str, station_id: str, disputed_decision_id: str | None = None) -> Answer:
        """Decide by a QR credential: 192 random bits, which nobody guesses, so tries need no counting.

        :param disputed_decision_id: of which this person has just said that it was not them.
        """
        session = self._sessions.claim(session_id, kinds=_AT_GALLERY, station_id=station_id, face=False)
        prefix, _, rest = text.partition(".")
        subject_id, _, secret = rest.partition(".")
        with self._store.read() as tx:
            subject = tx.subjects.first(id=subject_id, gallery_id=_gallery_of(session))
            credential = tx.credentials.first(id=subject_id)
        fits = (
            prefix == QR_PREFIX
            and credential is not None
            and hmac.compare_digest(
                credential.qr_hash, self._deciding.keyring.secret_tag(f"{subject_id}.{secret}", use="QR credentials")
            )
        )
        return self._decide(
            session, Means.QR, subject if fits else None, shown=credential, disputed_id=disputed_decision_id
        )

    def _decide(
        self,
        session: Session,
        means: Means,
        subject: Subject | None,
        *,
        shown: Credential | None,
        tries_id: str | None = None,
        disputed_id: str | None = None,
    ) -> Answer:
        """Read again who it is and what they were given: either may have been taken back since it was looked at."""
        with self._store.write() as tx:
            now = self._clock.now()
            current = None if subject is None else tx.subjects.first(id=subject.id)
            served = current is not None and _may_be_served(tx, current, keyring=self._deciding.keyring, now=now)
            served = served and current is not None and tx.credentials.first(id=current.id) == shown
            verdict = Verdict(Outcome.NO_MATCH)
            if served and current is not None:
                if tries_id is not None:
                    tx.tries.remove(id=tries_id)
                allow_face_again(tx, current, whole=means is Means.QR)
                verdict = Verdict(Outcome.MATCH, subject_id=current.id)
                disputed = disputed_here(tx, disputed_id, station_id=str(session.station_id), now=now)
                if disputed is not None:
                    name_other(tx, disputed, other=current.id, now=now)
            return self._deciding.record(tx, session, verdict, means=means)


def _may_be_served(tx: Transaction, subject: Subject, *, keyring: Keyring, now: datetime) -> bool:
    """Whether somebody is to be known by what they show, as the database has them at this moment.

    A tombstone beats every row, as it does for a face: a restored backup brings nobody back. Whoever agreed is served
    while a consent of theirs lives, also while their photos are looked at; once it is over, as on the day on which a
    guardian's ends (rule S8), no more, although the purge has not come yet. Who has no face here has no consent to end.
    """
    if subject.state is SubjectState.PENDING or is_buried(tx, subject.id, keyring=keyring):
        return False
    if subject.state is SubjectState.WITHOUT_FACE:
        return True
    purpose_id = tx.galleries.get(subject.gallery_id).purpose_id
    for receipt in tx.receipts.find(subject_id=subject.id):
        with suppress(ConsentRefused):
            require_live_consent(
                receipt, subject=subject, purpose_id=purpose_id, controller_key=keyring.controller, now=now
            )
            return True
    return False


def _gallery_of(session: Session) -> str:
    if session.gallery_id is None:
        raise SessionUnknown
    return session.gallery_id
