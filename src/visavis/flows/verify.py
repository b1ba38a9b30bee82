"""1:1: is this the person they say they are."""

from visavis.decide.judge import judge_one
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.extract import Extractor
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Store
from visavis.flows.sessions import Sessions
from visavis.model.errors import Refusal
from visavis.model.station import Session, SessionKind, SessionUnknown


class Verify:
    """The verifying flow, at a station with a claim and in a person's own session."""

    def __init__(
        self, *, store: Store, sessions: Sessions, extractor: Extractor, live: LiveGalleries, deciding: Deciding
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._extractor = extractor
        self._live = live
        self._deciding = deciding

    def at_station(self, photo: bytes, *, claim: str, session_id: str, station_id: str) -> Answer:
        """Compare a photo with the person who is named.

        1. The session is used up (rule S2).
        2. The photo shows exactly one usable face; else REFUSED with the reason.
        3. The threshold comes from the purpose's target and the model's calibration, as for identify.
        4. In the deciding transaction the person is read again. A name that nobody has, one without live consent and
           a face that differs are answered alike: NO_MATCH.
        5. The decision is recorded before it is told.

        :raises SessionRefused: 1 does not hold; nothing was looked at.
        """
        session = self._sessions.claim(session_id, kinds=frozenset({SessionKind.VERIFY}), station_id=station_id)
        return self._decide(session, photo, claim=claim)

    def oneself(self, photo: bytes, *, session_id: str, subject_id: str) -> Answer:
        """Compare a photo with the person whose own session this is; nobody else can be asked for."""
        session = self._sessions.claim(
            session_id, kinds=frozenset({SessionKind.PERSONAL}), station_id=None, subject_id=subject_id
        )
        return self._decide(session, photo, claim=None)

    def _decide(self, session: Session, photo: bytes, *, claim: str | None) -> Answer:
        if session.gallery_id is None:
            raise SessionUnknown
        try:
            with self._store.read() as tx:
                gallery, purpose = tx.galleries.get(session.gallery_id), tx.purposes.get(session.purpose_id)
            self._deciding.require_model(gallery)
            probe = self._extractor.extract(photo)
            index = self._live.index(gallery)
            bar = self._deciding.bar(purpose, references=index.count())
        except Refusal as refusal:
            return self._deciding.refuse(session, refusal)
        with self._store.write() as tx:
            subject_id = session.subject_id
            if claim is not None:
                subject = self._deciding.claimed(tx, gallery_id=gallery.id, external_reference=claim)
                subject_id = None if subject is None else subject.id
            nearest = None if subject_id is None else index.nearest_of(subject_id, probe=probe)
            reached = nearest is not None and nearest.score >= bar.threshold
            live = nearest is not None and reached and self._deciding.is_recognisable(tx, nearest)
            score = nearest.score if nearest is not None and live else None
            verdict = judge_one(score=score, threshold=bar.threshold, subject_id=subject_id)
            return self._deciding.record(tx, session, verdict, bar=bar)
