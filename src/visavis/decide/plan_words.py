"""A plan in words: what a person reads on the page and in the terminal, each number with where it comes from."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from visavis.decide.claim import Reckoned
from visavis.decide.plan import Aim, Plan, Standing
from visavis.decide.plan_cost import MEASURED, MEASURED_UP_TO, STATION_LOCKS_AT, Assumed, Cost
from visavis.model.calibration import SEVERAL, Rate

NOT_KNOWN: Final = "not known"
_WORKED_OUT: Final = "worked out"
_SURE: Final = "95 % sure of what is in brackets"
_CALIBRATION: Final = "calibration"
_CLAIM: Final = "a claim, not a promise"
_MEASURED: Final = "measured"
_IN_PROPORTION: Final = "in proportion to what was measured with a million references"
_ASSUMED: Final = "assumed: change it"
_NOUGHT: Final = 5e-16
_HOUR_S: Final = 3600
_THOUSAND: Final = 1000
_UNITS: Final = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_LARGE: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))

_BECAUSE: Final = {
    Standing.NOT_KNOWN: "beyond, the calibration knows no threshold",
    Standing.TOO_MANY_MISSED: "beyond, more people would be missed than is bearable",
}
HEADLINES: Final = {
    Standing.PROMISED: "This can be promised.",
    Standing.TOO_MANY_MISSED: "This is known, and such a gallery is refused: too many people would be missed.",
    Standing.NOT_KNOWN: "Not known. Such a gallery is refused, because nobody has measured what it needs.",
    Standing.CLAIM: "This is arithmetic with a claim. Nothing here is promised, and nothing of it was measured.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what, how much, and how that is known."""

    what: str
    value: str
    origin: str


def mend(planned: Plan) -> str:
    """What would help where nothing can be promised; empty where something is, and of claims."""
    if planned.standing in {Standing.PROMISED, Standing.CLAIM}:
        return ""
    smaller = f"a smaller gallery (up to {count(planned.most_people)} people), " if planned.most_people else ""
    photos = (
        "" if planned.wanted.references_each >= SEVERAL else f"{SEVERAL} photos of each where too many are missed, "
    )
    if planned.wanted.is_one_to_one:
        return f"What helps: a higher rate, {photos}or a model that was measured on more people."
    return (
        f"What helps: {smaller}a higher rate, {photos}people who say who they are (1:1), "
        "or a model that was measured on more people."
    )


def errors(planned: Plan) -> Iterator[Row]:
    """How often it errs, and how sure that is."""
    wanted = planned.wanted
    origin = _CLAIM if planned.standing is Standing.CLAIM else _CALIBRATION
    yield Row("references compared with somebody who comes", count(wanted.compared), _WORKED_OUT)
    asked = _WORKED_OUT if wanted.aim is Aim.FPIR and wanted.claimed is None else origin
    yield Row("one comparison may err", NOT_KNOWN if planned.fmr is None else rate(planned.fmr), asked)
    taken = (
        "a stranger passes for whom they name (1:1)"
        if wanted.is_one_to_one
        else "a stranger is taken for somebody (FPIR)"
    )
    sure = origin if planned.threshold is None else f"{origin}, {_SURE}"
    yield Row(taken, band(planned.fpir, percent), sure)
    yield Row("false accepts a day", band(planned.false_accepts_a_day, a_day, number), sure)
    missed = origin if planned.standing is Standing.CLAIM else f"{sure}, {_photos(wanted.references_each)}"
    yield Row("enrolled people who are missed (FNMR)", band(planned.fnmr, percent), missed)
    yield Row("missed people a day", band(planned.missed_a_day, a_day, number), missed)
    doubtful = planned.doubtful_a_day
    yield Row(
        "enrolled people a day whom a person must tell apart",
        NOT_KNOWN if doubtful is None else a_day(doubtful),
        origin,
    )
    yield Row("threshold", NOT_KNOWN if planned.threshold is None else f"{planned.threshold:.4f}", origin)
    most = planned.most_people
    if most is not None:
        because = "" if planned.most_because is None else _BECAUSE[planned.most_because]
        yield Row("most people for whom this can be promised", count(most) if most else "none", because or _CALIBRATION)


def takes(planned: Plan, cost: Cost) -> Iterator[Row]:
    """What it takes."""
    origin = _MEASURED if planned.wanted.references <= MEASURED_UP_TO else _IN_PROPORTION
    yield Row("memory", f"{size(cost.memory_bytes)}, of which templates {size(cost.templates_bytes)}", origin)
    yield Row("disk", size(cost.disk_bytes), origin)
    yield Row("the log in a year", size(cost.log_bytes_a_year), origin)
    yield Row("processor time a search", seconds(cost.cpu_s_a_search), origin)
    yield Row("searches a second in the busiest hour", number(cost.searches_a_s), _ASSUMED)
    machines = count(cost.machines)
    if not cost.is_one_machine:
        machines += f" ({count(cost.parts)} for one copy of all references); this release runs on one"
    yield Row("machines", machines, _WORKED_OUT)
    yield Row("searches a second that so many machines answer", number(cost.most_searches_a_s), origin)
    yield Row("stations, at least", count(cost.stations), "one session every two seconds")
    if cost.price_a_search is not None and cost.price_a_day is not None:
        yield Row("cost of a search", number(cost.price_a_search), "your price of a core for an hour")
        yield Row("cost of a day's searches", f"{cost.price_a_day:,.2f}", "your price of a core for an hour")
    if planned.wanted.not_enrolled > STATION_LOCKS_AT:
        text = "stations lock: most people who come are not enrolled"
        yield Row("will it run", text, "rule S2, the last 50 probes")


