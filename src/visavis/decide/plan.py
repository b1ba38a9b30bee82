"""What a gallery would cost before anybody is in it: errors a day, the threshold, and whether it can be promised.

A plan never says more than the model's calibration can bear. Where it cannot, thresholds and missed people are "not
known", and the arithmetic goes on only with a rate that the reader types in, which is then called a claim.

The arithmetic is that of the gallery itself: ``visavis.decide.target`` says how an FPIR target becomes the rate of one
comparison. It takes comparisons to be independent; they are not quite.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from visavis.decide.plan_speech import Saying
from visavis.decide.target import HIGHEST_TARGET
from visavis.model.access import RequestInvalid
from visavis.model.calibration import Calibration, Rate, RateNotKnown
from visavis.model.purpose import MAX_FNMR

MOST_PEOPLE: Final = 10_000_000_000
"""Nobody has more people to plan for; there are fewer."""
MOST_REFERENCES_EACH: Final = 100
_A_DECADE: Final = 8
"""Sizes of a curve in a power of ten."""


class Aim(Enum):
    """What is given; the others follow from it."""

    FPIR = "fpir"
    """How often a stranger may be taken for anybody: 1:N."""
    FMR = "fmr"
    """How often one comparison may err: 1:1, whatever the size."""
    THRESHOLD = "threshold"
    """A score, to see what it would do in 1:N."""


class Standing(Enum):
    """What the numbers of a plan are worth."""

    PROMISED = "promised"
    """The calibration bears them: a gallery of this size is allowed."""
    TOO_MANY_MISSED = "too_many_missed"
    """They are known, and more people would be missed than was said to be bearable: such a gallery is refused."""
    NOT_KNOWN = "not_known"
    """Nobody has measured what this would take: such a gallery is refused."""
    CLAIM = "claim"
    """Arithmetic with rates that somebody typed in. Nothing here was measured by this software."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Error rates that somebody states: of one comparison, and of missing somebody who is enrolled."""

    fmr: float
    fnmr: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A gallery that somebody thinks of.

    ``people`` is 1 to 10 billion, ``references_each`` 1 to 100. ``not_enrolled`` is the share of searches by people who
    are not in it, ``max_fnmr`` the highest FNMR that is bearable. ``value`` is what ``aim`` says: a rate above 0 and
    below 0.5, or a cosine.
    """

    people: int
    references_each: int = 1
    searches_a_day: float = 1000.0
    not_enrolled: float = 0.1
    aim: Aim = Aim.FPIR
    value: float = 0.01
    max_fnmr: float = MAX_FNMR
    claimed: Claimed | None = None

    def __post_init__(self) -> None:
        """Refuse what is no gallery.

        :raises RequestInvalid: a number is out of its range; the message names it.
        """
        rates = [self.not_enrolled, self.max_fnmr]
        if self.claimed is not None:
            rates += [self.claimed.fmr, 0.0 if self.claimed.fnmr is None else self.claimed.fnmr]
            if not self.claimed.fmr > 0:
                raise RequestInvalid(Saying("invalid.claimed_fmr"))
        if not 1 <= self.people <= MOST_PEOPLE:
            raise RequestInvalid(Saying("invalid.people", figures={"most": f"{MOST_PEOPLE:,}"}))
        if not 1 <= self.references_each <= MOST_REFERENCES_EACH:
            raise RequestInvalid(Saying("invalid.references_each", figures={"most": f"{MOST_REFERENCES_EACH}"}))
        if not 0 <= self.searches_a_day <= 1e12:  # noqa: PLR2004 -- more than a hundred a day for everybody alive
            raise RequestInvalid(Saying("invalid.searches_a_day"))
        if not all(0 <= rate <= 1 for rate in rates):
            raise RequestInvalid(Saying("invalid.shares"))
        if self.aim is Aim.THRESHOLD and not -1 <= self.value <= 1:
            raise RequestInvalid(Saying("invalid.threshold"))
        if self.aim is not Aim.THRESHOLD and not 0 < self.value < HIGHEST_TARGET:
            raise RequestInvalid(
                Saying("invalid.rate", figures={"most": f"{HIGHEST_TARGET:g}"}, names={"rate": self.aim.value})
            )

    @property
    def references(self) -> int:
        """How many there are."""
        return self.people * self.references_each

    @property
    def compared(self) -> int:
        """How many of them are compared with somebody who comes: all, or those of the person whom somebody names."""
        return self.references_each if self.is_one_to_one else self.references

    @property
    def is_one_to_one(self) -> bool:
        """An FMR is a promise about two people: such galleries are verified only."""
        return self.aim is Aim.FMR and self.claimed is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would come of it. None is "not known"."""

    wanted: Wanted
    model_id: str
    standing: Standing
    reasons: tuple[Saying, ...] = ()
    """Why it is not promised, for a person."""

    fmr: float | None = None
    """What one comparison may err, or is claimed to."""

    fpir: Rate | None = None
    """How often somebody who is not enrolled is taken for somebody who is."""

    threshold: float | None = None
    fnmr: Rate | None = None
    """How often somebody who is enrolled is missed, measured with as many references as the calibration has."""

    most_people: int | None = None
    """The largest gallery that the same aim can be promised for; 0: none. None: it does not depend on the size."""

    most_because: Standing | None = None
    """What one person more would make of it; None where nothing does."""

    @property
    def false_accepts_a_day(self) -> Rate | None:
        """People who are not enrolled and taken for somebody."""
        wanted = self.wanted
        return _times(self.fpir, wanted.searches_a_day * wanted.not_enrolled)

    @property
    def missed_a_day(self) -> Rate | None:
        """People who are enrolled and not recognised."""
        wanted = self.wanted
        return _times(self.fnmr, wanted.searches_a_day * (1 - wanted.not_enrolled))

    @property
    def doubtful_a_day(self) -> float | None:
        """People who are enrolled, recognised, and alike enough to somebody else for a person to have to look."""
        if self.fnmr is None or self.fmr is None or self.fpir is None:
            return None
        others = max(0, self.wanted.compared - self.wanted.references_each)
        recognised = self.wanted.searches_a_day * (1 - self.wanted.not_enrolled) * (1 - self.fnmr.value)
        return recognised * any_of(self.fmr, others)


