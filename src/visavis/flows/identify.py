"""1:N: who of this gallery stands there, or nobody."""

from visavis.decide.judge import judge_many
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.extract import Extractor
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.sessions import Sessions
from visavis.model.decision import Outcome, Review, ReviewKind
from visavis.model.errors import Refusal
from visavis.model.ids import new_id
from visavis.model.purpose import Gallery, Purpose
from visavis.model.station import Session, SessionKind, SessionUnknown
from visavis.model.template import Template


class Identify:
    """The identifying flow."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        sessions: Sessions,
        extractor: Extractor,
        live: LiveGalleries,
        deciding: Deciding,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sessions = sessions
        self._extractor = extractor
        self._live = live
        self._deciding = deciding

    def photo(self, photo: bytes, *, session_id: str, station_id: str) -> Answer:
        """Decide on one photo in one session.

        1. The session is used up (rule S2).
        2. The photo shows exactly one usable face; else REFUSED with the reason.
        3. The threshold comes from the purpose's target, the gallery's size and its calibration: that of the model's
           card, or a stricter one.
        4. The gallery's references are searched.
        5. In the deciding transaction everybody who reached the threshold is read again; who may not be recognised at
           this moment does not count (rule S1).
        6. The decision is recorded before it is told. A stranger leaves nothing but that record (rule S3).

        :raises SessionRefused: 1 does not hold; nothing was looked at.
        :raises GalleryLoading: the server has just started; nothing was looked at, and the session can still be used.
        """
        session = self._sessions.claim(
            session_id,
            kinds=frozenset({SessionKind.IDENTIFY}),
            station_id=station_id,
            require=lambda session: self._live.require_loaded(session.gallery_id),
        )
        try:
            gallery, purpose = self._gallery_and_purpose(session)
            self._deciding.require_model(gallery)
            return self._decide(session, gallery, purpose, self._extractor.extract(photo))
        except Refusal as refusal:
            return self._deciding.refuse(session, refusal)

    def _decide(self, session: Session, gallery: Gallery, purpose: Purpose, probe: Template) -> Answer:
        index = self._live.index(gallery)
        bar = self._deciding.bar(purpose, gallery_id=gallery.id, references=index.count())
        reaching = index.reaching(probe, threshold=bar.threshold)
        with self._store.write() as tx:
            live = [c for c in reaching if self._deciding.is_recognisable(tx, c)]
            verdict = judge_many([(c.subject_id, c.score) for c in live])
            if verdict.outcome is Outcome.REVIEW:
                self._queue(tx, gallery, live[0].subject_id, live[1].subject_id)
            return self._deciding.record(tx, session, verdict, bar=bar)

    def _queue(self, tx: Transaction, gallery: Gallery, first: str, second: str) -> None:
        """Look-alikes are queued once a pair, however often they come by."""
        pair = {"kind": ReviewKind.LOOK_ALIKE, "subject_id": min(first, second), "other_subject_id": max(first, second)}
        if not tx.reviews.count(**pair):
            tx.reviews.add(
                Review(
                    id=new_id("rev"),
                    kind=ReviewKind.LOOK_ALIKE,
                    gallery_id=gallery.id,
                    subject_id=min(first, second),
                    other_subject_id=max(first, second),
                    enrolment_id=None,
                    created_at=self._clock.now(),
                )
            )

    def _gallery_and_purpose(self, session: Session) -> tuple[Gallery, Purpose]:
        if session.gallery_id is None:
            raise SessionUnknown
        with self._store.read() as tx:
            return tx.galleries.get(session.gallery_id), tx.purposes.get(session.purpose_id)
