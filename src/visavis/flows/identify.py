"""1:N: who of this gallery stands there, or nobody."""

from visavis.decide.judge import Verdict, judge_many
from visavis.flows.bars import Bar
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.probing import Probing, Sent
from visavis.flows.second_factor import queue_look_alike, require_face_enough
from visavis.flows.sessions import Sessions
from visavis.match.index import Candidate
from visavis.model.decision import Outcome
from visavis.model.errors import Refusal
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

    def photo(self, photo: Sent, *, session_id: str, station_id: str) -> Answer:
        """Decide on one photo in one session.

        1. The session is used up (rule S2).
        2. The photo shows exactly one usable face; else REFUSED with the reason.
        3. The threshold comes from the purpose's target, the gallery's size and its calibration: that of the model's
           card, or a stricter one.
        4. The gallery's references are searched.
        5. In the deciding transaction everybody who reached the threshold, or came near it, is read again; who may not
           be recognised at this moment does not count (rule S1).
        6. A face alone does not serve who looks like somebody else here.
        7. The decision is recorded before it is told. A stranger leaves nothing but that record (rule S3).

        :raises SessionRefused: 1 does not hold; nothing was looked at.
        :raises GalleryLoading: the server has just started; nothing was looked at, and the session can still be used.
        """
        session = self._sessions.claim(
            session_id,
            kinds=frozenset({SessionKind.IDENTIFY}),
            station_id=station_id,
            require=lambda session: self._require(session, photo),
        )
        try:
            gallery, purpose = self._gallery_and_purpose(session)
            self._deciding.require_model(gallery)
            return self._decide(session, gallery, purpose, self._probing.probe(photo, session=session))
        except Refusal as refusal:
            return self._deciding.refuse(session, refusal)

    def _require(self, session: Session, photo: Sent) -> None:
        self._live.require_loaded(session.gallery_id)
        self._probing.require(session, photo)

    def _decide(self, session: Session, gallery: Gallery, purpose: Purpose, probe: Template) -> Answer:
        index = self._live.index(gallery)
        bar = self._deciding.bar(purpose, gallery_id=gallery.id, references=index.count())
        error = index.error
        near = index.reaching(probe, threshold=bar.margin_from - error, fewest=2)
        with self._store.write() as tx:
            counting = _counting(near, bar, error=error)
            exact = (self._deciding.recognised(tx, c, probe=probe, error=error) for c in counting)
            live = sorted(
                (c for c in exact if c is not None and c.score >= bar.margin_from),
                key=lambda c: (-c.score, c.subject_id),
            )
            verdict = judge_many(
                [(c.subject_id, c.score) for c in live], threshold=bar.threshold, margin_from=bar.margin_from
            )
            now = self._clock.now()
            if verdict.outcome is Outcome.REVIEW:
                first, second = live[0].subject_id, live[1].subject_id
                queue_look_alike(tx, gallery_id=gallery.id, first=first, second=second, now=now)
            verdict = require_face_enough(tx, verdict, gallery_id=gallery.id, now=now)
            other = self._nearest_other(tx, near, verdict)
            return self._deciding.record(tx, session, verdict, bar=bar, nearest_other=other)

    def _nearest_other(self, tx: Transaction, near: list[Candidate], verdict: Verdict) -> float | None:
        """Of a match, the best score of anybody else; who may not be recognised does not count here either."""
        if verdict.outcome is not Outcome.MATCH:
            return None
        others = (c for c in near if c.subject_id != verdict.subject_id and self._deciding.is_recognisable(tx, c))
        return next((c.score for c in others), None)

    def _gallery_and_purpose(self, session: Session) -> tuple[Gallery, Purpose]:
        if session.gallery_id is None:
            raise SessionUnknown
        with self._store.read() as tx:
            return tx.galleries.get(session.gallery_id), tx.purposes.get(session.purpose_id)


def _counting(near: list[Candidate], bar: Bar, *, error: float) -> list[Candidate]:
    """Who may have a part in the decision; nobody where nobody reaches the threshold, as far as scores are exact.

    Reading somebody again takes time: so a face that nearly matches is answered as soon as one that does not at all.
    """
    if not near or near[0].score < bar.threshold - error:
        return []
    return [candidate for candidate in near if candidate.score >= bar.margin_from - error]
