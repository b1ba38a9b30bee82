"""Who may call what, the other way in, and what was answered before."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from visavis.model.errors import AccessRefused, Kind, PolicyRefused, RequestRefused


class Scope(Enum):
    """What an API key may do."""

    ADMIN = "admin"
    """Purposes, galleries, stations, API keys."""
    ENROL = "enrol"
    """Enrol people and hand out their links."""
    OPERATE = "operate"
    """Review, withdraw on request, reopen stations, personal sessions, read decisions."""
    EXPORT = "export"
    """Ask custodians for an export of references, and fetch what they approved."""
    SEAL = "seal"
    """Seal the server, and nothing else."""
    BACKUP = "backup"
    """Make backups of the server, which are sealed."""
    METRICS = "metrics"
    """Read the metrics, and nothing else."""
    AUDIT = "audit"
    """Look at purposes, galleries, stations, keys and who read what; change nothing, and be told no name."""
    APPROVE = "approve"
    """See which exports wait for custodians, and hand in what they signed."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A caller's key: only a keyed hash is kept. Keys are 192 random bits, so a slow hash would add nothing.

    ``gallery_ids`` are the galleries it is for; None: all. ``expires_at`` is set when another key took its place, or
    when it was made for a time only. ``last_used_at`` is kept to the hour, or every call would be a write.
    """

    id: str
    name: str
    secret_hash: bytes
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None
    gallery_ids: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


class ReadingKind(Enum):
    """What was read about people, by somebody with an API key or, without their receipt, by themselves."""

    SUBJECT = "subject"
    """Everything that is held about one person."""
    UNNAMED = "unnamed"
    """The same without the operator's own name for them: who it is stays unsaid."""
    LOOKUP = "lookup"
    """Everything that is held about one person, found by the operator's own name for them."""
    SUBJECTS = "subjects"
    """A gallery's list of people."""
    DECISIONS = "decisions"
    """A gallery's or purpose's list of decisions."""
    REVIEWS = "reviews"
    """What waits for a person to look."""
    LOOK_ALIKES = "look_alikes"
    """Which people of a gallery look alike."""
    CREDENTIALS = "credentials"
    """A person's new PIN and QR credential, which whoever asks for them is told."""
    ARCHIVE = "archive"
    """Everything that is held about one person, taken away as a file for them."""
    IMPORT = "import"
    """What became of the people of an import, and their links."""
    READINGS = "readings"
    """Who read what, and why."""
    OWN = "own"
    """Everything that is held about one person, by themselves: with their face and their PIN, without a receipt."""


@dataclass(frozen=True, slots=True)
class Reading:
    """That somebody read personal data, and why; written before the answer leaves.

    ``read_by`` is the API key's id. ``subject_id`` is None where a list was read. ``sealed_reason`` is sealed under the
    subject's key, so that it ends with them, or under a key of the server's where it is about many.
    """

    id: str
    kind: ReadingKind
    read_by: str
    gallery_id: str | None
    purpose_id: str
    subject_id: str | None
    sealed_reason: bytes
    read_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Credential:
    """A subject's way in without a face (rule S7): hashes of the PIN (Argon2id) and of the QR secret, both keyed."""

    id: str
    pin_hash: str
    qr_hash: bytes


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong tries against one claimed person of one gallery, whether or not there is such a person."""

    id: str
    failures: int
    next_at: datetime
    forget_at: datetime


@dataclass(frozen=True, slots=True)
class Nonce:
    """A nonce that was used; kept while a replay could pass for fresh."""

    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What a write with an idempotency key was answered, sealed; forgotten with the subject it speaks of."""

    id: str
    fingerprint: bytes
    sealed_answer: bytes
    subject_id: str | None
    expires_at: datetime


FREE_TRIES: Final = 5
"""Wrong tries of a PIN or a face in a row before they are slowed, where no machine detects presentation attacks (NIST
SP 800-63B-4, 3.2.2 and 3.2.3)."""

MAX_TRIES: Final = 50
"""Wrong tries in a row after which nothing more is tried, likewise."""


class LastAdminKey(PolicyRefused):
    """The only lasting key that could make another one."""

    code = "last_admin_key"
    mend = "Make another key with the scope 'admin' and without an end first, or rotate this one."


