"""A claim of the form "right in so many per cent of cases, among so many people", and what it would mean.

Such a sentence does not say of what: of searches, or of comparisons; of people who are there, or of those who are not.
So each reading is counted through. Nothing here was measured by anybody; it is arithmetic with somebody's sentence.
"""

import math
from dataclasses import dataclass
from decimal import Decimal

from visavis.decide.plan import MOST_PEOPLE, any_of, each_of
from visavis.decide.plan_speech import Saying
from visavis.model.access import RequestInvalid


@dataclass(frozen=True, slots=True)
class Claim:
    """``right`` is the claimed share, above 0 and below 1, exact: 0.9999999 is not a number that floats keep well."""

    right: Decimal
    people: int
    searches_a_day: float

    def __post_init__(self) -> None:
        """Refuse what nobody can claim.

        :raises RequestInvalid: a number is out of its range; the message names it.
        """
        if not 0 < self.right < 1:
            raise RequestInvalid(Saying("invalid.claim"))
        if not 1 <= self.people <= MOST_PEOPLE:
            raise RequestInvalid(Saying("invalid.people", figures={"most": f"{MOST_PEOPLE:,}"}))
        if not 0 <= self.searches_a_day <= 1e12:  # noqa: PLR2004 -- more than a hundred a day for everybody alive
            raise RequestInvalid(Saying("invalid.searches_a_day"))

    @property
    def wrong(self) -> float:
        """The rest."""
        return float(1 - self.right)


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a claim means if it is true."""

    claim: Claim

    wrong_a_day: float
    """If it is about searches."""
    wrong_once: float
    """Wrong answers when everybody is looked for once, if it is about searches."""
    fmr_needed: float
    """What one comparison may then err, if the wrong answers are strangers taken for somebody."""

    fpir_by_comparison: float
    """If it is about comparisons: how often a stranger is taken for somebody."""
    found_by_comparison: float
    """And how many wrong people each search finds."""

    searches_to_show: float
    """Searches without one error that would show it (rule of three, 95 %)."""
    days_to_show: float | None
    """Days that so many searches take; None where nobody is looked for."""
    people_to_show: float
    """People, one photo each, whose pairs are as many as ``fmr_needed`` would need without one error."""


def reckon(claim: Claim) -> Reckoned:
    """Count a claim through."""
    wrong = claim.wrong
    needed = each_of(wrong, claim.people)
    trials = 3 / wrong
    pairs = 3 / needed
    return Reckoned(
        claim=claim,
        wrong_a_day=claim.searches_a_day * wrong,
        wrong_once=claim.people * wrong,
        fmr_needed=needed,
        fpir_by_comparison=any_of(wrong, claim.people),
        found_by_comparison=claim.people * wrong,
        searches_to_show=trials,
        days_to_show=trials / claim.searches_a_day if claim.searches_a_day else None,
        people_to_show=(1 + math.sqrt(1 + 8 * pairs)) / 2,
    )
