"""Two pictures the holder brings, compared once; nothing of them is kept."""

from visavis.decide.judge import judge_one
from visavis.flows.deciding import Answer, Deciding
from visavis.flows.extract import Extractor
from visavis.flows.ports import Store
from visavis.flows.probing import Probing, Sent
from visavis.flows.sessions import Sessions
from visavis.model.errors import Refusal
from visavis.model.station import SessionKind
from visavis.quality.gate import DOCUMENT


class DocumentCheck:
    """The document-checking flow."""

    def __init__(
        self, *, store: Store, sessions: Sessions, extractor: Extractor, probing: Probing, deciding: Deciding
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._extractor = extractor
        self._probing = probing
        self._deciding = deciding

    def pictures(self, *, portrait: Sent, document: bytes, session_id: str, station_id: str) -> Answer:
        """Compare a live portrait with the picture in a document.

        1. The session is used up; the holder had granted it (rule S2).
        2. Each picture shows exactly one usable face; else REFUSED with the reason.
        3. The threshold is the calibration's for the purpose's target, one comparison.
        4. The decision is recorded, without anything of either picture, and told.

        :raises SessionRefused: 1 does not hold; nothing was looked at.
        """
        session = self._sessions.claim(
            session_id,
            kinds=frozenset({SessionKind.DOCUMENT_CHECK}),
            station_id=station_id,
            require=lambda session: self._probing.require(session, portrait),
        )
        try:
            with self._store.read() as tx:
                purpose = tx.purposes.get(session.purpose_id)
            bar = self._deciding.bar(purpose, gallery_id=None, references=1)
            probe = self._probing.probe(portrait, session=session)
            reference = self._extractor.extract(document, gate=DOCUMENT)
        except Refusal as refusal:
            return self._deciding.refuse(session, refusal)
        score = float(probe.vector @ reference.vector)
        verdict = judge_one(score=score, threshold=bar.threshold, subject_id=None)
        with self._store.write() as tx:
            return self._deciding.record(tx, session, verdict, bar=bar)
