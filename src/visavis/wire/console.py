"""Accounts, and logging in at the console."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from visavis.wire.setup import ApiKeyAnswer
from visavis.wire.shape import Identifier, Shape

Role = Literal["admin", "operator", "auditor", "custodian", "caseworker"]
AccountName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9._@+-]{0,63}$", description="What somebody logs in with; small letters."),
]
Password = Annotated[str, Field(min_length=1, max_length=1000)]
Code = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="Six digits that the person's app shows.")]
Roles = Annotated[list[Role], Field(min_length=1, max_length=5)]
GalleryIds = Annotated[list[Identifier], Field(min_length=1, max_length=100)]


class AccountRequest(Shape):
    """A local account to add: for some galleries, or for all."""

    name: AccountName
    roles: Roles
    gallery_ids: GalleryIds | None = None


class RolesRequest(Shape):
    """The roles and galleries that an account has from now on."""

    roles: Roles
    gallery_ids: GalleryIds | None = None


class AccountAnswer(Shape):
    """An account. ``state``: ``INVITED``, ``ACTIVE`` or ``DISABLED``.

    ``gallery_ids``: the galleries it is for, or null: all. ``by_provider``: it belongs to the OpenID provider.
    ``setup_link`` is there once, when the account is added or reset; it works once, until ``setup_until``.
    """

    id: Identifier
    name: str
    roles: list[str]
    gallery_ids: list[Identifier] | None
    state: str
    by_provider: bool
    created_at: datetime
    disabled_at: datetime | None
    setup_until: datetime | None
    setup_link: str | None = None


class AccountEndedAnswer(Shape):
    """An account that nobody logs in with any more.

    ``api_keys``: those that were made with it, or with one of them, and that still work; made in the last three years,
    and none from before the server kept who makes keys. Null: the entries that tell do not open, so look at every key.
    """

    id: Identifier
    state: Literal["DISABLED"] = "DISABLED"
    api_keys: list[ApiKeyAnswer] | None


class LoginRequest(Shape):
    """All that somebody shows to log in, at once: so nobody learns which part of it was wrong."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    password: Password
    code: Code


class ConsoleMe(Shape):
    """Who is logged in, what they may do, and until when.

    ``gallery_ids``: the galleries they are for, or null: all. ``idle_until``: when the session is over unless it is
    used before; ``ends_at``: when in any case.
    """

    account_id: Identifier
    name: str
    roles: list[str]
    scopes: list[str]
    gallery_ids: list[Identifier] | None
    by_provider: bool
    idle_until: datetime
    ends_at: datetime


class ConsoleWays(Shape):
    """How one can log in here. ``provider``: with the OpenID provider, too, at ``/console/oidc``."""

    provider: bool


class SetupAnswer(Shape):
    """Whose set-up link it is."""

    name: str
    roles: list[str]
    setup_until: datetime


class SetupRequest(Shape):
    """The password that somebody chose: 12 characters at least."""

    password: Password


class SecondStepAnswer(Shape):
    """What the person's app has to know, shown this once. ``qr``: ``otpauth`` as an image, a data address."""

    otpauth: str
    qr: str


class SetupCodeRequest(Shape):
    """A code that shows that the app knows it."""

    code: Code


class PasswordRequest(Shape):
    """Another password, with the present one and a code."""

    password: Password
    code: Code
    new_password: Password
