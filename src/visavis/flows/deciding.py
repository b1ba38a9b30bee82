"""What every decision shares: the person as the database knows them at that moment, and the record."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from visavis.decide.judge import Verdict
from visavis.decide.station_lock import after_probe
from visavis.flows.bars import Bar, Bars
from visavis.flows.drift import Drift
from visavis.flows.keyring import Keyring
from visavis.flows.live import is_recognisable, recognised_by
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_decision
from visavis.flows.sessions import require_in_use
from visavis.flows.subjects import external_reference_of
from visavis.match.index import Candidate
from visavis.match.together import SEVERAL, direction
from visavis.model.consent import Subject
from visavis.model.decision import Decision, Means, Outcome
from visavis.model.errors import Refusal
from visavis.model.ids import new_id
from visavis.model.purpose import Gallery, ModelChanged, Purpose
from visavis.model.station import Session
from visavis.model.template import Template


@dataclass(frozen=True, slots=True)
class Answer:
    """What a station or a person is told: a decision, never a score."""

    decision_id: str
    outcome: Outcome
    reason: str | None = None
    guidance: str | None = None
    subject_id: str | None = None
    external_reference: str | None = None
    retry_after_s: float | None = None


class Deciding:
    """Shared by the flows that decide; holds no state of its own."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, bars: Bars, drift: Drift) -> None:
        self._store = store
        self.keyring = keyring
        self._clock = clock
        self._bars = bars
        self._drift = drift

    def bar(self, purpose: Purpose, *, gallery_id: str | None, references: int, of_person: int = 1) -> Bar:
        """The threshold that holds the purpose's promise at this size; see ``Bars.bar``.

        :raises PromiseTooStrict: the calibration cannot promise it.
        """
        return self._bars.bar(purpose, gallery_id=gallery_id, references=references, of_person=of_person)

    def require_model(self, gallery: Gallery) -> None:
        """Scores are calibrated for one model.

        :raises ModelChanged: the gallery was made with another.
        """
        if gallery.model_id != self._bars.calibration.model_id:
            raise ModelChanged(f"The gallery was made with {gallery.model_id}.")

    def is_recognisable(self, tx: Transaction, candidate: Candidate) -> bool:
        """Whether a person may be recognised by this reference at this moment (rule S1)."""
        return is_recognisable(tx, candidate, keyring=self.keyring, clock=self._clock)

    def recognised(self, tx: Transaction, candidate: Candidate, *, probe: Template, error: float) -> Candidate | None:
        """A candidate who may be recognised at this moment (rule S1), with a score that is exact; None where not.

        :param error: by how much the score may be off that the search gave.
        """
        held = recognised_by(tx, candidate, keyring=self.keyring, clock=self._clock)
        if not held or not error:
            return candidate if held else None
        vectors = np.stack([template.vector for template in held])
        together = direction(vectors) if len(held) >= SEVERAL else vectors[0]
        return replace(candidate, score=float(together @ probe.vector))

    def claimed(self, tx: Transaction, *, gallery_id: str, external_reference: str) -> Subject | None:
        """Whom somebody says they are, if the gallery knows that name."""
        tag = self.keyring.reference_tag(gallery_id=gallery_id, external_reference=external_reference)
        return tx.subjects.first(gallery_id=gallery_id, reference_tag=tag)

    def refuse(self, session: Session, refusal: Refusal, *, means: Means = Means.FACE) -> Answer:
        """Record and answer that nothing could be decided, and why."""
        verdict = Verdict(Outcome.REFUSED, refusal.code)
        with self._store.write() as tx:
            answer = self.record(tx, session, verdict, means=means)
        return replace(answer, guidance=refusal.mend, retry_after_s=refusal.retry_after_s)

    def record(
        self,
        tx: Transaction,
        session: Session,
        verdict: Verdict,
        *,
        means: Means = Means.FACE,
        bar: Bar | None = None,
        nearest_other: float | None = None,
    ) -> Answer:
        """Write the decision, in the transaction that made it, and say what may be told.

        A face that was compared and matched nobody counts towards the station's lock (rule S2).

        :param nearest_other: of a match, the best score of anybody else who was compared; it is not kept.
        :raises StationRetired: the station was taken out of use meanwhile; nothing is told.
        :raises PurposeEnded: the purpose has ended meanwhile; nothing is told either.
        """
        now, purpose = self._clock.now(), tx.purposes.get(session.purpose_id)
        purpose.require_not_over(now)
        if bar is not None and session.gallery_id is not None:
            self._bars.enter(tx, session.gallery_id, bar)
        compared = means is Means.FACE and verdict.outcome is not Outcome.REFUSED
        if session.station_id is not None:
            station = require_in_use(tx.stations.get(session.station_id))
            if compared:
                window, locks = after_probe(station.unmatched, matched=verdict.outcome is not Outcome.NO_MATCH)
                tx.stations.change(replace(station, unmatched=window, locked=station.locked or locks))
        decision = Decision(
            id=new_id("dec"),
            session_id=session.id,
            kind=session.kind,
            means=means,
            outcome=verdict.outcome,
            reason=verdict.reason,
            station_id=session.station_id,
            gallery_id=session.gallery_id,
            purpose_id=session.purpose_id,
            subject_id=verdict.subject_id,
            fmr_decade=None if verdict.score is None else self._decade(session.gallery_id, verdict.score),
            gallery_size=None if bar is None else bar.references,
            model_id=self._bars.calibration.model_id if compared else None,
            decided_at=now,
            expires_at=now + purpose.retention,
        )
        tx.decisions.add(decision)
        about = decision.subject_id or session.subject_id
        record_decision(
            tx, decision, keyring=self.keyring, about=None if about is None else tx.subjects.first(id=about)
        )
        count = partial(self._drift.decided, decision, bar=bar, own=verdict.score, nearest_other=nearest_other)
        tx.afterwards(count)
        return self._answer(tx, decision)

    def _decade(self, gallery_id: str | None, score: float) -> int:
        bars = self._bars
        return (bars.calibration if gallery_id is None else bars.calibration_of(gallery_id)).fmr_decade_of(score)

    def _answer(self, tx: Transaction, decision: Decision) -> Answer:
        told = decision.subject_id if decision.outcome is Outcome.MATCH else None
        name = None
        if told is not None:
            name = external_reference_of(tx, tx.subjects.get(told), keyring=self.keyring)
        return Answer(decision.id, decision.outcome, decision.reason, _GUIDANCE.get(decision.outcome), told, name)


_GUIDANCE = {
    Outcome.NO_MATCH: "Not recognised. Try once more in even light, or use your PIN or QR code.",
    Outcome.REVIEW: "A person has to look. Use your PIN or QR code, or ask at the desk.",
}
