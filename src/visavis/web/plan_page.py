"""What the page of the planner shows: fields as they were typed, and what follows from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from visavis.decide import plan_asked, plan_cost, plan_words
from visavis.decide.claim import reckon
from visavis.decide.plan import MOST_PEOPLE, MOST_REFERENCES_EACH, Aim, Standing, curve, plan
from visavis.decide.plan_picture import picture
from visavis.decide.plan_speech import ENGLISH, Saying, Speech, told
from visavis.model.access import RequestInvalid
from visavis.model.calibration import Calibration
from visavis.web.texts import Catalogue, command


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to type; its label is the text ``plan.NAME``, its hint ``plan.NAME.hint``.

    ``slider`` is how a script may offer it to be pushed: ``log``, ``linear`` or not at all.
    """

    name: str
    slider: str = ""
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    has_hint: bool = True


GALLERY: Final = (
    Field("people", "log", 1, MOST_PEOPLE),
    Field("references_each", "linear", 1, MOST_REFERENCES_EACH),
    Field("searches_a_day", "log", 1, 1e8),
    Field("not_enrolled", "linear", 0, 100, "%"),
)
AIM: Final = Field("value", "log", 0.0001, 49, "%")
BEARABLE: Final = Field("max_fnmr", "linear", 0, 50, "%")
CLAIMS: Final = (Field("claimed_fmr"), Field("claimed_fnmr"), Field("claim"))
ASSUMED: Final = (
    Field("machine_memory_gb", has_hint=False),
    Field("machine_cores", has_hint=False),
    Field("memory_share", has_hint=False),
    Field("busiest_hour", has_hint=False),
    Field("days_kept", has_hint=False),
    Field("core_hour_price"),
)
AIMS: Final = (Aim.FPIR.value, Aim.FMR.value, Aim.THRESHOLD.value)


def shown(typed: Mapping[str, str], *, calibration: Calibration, dimension: int, language: Catalogue) -> dict[str, Any]:
    """All that the page shows. Where something typed makes no sense, ``problem`` says what, and nothing follows."""
    fields = {name: typed.get(name) or default for name, default in plan_asked.DEFAULTS.items()}
    page: dict[str, Any] = {
        "typed": fields,
        "gallery": GALLERY,
        "aim": AIM,
        "aims": AIMS,
        "bearable": BEARABLE,
        "claims": CLAIMS,
        "assumed": ASSUMED,
        "calibration": calibration,
        "problem": None,
    }
    try:
        return page | _result(fields, calibration=calibration, dimension=dimension, language=language)
    except RequestInvalid as wrong:
        labels = {name: language.t(f"plan.{name}") for name in fields if name != "aim"}
        labels |= {aim: aim.upper() for aim in AIMS}
        return page | {"problem": told(wrong.detail, _speech(language), instead=labels)}


def _speech(language: Catalogue) -> Speech:
    """The words of a plan, of the texts of one language."""
    return {name: language.texts[f"plan.says.{name}"] for name in ENGLISH}


def _measured(say: Speech, language: Catalogue) -> Iterator[plan_words.Row]:
    """What was measured; what measures it again is a command and looks like one."""
    for row, measured in zip(plan_words.measured(say), plan_cost.MEASURED.values(), strict=True):
        origin = command(measured.source)
        if isinstance(measured.source, Saying):
            commands = {name: command(words) for name, words in measured.source.names.items()}
            origin = language.rich(f"plan.says.{measured.source.name}", **commands)
        yield replace(row, origin=origin)


def _result(
    fields: Mapping[str, str], *, calibration: Calibration, dimension: int, language: Catalogue
) -> dict[str, Any]:
    wanted, assumed = plan_asked.wanted_of(fields), plan_asked.assumed_of(fields)
    claim, say = plan_asked.claim_of(fields), _speech(language)
    planned = plan(wanted, calibration)
    cost = plan_cost.cost(wanted, assumed, dimension=dimension)
    tables: Sequence[tuple[str, Sequence[plan_words.Row]]] = (
        ("plan.errors", list(plan_words.errors(planned, say))),
        ("plan.takes", list(plan_words.takes(planned, cost, say))),
    )
    return {
        "headline": plan_words.headline(planned, say),
        "is_promised": planned.standing is Standing.PROMISED,
        "reasons": [told(reason, say) for reason in planned.reasons],
        "mend": plan_words.mend(planned, say),
        "tables": tables,
        "reckoned": [] if claim is None else list(plan_words.claimed(reckon(claim), say)),
        "picture": picture(planned, curve(planned, calibration), style=False, say=say),
        "measured": list(_measured(say, language)),
    }
