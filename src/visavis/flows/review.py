"""What waits for a person, and what they decide."""

from collections.abc import Sequence
from dataclasses import replace

from visavis.flows.doubles import Doubles
from visavis.flows.erase import erase_enrolment, erase_subject
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.look_alikes import enter_pair
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import comes_by_invitation, record_act
from visavis.model.access import ApiKey
from visavis.model.audit import Event
from visavis.model.consent import EnrolmentState, SubjectState
from visavis.model.decision import Resolution, Review, ReviewKind, ReviewUnfit
from visavis.model.look_alike import LookAlikeSource


class Reviews:
    """The review queue."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries, doubles: Doubles) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._doubles = doubles

    def resolve(self, review_id: str, resolution: Resolution, *, by: ApiKey, reason: str | None = None) -> None:
        """End one review.

        ``activate`` lets a held enrolment be recognised. Where it was held as a probable duplicate, the two are two
        people who look alike from then on. If somebody else looks like them whom nobody has looked at yet, it is held
        for that now: each is looked at. ``erase`` takes it out (and the subject, if nothing else is left of them),
        ``noted`` ends the notice of two people who look alike.

        :param by: who decided, and in which words; both stand in the entry, for the server alone to open.
        :raises NotFound: no such review. :raises ReviewUnfit: the resolution does not fit it.
        """
        with self._doubles.one_at_a_time, self._live.followed() as touched, self._store.write() as tx:
            review = tx.reviews.get(review_id)
            touched.add(review.subject_id)
            if (review.enrolment_id is None) != (resolution is Resolution.NOTED):
                raise ReviewUnfit(f"This review is a {review.kind.value}.")
            tx.reviews.remove(id=review.id)
            self._record(tx, review, resolution, by=by, reason=reason)
            if resolution is Resolution.ACTIVATE:
                self._activate(tx, review)
            elif resolution is Resolution.ERASE:
                self._erase(tx, review)
        if resolution is Resolution.ERASE:
            self._store.scrub()

    def come_by_invitation(self, reviews: Sequence[Review]) -> list[bool | None]:
        """Of each, whether its photos came by an invitation; None where it is about none, or that is not known."""
        with self._store.read() as tx:
            return [self._comes_by_invitation(tx, review) for review in reviews]

    def _comes_by_invitation(self, tx: Transaction, review: Review) -> bool | None:
        subject = tx.subjects.first(id=review.subject_id)
        if subject is None or review.enrolment_id is None:
            return None
        return comes_by_invitation(tx, subject, review.enrolment_id, keyring=self._keyring)

    def _record(
        self, tx: Transaction, review: Review, resolution: Resolution, *, by: ApiKey, reason: str | None
    ) -> None:
        """That somebody looked, and what they decided; not about whom, since nobody is told that they were held.

        A reason is a person's own words, which may be about somebody: it is kept as long as their decisions.
        """
        now, purpose = self._clock.now(), tx.purposes.get(tx.galleries.get(review.gallery_id).purpose_id)
        said = {} if reason is None else {"reason": reason}
        record_act(
            tx,
            Event.REVIEW,
            now=now,
            fields={"act": resolution.value},
            details={"review": review.id, "kind": review.kind.value, "by": by.name, **said},
            keyring=self._keyring,
            expires_at=None if reason is None else now + purpose.retention,
        )

    def _activate(self, tx: Transaction, review: Review) -> None:
        enrolment, subject = tx.enrolments.get(str(review.enrolment_id)), tx.subjects.get(review.subject_id)
        if review.kind is ReviewKind.PROBABLE_DUPLICATE and review.other_subject_id is not None:
            enter_pair(
                tx,
                gallery_id=review.gallery_id,
                one=review.subject_id,
                other=review.other_subject_id,
                source=LookAlikeSource.DECLARED,
                now=self._clock.now(),
            )
        further = self._doubles.probable_duplicate(tx, enrolment, subject)
        if further is not None:
            tx.reviews.add(further)
            return
        tx.enrolments.change(replace(enrolment, state=EnrolmentState.ACTIVE))
        tx.subjects.change(replace(subject, state=SubjectState.ACTIVE))

    def _erase(self, tx: Transaction, review: Review) -> None:
        enrolment = tx.enrolments.get(str(review.enrolment_id))
        erase_enrolment(tx, enrolment, keyring=self._keyring, now=self._clock.now())
        subject = tx.subjects.get(review.subject_id)
        if tx.enrolments.count(subject_id=subject.id):
            return
        if subject.created_at < enrolment.created_at:
            # They were served without a face before they tried with one, and go on being (rule S7).
            tx.subjects.change(replace(subject, state=SubjectState.WITHOUT_FACE))
        else:
            erase_subject(tx, subject, reason="review", keyring=self._keyring, now=self._clock.now())
