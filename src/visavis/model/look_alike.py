"""Two people whom the model could take for one another, and what it asks for then."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from visavis.model.errors import AccessRefused, RequestRefused


class LookAlikeSource(Enum):
    """Who says that somebody looks like somebody."""

    FOUND = "found"
    """The machine, at night: their references reach the gallery's bar. It ends when they do not any more."""
    DECLARED = "declared"
    """An operator: twins, relatives, or two people whom a review took for one."""
    DISPUTED = "disputed"
    """Somebody at a station who was taken for somebody else."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """``subject_id`` is not recognised by a face alone, nor is the other one.

    Each source has a row of its own. Of two people ``subject_id`` has the smaller identifier. ``other_subject_id`` is
    None where nobody knows who the other one is, or they are not in the gallery.
    """

    id: str
    gallery_id: str
    subject_id: str
    other_subject_id: str | None
    source: LookAlikeSource
    created_at: datetime


class SecondFactorAsked(AccessRefused):
    """The face was recognised, but somebody in this gallery looks like this person."""

    code = "second_factor"
    mend = "Show your QR code or type your PIN: somebody here looks so much like you that a face alone is not enough."


class LookAlikeUnfit(RequestRefused):
    """These two are not a pair, or this pair does not end by a word."""

    code = "look_alike_unfit"
    mend = "Name two people of this gallery, or one. What the machine found ends when it does not find it any more."


class DisputeUnfit(RequestRefused):
    """There is nothing that this station could say was somebody else."""

    code = "dispute_unfit"
    mend = "Only this station's last decision, a face it recognised up to 120 seconds ago; ask an operator after that."