def assumptions(assumed: Assumed) -> Iterator[Row]:
    """What nobody measured."""
    yield Row("a machine", f"{assumed.machine_cores} cores, {assumed.machine_memory_gb:g} GB", _ASSUMED)
    yield Row("of its memory for references", percent(assumed.memory_share), _ASSUMED)
    yield Row("of a day's searches in its busiest hour", percent(assumed.busiest_hour), _ASSUMED)
    yield Row("decisions are kept", f"{assumed.days_kept} days", _ASSUMED)


def measured() -> Iterator[Row]:
    """What the software was measured to take, and by what."""
    for one in MEASURED.values():
        yield Row(one.unit, f"{one.value:.3g}", one.source)


def claimed(reckoned: Reckoned) -> Iterator[tuple[str, list[Row]]]:
    """A claim, reading by reading."""
    claim = reckoned.claim
    right = f"{(claim.right * 100).normalize():f}"
    people = count(claim.people)
    yield (
        f"If {right} % of searches end right",
        [
            Row("wrong answers a day", a_day(reckoned.wrong_a_day), _CLAIM),
            Row("wrong answers when each of them is looked for once", count(reckoned.wrong_once), _CLAIM),
            Row(f"one comparison may then err, among {people}", rate(reckoned.fmr_needed), _WORKED_OUT),
        ],
    )
    yield (
        f"If {right} % of comparisons end right",
        [
            Row("wrong people that each search finds", number(reckoned.found_by_comparison), _CLAIM),
            Row("a stranger is taken for somebody (FPIR)", percent(reckoned.fpir_by_comparison), _CLAIM),
        ],
    )
    yield (
        "What it would take to show the first",
        [
            Row("searches without one error (rule of three)", count(reckoned.searches_to_show), _WORKED_OUT),
            Row("days of all searches, each checked by a person", _days(reckoned.days_to_show), _WORKED_OUT),
            Row("or people, one photo each, no two of them ever confused", count(reckoned.people_to_show), _WORKED_OUT),
        ],
    )


def _photos(each: int) -> str:
    """With how many references misses were measured: what was not measured is not taken to help."""
    return f"measured with {SEVERAL} references each" if each >= SEVERAL else "measured with one reference each"


def _days(days: float | None) -> str:
    if days is None:
        return "never: nobody is looked for"
    return "less than one" if days < 1 else count(days)


def count(value: float) -> str:
    """How many there are, in words from a million on."""
    for unit, word in _LARGE:
        if value >= unit * (1 - 1e-6):  # what is a billion but for rounding is no 1000 million
            much = value / unit
            return f"{much:,.0f} {word}" if much >= _THOUSAND else f"{much:.4g} {word}"
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:.2g}"  # noqa: PLR2004 -- two digits say enough below


def number(value: float) -> str:
    """A number that need not be whole."""
    return count(value) if value >= _THOUSAND - 0.5 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share with two significant digits; near everything, as many as tell it from that."""
    if share >= 1 - _NOUGHT:
        return "100 %"
    if share > 0.99:  # noqa: PLR2004 -- from here on what is missing counts
        return f"{100 - float(f'{100 * (1 - share):.2g}'):.10g} %" if share < 1 - 1e-9 else "almost 100 %"
    digits = Decimal(f"{100 * share:.2g}")
    return f"{digits:f} %"


def rate(value: float) -> str:
    """A rate as a power of ten and as one in so many."""
    return f"{value:.2g}, once in {count(1 / value)}"


def a_day(value: float) -> str:
    """So many a day, or one in so many days."""
    if value >= 1:
        return number(value)
    if value <= _NOUGHT:
        return "0"
    return f"{value:.2g}, one in {count(round(1 / value))} days"


def seconds(value: float) -> str:
    """A duration."""
    if value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:,.1f} s" if value < _HOUR_S else f"{value / _HOUR_S:,.1f} hours"


def size(value: float) -> str:
    """Bytes, in powers of a thousand."""
    for unit, word in _UNITS:
        if value >= unit:
            return f"{value / unit:.3g} {word}"
    return f"{value:.0f} bytes"


def band(found: Rate | None, said: Callable[[float], str], ends: Callable[[float], str] | None = None) -> str:
    """A number with its band, where there is one; ``ends`` says those of the band, if not as the number."""
    if found is None:
        return NOT_KNOWN
    if found.low == found.high:
        return said(found.value)
    ends = ends or said
    return f"{said(found.value)} ({ends(found.low)} to {ends(found.high)})"
