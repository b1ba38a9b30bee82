"""A plan in words: what a person reads on the page and in the terminal, each number with where it comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from visavis.decide.claim import Reckoned
from visavis.decide.plan import Aim, Plan, Standing
from visavis.decide.plan_cost import MEASURED, MEASURED_UP_TO, STATION_LOCKS_AT, Assumed, Cost
from visavis.decide.plan_speech import ENGLISH, Speech, told, written
from visavis.model.calibration import SEVERAL, Rate

NOT_KNOWN: Final = ENGLISH["not_known"]
_ASSUMED: Final = ENGLISH["origin.assumed"]
_NOUGHT: Final = 5e-16
_HOUR_S: Final = 3600
_THOUSAND: Final = 1000
_UNITS: Final = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_LARGE: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
_NAMES: Final = {
    Standing.PROMISED: "promised",
    Standing.TOO_MANY_MISSED: "missed",
    Standing.NOT_KNOWN: "not_known",
    Standing.CLAIM: "claim",
}

HEADLINES: Final = {standing: ENGLISH[f"headline.{name}"] for standing, name in _NAMES.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what, how much, and how that is known."""

    what: str
    value: str
    origin: str


def headline(planned: Plan, say: Speech = ENGLISH) -> str:
    """What to make of it, in one sentence."""
    return say[f"headline.{_NAMES[planned.standing]}"]


def mend(planned: Plan, say: Speech = ENGLISH) -> str:
    """What would help where nothing can be promised; empty where something is, and of claims."""
    if planned.standing in {Standing.PROMISED, Standing.CLAIM}:
        return ""
    helps = []
    if planned.most_people and not planned.wanted.is_one_to_one:
        helps.append(say["mend.smaller"].format(people=count(planned.most_people, say)))
    helps.append(say["mend.rate"])
    if planned.wanted.references_each < SEVERAL:
        helps.append(say["mend.photos"].format(photos=SEVERAL))
    if not planned.wanted.is_one_to_one:
        helps.append(say["mend.named"])
    return say["mend"].format(some=", ".join(helps), last=say["mend.model"])


def errors(planned: Plan, say: Speech = ENGLISH) -> Iterator[Row]:
    """How often it errs, and how sure that is."""
    wanted, worked_out = planned.wanted, say["origin.worked_out"]
    is_claim = planned.standing is Standing.CLAIM
    origin = say["origin.claim" if is_claim else "origin.calibration"]
    yield Row(say["row.compared"], count(wanted.compared, say), worked_out)
    asked = worked_out if wanted.aim is Aim.FPIR and wanted.claimed is None else origin
    yield Row(say["row.fmr"], say["not_known"] if planned.fmr is None else rate(planned.fmr, say), asked)
    taken = say["row.passes" if wanted.is_one_to_one else "row.taken"]
    sure = origin if planned.threshold is None else say["origin.sure"].format(origin=origin)
    yield Row(taken, band(planned.fpir, percent, say=say), sure)
    yield Row(say["row.false_accepts"], band(planned.false_accepts_a_day, a_day, number, say=say), sure)
    missed = origin if is_claim else _photos(sure, wanted.references_each, say)
    yield Row(say["row.fnmr"], band(planned.fnmr, percent, say=say), missed)
    yield Row(say["row.missed"], band(planned.missed_a_day, a_day, number, say=say), missed)
    doubtful = planned.doubtful_a_day
    yield Row(say["row.doubtful"], say["not_known"] if doubtful is None else a_day(doubtful, say), origin)
    threshold = say["not_known"] if planned.threshold is None else written(f"{planned.threshold:.4f}", say)
    yield Row(say["row.threshold"], threshold, origin)
    most, because = planned.most_people, planned.most_because
    if most is not None:
        why = say["origin.calibration" if because is None else f"because.{_NAMES[because]}"]
        yield Row(say["row.most"], count(most, say) if most else say["none"], why)


def takes(planned: Plan, cost: Cost, say: Speech = ENGLISH) -> Iterator[Row]:
    """What it takes."""
    is_measured = planned.wanted.references <= MEASURED_UP_TO
    origin = say["origin.measured" if is_measured else "origin.in_proportion"]
    memory = say["row.memory.says"].format(all=size(cost.memory_bytes, say), templates=size(cost.templates_bytes, say))
    yield Row(say["row.memory"], memory, origin)
    yield Row(say["row.disk"], size(cost.disk_bytes, say), origin)
    yield Row(say["row.log"], size(cost.log_bytes_a_year, say), origin)
    yield Row(say["row.cpu"], seconds(cost.cpu_s_a_search, say), origin)
    yield Row(say["row.searches"], number(cost.searches_a_s, say), say["origin.assumed"])
    machines = count(cost.machines, say)
    if not cost.is_one_machine:
        machines = say["row.machines.parts"].format(machines=machines, parts=count(cost.parts, say))
    yield Row(say["row.machines"], machines, say["origin.worked_out"])
    yield Row(say["row.answered"], number(cost.most_searches_a_s, say), origin)
    yield Row(say["row.stations"], count(cost.stations, say), say["origin.pace"])
    if cost.price_a_search is not None and cost.price_a_day is not None:
        yield Row(say["row.price"], number(cost.price_a_search, say), say["origin.price"])
        yield Row(say["row.price_a_day"], written(f"{cost.price_a_day:,.2f}", say), say["origin.price"])
    if planned.wanted.not_enrolled > STATION_LOCKS_AT:
        yield Row(say["row.runs"], say["row.runs.locks"], say["origin.locks"])


