"""Sessions: leave for one comparison (rule S2)."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from visavis.consent.receipt import granted_by
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.purposes import newest_text
from visavis.flows.record import record_session
from visavis.flows.stations import require_proven
from visavis.flows.tombstones import is_buried
from visavis.liveness.draw import draw
from visavis.liveness.modes import Checkable
from visavis.model.access import AlreadyExists, Nonce
from visavis.model.challenge import (
    Challenge,
    ChallengeDrawn,
    ChallengeUnasked,
    ChallengeVariantRefused,
    Variant,
)
from visavis.model.consent import SubjectState
from visavis.model.errors import VisavisError
from visavis.model.ids import new_id, new_secret
from visavis.model.purpose import IdentifyNeedsFpir, LivenessMode, Purpose, PurposeText, TargetKind
from visavis.model.station import (
    CLOCK_SKEW,
    PACE,
    SESSION_LIFE,
    RequestReplayed,
    Session,
    SessionExpired,
    SessionKind,
    SessionNotGranted,
    SessionOpenAlready,
    SessionState,
    SessionTooSoon,
    SessionUnknown,
    SessionUsed,
    SessionWrongKind,
    SignatureRefused,
    Station,
    StationLocked,
    StationRetired,
)

_NONCE_KEPT = 2 * CLOCK_SKEW + timedelta(seconds=1)
"""A request may be dated ahead by the skew and come again as late; the second covers that very last moment."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session, and the secret of the link that the person has to open first, where they have to."""

    session: Session
    link_secret: str | None = None


