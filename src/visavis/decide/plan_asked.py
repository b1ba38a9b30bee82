"""What somebody typed about a gallery they think of, on the page or in the terminal, read the same way."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from visavis.decide.claim import Claim
from visavis.decide.plan import Aim, Claimed, Wanted
from visavis.decide.plan_cost import Assumed
from visavis.decide.plan_speech import Saying
from visavis.model.access import RequestInvalid
from visavis.model.purpose import MAX_FNMR

_THOUSANDS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_LONGEST: Final = 40
_FURTHEST: Final = 30
"""Powers of ten on either side that a number may have: Python would write out any."""

DEFAULTS: Final[Mapping[str, str]] = {
    "people": "1000",
    "references_each": "1",
    "searches_a_day": "2000",
    "not_enrolled": "10%",
    "aim": Aim.FPIR.value,
    "value": "1%",
    "max_fnmr": f"{100 * MAX_FNMR:g}%",
    "claimed_fmr": "",
    "claimed_fnmr": "",
    "claim": "",
    "machine_memory_gb": "64",
    "machine_cores": "8",
    "memory_share": "75%",
    "busiest_hour": "15%",
    "days_kept": "30",
    "core_hour_price": "",
}
"""Every field and what it is where nothing was typed."""


def wanted_of(fields: Mapping[str, str]) -> Wanted:
    """The gallery.

    :param fields: texts by their names in ``DEFAULTS``; what is missing or empty is as there.
    :raises RequestInvalid: a text is no number, or a number out of its range; the message names the field.
    """
    texts = _filled(fields)
    try:
        aim = Aim(texts["aim"])
    except ValueError:
        raise RequestInvalid(Saying("invalid.aim", names={"some": ", ".join(one.value for one in Aim)})) from None
    claimed = None
    if texts["claimed_fmr"]:
        missed = texts["claimed_fnmr"]
        claimed = Claimed(_float(texts, "claimed_fmr"), _float(texts, "claimed_fnmr") if missed else None)
    elif texts["claimed_fnmr"]:
        raise RequestInvalid(Saying("invalid.claimed", names={"field": "claimed_fnmr", "other": "claimed_fmr"}))
    return Wanted(
        people=_whole(texts, "people"),
        references_each=_whole(texts, "references_each"),
        searches_a_day=_float(texts, "searches_a_day"),
        not_enrolled=_float(texts, "not_enrolled"),
        aim=aim,
        value=_float(texts, "value"),
        max_fnmr=_float(texts, "max_fnmr"),
        claimed=claimed,
    )


def assumed_of(fields: Mapping[str, str]) -> Assumed:
    """What nobody measured; see ``wanted_of``."""
    texts = _filled(fields)
    return Assumed(
        machine_memory_gb=_float(texts, "machine_memory_gb"),
        machine_cores=_whole(texts, "machine_cores"),
        memory_share=_float(texts, "memory_share"),
        busiest_hour=_float(texts, "busiest_hour"),
        days_kept=_whole(texts, "days_kept"),
        core_hour_price=_float(texts, "core_hour_price") if texts["core_hour_price"] else None,
    )


def claim_of(fields: Mapping[str, str]) -> Claim | None:
    """The sentence that somebody wants counted through, if there is one; see ``wanted_of``."""
    texts = _filled(fields)
    if not texts["claim"]:
        return None
    return Claim(_number(texts, "claim"), _whole(texts, "people"), _float(texts, "searches_a_day"))


def _filled(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: (fields.get(name) or "").strip() or default for name, default in DEFAULTS.items()}


def _number(texts: Mapping[str, str], name: str) -> Decimal:
    """The number in a field, exactly; ``1%`` is a hundredth, and thousands may be set apart.

    A comma that sets no three digits apart is a decimal point to some, and nothing is guessed.
    """
    text = texts[name]
    digits = text.removesuffix("%").replace("_", "").strip()
    if "," in digits and _THOUSANDS.fullmatch(digits) is None:
        raise RequestInvalid(Saying("invalid.number", names={"field": name}))
    digits = digits.replace(",", "")
    try:
        value = Decimal(digits) if len(text) <= _LONGEST else None
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite() or (value and abs(value.adjusted()) > _FURTHEST):
        raise RequestInvalid(Saying("invalid.number", names={"field": name}))
    return value / 100 if text.endswith("%") else value


def _float(texts: Mapping[str, str], name: str) -> float:
    return float(_number(texts, name))


def _whole(texts: Mapping[str, str], name: str) -> int:
    value = _number(texts, name)
    # "1.000" is a thousand to some and one to others.
    is_either = "." in texts[name] and "e" not in texts[name].lower()
    if is_either or value != value.to_integral_value():
        raise RequestInvalid(Saying("invalid.whole", names={"field": name}))
    return int(value)
