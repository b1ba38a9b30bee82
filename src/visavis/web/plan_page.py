"""What the page of the planner shows: fields as they were typed, and what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from visavis.decide import plan_asked, plan_cost, plan_words
from visavis.decide.claim import reckon
from visavis.decide.plan import MOST_PEOPLE, MOST_REFERENCES_EACH, Aim, Standing, curve, plan
from visavis.decide.plan_picture import picture
from visavis.model.access import RequestInvalid
from visavis.model.calibration import Calibration


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to type. ``slider`` is how a script may offer it to be pushed: ``log``, ``linear`` or not at all."""

    name: str
    label: str
    hint: str = ""
    slider: str = ""
    low: float = 0.0
    high: float = 1.0
    unit: str = ""


GALLERY: Final = (
    Field("people", "People in the gallery", "1 to 10 billion", "log", 1, MOST_PEOPLE),
    Field("references_each", "References of each", "photos, 1 to 100", "linear", 1, MOST_REFERENCES_EACH),
    Field("searches_a_day", "Searches a day", "everybody who comes", "log", 1, 1e8),
    Field("not_enrolled", "Who comes and is not enrolled", "a share, such as 10%", "linear", 0, 100, "%"),
)
AIM: Final = Field("value", "Its value", "a rate such as 1%, or a score", "log", 0.0001, 49, "%")
BEARABLE: Final = Field(
    "max_fnmr", "Most enrolled people missed", "max_fnmr, as a purpose has it", "linear", 0, 50, "%"
)
CLAIMS: Final = (
    Field("claimed_fmr", "One comparison errs, somebody claims", "such as 1e-9"),
    Field("claimed_fnmr", "Enrolled people missed, somebody claims", "such as 2%"),
    Field("claim", "Or only: right in so many cases", "such as 88%, or 99.99999%"),
)
ASSUMED: Final = (
    Field("machine_memory_gb", "Memory of a machine, GB"),
    Field("machine_cores", "Cores of a machine"),
    Field("memory_share", "Of its memory for references"),
    Field("busiest_hour", "Of a day's searches in its busiest hour"),
    Field("days_kept", "Days that decisions are kept"),
    Field("core_hour_price", "Your price of a core for an hour", "in any money; without it there are no prices"),
)
AIMS: Final = (
    (Aim.FPIR.value, "Strangers taken for somebody (FPIR)"),
    (Aim.FMR.value, "One comparison that errs (FMR, 1:1)"),
    (Aim.THRESHOLD.value, "The threshold"),
)


def shown(typed: Mapping[str, str], *, calibration: Calibration, dimension: int) -> dict[str, Any]:
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
        return page | _result(fields, calibration=calibration, dimension=dimension)
    except RequestInvalid as wrong:
        return page | {"problem": wrong.detail}


def _result(fields: Mapping[str, str], *, calibration: Calibration, dimension: int) -> dict[str, Any]:
    wanted, assumed = plan_asked.wanted_of(fields), plan_asked.assumed_of(fields)
    claim = plan_asked.claim_of(fields)
    planned = plan(wanted, calibration)
    cost = plan_cost.cost(wanted, assumed, dimension=dimension)
    tables: Sequence[tuple[str, Sequence[plan_words.Row]]] = (
        ("How often it errs", list(plan_words.errors(planned))),
        ("What it takes", list(plan_words.takes(planned, cost))),
    )
    return {
        "headline": plan_words.HEADLINES[planned.standing],
        "is_promised": planned.standing is Standing.PROMISED,
        "reasons": [line for line in (*planned.reasons, plan_words.mend(planned)) if line],
        "tables": tables,
        "reckoned": [] if claim is None else list(plan_words.claimed(reckon(claim))),
        "picture": picture(planned, curve(planned, calibration), style=False),
        "measured": list(plan_words.measured()),
    }
