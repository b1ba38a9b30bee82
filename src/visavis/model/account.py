"""Who logs in at the console: accounts, what their roles may do, and their sessions in a browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from visavis.model.access import ApiKey, Scope
from visavis.model.errors import AccessRefused, Kind, PolicyRefused, RequestRefused


class Role(Enum):
    """What somebody at the console is there for; its scopes are all that it may do."""

    ADMIN = "admin"
    """Sets up purposes, galleries, stations, keys and accounts."""
    OPERATOR = "operator"
    """Enrols people and helps them at the desk."""
    AUDITOR = "auditor"
    """Looks at what is promised and at who read what; changes nothing, and is told no name of anybody."""
    CUSTODIAN = "custodian"
    """Sees what custodians are asked to approve, and hands in what they signed."""
    CASEWORKER = "caseworker"
    """Reserved for registries of missing children; opens nothing yet."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What it may do."""
        return _SCOPES[self]


_SCOPES: Final = {
    Role.ADMIN: frozenset({Scope.ADMIN, Scope.METRICS}),
    Role.OPERATOR: frozenset({Scope.ENROL, Scope.OPERATE}),
    Role.AUDITOR: frozenset({Scope.AUDIT, Scope.METRICS}),
    Role.CUSTODIAN: frozenset({Scope.APPROVE}),
    Role.CASEWORKER: frozenset[Scope](),
}


def read_roles(text: str) -> dict[str, Role]:
    """Which group of a provider's has which role: ``group=role``, with commas between.

    :raises ValueError: it is not of that form, a group stands there twice, or there is no such role.
    """
    found: dict[str, Role] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        group, _, role = (part.strip() for part in pair.rpartition("="))
        if not group or group in found or role not in {known.value for known in Role}:
            raise ValueError("'value=role', with commas between, each value once, each role one of the five")
        found[group] = Role(role)
    return found


SETUP_LIFE: Final = timedelta(days=1)
"""How long a set-up link can be used."""
IDLE: Final = timedelta(minutes=15)
"""After so long without a request a browser session is over."""
LONGEST: Final = timedelta(hours=8)
"""After so long it is over in any case."""
MIN_PASSWORD: Final = 12
"""Shortest password, in characters. Nothing else is asked of one but that it is not the account's name (NIST
SP 800-63B-4 §3.1.1: length, no rules of composition)."""
MAX_PASSWORD: Final = 200
"""Longest password, in characters."""


class AccountState(Enum):
    """How an account stands."""

    INVITED = "INVITED"
    """Its set-up link was not used yet; nobody can log in."""
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who runs the server, or helps at its desk.

    ``gallery_ids`` are the galleries it is for; None: all. ``password_hash``, ``sealed_totp`` and ``setup_tag`` are
    of a local account; ``provider_tag`` is a keyed hash of who it is at an OpenID provider. ``totp_step``: the last
    step of 30 s whose code was taken. ``proof`` shows that the server wrote the row.
    """

    id: str
    name: str
    roles: tuple[str, ...]
    gallery_ids: tuple[str, ...] | None
    password_hash: str | None
    sealed_totp: bytes | None
    totp_step: int
    setup_tag: bytes | None
    setup_until: datetime | None
    provider_tag: bytes | None
    created_at: datetime
    disabled_at: datetime | None
    proof: bytes

    @property
    def state(self) -> AccountState:
        """How it stands."""
        if self.disabled_at is not None:
            return AccountState.DISABLED
        return AccountState.ACTIVE if self.setup_tag is None else AccountState.INVITED

    @property
    def scopes(self) -> tuple[str, ...]:
        """What its roles may do together."""
        return tuple(sorted({scope.value for role in self.roles for scope in Role(role).scopes}))

    def as_caller(self) -> ApiKey:
        """The account as the doors know callers: a key with its scopes and galleries, under its own identifier."""
        return ApiKey(
            id=self.id,
            name=self.name,
            secret_hash=b"",
            scopes=self.scopes,
            created_at=self.created_at,
            revoked_at=self.disabled_at,
            gallery_ids=self.gallery_ids,
        )


@dataclass(frozen=True, slots=True)
class ConsoleSession:
    """An account's session in one browser. ``id`` is a keyed hash of the token in its cookie.

    ``seen_at`` is kept to the minute, or every request would be a write; ``ends_at`` is its end in any case.
    ``proof`` shows that the server wrote the row.
    """

    id: str
    account_id: str
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    proof: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at an OpenID provider. ``groups`` are the values of the claim that roles follow from."""

    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Errand:
    """What a login at the provider was begun with; it goes there and comes back.

    ``verifier`` is that of PKCE (RFC 7636).
    """

    state: str
    nonce: str
    verifier: str


class LoginRefused(AccessRefused):
    """Name, password and code are not those of an account; which of them is wrong is not told."""

    code = "login_refused"
    kind = Kind.UNAUTHENTICATED
    mend = "Check name, password and the newest code of your app. Each code works once: wait for the next one."


class LoginOver(AccessRefused):
    """The browser's session is over, or was ended."""

    code = "login_over"
    kind = Kind.UNAUTHENTICATED
    mend = "Log in again."


class CrossSite(AccessRefused):
    """A browser sent the request on behalf of another site."""

    code = "cross_site"
    mend = "Open the console at this server's own address and try again there."


class SetupUnknown(AccessRefused):
    """No such set-up link, or it was used, or its time is over."""

    code = "setup_unknown"
    kind = Kind.NOT_FOUND
    mend = "A set-up link works once, for one day: ask an administrator for a new one ('visavis account reset')."


class SetupCodeRefused(AccessRefused):
    """The code that should show that the app has the secret is not right."""

    code = "setup_code_refused"
    mend = "Type the newest six digits that the app shows, and check that this device's clock is right."


class PasswordUnfit(RequestRefused):
    """The password is too short, too long, or the account's name."""

    code = "password_unfit"
    mend = "Choose 12 to 200 characters that are not your name here: some words in a row are good."


class AccountElsewhere(RequestRefused):
    """The account belongs to an OpenID provider, which has its password and its roles."""

    code = "account_elsewhere"
    kind = Kind.CONFLICT
    mend = "Change it at the provider."


class LastAdminAccount(PolicyRefused):
    """One's own account is the only one that administers the console."""

    code = "last_admin_account"
    mend = "Give another account the role 'admin' first, or do it with an API key of that scope."


class OidcOff(RequestRefused):
    """This server has no OpenID provider."""

    code = "oidc_off"
    kind = Kind.NOT_FOUND
    mend = "Log in with a name, a password and a code, or have 'oidc_issuer' set."


class OidcUnreachable(AccessRefused):
    """The OpenID provider does not answer, or not as it should."""

    code = "oidc_unreachable"
    kind = Kind.UNAVAILABLE
    mend = "Try again; if it stays, check 'oidc_issuer' and whether this server reaches it."


class OidcRefused(AccessRefused):
    """What came back from the OpenID provider does not check out."""

    code = "oidc_refused"
    kind = Kind.UNAUTHENTICATED
    mend = "Begin the login again at the console."


class RoleUnmapped(AccessRefused):
    """The OpenID provider names no group of this person that has a role here."""

    code = "role_unmapped"
    mend = "Have yourself put into one of the groups that 'oidc_roles' names."