def any_of(rate: float, times: float) -> float:
    """How often at least one of so many independent comparisons errs: 1 - (1 - rate)^times."""
    if rate >= 1:
        return 1.0 if times > 0 else 0.0
    return -math.expm1(times * math.log1p(-rate))


def each_of(rate: float, times: float) -> float:
    """How often one comparison may err for at least one of so many to err that often; ``any_of`` the other way."""
    return -math.expm1(math.log1p(-rate) / max(1.0, times))


def plan(wanted: Wanted, calibration: Calibration) -> Plan:
    """What would come of a gallery.

    1. A claim is counted with and nothing else: the calibration says nothing about it.
    2. What one comparison may err follows from the aim. Below one of the calibration's floors there is no threshold.
    3. Above them everything is known, with its band.
    """
    most, because = _most(wanted, calibration)
    # 1
    if wanted.claimed is not None:
        missed = wanted.claimed.fnmr
        fpir = any_of(wanted.claimed.fmr, wanted.compared)
        return Plan(
            wanted,
            calibration.model_id,
            Standing.CLAIM,
            fmr=wanted.claimed.fmr,
            fpir=Rate(fpir, fpir, fpir),
            fnmr=None if missed is None else Rate(missed, missed, missed),
            most_people=most,
            most_because=because,
        )
    # 2
    bar = _bar_of(wanted, calibration)
    if bar.threshold is None:
        return Plan(
            wanted,
            calibration.model_id,
            Standing.NOT_KNOWN,
            bar.reasons,
            fmr=bar.fmr,
            most_people=most,
            most_because=because,
        )
    # 3
    each = calibration.fmr_at(bar.threshold)
    fnmr = calibration.fnmr_at(bar.threshold, photos=wanted.references_each)
    too_many = _too_many_missed(wanted, fnmr)
    return Plan(
        wanted,
        calibration.model_id,
        Standing.TOO_MANY_MISSED if too_many else Standing.PROMISED,
        too_many,
        fmr=bar.fmr,
        fpir=Rate(*(any_of(rate, wanted.compared) for rate in (each.value, each.low, each.high))),
        threshold=bar.threshold,
        fnmr=fnmr,
        most_people=most,
        most_because=because,
    )


def _most(wanted: Wanted, calibration: Calibration) -> tuple[int | None, Standing | None]:
    """The largest gallery for which the aim can be promised, and what one person more makes of it.

    None where it does not depend on the size: a false match rate is a promise about two people.
    """
    if wanted.aim is not Aim.FPIR:
        return None, None
    low, high, because = 0, MOST_PEOPLE, None
    while low < high:
        middle = (low + high + 1) // 2
        there = replace(wanted, people=middle, claimed=None)
        missed = _missed_at(there, calibration)
        if missed is not None and not _too_many_missed(there, missed):
            low = middle
        else:
            high, because = middle - 1, Standing.NOT_KNOWN if missed is None else Standing.TOO_MANY_MISSED
    return low, because


