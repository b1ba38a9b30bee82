"""The figures of a report as JSON has them: numbers in six digits, and what cannot be told as what cannot be told."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons
from visavis.evaluate.doubt import Figure, over_people, rule_of_three
from visavis.evaluate.groups import InGroup, Ratio
from visavis.evaluate.histogram import WIDTH, Histogram
from visavis.evaluate.open_set import Size
from visavis.evaluate.paired import FMRS as PAIRED_FMRS
from visavis.evaluate.paired import AtRate, Paired
from visavis.evaluate.rates import Weighing
from visavis.evaluate.verification import FMRS, AtFmr, Verification, figure_of, lowest_known, people_pairs
from visavis.flows.templates import Made
from visavis.model.evaluation import FEWEST_PEOPLE

_Counts = NDArray[np.int64]
_TOO_FEW: Final = "too few errors in a group to tell"
_TOO_FEW_TWICE: Final = f"fewer than {FEWEST_PEOPLE} people have two photos"


def number(value: float) -> float | None:
    """In six digits; None where it has no end."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def figure(one: Figure) -> dict[str, Any]:
    """A rate with its interval; ``thin`` where fewer errors stand behind it than the rule of thirty wants."""
    told: dict[str, Any] = {
        "value": number(one.value),
        "low": number(max(0.0, one.low)),
        "high": number(one.high),
    }
    return told if one.errors is None else {**told, "errors": one.errors, "thin": one.is_thin}


def rate(one: Figure) -> dict[str, Any]:
    """The same of something that is never more than 1."""
    # Sums of weights end within the last bits of 0 and 1, on either side.
    return figure(Figure(min(1.0, max(0.0, one.value)), one.low, min(1.0, one.high), one.errors))


def not_known(why: str) -> dict[str, Any]:
    """What stands where a rate would be told that the set cannot know."""
    return {"known": False, "why": why}


def acquisition(people: _Counts, made: Made, *, seed: int) -> dict[str, Any]:
    """Failures to acquire (FTA: photos without a template), to enrol (FTE: people without one), and what S2 refuses."""
    codes = ["", *sorted(set(made.lost.values()))]
    refusals = ["", *sorted(set(made.refused.values()))]
    count = int(people.max()) + 1
    photos = np.bincount(people, minlength=count)
    lost = np.stack([_by_person(people, made.lost, code, count) for code in codes])
    refused = np.stack([_by_person(people, made.refused, code, count) for code in refusals])
    nobody = (lost[0] == photos).astype(np.int64)

    def statistic(drawn: _Counts) -> list[float]:
        share = np.concatenate([lost, refused]) @ drawn / (photos @ drawn)
        return [float(nobody @ drawn / drawn.sum()), *share.tolist()]

    low, high = over_people(statistic, people=count, seed=seed)

    def told(errors: int, of: int, place: int) -> dict[str, Any]:
        return rate(figure_of(errors / of, (low[place], high[place]), errors=errors, trials=count))

    total = len(people)
    by_code = [told(int(row.sum()), total, 1 + place) for place, row in enumerate(lost)]
    beside = [told(int(row.sum()), total, 1 + len(codes) + place) for place, row in enumerate(refused)]
    return {
        "fte": told(int(nobody.sum()), count, 0),
        "fta": {**by_code[0], "by_code": dict(zip(codes[1:], by_code[1:], strict=True))},
        "product_refuses": {**beside[0], "by_code": dict(zip(refusals[1:], beside[1:], strict=True))},
    }


def _by_person(people: _Counts, codes: Mapping[int, str], code: str, count: int) -> _Counts:
    """How many photos of each person have a code; any code for ""."""
    photos = [photo for photo, found in codes.items() if code in {"", found}]
    return np.bincount(people[photos], minlength=count)


def compared(found: Comparisons, measured: Mapping[Weighing, Verification]) -> dict[str, Any]:
    """1:1: what every comparison tells, with people and with pairs weighing the same."""
    return {
        "people": found.people,
        "people_with_mated": len(np.unique(found.owner)),
        "mated": found.mated_pairs,
        "non_mated": found.non_mated_pairs,
        "pairs_of_people": people_pairs(found),
        "lowest_fmr_known": number(lowest_known(found)),
        "weighing": {weighing.value: _verified(found, one) for weighing, one in measured.items()},
    }


def _verified(found: Comparisons, one: Verification) -> dict[str, Any]:
    at = {each.asked: each for each in one.at}
    lowest = lowest_known(found)
    crossing = "the rates cross among comparisons that were not kept"
    return {
        "eer": rate(one.eer) if one.eer else not_known(crossing),
        "at_fmr": [
            _at(at[fmr])
            if fmr in at
            else {"asked": fmr, **not_known(_why(fmr, lowest=lowest, what=f"{people_pairs(found)} pairs of people"))}
            for fmr in FMRS
        ],
        "det": [_on_curve(each) for each in one.curve],
    }


