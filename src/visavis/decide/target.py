"""From the promised error rates and the gallery's size to the false match rate one comparison may have."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from visavis.model.calibration import SEVERAL, Calibration, PromiseTooStrict, Rate, RateNotKnown
from visavis.model.purpose import GalleryFull, Purpose, PurposeInvalid, TargetKind

HIGHEST_TARGET: Final = 0.5
"""A promise to be wrong every second time is none."""


class Bound(Enum):
    """What a gallery cannot grow past."""

    FMR = "fmr_floor"
    """The lowest false match rate that the calibration knows."""
    FPIR = "fpir_floor"
    """The lowest FPIR that so many measured people can know."""
    FNMR = "max_fnmr"
    """How many members may be missed."""


@dataclass(frozen=True, slots=True)
class Room:
    """Most references at which a target can be held; None: any number. ``bound`` is what ends it there, if anything."""

    most: int | None
    bound: Bound | None


def require_statable(purpose: Purpose, *, calibration: Calibration) -> None:
    """Both rates are such that the model can hold them for at least one reference.

    :raises PurposeInvalid: one is out of its range.
    :raises PromiseTooStrict: more people would have to be measured, or too many members would be missed.
    """
    floor = calibration.fmr_floor
    if not (0 < purpose.target < HIGHEST_TARGET) or purpose.target < floor:
        raise PurposeInvalid(
            f"target: {purpose.target:g} is not between {floor:g}, the lowest rate that the model's calibration "
            f"can promise, and {HIGHEST_TARGET:g}."
        )
    if not 0 < purpose.max_fnmr <= HIGHEST_TARGET:
        raise PurposeInvalid(f"max_fnmr: {purpose.max_fnmr:g} is not between 0 and {HIGHEST_TARGET:g}.")
    room = capacity(purpose, calibration=calibration, several=1.0)
    if room.most == 0:
        raise PromiseTooStrict(_why(purpose, room, references=1, calibration=calibration, several=1.0))


def fmr_for(purpose: Purpose, *, references: int, of_person: int = 1) -> float:
    """The false match rate that one comparison with one reference may have.

    For an FPIR target over N references, FPIR = 1 - (1 - FMR)^N gives FMR = 1 - (1 - FPIR)^(1/N). That takes
    comparisons to be independent; they are not quite, which makes it a plan to be checked and not a proof. An FMR
    target is over the references of the one person who is claimed: several together err more often than one, and
    never, where it was measured, as often as all of them one by one (docs/adr/0023-templates.md).

    :param of_person: references that the score of the person rests on.
    """
    over = of_person if purpose.target_kind is TargetKind.FMR else references
    if over <= 1:
        return purpose.target  # the formula gives the same but for the last digit
    return -math.expm1(math.log1p(-purpose.target) / over)


def require_photos(purpose: Purpose, *, of_person: int, calibration: Calibration) -> None:
    """Refuse so many photos of one person where an FMR target cannot be held for them together.

    :raises PromiseTooStrict: the calibration does not reach down to what each of them may err.
    """
    needed = fmr_for(purpose, references=1, of_person=of_person)
    if purpose.target_kind is TargetKind.FMR and needed < calibration.fmr_floor:
        raise PromiseTooStrict(
            f"To promise FMR {purpose.target:g} with {of_person} photos of a person each may err at {needed:.3g}; "
            f"the model's calibration reaches down to FMR {calibration.fmr_floor:g}. Enrol fewer photos."
        )


def missed(purpose: Purpose, *, references: int, calibration: Calibration, several: float = 0.0) -> Rate:
    """The share of members that is missed among so many references.

    :param several: the share of people who have three references or more, 0 to 1.
    :raises PromiseTooStrict, RateNotKnown: the calibration cannot know it.
    """
    threshold = calibration.threshold_at(fmr_for(purpose, references=references))
    one, best = calibration.fnmr_at(threshold), calibration.fnmr_at(threshold, photos=SEVERAL)
    return Rate(
        *(a + several * (b - a) for a, b in ((one.value, best.value), (one.low, best.low), (one.high, best.high)))
    )


def capacity(purpose: Purpose, *, calibration: Calibration, several: float = 0.0) -> Room:
    """Most references at which the target can be held and no more members are missed than may be.

    :param several: the share of people who have three references or more, 0 to 1.
    """

    def is_held(references: int) -> bool:
        try:
            rate = missed(purpose, references=references, calibration=calibration, several=several)
        except RateNotKnown:
            return False
        return rate.value <= purpose.max_fnmr

    if purpose.target_kind is TargetKind.FMR:
        if purpose.target < calibration.fmr_floor:
            return Room(0, Bound.FMR)
        return Room(None, None) if is_held(1) else Room(0, Bound.FNMR)
    if purpose.target < calibration.fpir_floor:
        return Room(0, Bound.FPIR)
    most = math.floor(math.log1p(-purpose.target) / math.log1p(-calibration.fmr_floor) + 1e-9)
    if not most or is_held(most):
        return Room(most, Bound.FMR)
    fits, too_many = 0, most
    while too_many - fits > 1:
        between = (fits + too_many) // 2
        fits, too_many = (between, too_many) if is_held(between) else (fits, between)
    return Room(fits, Bound.FNMR)


def require_room(
    purpose: Purpose, *, references: int, adding: int, calibration: Calibration, several: float = 0.0
) -> None:
    """Refuse growth past the size at which the promise can be held. There is no way around it.

    :raises GalleryFull: with the bound and the arithmetic in the message.
    """
    room = capacity(purpose, calibration=calibration, several=several)
    if room.most is None or references + adding <= room.most:
        return
    why = _why(purpose, room, references=references + adding, calibration=calibration, several=several)
    raise GalleryFull(f"{why} That is enough for {room.most} references. The gallery has {references}.")


def _why(purpose: Purpose, room: Room, *, references: int, calibration: Calibration, several: float) -> str:
    if room.bound is Bound.FPIR:
        return (
            f"An FPIR of {purpose.target:g} is asked. The model was calibrated on {calibration.people} people; by the "
            f"rule of three they cannot tell an FPIR below 3/{calibration.people} = {calibration.fpir_floor:.3g}."
        )
    needed = fmr_for(purpose, references=references)
    asked = (
        f"To promise FPIR {purpose.target:g} among {references} references one comparison may err at "
        f"1 - (1 - {purpose.target:g})^(1/{references}) = {needed:.3g};"
        if purpose.target_kind is TargetKind.FPIR
        else f"One comparison may err at {purpose.target:g};"
    )
    if room.bound is Bound.FMR or needed < calibration.fmr_floor:
        return f"{asked} the model's calibration reaches down to FMR {calibration.fmr_floor:g}."
    try:
        rate = missed(purpose, references=references, calibration=calibration, several=several).value
    except RateNotKnown:
        return f"{asked} how many members would be missed at that is not known."
    return f"{asked} at that {rate:.2%} of members would be missed, and at most {purpose.max_fnmr:.2%} may be."
