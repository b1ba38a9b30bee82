"""Stations, sessions and why a session does not cover an act."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from visavis.model.challenge import Challenge
from visavis.model.errors import AccessRefused, Kind, RequestRefused, SessionRefused

SESSION_LIFE: Final = timedelta(seconds=120)
"""Longest life of a session (rule S2)."""

PACE: Final = timedelta(seconds=2)
"""Shortest time between the openings of two sessions of one station (rule S2)."""

WINDOW: Final = 50
"""How many of its last probes decide whether a station locks (rule S2)."""

CLOCK_SKEW: Final = timedelta(seconds=30)
"""How far a signed request's time may be from ours, either way."""


class SessionKind(Enum):
    """What a session may be used for."""

    IDENTIFY = "identify"
    VERIFY = "verify"
    DOCUMENT_CHECK = "document_check"
    PERSONAL = "personal"


class SessionState(Enum):
    """A session is used once."""

    AWAITING = "AWAITING"
    """Waits for the person: a personal session's link, a document check's grant."""
    OPEN = "OPEN"
    USED = "USED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Station:
    """A registered device. It is bound to one gallery, or to one purpose's document check.

    ``unmatched`` tells of its last probes, oldest first, one character each: ``1`` matched nobody, ``0`` somebody.
    ``retired_at`` is when it was taken out of use for good: its key opens nothing from then on. ``proof`` shows that
    the server wrote down whose key that is, and where. ``public_key`` is raw: 32 bytes of Ed25519, or 65 of a point of
    P-256. ``attestation`` is the chain of certificates (PEM) that vouches for the device that holds it, where one does.
    """

    id: str
    name: str
    gallery_id: str | None
    purpose_id: str
    public_key: bytes
    attended: bool
    locked: bool
    unmatched: str
    last_session_at: datetime | None
    created_at: datetime
    retired_at: datetime | None = None
    proof: bytes = b""
    attestation: bytes | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Leave for one comparison. Either a station's or, ``station_id`` being None, one person's own.

    ``secret_hash`` is of the link that a person has to open before an ``AWAITING`` session is ``OPEN``. ``challenge``
    is what was drawn for it, once, where its purpose asks for that.
    """

    id: str
    kind: SessionKind
    state: SessionState
    station_id: str | None
    gallery_id: str | None
    purpose_id: str
    subject_id: str | None
    secret_hash: bytes | None
    opened_at: datetime
    expires_at: datetime
    challenge: Challenge | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """A one-time code by which a device gives a station its key. ``id`` is the station's.

    ``code_tag`` is a keyed hash of the code; ``proof`` shows that the server wrote the row.
    """

    id: str
    code_tag: bytes
    expires_at: datetime
    proof: bytes


class PairingUnknown(AccessRefused):
    """No such code, or it was used, or its time is over."""

    code = "pairing_unknown"
    kind = Kind.UNAUTHENTICATED
    mend = "Type the code as it is shown. It works once, for ten minutes: ask whoever runs this server for a new one."


class SessionUnknown(SessionRefused):
    """No such session, or another station's."""

    code = "session_unknown"
    kind = Kind.NOT_FOUND
    mend = "Open a session first; each serves one attempt."


class SessionUsed(SessionRefused):
    """A session serves one attempt."""

    code = "session_used"
    kind = Kind.CONFLICT
    mend = "Open a new session for another attempt."


class SessionExpired(SessionRefused):
    """The session's time is over."""

    code = "session_expired"
    mend = "Open a new session: one lasts 120 seconds at most."


class SessionOpenAlready(SessionRefused):
    """The station has a session open."""

    code = "session_open"
    kind = Kind.CONFLICT
    mend = "Finish or close the open session first: a station has one at a time."


class SessionTooSoon(SessionRefused):
    """Less than two seconds since the station's last session."""

    code = "session_too_soon"
    kind = Kind.TOO_MANY
    mend = "Wait two seconds between people."


class SessionNotGranted(SessionRefused):
    """The person has not said yes to this session yet."""

    code = "session_not_granted"
    mend = "The holder has to grant the check first."


class SessionWrongKind(SessionRefused):
    """The session was opened for something else."""

    code = "session_wrong_kind"
    mend = "Open a session of the kind you need; a personal session is 1:1 with its owner only."


class StationLocked(SessionRefused):
    """Most of the station's last probes matched nobody."""

    code = "station_locked"
    mend = "PIN and QR credential work meanwhile. An operator has to look at the station and reopen it."


class StationRetired(AccessRefused):
    """The station was taken out of use for good."""

    code = "station_retired"
    mend = "Register the device anew, with a new key."


class StationInvalid(RequestRefused):
    """A station's registration contradicts itself."""

    code = "station_invalid"
    mend = "Name either a gallery or a purpose for document checks, and a raw Ed25519 public key."


class SignatureRefused(AccessRefused):
    """A signed request does not check out."""

    code = "signature_refused"
    kind = Kind.UNAUTHENTICATED
    mend = "Sign method, path, body digest, time and a fresh nonce with the registered Ed25519 key; check the clock."


class RequestReplayed(AccessRefused):
    """The nonce was seen before."""

    code = "request_replayed"
    kind = Kind.UNAUTHENTICATED
    mend = "Sign every request anew with a fresh nonce."