def _why(fmr: float, *, lowest: float, what: str) -> str:
    if fmr < lowest:
        return f"{what} cannot tell rates below {lowest:.1e} (rule of three)"
    return "it lies among comparisons that were not kept"


def _at(one: AtFmr | AtRate) -> dict[str, Any]:
    missed = one.fnmr
    hit = Figure(1 - missed.value, 1 - missed.high, 1 - missed.low, missed.errors)
    return {
        "asked": one.asked,
        "known": True,
        "threshold": number(one.threshold),
        "fmr": rate(one.fmr),
        "fnmr": rate(missed),
        "tmr": rate(hit),
    }


def _on_curve(one: AtFmr | AtRate) -> dict[str, Any]:
    missed = one.fnmr
    return {
        "fmr": one.asked,
        "threshold": number(one.threshold),
        "fnmr": number(max(0.0, missed.value)),
        "low": number(max(0.0, missed.low)),
        "high": number(min(1.0, missed.high)),
    }


def histogram(one: Histogram) -> dict[str, Any]:
    """Counts of scores in bins."""
    return {"starts": one.starts(), "width": WIDTH, "mated": one.mated.tolist(), "non_mated": one.non_mated.tolist()}


def gallery(one: Size | str, *, enrolled: int, each: int) -> dict[str, Any]:
    """1:N with strangers: one size of gallery, or why it cannot be drawn from this set."""
    told: dict[str, Any] = {"enrolled": enrolled, "photos_each": each}
    if isinstance(one, str):
        return {**told, **not_known(one)}
    if one.members < FEWEST_PEOPLE:
        return {**told, **not_known(f"fewer than {FEWEST_PEOPLE} members have a photo left to look for them with")}
    lowest = rule_of_three(one.strangers)
    why = f"{one.strangers} people outside cannot tell rates below {lowest:.1e} (rule of three)"
    return {
        **told,
        "known": True,
        "galleries_drawn": one.splits,
        "strangers": one.strangers,
        "members": one.members,
        "at_fpir": [
            {"asked": fpir, "known": True, "fnir": _fnir(found, members=one.members)}
            if fpir >= lowest
            else {"asked": fpir, **not_known(why)}
            for fpir, found in one.fnir.items()
        ],
    }


def _fnir(found: Figure, *, members: int) -> dict[str, Any]:
    """Its errors are those of strangers, on which the threshold stands; nobody missed is no promise that nobody is."""
    high = found.high if found.value > 0 else max(found.high, rule_of_three(members))
    told = rate(Figure(found.value, found.low, high, found.errors))
    told["false_positives"] = told.pop("errors")
    return told


def grouped(
    groups: Sequence[InGroup], ratios: Sequence[Ratio], *, names: Sequence[str], at: Sequence[AtFmr], without: int
) -> dict[str, Any]:
    """Rates within groups, and the largest ratio between two of them (ISO/IEC 19795-10)."""
    told = {one.place for one in groups}
    return {
        "photos_without_a_group": without,
        "groups_not_told": len(names) - len(told),
        "at": [{"asked": one.asked, "threshold": number(one.threshold)} for one in at],
        "groups": [
            {
                "group": names[one.place],
                "people": one.people,
                "photos": one.photos,
                "mated": one.mated,
                "non_mated": one.non_mated,
                "fmr": [
                    rate(each) if each else not_known("more comparisons reach it than were kept") for each in one.fmr
                ],
                "fnmr": [rate(each) if each else not_known(_TOO_FEW_TWICE) for each in one.fnmr],
            }
            for one in groups
        ],
        "largest_ratio": {
            "fmr": [figure(one.fmr) if one.fmr else not_known(_TOO_FEW) for one in ratios],
            "fnmr": [figure(one.fnmr) if one.fnmr else not_known(_TOO_FEW) for one in ratios],
        },
    }


def protocol(name: str, one: Paired, *, missing: int) -> dict[str, Any]:
    """What the pairs of a protocol tell; ``missing`` could not be compared, since a photo gave no template."""
    at = {each.asked: each for each in one.at}
    lowest = rule_of_three(one.non_mated)
    return {
        "name": name,
        "mated": one.mated,
        "non_mated": one.non_mated,
        "not_compared": missing,
        "accuracy": rate(one.accuracy) if one.accuracy else not_known("it takes two folds or more"),
        "by_fold": [number(each) for each in one.by_fold],
        "eer": rate(one.eer) if one.eer else not_known("one sort of pairs is missing"),
        "lowest_fmr_known": number(lowest),
        "at_fmr": [
            _at(at[fmr])
            if fmr in at
            else {"asked": fmr, **not_known(_why(fmr, lowest=lowest, what=f"{one.non_mated} non-mated pairs"))}
            for fmr in PAIRED_FMRS
        ],
        "det": [_on_curve(each) for each in one.curve],
    }
