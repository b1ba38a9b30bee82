"""1:1: is this the person they say they are."""

from dataclasses import dataclass

from visavis.decide.judge import judge_one
from visavis.decide.tries import Limits, claim_tries, is_failed_try, of_face, own_tries, require_try
from visavis.flows.bars import Bar
from visavis.flows.counting import count_failure
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.keyed_index import KeyedIndex
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store
from visavis.flows.probing import Probing, Sent
from visavis.flows.second_factor import require_face_enough
from visavis.flows.sessions import Sessions
from visavis.model.access import FaceDisabled, TooManyTries
from visavis.model.decision import Outcome
from visavis.model.errors import Refusal
from visavis.model.look_alike import SecondFactorAsked
from visavis.model.purpose import Gallery, Purpose
from visavis.model.station import Session, SessionKind, SessionUnknown
from visavis.model.template import Template


@dataclass(frozen=True, slots=True)
class _Counted:
    """Under which identifier wrong faces are counted, and how many may be."""

    tries_id: str
    limits: Limits


class Verify:
    """The verifying flow, at a station with a claim and in a person's own session."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        sessions: Sessions,
        probing: Probing,
        live: LiveGalleries,
        deciding: Deciding,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._probing = probing
        self._live = live
        self._deciding = deciding

    def at_station(self, photo: Sent, *, claim: str, session_id: str, station_id: str) -> Answer:
        """Compare a photo with the person who is named.

        1. The session is used up (rule S2).
        2. The photo shows exactly one usable face; else REFUSED with the reason.
        3. The threshold comes from the purpose's target and the gallery's calibration, as for identify.
        4. In the deciding transaction the person is read again. A name that nobody has, one without live consent and
           a face that differs are answered alike: NO_MATCH.
        5. A face alone does not serve who looks like somebody else here.
        6. Wrong faces with one name are slowed and stopped, whether or not somebody has that name; so are attacks that
           are found, and challenges that were not done.
        7. The decision is recorded before it is told.

        :raises SessionRefused: 1 does not hold; nothing was looked at.
        :raises GalleryLoading: the server has just started; nothing was looked at, and the session can still be used.
        """
        session = self._sessions.claim(
            session_id,
            kinds=frozenset({SessionKind.VERIFY}),
            station_id=station_id,
            require=lambda session: self._require(session, photo),
        )
        return self._decide(session, photo, claim=claim)

    def oneself(self, photo: Sent, *, session_id: str, subject_id: str) -> Answer:
        """Compare a photo with the person whose own session this is; nobody else can be asked for.

        As ``at_station``, but for 5: the person's own key, which opened the session, is the second factor. By 6 whoever
        has somebody's receipt and link and tries one face after another is slowed and stopped: no pace and no lock of a
        station holds them up.
        """
        session = self._sessions.claim(
            session_id,
            kinds=frozenset({SessionKind.PERSONAL}),
            station_id=None,
            subject_id=subject_id,
            require=lambda session: self._require(session, photo),
        )
        return self._decide(session, photo, claim=None)

    def _require(self, session: Session, photo: Sent) -> None:
        self._live.require_loaded(session.gallery_id)
        self._probing.require(session, photo)

    def _decide(self, session: Session, photo: Sent, *, claim: str | None) -> Answer:
        if session.gallery_id is None:
            raise SessionUnknown
        try:
            with self._store.read() as tx:
                gallery, purpose = tx.galleries.get(session.gallery_id), tx.purposes.get(session.purpose_id)
                counted = self._counted(session, gallery, purpose, claim=claim)
                require_try(tx.tries.first(id=counted.tries_id), limits=counted.limits, now=self._clock.now())
            self._deciding.require_model(gallery)
            probe = self._probe(photo, session, counted)
            index = self._live.index(gallery)
            bar = self._deciding.bar(purpose, gallery_id=gallery.id, references=index.count())
        except Refusal as refusal:
            return self._deciding.refuse(session, refusal)
        try:
            return self._judge(session, (gallery, purpose), index, probe, bar, claim, counted)
        except (TooManyTries, FaceDisabled, SecondFactorAsked) as refusal:
            return self._deciding.refuse(session, refusal)

    def _counted(self, session: Session, gallery: Gallery, purpose: Purpose, *, claim: str | None) -> _Counted:
        """Where wrong faces in this session are counted, whether or not there is such a person."""
        limits = of_face(purpose.liveness)
        if claim is None:
            return _Counted(own_tries(str(session.subject_id)), limits)
        tag = self._deciding.keyring.reference_tag(gallery_id=gallery.id, external_reference=claim)
        return _Counted(claim_tries(tag), limits)

    def _probe(self, photo: Sent, session: Session, counted: _Counted) -> Template:
        try:
            return self._probing.probe(photo, session=session)
        except Refusal as refusal:
            if is_failed_try(refusal):
                with self._store.write() as tx:
                    count_failure(tx, counted.tries_id, limits=counted.limits, now=self._clock.now())
            raise

    def _judge(
        self,
        session: Session,
        of: tuple[Gallery, Purpose],
        index: KeyedIndex,
        probe: Template,
        bar: Bar,
        claim: str | None,
        counted: _Counted,
    ) -> Answer:
        gallery, purpose = of
        with self._store.write() as tx:
            subject_id, now = session.subject_id, self._clock.now()
            before = tx.tries.first(id=counted.tries_id)
            require_try(before, limits=counted.limits, now=now)  # once more: other stations may have looked meanwhile
            if claim is not None:
                subject = self._deciding.claimed(tx, gallery_id=gallery.id, external_reference=claim)
                subject_id = None if subject is None else subject.id
            nearest = None if subject_id is None else index.nearest_of(subject_id, probe=probe)
            photos = 1 if nearest is None else len(nearest.reference_ids)
            threshold = self._deciding.bar(
                purpose, gallery_id=gallery.id, references=bar.references, of_person=photos
            ).threshold
            live = None
            if nearest is not None and nearest.score >= threshold - index.error:
                live = self._deciding.recognised(tx, nearest, probe=probe, error=index.error)
            score = None if live is None else live.score
            verdict = judge_one(score=score, threshold=threshold, subject_id=subject_id)
            if claim is not None:
                verdict = require_face_enough(tx, verdict, gallery_id=gallery.id, now=now)
            if verdict.outcome is Outcome.NO_MATCH:
                count_failure(tx, counted.tries_id, limits=counted.limits, now=now)
            elif before is not None:
                tx.tries.remove(id=counted.tries_id)
            return self._deciding.record(tx, session, verdict, bar=bar)
