"""Noticing that an enrolment needs a person's eye before anybody is recognised by it."""

import threading
from typing import Final

import numpy as np

from visavis.flows.bars import Bars
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries, is_recognisable, open_references
from visavis.flows.look_alikes import pair_of
from visavis.flows.ports import Clock, Transaction
from visavis.match.index import Candidate
from visavis.match.together import SEVERAL, direction
from visavis.model.consent import Enrolment, EnrolmentState, Subject
from visavis.model.decision import Review, ReviewKind
from visavis.model.errors import IntegrityError
from visavis.model.ids import new_id
from visavis.model.look_alike import LookAlikeSource
from visavis.model.template import Template

SAME_PERSON_FMR: Final = 1e-3
"""Photos of one enrolment that differ more than strangers do at this rate are looked at by a person first."""


class Doubles:
    """The only comparison without a session: references, inside one gallery, of somebody who agreed (rule S2).

    ``one_at_a_time`` is held by whoever admits somebody, from the look to the moment memory has them: of one person who
    enrolled twice the second enrolment then meets the first.
    """

    def __init__(self, *, keyring: Keyring, clock: Clock, live: LiveGalleries, bars: Bars) -> None:
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._bars = bars
        self.one_at_a_time = threading.Lock()

    def photos_differ(self, tx: Transaction, enrolment: Enrolment, subject: Subject) -> Review | None:
        """A review if the photos do not look like one person, the one they are added to included."""
        own = self._templates(tx, enrolment, subject)
        index = self._live.index(tx.galleries.get(subject.gallery_id))
        bar = self._bars.calibration.threshold_at(SAME_PERSON_FMR)
        within = [float(a.vector @ b.vector) for i, a in enumerate(own) for b in own[:i]]
        earlier = [found for t in own if (found := index.nearest_of(subject.id, probe=t)) is not None]
        differ = [found for found in earlier if found.score < bar]
        if all(score >= bar for score in within) and not any(self._is_recognisable(tx, found) for found in differ):
            return None
        return self._review(ReviewKind.PHOTOS_DIFFER, enrolment, subject, None)

    def probable_duplicate(self, tx: Transaction, enrolment: Enrolment, subject: Subject) -> Review | None:
        """A review if somebody else in the gallery would be taken for this person, or this person for them.

        Unless an operator said already that these are two people who look alike. The new photos, and all that the
        person would have then together, are compared with everybody as a door compares a face with them; what everybody
        else has is compared with the person as a door will.
        """
        gallery = tx.galleries.get(subject.gallery_id)
        own, index = self._templates(tx, enrolment, subject), self._live.index(gallery)
        purpose = tx.purposes.get(gallery.purpose_id)
        bar = self._bars.bar(purpose, gallery_id=gallery.id, references=index.count() + len(own))
        if not own:
            return None
        # A review more costs less than somebody who is here twice: so far as scores may be off it is one.
        least = bar.threshold - index.error
        near = [c for template in own for c in index.reaching(template, threshold=least)]
        near += index.reaching(self._together(tx, own, enrolment, subject), threshold=least, by_each=True)
        others = sorted((c for c in near if c.subject_id != subject.id), key=lambda c: -c.score)
        double = next((c for c in others if self._is_recognisable(tx, c) and not _are_declared(tx, subject, c)), None)
        if double is None:
            return None
        return self._review(ReviewKind.PROBABLE_DUPLICATE, enrolment, subject, double.subject_id)

    def _is_recognisable(self, tx: Transaction, candidate: Candidate) -> bool:
        """Whether a reference that a search found counts (rule S1)."""
        return is_recognisable(tx, candidate, keyring=self._keyring, clock=self._clock)

    def _templates(self, tx: Transaction, enrolment: Enrolment, subject: Subject) -> list[Template]:
        return open_references(tx, tx.references.find(enrolment_id=enrolment.id), subject, keyring=self._keyring)

    def _together(self, tx: Transaction, own: list[Template], enrolment: Enrolment, subject: Subject) -> Template:
        """What a door will compare with this person: the new photos and those that they are recognised by already."""
        earlier = tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)
        held = [r for e in earlier if e.id != enrolment.id for r in tx.references.find(enrolment_id=e.id)]
        try:
            before = open_references(tx, held, subject, keyring=self._keyring)
        except IntegrityError:
            before = []  # nobody is recognised by them
        vectors = [template.vector for template in (*own, *before)]
        return Template(vectors[0] if len(vectors) < SEVERAL else direction(np.stack(vectors)), own[0].model_id)

    def _review(self, kind: ReviewKind, enrolment: Enrolment, subject: Subject, other: str | None) -> Review:
        return Review(new_id("rev"), kind, subject.gallery_id, subject.id, other, enrolment.id, self._clock.now())


def _are_declared(tx: Transaction, subject: Subject, other: Candidate) -> bool:
    one, two = pair_of(subject.id, other.subject_id)
    return bool(tx.look_alikes.count(subject_id=one, other_subject_id=two, source=LookAlikeSource.DECLARED))
