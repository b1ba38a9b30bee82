"""What a person is asked to agree to, and the gallery kept for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from visavis.model.errors import Kind, PolicyRefused, RequestRefused

MAX_FNMR: Final = 0.05
"""Missed members where a purpose says nothing else: what SP 800-63B-4 wants a biometric system to stay below."""
MAX_RETENTION_DAYS: Final = 1096
"""Three years, the longest term of Illinois BIPA (740 ILCS 14/15); shorter is better."""


class TargetKind(Enum):
    """Which error rate the controller promises to hold."""

    FPIR = "fpir"
    """False-positive identification rate: a stranger is taken for anybody in the gallery."""
    FMR = "fmr"
    """False match rate: a person passes for one other, named person."""


class LivenessMode(Enum):
    """How an attack presentation is kept out."""

    ATTENDED = "attended"
    ACTIVE = "active"
    PASSIVE = "passive"
    ACTIVE_ATTESTED = "active+attested"

    @property
    def is_active(self) -> bool:
        """Whether the person is asked to do something."""
        return self in (LivenessMode.ACTIVE, LivenessMode.ACTIVE_ATTESTED)


@dataclass(frozen=True, slots=True)
class Purpose:
    """One reason to recognise people, as its controller states it.

    ``target`` is a rate, 0 < target < 0.5. ``max_fnmr`` is how large a share of members may be missed, 0 to 0.5: a
    gallery does not grow past the size at which it would be more.
    ``retention_days`` is how long a consent lasts, counted from the offer that
    the person answered, and how long decisions are kept; 1 to 1096. ``ends_at`` is when the purpose itself ends, if
    that was said: from then on nobody is asked, recognised or kept for it.
    """

    id: str
    name: str
    controller: str
    contact: str
    jurisdiction: str
    retention_days: int
    target_kind: TargetKind
    target: float
    liveness: LivenessMode
    created_at: datetime
    ends_at: datetime | None = None
    max_fnmr: float = MAX_FNMR

    @property
    def retention(self) -> timedelta:
        """How long consent and decisions last."""
        return timedelta(days=self.retention_days)

    def consent_until(self, now: datetime) -> datetime:
        """Until when a consent lasts that is asked for now: its retention, and no longer than the purpose."""
        until = now + self.retention
        return until if self.ends_at is None else min(until, self.ends_at)

    def is_over(self, now: datetime) -> bool:
        """Whether the purpose has ended."""
        return self.ends_at is not None and now >= self.ends_at

    def require_not_over(self, now: datetime) -> None:
        """Refuse whatever is new under a purpose that has ended.

        :raises PurposeEnded: it has.
        """
        if self.is_over(now):
            raise PurposeEnded


@dataclass(frozen=True, slots=True)
class PurposeText:
    """The words a person reads before they agree. A new wording is a new version; given consents keep theirs."""

    id: str
    purpose_id: str
    version: int
    language: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Gallery:
    """All references of one purpose, made by one embedding model."""

    id: str
    purpose_id: str
    name: str
    model_id: str
    created_at: datetime


class LivenessUnavailable(PolicyRefused):
    """A purpose asks for a liveness mode that this installation cannot check."""

    code = "liveness_unavailable"
    mend = "Choose a mode that can be checked here, install what the mode needs, or do without a face."


class GalleryFull(PolicyRefused):
    """One more reference would make the gallery larger than its promise can bear."""

    code = "gallery_full"
    mend = (
        "Withdraw people who left, start a second gallery, ask for a PIN or QR code beside the face and state a larger "
        "target, enrol three photos of each person, or use a better model."
    )


class IdentifyNeedsFpir(PolicyRefused):
    """1:N was asked of a gallery whose purpose promises an FMR only."""

    code = "identify_needs_fpir"
    mend = "This purpose allows 1:1 only: use verify, or state a purpose with an FPIR target."


class PurposeEnded(PolicyRefused):
    """The purpose has ended: nobody is asked, recognised or kept for it any more."""

    code = "purpose_ended"
    mend = "State a new purpose and ask people anew; what has ended does not begin again."


class PurposeInvalid(RequestRefused):
    """A purpose whose statement contradicts itself or this software's limits."""

    code = "purpose_invalid"
    mend = "Correct the named field and send the purpose again."


class GalleryLoading(PolicyRefused):
    """The gallery is not in memory yet: whoever is in it could not be found."""

    code = "gallery_loading"
    kind = Kind.UNAVAILABLE
    mend = "The server has just started; try again in some seconds. A PIN or QR code works already."


class ModelChanged(PolicyRefused):
    """The gallery was made with another embedding model than the one that is running."""

    code = "model_changed"
    kind = Kind.UNAVAILABLE
    mend = "Start the server with the model the gallery names, or enrol its people again in a new gallery."