def assumptions(assumed: Assumed) -> Iterator[Row]:
    """What nobody measured."""
    yield Row("a machine", f"{assumed.machine_cores} cores, {assumed.machine_memory_gb:g} GB", _ASSUMED)
    yield Row("of its memory for references", percent(assumed.memory_share), _ASSUMED)
    yield Row("of a day's searches in its busiest hour", percent(assumed.busiest_hour), _ASSUMED)
    yield Row("decisions are kept", f"{assumed.days_kept} days", _ASSUMED)


def measured(say: Speech = ENGLISH) -> Iterator[Row]:
    """What the software was measured to take, and by what."""
    for one in MEASURED.values():
        yield Row(told(one.unit, say), written(f"{one.value:.3g}", say), told(one.source, say))


def claimed(reckoned: Reckoned, say: Speech = ENGLISH) -> Iterator[tuple[str, list[Row]]]:
    """A claim, reading by reading."""
    claim, a_claim, worked_out = reckoned.claim, say["origin.claim"], say["origin.worked_out"]
    right = written(f"{(claim.right * 100).normalize():f}", say)
    people = count(claim.people, say)
    yield (
        say["claim.searches"].format(right=right),
        [
            Row(say["claim.wrong"], a_day(reckoned.wrong_a_day, say), a_claim),
            Row(say["claim.wrong_once"], count(reckoned.wrong_once, say), a_claim),
            Row(say["claim.fmr"].format(people=people), rate(reckoned.fmr_needed, say), worked_out),
        ],
    )
    yield (
        say["claim.comparisons"].format(right=right),
        [
            Row(say["claim.found"], number(reckoned.found_by_comparison, say), a_claim),
            Row(say["row.taken"], percent(reckoned.fpir_by_comparison, say), a_claim),
        ],
    )
    yield (
        say["claim.show"],
        [
            Row(say["claim.show.searches"], count(reckoned.searches_to_show, say), worked_out),
            Row(say["claim.show.days"], _days(reckoned.days_to_show, say), worked_out),
            Row(say["claim.show.people"], count(reckoned.people_to_show, say), worked_out),
        ],
    )


def _photos(origin: str, each: int, say: Speech) -> str:
    """With how many references misses were measured: what was not measured is not taken to help."""
    text = say["origin.several" if each >= SEVERAL else "origin.single"]
    return text.format(origin=origin, photos=SEVERAL)


def _days(days: float | None, say: Speech) -> str:
    if days is None:
        return say["claim.show.never"]
    return say["less_than_one"] if days < 1 else count(days, say)


def count(value: float, say: Speech = ENGLISH) -> str:
    """How many there are, in words from a million on."""
    for unit, word in _LARGE:
        if value >= unit * (1 - 1e-6):  # what is a billion but for rounding is no 1000 million
            much = value / unit
            figures = f"{much:,.0f}" if much >= _THOUSAND else f"{much:.4g}"
            return say[f"a_{word}"] if figures == "1" else say[word].format(n=written(figures, say))
    figures = f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"  # noqa: PLR2004 -- two digits say enough below
    return written(figures, say)


def number(value: float, say: Speech = ENGLISH) -> str:
    """A number that need not be whole."""
    return count(value, say) if value >= _THOUSAND - 0.5 else written(f"{value:.3g}", say)


def percent(share: float, say: Speech = ENGLISH) -> str:
    """A share with two significant digits; near everything, as many as tell it from that."""
    if share >= 1 - _NOUGHT:
        return "100 %"
    if share > 0.99:  # noqa: PLR2004 -- from here on what is missing counts
        if share >= 1 - 1e-9:
            return say["almost_all"]
        return written(f"{100 - float(f'{100 * (1 - share):.2g}'):.10g} %", say)
    digits = Decimal(f"{100 * share:.2g}")
    return written(f"{digits:f} %", say)


def rate(value: float, say: Speech = ENGLISH) -> str:
    """A rate as a power of ten and as one in so many."""
    return say["once"].format(rate=written(f"{value:.2g}", say), many=count(1 / value, say))


def a_day(value: float, say: Speech = ENGLISH) -> str:
    """So many a day, or one in so many days."""
    if value >= 1:
        return number(value, say)
    if value <= _NOUGHT:
        return "0"
    return say["one_in_days"].format(rate=written(f"{value:.2g}", say), many=count(round(1 / value), say))


def seconds(value: float, say: Speech = ENGLISH) -> str:
    """A duration."""
    if value < 1:
        return written(f"{1000 * value:.3g} ms", say)
    if value < _HOUR_S:
        return written(f"{value:,.1f} s", say)
    return say["hours"].format(n=written(f"{value / _HOUR_S:,.1f}", say))


def size(value: float, say: Speech = ENGLISH) -> str:
    """Bytes, in powers of a thousand."""
    for unit, word in _UNITS:
        if value >= unit:
            return written(f"{value / unit:.3g} {word}", say)
    return say["bytes"].format(n=written(f"{value:.0f}", say))


Said = Callable[[float, Speech], str]
"""Says a number."""


def band(found: Rate | None, said: Said, ends: Said | None = None, *, say: Speech = ENGLISH) -> str:
    """A number with its band, where there is one; ``ends`` says those of the band, if not as the number."""
    if found is None:
        return say["not_known"]
    if found.low == found.high:
        return said(found.value, say)
    ends = ends or said
    return say["band"].format(value=said(found.value, say), low=ends(found.low, say), high=ends(found.high, say))
