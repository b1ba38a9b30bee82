"""Offering new photos: to the person, who sees it on their own page, and as a number to who runs the gallery.

Whoever takes the offer asks at the desk: an enrolment of the same external reference adds photos, with a consent of its
own. No station tells it, and nobody is named.
"""

from typing import Final

from visavis.decide.ageing import NEWEST, is_offered_new_photos
from visavis.flows.bars import Bars
from visavis.flows.held import Held
from visavis.flows.ports import Clock, Transaction
from visavis.model.bar import OwnRatesDamaged
from visavis.model.calibration import PromiseTooStrict
from visavis.model.decision import Means, Outcome
from visavis.model.purpose import Gallery

FEWEST_PEOPLE: Final = 10
"""In a smaller gallery the number would be somebody."""


class Ageing:
    """Says who is offered new photos, and how many are."""

    def __init__(self, *, bars: Bars, clock: Clock) -> None:
        self._bars = bars
        self._clock = clock

    def is_offered(self, tx: Transaction, held: Held) -> bool:
        """Whether the person is, of whom this is held."""
        matches = [one for one in held.decisions if one.outcome is Outcome.MATCH and one.means is Means.FACE]
        newest = sorted(matches, key=lambda one: (one.decided_at, one.id), reverse=True)[:NEWEST]
        return is_offered_new_photos(
            newest_reference=max((reference.created_at for reference in held.references), default=None),
            decades=[one.fmr_decade for one in newest if one.fmr_decade is not None],
            bar_decade=self._bar_decade(tx, held.gallery),
            now=self._clock.now(),
        )

    def offered_in(self, tx: Transaction, gallery: Gallery) -> int | None:
        """How many people of a gallery are; None where it has fewer than ten with references."""
        people = tx.freshness(gallery.id, matches=NEWEST)
        if len(people) < FEWEST_PEOPLE:
            return None
        decade, now = self._bar_decade(tx, gallery), self._clock.now()
        return sum(
            is_offered_new_photos(
                newest_reference=one.newest_reference, decades=one.decades, bar_decade=decade, now=now
            )
            for one in people
        )

    def _bar_decade(self, tx: Transaction, gallery: Gallery) -> int | None:
        """The power of ten that the present bar lies in.

        None where there is no bar, and where the calibration tells no lower power. What keeps a bar from being known is
        told to whoever works with the gallery; it must not hide from a person what is held about them.
        """
        purpose, references = tx.purposes.get(gallery.purpose_id), tx.references_in(gallery.id)
        try:
            calibration = self._bars.calibration_of(gallery.id)
            bar = self._bars.bar(purpose, gallery_id=gallery.id, references=references)
        except (PromiseTooStrict, OwnRatesDamaged):
            return None
        decade = calibration.fmr_decade_of(bar.threshold)
        return decade if decade > calibration.fmr_decade_of(1.0) else None