class Sessions:
    """Opening, granting and closing."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, checkable: Checkable) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._checkable = checkable

    def open_at_station(self, station_id: str, kind: SessionKind) -> Opened:
        """A station opens a session because a person pressed or showed something.

        1. The station is not locked; one at a gallery still serves PIN and QR credentials then (rule S7).
        2. The kind is one that the station's gallery or purpose allows, and its liveness can be checked.
        3. None is open; one whose time is over is closed now.
        4. At least two seconds since its last session. Where the clock was set back, they are counted from now.

        :raises SessionRefused: the leaf says which. :raises StationRetired: it was taken out of use.
        :raises PurposeEnded: nobody is recognised for its purpose any more.
        """
        now = self._clock.now()
        session_id = new_id("ses")
        with self._closed_on_fault(session_id), self._store.write() as tx:
            station = require_in_use(tx.stations.get(station_id))
            if station.locked and station.gallery_id is None:
                raise StationLocked
            self._require_kind(tx, station, kind)
            for old in _unused(tx, station_id):
                if self._is_live(old):
                    raise SessionOpenAlready
                tx.sessions.change(replace(old, state=SessionState.CLOSED))
            last = station.last_session_at
            if last is not None and last <= now < last + PACE:
                raise SessionTooSoon(retry_after_s=(last + PACE - now).total_seconds())
            tx.stations.change(replace(station, last_session_at=now))
            if last is None or last <= now:
                opened = self._new(session_id, kind, station=station)
                tx.sessions.add(opened.session)
                record_session(tx, opened.session, keyring=self._keyring)
                return opened
        # Kept before it is refused: else a clock that was an hour ahead would shut the station for an hour.
        raise SessionTooSoon(retry_after_s=PACE.total_seconds())

    def close(self, session_id: str, *, station_id: str) -> None:
        """Give an unused session up.

        :raises SessionUnknown: it is not this station's. :raises SessionUsed: it is over already.
        """
        with self._store.write() as tx:
            session = tx.sessions.first(id=session_id, station_id=station_id)
            if session is None:
                raise SessionUnknown
            if session.state not in (SessionState.OPEN, SessionState.AWAITING):
                raise SessionUsed
            tx.sessions.change(replace(session, state=SessionState.CLOSED))

    def invite(self, subject_id: str, *, attended: bool) -> Opened:
        """Prepare a personal session; it opens when the person signs with their own key (rule S2).

        :param attended: whether the caller declares that somebody watches the person's capture.
        :raises LivenessUnavailable: the purpose asks for liveness that cannot be checked this way.
        :raises PurposeEnded: nobody is recognised for it any more.
        """
        with self._store.write() as tx:
            subject = tx.subjects.get(subject_id)
            gallery = tx.galleries.get(subject.gallery_id)
            purpose = tx.purposes.get(gallery.purpose_id)
            purpose.require_not_over(self._clock.now())
            self._checkable.require(purpose.liveness, attended=attended, own_device=True)
            now, secret = self._clock.now(), new_secret()
            session = Session(
                id=new_id("ses"),
                kind=SessionKind.PERSONAL,
                state=SessionState.AWAITING,
                station_id=None,
                gallery_id=gallery.id,
                purpose_id=purpose.id,
                subject_id=subject.id,
                secret_hash=self._hash(secret),
                opened_at=now,
                expires_at=now + SESSION_LIFE,
            )
            tx.sessions.add(session)
            record_session(tx, session, keyring=self._keyring)
        return Opened(session, secret)

    def open_personal(self, link_secret: str, *, subject_id: str) -> Session:
        """The person opens the session that was prepared for them; the caller has checked their signature.

        A person has one open session, as a station has: an older one that they did not use ends here.

        :raises SessionUnknown: no such link, or it is for somebody else.
        """
        with self._store.write() as tx:
            session = tx.sessions.first(secret_hash=self._hash(link_secret), subject_id=subject_id)
            if session is None:
                raise SessionUnknown
            opened = self._open(tx, session)
            for older in tx.sessions.find(subject_id=subject_id, state=SessionState.OPEN):
                if older.id != opened.id:
                    tx.sessions.change(replace(older, state=SessionState.CLOSED))
            return opened

    def draw(
        self, session_id: str, *, variant: Variant, station_id: str | None, subject_id: str | None = None
    ) -> Challenge:
        """Draw what the person is asked to do, once for a session.

        1. The session is this station's, or this person's, and open.
        2. Its purpose asks for a challenge, and none was drawn for it.
        3. Eyes alone serve only where somebody watches the station.
        4. The station's device is vouched for, where the purpose asks for that.

        :raises SessionRefused: 1 does not hold. :raises ChallengeUnasked: the purpose asks for none.
        :raises ChallengeDrawn: one was drawn. :raises ChallengeVariantRefused: 3. :raises LivenessUnavailable: 4.
        """
        with self._store.write() as tx:
            # 1
            session = tx.sessions.first(id=session_id)
            if session is None or (session.station_id, session.subject_id) != (station_id, subject_id):
                raise SessionUnknown
            self._require_usable(session)
            # 2
            purpose = tx.purposes.get(session.purpose_id)
            if not purpose.liveness.is_active:
                raise ChallengeUnasked
            if session.challenge is not None:
                raise ChallengeDrawn
            # 3
            station = None if station_id is None else tx.stations.get(station_id)
            if variant is Variant.BLINK and (station is None or not station.attended):
                raise ChallengeVariantRefused
            # 4
            if station is not None:
                self._checkable.require_at(station, purpose.liveness, now=self._clock.now())
            challenge = draw(variant, now=self._clock.now())
            tx.sessions.change(replace(session, challenge=challenge))
            return challenge

    def liveness_of(self, session: Session) -> LivenessMode:
        """How a session's purpose keeps attack presentations out."""
        with self._store.read() as tx:
            return tx.purposes.get(session.purpose_id).liveness

    def grant_terms(self, link_secret: str) -> tuple[Session, PurposeText, str]:
        """What the holder of a document is asked: the session, the purpose's text and its controller."""
        with self._store.read() as tx:
            session = tx.sessions.first(secret_hash=self._hash(link_secret), kind=SessionKind.DOCUMENT_CHECK)
            if session is None or not self._is_live(session):
                raise SessionUnknown
            text = newest_text(tx, session.purpose_id)
            return session, text, tx.purposes.get(session.purpose_id).controller

    def grant(self, link_secret: str, *, grant: str) -> Session:
        """The holder of a document grants its check with a key made for this once; nothing of it is kept.

        :raises SessionUnknown: no such link. :raises ConsentForged: the grant is for another session or text.
        """
        with self._store.write() as tx:
            session = tx.sessions.first(secret_hash=self._hash(link_secret), kind=SessionKind.DOCUMENT_CHECK)
            if session is None:
                raise SessionUnknown
            text = newest_text(tx, session.purpose_id)
            granted_by(grant, session_id=session.id, text=text.text, language=text.language)
            return self._open(tx, session)

    def claim(
        self,
        session_id: str,
        *,
        kinds: frozenset[SessionKind],
        station_id: str | None,
        subject_id: str | None = None,
        face: bool = True,
        require: Callable[[Session], None] | None = None,
    ) -> Session:
        """Use a session up, before anything is looked at. Of two attempts at once one gets it.

        1. The session is this station's, or this person's.
        2. It was opened for this.
        3. It is open, granted where that is needed, and its time is not over, nor its purpose's.
        4. Its station is not locked, and its device still vouched for where the purpose asks for that, where a face is
           to be looked at.
        5. What it is to be used for can be done at this moment.

        :param require: asked for 5; what it raises is passed on, and leaves the session as it is.
        :raises SessionRefused: the leaf says which. :raises PurposeEnded: 3, of the purpose.
        :raises LivenessUnavailable: 4, nobody vouches for the device any more.
        """
        with self._store.write() as tx:
            session = tx.sessions.first(id=session_id)
            if session is None or (session.station_id, session.subject_id) != (station_id, subject_id):
                raise SessionUnknown
            if session.kind not in kinds:
                raise SessionWrongKind(f"The session is for {session.kind.value}.")
            self._require_usable(session)
            purpose = tx.purposes.get(session.purpose_id)
            purpose.require_not_over(self._clock.now())
            if face and station_id is not None:
                self._require_fit(tx.stations.get(station_id), purpose)
            if require is not None:
                require(session)
            used = replace(session, state=SessionState.USED)
            tx.sessions.change(replace(used, challenge=None))  # its work is done
            return used

    def spend_nonce(self, *, signer: str, nonce: str, created: float) -> None:
        """Accept a signed request once, and only around the time it was signed.

        :raises SignatureRefused: its time is too far from ours. :raises RequestReplayed: seen before.
        :raises StationRetired: the signer is a station that was taken out of use.
        """
        now = self._clock.now()
        if abs(now.timestamp() - created) > CLOCK_SKEW.total_seconds():
            raise SignatureRefused("The time of the request is more than 30 seconds from the server's.")
        try:
            with self._store.write() as tx:
                station = tx.stations.first(id=signer)
                if station is not None:
                    require_in_use(station)
                tx.nonces.add(Nonce(id=f"{signer} {nonce}", expires_at=now + _NONCE_KEPT))
        except AlreadyExists:
            raise RequestReplayed from None

    def key_of(self, signer: str) -> bytes:
        """The raw public key (32 bytes) of a station or of a person who agreed.

        :raises SignatureRefused: there is no such signer.
        :raises SealBroken: the station is none that the server registered.
        """
        with self._store.read() as tx:
            station = tx.stations.first(id=signer)
            if station is not None:
                return require_proven(station, self._keyring).public_key
            subject = None if is_buried(tx, signer, keyring=self._keyring) else tx.subjects.first(id=signer)
        if subject is None or subject.public_key is None or subject.state is SubjectState.PENDING:
            raise SignatureRefused("The signer is not known here: never registered, or withdrawn and erased.")
        return subject.public_key

    @contextlib.contextmanager
    def _closed_on_fault(self, session_id: str) -> Iterator[None]:
        """Where the store fails without saying what it kept, no session stays open that nobody was told of."""
        try:
            yield
        except VisavisError:
            raise
        except Exception:
            with contextlib.suppress(Exception):  # a store that cannot even undo: the session ends by itself in 120 s
                self._close_unheard_of(session_id)
            raise

    def _close_unheard_of(self, session_id: str) -> None:
        with self._store.write() as tx:
            session = tx.sessions.first(id=session_id, state=SessionState.OPEN)
            session = session or tx.sessions.first(id=session_id, state=SessionState.AWAITING)
            if session is not None:
                tx.sessions.change(replace(session, state=SessionState.CLOSED))

    def _open(self, tx: Transaction, session: Session) -> Session:
        if session.state is not SessionState.AWAITING:
            raise SessionUsed
        if not self._is_live(session):
            raise SessionExpired
        opened = replace(session, state=SessionState.OPEN, secret_hash=None)
        tx.sessions.change(opened)
        return opened

    def _require_usable(self, session: Session) -> None:
        if session.state in (SessionState.USED, SessionState.CLOSED):
            raise SessionUsed
        if not self._is_live(session):
            raise SessionExpired
        if session.state is SessionState.AWAITING:
            raise SessionNotGranted

    def _is_live(self, session: Session) -> bool:
        """Whether its time is not over; a session from the future was opened by a clock that was set back since."""
        return session.opened_at - CLOCK_SKEW <= self._clock.now() < session.expires_at

    def _require_kind(self, tx: Transaction, station: Station, kind: SessionKind) -> None:
        purpose = tx.purposes.get(station.purpose_id)
        at_gallery = {SessionKind.IDENTIFY, SessionKind.VERIFY}
        allowed = at_gallery if station.gallery_id is not None else {SessionKind.DOCUMENT_CHECK}
        purpose.require_not_over(self._clock.now())
        if kind not in allowed:
            raise SessionWrongKind("The station is for " + " or ".join(sorted(k.value for k in allowed)) + ".")
        if kind is SessionKind.IDENTIFY and purpose.target_kind is TargetKind.FMR:
            raise IdentifyNeedsFpir
        self._checkable.require(purpose.liveness, attended=station.attended)
        if station.gallery_id is None:  # at others a PIN or QR credential is taken, whoever vouches for the device
            self._checkable.require_at(station, purpose.liveness, now=self._clock.now())

    def _require_fit(self, station: Station, purpose: Purpose) -> None:
        if station.locked:
            raise StationLocked
        if purpose.liveness is LivenessMode.ACTIVE_ATTESTED:
            self._checkable.require_at(station, purpose.liveness, now=self._clock.now())

    def _hash(self, link_secret: str) -> bytes:
        return self._keyring.secret_tag(link_secret, use="session links")

    def _new(self, session_id: str, kind: SessionKind, *, station: Station) -> Opened:
        now = self._clock.now()
        secret = new_secret() if kind is SessionKind.DOCUMENT_CHECK else None
        session = Session(
            id=session_id,
            kind=kind,
            state=SessionState.OPEN if secret is None else SessionState.AWAITING,
            station_id=station.id,
            gallery_id=station.gallery_id,
            purpose_id=station.purpose_id,
            subject_id=None,
            secret_hash=None if secret is None else self._hash(secret),
            opened_at=now,
            expires_at=now + SESSION_LIFE,
        )
        return Opened(session, secret)


def require_in_use(station: Station) -> Station:
    """The station.

    :raises StationRetired: it was taken out of use.
    """
    if station.retired_at is not None:
        raise StationRetired
    return station


def end_unused(tx: Transaction, station_id: str) -> None:
    """Close the session of a station that nobody used, if there is one."""
    for session in _unused(tx, station_id):
        tx.sessions.change(replace(session, state=SessionState.CLOSED))


def _unused(tx: Transaction, station_id: str) -> list[Session]:
    """The sessions of a station that nobody used or closed; the database lets there be one."""
    states = (SessionState.OPEN, SessionState.AWAITING)
    return [session for state in states for session in tx.sessions.find(station_id=station_id, state=state)]
