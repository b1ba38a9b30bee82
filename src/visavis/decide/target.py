"""From the promised error rate and the gallery's size to the false match rate one comparison may have."""

import math

from visavis.model.purpose import GalleryFull, Purpose, PurposeInvalid, TargetKind

HIGHEST_TARGET = 0.5
"""A promise to be wrong every second time is none."""


def require_statable(purpose: Purpose, *, fmr_floor: float) -> None:
    """A target is a rate that the model can hold for at least one reference.

    :raises PurposeInvalid: it is not.
    """
    if not (0 < purpose.target < HIGHEST_TARGET) or purpose.target < fmr_floor:
        raise PurposeInvalid(
            f"target: {purpose.target:g} is not between {fmr_floor:g}, the lowest rate that the model's calibration "
            f"can promise, and {HIGHEST_TARGET:g}."
        )


def fmr_for(purpose: Purpose, *, references: int) -> float:
    """The false match rate that one comparison may have.

    For an FPIR target over N references, FPIR = 1 - (1 - FMR)^N gives FMR = 1 - (1 - FPIR)^(1/N). That takes
    comparisons to be independent; they are not quite, which makes it a plan to be checked and not a proof.
    """
    if purpose.target_kind is TargetKind.FMR:
        return purpose.target
    return -math.expm1(math.log1p(-purpose.target) / max(1, references))


def capacity(purpose: Purpose, *, fmr_floor: float) -> int | None:
    """Most references at which the target can be held; None: any number (1:1 does not depend on it)."""
    if purpose.target_kind is TargetKind.FMR:
        return None
    return math.floor(math.log1p(-purpose.target) / math.log1p(-fmr_floor) + 1e-9)


def require_room(purpose: Purpose, *, references: int, adding: int, fmr_floor: float) -> None:
    """Refuse growth past the size at which the promise can be held.

    :raises GalleryFull: with the arithmetic in the message.
    """
    most = capacity(purpose, fmr_floor=fmr_floor)
    if most is None or references + adding <= most:
        return
    needed = fmr_for(purpose, references=references + adding)
    raise GalleryFull(
        f"To promise FPIR {purpose.target:g} among {references + adding} references one comparison may err at "
        f"1 - (1 - {purpose.target:g})^(1/{references + adding}) = {needed:.3g}; the model's calibration reaches down "
        f"to FMR {fmr_floor:g}, which is enough for {most} references. The gallery has {references}."
    )