class AdminBound(RequestRefused):
    """A key that makes keys cannot be for some galleries only."""

    code = "admin_bound"
    mend = "Leave out the scope 'admin', or the galleries."


class KeyEnded(RequestRefused):
    """The API key was revoked or has run out, and cannot be rotated."""

    code = "key_ended"
    kind = Kind.CONFLICT
    mend = "Make a new key."


class Unauthenticated(AccessRefused):
    """No key, or one we do not know."""

    code = "unauthenticated"
    kind = Kind.UNAUTHENTICATED
    mend = "Send 'Authorization: Bearer' with a valid API key, or sign as a station or person."


class ScopeMissing(AccessRefused):
    """The key does not cover this."""

    code = "scope_missing"
    mend = "Use a key with the scope this call names."


class GalleryOutsideKey(AccessRefused):
    """The key is for other galleries."""

    code = "gallery_outside_key"
    mend = "Use a key for this gallery, or one for all galleries."


class ReasonMissing(RequestRefused):
    """Personal data is read for a reason, and none was given, or none that can be kept."""

    code = "reason_missing"
    mend = "Say in 1 to 200 printable characters why you read this; the person can see it."


class LockedOut(AccessRefused):
    """Too many failed proofs of who is calling."""

    code = "locked_out"
    kind = Kind.TOO_MANY
    mend = "Wait as long as the answer says; check key, secret and clock, since each further failure waits longer."


class TooManyTries(AccessRefused):
    """Too many wrong PINs or faces in a row."""

    code = "too_many_tries"
    kind = Kind.TOO_MANY
    mend = "Wait as long as the answer says, or ask an operator for a new PIN."


class FaceDisabled(AccessRefused):
    """Too many wrong faces in a row: a face serves no longer here until the person used the other way in."""

    code = "face_disabled"
    kind = Kind.TOO_MANY
    mend = "Use your PIN or QR code at a station: after that your face serves again. Or ask at the desk for a new PIN."


class RateLimited(AccessRefused):
    """Too many calls in a minute."""

    code = "rate_limited"
    kind = Kind.TOO_MANY
    mend = "Slow down and try again after the seconds the answer names."


class NotFound(RequestRefused):
    """There is no such thing."""

    code = "not_found"
    kind = Kind.NOT_FOUND
    mend = "Check the identifier; lists show what there is."


class RequestInvalid(RequestRefused):
    """The request does not have the documented shape."""

    code = "request_invalid"
    mend = "Send what the OpenAPI document describes; the named fields are at fault."


class BodyTooLarge(RequestRefused):
    """The body is larger than any request needs."""

    code = "body_too_large"
    kind = Kind.TOO_LARGE
    mend = "Send fewer or smaller photos."


class IdempotencyMismatch(RequestRefused):
    """The same idempotency key came with another request."""

    code = "idempotency_mismatch"
    kind = Kind.CONFLICT
    mend = "Use a new Idempotency-Key for a new request."


class IdempotencyUnfinished(RequestRefused):
    """An earlier request with this key ended without an answer."""

    code = "idempotency_unfinished"
    kind = Kind.CONFLICT
    mend = "Look whether it took effect. If not, send it again with a new Idempotency-Key."


class IdempotencyForbidden(RequestRefused):
    """Decisions are never replayed from a record."""

    code = "idempotency_forbidden"
    mend = "Leave out Idempotency-Key here: each attempt is a session of its own."


class AlreadyExists(RequestRefused):
    """There is one of that name."""

    code = "already_exists"
    kind = Kind.CONFLICT
    mend = "Choose another name, or use the one that is there."


class InternalFailure(AccessRefused):
    """A fault of ours."""

    code = "internal"
    kind = Kind.INTERNAL
    mend = "Look whether it took effect before you try again; if it stays, give the operator the request id."


class NotReady(AccessRefused):
    """The server is starting or stopping."""

    code = "not_ready"
    kind = Kind.UNAVAILABLE
    mend = "Try again in a moment."


class MethodUnfit(RequestRefused):
    """The address takes other methods."""

    code = "method_unfit"
    mend = "Use the method that the OpenAPI document names for this address."