@dataclass(frozen=True, slots=True)
class AtSize:
    """One size of a curve. ``missed`` is None from where on it is not known."""

    people: int
    fpir: float
    """If the threshold stayed what it is."""

    missed: float | None
    """FNMR if the target is kept instead."""


def curve(planned: Plan, calibration: Calibration) -> Iterator[AtSize]:
    """How errors grow with the gallery, from one person to 10 billion.

    The rate of strangers is told for a threshold that stays: the plan's, or where it has none the strictest that is
    known. What keeping the target costs instead is told by missed people.
    """
    wanted = planned.wanted
    stays = planned.standing is not Standing.NOT_KNOWN
    fmr = planned.fmr if planned.fmr is not None and stays else calibration.fmr_floor
    steps = range(round(math.log10(MOST_PEOPLE)) * _A_DECADE + 1)
    for people in sorted({round(10 ** (step / _A_DECADE)) for step in steps}):
        there = replace(wanted, people=people)
        if wanted.claimed is not None:
            missed = wanted.claimed.fnmr
        else:
            found = _missed_at(there, calibration)
            missed = None if found is None else found.value
        yield AtSize(people, any_of(fmr, there.compared), missed)


@dataclass(frozen=True, slots=True)
class _Bar:
    """A threshold, or why there is none."""

    fmr: float | None
    threshold: float | None = None
    reasons: tuple[Saying, ...] = ()


def _bar_of(wanted: Wanted, calibration: Calibration) -> _Bar:
    try:
        fmr = _fmr_of(wanted, calibration)
    except RateNotKnown:
        return _Bar(None, reasons=(_known_scores(calibration),))
    reasons = (*_below_fmr_floor(fmr, calibration), *_below_fpir_floor(wanted, fmr, calibration))
    if reasons:
        return _Bar(fmr, reasons=reasons)
    threshold = wanted.value if wanted.aim is Aim.THRESHOLD else calibration.threshold_at(fmr)
    try:
        calibration.fnmr_at(threshold)
    except RateNotKnown:
        return _Bar(fmr, reasons=(_known_misses(calibration),))
    return _Bar(fmr, threshold)


def _fmr_of(wanted: Wanted, calibration: Calibration) -> float:
    if wanted.aim is Aim.FPIR:
        return each_of(wanted.value, wanted.compared)
    return wanted.value if wanted.aim is Aim.FMR else calibration.fmr_at(wanted.value).value


def _known_scores(calibration: Calibration) -> Saying:
    low, high = calibration.points[0].threshold, calibration.threshold_at(calibration.fmr_floor)
    return Saying("reason.score", figures={"low": f"{low:.4g}", "high": f"{high:.4g}"})


def _known_misses(calibration: Calibration) -> Saying:
    most = calibration.misses[0].points[-1].threshold
    return Saying("reason.misses", figures={"most": f"{most:.4g}"})


def _below_fmr_floor(fmr: float, calibration: Calibration) -> Iterator[Saying]:
    if not fmr >= calibration.fmr_floor:
        yield Saying(
            "reason.fmr",
            figures={"asked": f"{1 / fmr:,.0f}", "known": f"{1 / calibration.fmr_floor:,.0f}"},
            names={"model": calibration.model_id},
        )


def _below_fpir_floor(wanted: Wanted, fmr: float, calibration: Calibration) -> Iterator[Saying]:
    if wanted.is_one_to_one:
        return
    fpir = wanted.value if wanted.aim is Aim.FPIR else any_of(fmr, wanted.compared)
    if not fpir >= calibration.fpir_floor:
        needed, people = f"{math.ceil(3 / fpir):,}", f"{calibration.people:,}"
        yield Saying("reason.fpir", figures={"strangers": f"{1 / fpir:,.0f}", "needed": needed, "people": people})


def _missed_at(wanted: Wanted, calibration: Calibration) -> Rate | None:
    """FNMR where the aim is kept, or None where that is not known."""
    threshold = _bar_of(wanted, calibration).threshold
    return None if threshold is None else calibration.fnmr_at(threshold, photos=wanted.references_each)


def _too_many_missed(wanted: Wanted, fnmr: Rate) -> tuple[Saying, ...]:
    if fnmr.value <= wanted.max_fnmr:
        return ()
    missed, bearable = f"{100 * fnmr.value:.2g} %", f"{100 * wanted.max_fnmr:.2g} %"
    return (Saying("reason.missed", figures={"missed": missed, "bearable": bearable}),)


def _times(rate: Rate | None, factor: float) -> Rate | None:
    return None if rate is None else Rate(rate.value * factor, rate.low * factor, rate.high * factor)
