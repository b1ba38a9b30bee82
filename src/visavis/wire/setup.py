"""Purposes, galleries, stations, API keys."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from visavis.wire.shape import Identifier, Name, ReadText, Shape

Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", description="BCP 47.")]


class PurposeRequest(Shape):
    """A purpose to state.

    ``target`` and its kind are stated, or follow from ``preset``, what a standard asks for. ``max_fnmr``: the share of
    members that may be missed; null: what the preset asks for, or 0.05.
    """

    name: Name
    controller: Name
    contact: Annotated[str, Field(min_length=1, max_length=300)]
    jurisdiction: Annotated[str, Field(min_length=2, max_length=64)]
    language: Language = "en"
    text: ReadText
    retention_days: Annotated[int, Field(ge=1, le=1096)]
    preset: Literal["63b", "63a-identify", "fido"] | None = None
    target_kind: Literal["fpir", "fmr"] | None = None
    target: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    max_fnmr: Annotated[float, Field(gt=0, le=0.5)] | None = None
    liveness: Literal["attended", "active", "passive", "active+attested"] = "attended"


class EndRequest(Shape):
    """When a purpose ends: null for now, else a time to come."""

    ends_at: AwareDatetime | None = None


class TextRequest(Shape):
    """A new wording."""

    language: Language = "en"
    text: ReadText


class TextAnswer(Shape):
    """One version of a purpose's text."""

    version: int
    language: str
    text: str
    created_at: datetime


class PurposeAnswer(Shape):
    """A stated purpose with its texts, oldest first.

    ``capacity``: most references of people with one photo each; null: any number. ``bound``: what ends it there.
    ``ends_at``: when it ends or has ended, or null. ``presets_met``: the presets whose rates and liveness it states or
    goes beyond; from which of them it was stated is not kept.
    """

    id: Identifier
    name: str
    controller: str
    contact: str
    jurisdiction: str
    retention_days: int
    target_kind: str
    target: float
    max_fnmr: float
    liveness: str
    presets_met: list[str] = Field(default=[])
    capacity: int | None
    bound: str | None
    texts: list[TextAnswer]
    created_at: datetime
    ends_at: datetime | None


class GalleryRequest(Shape):
    """A gallery to open."""

    name: Name
    purpose_id: Identifier


class GalleryAnswer(Shape):
    """A gallery. ``references`` counts pending ones too; ``capacity``: most of them; null: any number.

    ``bound``: what it cannot grow past: ``fmr_floor``, ``fpir_floor`` or ``max_fnmr``.
    """

    id: Identifier
    name: str
    purpose_id: Identifier
    model_id: str
    references: int
    capacity: int | None
    bound: str | None
    created_at: datetime


class BarAnswer(Shape):
    """Since when one comparison in a gallery errs at most so often, and whose measurement says so.

    ``bar``: the cosine that it takes. ``source``: ``model``, the model's card, or ``gallery``, its own people.
    """

    bar: float
    per_comparison: float
    references: int
    source: str
    moved_at: datetime


class OwnRatesAnswer(Shape):
    """How alike the gallery's own people are, as counts. ``is_worse``: more than those the model was measured on."""

    people: int
    comparisons: int
    floor: float
    is_worse: bool
    measured_at: datetime


class AtSizeAnswer(Shape):
    """What a gallery would promise with so many references.

    ``missed``: the share of members who would be missed, with its 95 % band; null where the calibration does not know.
    """

    references: int
    per_comparison: float
    missed: float | None
    missed_low: float | None
    missed_high: float | None


class GalleryDetail(GalleryAnswer):
    """A gallery, what it promises at its present size, and how that moved, newest first.

    ``per_comparison``: how often one comparison may err. ``missed``: the share of members who are missed, with its 95 %
    band; null where the calibration does not know it. ``own``: null before it was measured.
    ``sizes``: the same at other sizes, smallest first; empty where the promise does not depend on the size.
    ``new_photos_offered``: how many people are told on their own page that new photos would help; null where fewer than
    ten people have references. ``second_factor``: how many
    people are asked for a PIN or QR code beside their face, since somebody looks like them.
    """

    target_kind: str
    target: float
    max_fnmr: float
    per_comparison: float
    missed: float | None
    missed_low: float | None
    missed_high: float | None
    moves: list[BarAnswer]
    sizes: list[AtSizeAnswer]
    own: OwnRatesAnswer | None
    new_photos_offered: int | None
    second_factor: int


PublicKey = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{43}([A-Za-z0-9_-]{44})?$",
        description="Raw public key, base64url: Ed25519 (32 bytes), or an uncompressed point of P-256 (65 bytes).",
    ),
]


class StationRequest(Shape):
    """A device to register: for one gallery, or for the document check of one purpose."""

    name: Name
    gallery_id: Identifier | None = None
    purpose_id: Identifier | None = None
    public_key: PublicKey | None = Field(
        default=None, description="Null: nothing can sign for it until a device is paired with it."
    )
    attended: bool = Field(description="Whether a person watches this station.")


class StationKeyRequest(Shape):
    """A station's new key, in place of one that is lost or was stolen."""

    public_key: PublicKey


class AttestationRequest(Shape):
    """Who vouches for the device that holds a station's key."""

    chain: Annotated[str, Field(min_length=1, max_length=16 * 1024)] = Field(
        description="Certificates (X.509, PEM), the device's first; it is of the station's key."
    )


class PairingAnswer(Shape):
    """A one-time code to type at the device that is to be a station; shown this once."""

    station_id: Identifier
    code: str = Field(description="Eight characters and a hyphen; case and hyphen do not matter.")
    expires_at: datetime


class PairingRequest(Shape):
    """What a device sends to become the station that a code is for."""

    code: Annotated[str, Field(min_length=8, max_length=16)]
    public_key: PublicKey


class StationAnswer(Shape):
    """A registered device. ``retired_at``: since when it is out of use for good, or null.

    ``drift``: whether the scores of people who were recognised there are those that the calibration knows: ``none``,
    ``own`` (they look less like their own references), ``others`` (they look more like other people), ``both`` or
    ``not_enough`` people since the server started; null where it has no gallery, or is retired.
    ``attested_until``: until when somebody vouches for the device that holds its key; null where nobody does now.
    """

    id: Identifier
    name: str
    gallery_id: Identifier | None
    purpose_id: Identifier
    attended: bool
    locked: bool
    created_at: datetime
    retired_at: datetime | None
    drift: str | None
    attested_until: datetime | None = None


class ApiKeyRequest(Shape):
    """A key to make: for some galleries, or for all; for some days, or until it is revoked."""

    name: Name
    scopes: Annotated[
        list[Literal["admin", "enrol", "operate", "export", "seal", "backup", "metrics", "audit", "approve"]],
        Field(min_length=1),
    ]
    gallery_ids: Annotated[list[Identifier], Field(min_length=1, max_length=100)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3660)] | None = None


class ApiKeyAnswer(Shape):
    """A key. ``secret`` is there once, when it is made.

    ``gallery_ids``: the galleries it is for, or null: all. ``expires_at``: when it ends by itself, or null.
    ``last_used_at``: the hour in which it was last used, or null.
    """

    id: Identifier
    name: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None
    gallery_ids: list[Identifier] | None
    expires_at: datetime | None
    last_used_at: datetime | None
    secret: str | None = None


class RotationRequest(Shape):
    """How long the old key goes on working beside the new one."""

    overlap_hours: Annotated[int, Field(ge=0, le=720)] = 24


class RotationAnswer(ApiKeyAnswer):
    """The new key, and when the one that it takes the place of ends."""

    replaced_id: Identifier
    replaced_ends_at: datetime
