"""Somebody who lost their receipt: known at a station by face and PIN together, they see what is held about them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from visavis.decide.judge import Verdict, judge_one
from visavis.decide.tries import PIN, is_failed_try, of_face, visit_tries
from visavis.flows.bars import Bar
from visavis.flows.counting import count_failure
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.keyed_index import KeyedIndex
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.probing import Probing, Sent
from visavis.flows.sessions import Sessions
from visavis.flows.visits import Visits
from visavis.model.access import Credential, Tries
from visavis.model.consent import Subject
from visavis.model.decision import Outcome
from visavis.model.errors import Refusal
from visavis.model.purpose import Gallery, LivenessUnavailable, Purpose
from visavis.model.station import Session, SessionKind, SessionUnknown
from visavis.model.template import Template
from visavis.protect.pin import pin_fits

_NOBODY: Final = "sub_nobody"
_Try = tuple[Tries | None, Tries]
"""A try: what was counted before it, and with it."""
_TOGETHER: Final = "Face, name and PIN did not fit together. Try again, use your receipt, or ask at the desk."
"""Which of the three it was is told to nobody."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was decided; and of a match the secret of the link that leads to the person's data, and until when."""

    answer: Answer
    link_secret: str | None = None
    expires_at: datetime | None = None


class FaceAndPin:
    """The flow for the person's own data without a receipt."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        sessions: Sessions,
        probing: Probing,
        live: LiveGalleries,
        deciding: Deciding,
        visits: Visits,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._probing = probing
        self._live = live
        self._deciding = deciding
        self._visits = visits

    def at_station(self, photo: Sent, *, claim: str, pin: str, session_id: str, station_id: str) -> Known:
        """Know somebody by what they are and what they know.

        1. A person watches the station, whatever the purpose asks for.
        2. The session is used up (rule S2), the photo shows exactly one usable face: else REFUSED with the reason,
           which says nothing about the name or the PIN.
        3. Tries are limited and slowed as for a PIN, and counted before either is looked at: with wrong PINs, and by
           themselves as well, so that who knows the PIN cannot try one face after another. A right PIN is no wrong one,
           whatever the face: it stays the other way in (rule S7), where it says no less than here.
        4. Face and PIN are both looked at, whatever comes of the other.
        5. In the deciding transaction the person is read again. Only where both hold it is a MATCH; a name that nobody
           has, another face, another PIN and a consent that is over are answered alike.
        6. The decision is recorded before it is told.

        Who looks like somebody else here is not asked for more: the PIN is the second factor.

        :raises LivenessUnavailable: 1 does not hold. :raises SessionRefused: the session does not cover it; nothing
            was looked at. :raises GalleryLoading: the server has just started, and the session can still be used.
        """
        with self._store.read() as tx:
            station = tx.stations.get(station_id)
        if not station.attended:
            raise LivenessUnavailable("Nobody watches this station.")
        kinds = frozenset({SessionKind.VERIFY})
        session = self._sessions.claim(
            session_id, kinds=kinds, station_id=station_id, require=lambda session: self._require(session, photo)
        )
        try:
            of = self._of(session)
            tag = self._deciding.keyring.reference_tag(gallery_id=of[0].id, external_reference=claim)
            probe, index, bar = self._looked(session, photo, of, tag=tag)
            with self._store.write() as tx:
                counted = self._count(tx, of[1], tag=tag)
                subject = tx.subjects.first(gallery_id=of[0].id, reference_tag=tag)
                credential = None if subject is None else tx.credentials.first(id=subject.id)
        except Refusal as refusal:
            return Known(self._deciding.refuse(session, refusal))
        fits = pin_fits(
            pin,
            pin_hash=None if credential is None else credential.pin_hash,
            pepper=self._deciding.keyring.installation,
            subject_id=_NOBODY if subject is None else subject.id,
        )
        right = counted[0] if fits else None
        answer = self._decide(session, of, index, probe, bar, shown=(subject, credential), right=right)
        if answer.outcome is not Outcome.MATCH or answer.subject_id is None or credential is None:
            return Known(replace(answer, guidance=_TOGETHER))
        secret, until = self._visits.promise(answer.subject_id, station=station.name, pin_hash=credential.pin_hash)
        return Known(answer, secret, until)

    def _require(self, session: Session, photo: Sent) -> None:
        self._live.require_loaded(session.gallery_id)
        self._probing.require(session, photo)

    def _of(self, session: Session) -> tuple[Gallery, Purpose]:
        if session.gallery_id is None:
            raise SessionUnknown
        with self._store.read() as tx:
            return tx.galleries.get(session.gallery_id), tx.purposes.get(session.purpose_id)

    def _looked(
        self, session: Session, photo: Sent, of: tuple[Gallery, Purpose], *, tag: bytes
    ) -> tuple[Template, KeyedIndex, Bar]:
        """Look at the photo; an attack that is found, and a challenge that was not done, are wrong faces (check 3)."""
        gallery, purpose = of
        self._deciding.require_model(gallery)
        try:
            probe = self._probing.probe(photo, session=session)
        except Refusal as refusal:
            if is_failed_try(refusal):
                with self._store.write() as tx:
                    limits = of_face(purpose.liveness)
                    count_failure(tx, visit_tries(tag), limits=limits, now=self._clock.now())
            raise
        index = self._live.index(gallery)
        return probe, index, self._deciding.bar(purpose, gallery_id=gallery.id, references=index.count())

    def _count(self, tx: Transaction, purpose: Purpose, *, tag: bytes) -> list[_Try]:
        limits = (PIN, of_face(purpose.liveness))
        return [
            count_failure(tx, tries_id, limits=limit, now=self._clock.now())
            for tries_id, limit in zip(_counted(tag), limits, strict=True)
        ]

    def _decide(
        self,
        session: Session,
        of: tuple[Gallery, Purpose],
        index: KeyedIndex,
        probe: Template,
        bar: Bar,
        *,
        shown: tuple[Subject | None, Credential | None],
        right: _Try | None,
    ) -> Answer:
        """Check 5 and 6.

        :param right: how the try was counted, of a PIN that fits.
        """
        (gallery, purpose), (subject, credential) = of, shown
        with self._store.write() as tx:
            nearest = None if subject is None else index.nearest_of(subject.id, probe=probe)
            photos = 1 if nearest is None else len(nearest.reference_ids)
            threshold = self._deciding.bar(
                purpose, gallery_id=gallery.id, references=bar.references, of_person=photos
            ).threshold
            live = None
            if nearest is not None and nearest.score >= threshold - index.error:
                live = self._deciding.recognised(tx, nearest, probe=probe, error=index.error)
            unchanged = credential is not None and tx.credentials.first(id=credential.id) == credential
            score = live.score if live is not None and right is not None and unchanged else None
            verdict: Verdict = judge_one(
                score=score, threshold=threshold, subject_id=None if subject is None else subject.id
            )
            if verdict.outcome is Outcome.MATCH and subject is not None:
                for tries_id in _counted(subject.reference_tag):
                    tx.tries.remove(id=tries_id)
            elif right is not None:
                _take_back(tx, *right)
            return self._deciding.record(tx, session, verdict, bar=bar)


def _take_back(tx: Transaction, before: Tries | None, after: Tries) -> None:
    """Count one try as none; where another one came meanwhile both stay counted."""
    if tx.tries.first(id=after.id) != after:
        return
    if before is None:
        tx.tries.remove(id=after.id)
    else:
        tx.tries.change(before)


def _counted(reference_tag: bytes) -> tuple[str, str]:
    """Under which identifiers a try is counted: with PINs of that name, and by itself."""
    return reference_tag.hex(), visit_tries(reference_tag)
