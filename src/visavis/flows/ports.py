"""What flows need from the outside; each comment is the contract that every adapter is tested against."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from visavis.audit.note import Signature, VerifierKey
from visavis.model.access import Answered, ApiKey, Credential, Nonce, Reading, Tries
from visavis.model.account import Account, ConsoleSession, Errand, Identity
from visavis.model.audit import LogClosed, LogHead, Opening
from visavis.model.bar import BarMove, OwnRates
from visavis.model.bulk import Import, ImportEntry
from visavis.model.consent import (
    Enrolment,
    Place,
    Receipt,
    Reference,
    SealedReference,
    Subject,
    SubjectKey,
    Tombstone,
)
from visavis.model.decision import Decision, Review
from visavis.model.export import Export
from visavis.model.freshness import Freshness
from visavis.model.keys import GalleryKey, Generation
from visavis.model.look_alike import LookAlike
from visavis.model.purpose import Gallery, Purpose, PurposeText
from visavis.model.station import Pairing, Session, Station

T = TypeVar("T")
Within = tuple[str, datetime, datetime]
"""The name of a field that is a time, and from when to when, the end left out."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class Rows(Protocol[T]):
    """All stored values of one kind. ``id`` is unique among them; other names are fields of the kind."""

    def add(self, value: T) -> None:
        """Store a new value.

        :raises AlreadyExists: a unique field (``id`` included) is taken; the transaction can then only be left.
        """

    def get(self, id_: str) -> T:
        """The value of that identifier.

        :raises NotFound: there is none.
        """

    def find(self, **equal: Any) -> list[T]:
        """Every value whose named fields equal these, oldest first where the kind has a time."""

    def first(self, **equal: Any) -> T | None:
        """The first of ``find``, or None."""

    def change(self, value: T) -> None:
        """Replace the value of the same identifier.

        :raises NotFound: there is none.
        """

    def remove(self, **equal: Any) -> int:
        """Delete every value whose named fields equal these, and say how many there were."""

    def before(self, field: str, moment: datetime) -> list[T]:
        """Every value whose time in ``field`` is at or before ``moment``."""

    def page(self, *, after: str | None, limit: int, within: Within | None = None, **equal: Any) -> Sequence[T]:
        """Up to ``limit`` values in the order of their identifiers, those after ``after``.

        :param within: those from a stretch of time.
        """

    def count(self, **equal: Any) -> int:
        """How many values have these fields."""


class LogRows(Protocol):
    """The newest part of the transparency log."""

    def append(self, entry: bytes, *, always: bool = False) -> int:
        """Add an entry and say its index. It is in the log when, and only when, the transaction is stored.

        With the same commit the tree that has it is signed and stored.

        :param always: take it even while the log is held.
        :raises LogClosed: the log is held.
        """

    def head(self) -> LogHead | None:
        """The tree as it was committed last; None before the first entry."""

    def entries(self, first: int, *, limit: int) -> Sequence[bytes]:
        """Up to ``limit`` entries from the index ``first`` on, of those that were not dropped."""

    def first(self) -> int:
        """The index of the first entry that was not dropped; the size of the tree where all were."""

    def drop_before(self, index: int) -> int:
        """Forget entries that are kept elsewhere, and say how many."""

    def adopt(self, head: LogHead, tail: Sequence[bytes]) -> None:
        """Go on from a larger tree that was published, since an older database was put back.

        What the same transaction appends stands behind it.

        :param tail: its last entries, all the database has from now on.
        :raises ValueError: something was appended to the older tree in this commit already.
        """


class Transaction(Protocol):
    """One unit of work: it is stored whole when its block ends well, and not at all otherwise.

    Two transactions that write never run at once, so what one read is still true when it commits.
    """

    purposes: Rows[Purpose]
    purpose_texts: Rows[PurposeText]
    galleries: Rows[Gallery]
    bar_moves: Rows[BarMove]
    own_rates: Rows[OwnRates]
    subjects: Rows[Subject]
    subject_keys: Rows[SubjectKey]
    gallery_keys: Rows[GalleryKey]
    generations: Rows[Generation]
    enrolments: Rows[Enrolment]
    receipts: Rows[Receipt]
    references: Rows[Reference]
    tombstones: Rows[Tombstone]
    stations: Rows[Station]
    pairings: Rows[Pairing]
    sessions: Rows[Session]
    decisions: Rows[Decision]
    reviews: Rows[Review]
    look_alikes: Rows[LookAlike]
    credentials: Rows[Credential]
    tries: Rows[Tries]
    api_keys: Rows[ApiKey]
    accounts: Rows[Account]
    console_sessions: Rows[ConsoleSession]
    nonces: Rows[Nonce]
    answered: Rows[Answered]
    readings: Rows[Reading]
    imports: Rows[Import]
    import_entries: Rows[ImportEntry]
    exports: Rows[Export]
    openings: Rows[Opening]
    log: LogRows

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do this when the transaction is stored, before anybody who wrote goes on; never if it is not.

        What several transactions do is done in their order. Others wait for it: ``act`` is quick and writes nothing.
        """

    def references_in(self, gallery_id: str) -> int:
        """How many references the gallery has, pending ones included."""

    def with_several(self, gallery_id: str, *, several: int) -> tuple[int, int]:
        """How many people of the gallery have references, pending ones included, and how many at least so many."""

    def newest_decision(self, station_id: str) -> Decision | None:
        """The last one that was made at the station, if there is any."""

    def freshness(self, gallery_id: str, *, matches: int) -> Sequence[Freshness]:
        """Everybody of the gallery who has references, pending ones included, by identifier.

        :param matches: of the newest matches of each so many are told.
        """

    def place_after(self, gallery_id: str, *, after: Place | None, people: int) -> Place | None:
        """Where the ``people``-th person of a gallery who is ACTIVE stands behind ``after``; None if there are fewer.

        Nobody's place changes, and who comes stands behind everybody who was there, or in the place of who has gone.
        """

    def sealed_references(
        self, gallery_id: str, *, after: Place | None, until: Place | None, now: datetime
    ) -> Sequence[SealedReference]:
        """What it takes to open the references of people of a gallery who are ACTIVE.

        One for each reference, and one for who has none; those of one person stand together.

        :param after: people behind this place; None: from the first on.
        :param until: up to this place, with who stands there; None: to the last.
        :param now: receipts whose column ends here or before are over.
        """


class Resources(Protocol):
    """The folder that the log is published in; paths are those of C2SP tlog-tiles."""

    def read(self, path: str) -> bytes:
        """What lies there.

        :raises ResourceMissing: nothing does.
        """

    def write(self, path: str, data: bytes) -> None:
        """Put something there, whole or not at all; back when the disk has it."""

    def remove(self, path: str) -> None:
        """Take a file, or a folder with all that is in it, away, if it is there."""


class RootPlace(Protocol):
    """Where the root key is, if this process may exchange it."""

    def exchange(self, between: Callable[[bytes], None]) -> bytes:
        """Put a fresh root in the place of the one that is there, and say which.

        :param between: called with the new root while either is there; both have to open the key store after it.
        """


class KeyFile(Protocol):
    """Where the key store lies."""

    def write(self, data: bytes) -> None:
        """Put it in the place of the former, whole or not at all; back when the disk has it.

        The former is overwritten, as far as the file system lets us: keys that were destroyed are in it.
        """

    def read(self) -> bytes:
        """What was written last, by whichever process.

        :raises KeyStoreMissing: it is not there, or cannot be read. :raises KeyStoreUnsafe: others can read it.
        """

    def stamp(self) -> object:
        """What is another after every write, without reading it; None where nothing is there."""

    def held(self) -> AbstractContextManager[None]:
        """Keep other processes from changing it meanwhile."""


class Store(Protocol):
    """The durable truth."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes may use it at the same time."""

    def write(self, *, alone: bool = False) -> AbstractContextManager[Transaction]:
        """A transaction that may write. Leaving its block without an error returns only when the disk has it.

        :param alone: it takes long, so that no other should wait for its end.
        :raises LogStopped: an earlier commit failed, so that nothing can be promised any more.
        """

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent view; what is written through it is not kept."""

    def hold_log(self, why: LogClosed | None) -> None:
        """Refuse new entries with this error from now on; None: take them again."""

    def scrub(self) -> None:
        """Make deleted values unreadable in the store's own files, as far as it can tell."""

    def leads(self) -> bool:
        """Whether this process does what one of all that use the store has to do."""


class Witness(Protocol):
    """Somebody else, who cosigns only what continues what they have seen (C2SP tlog-witness)."""

    @property
    def key(self) -> VerifierKey:
        """By which their cosignatures are checked."""

    def cosign(self, note: bytes, *, prove: Callable[[int], Sequence[bytes]], size: int) -> Signature:
        """Their cosignature of a checkpoint, checked.

        :param prove: makes the consistency proof from a smaller size to ``size``.
        :raises LogRefused: the leaf says what they refused, or that nobody answers.
        """

    def close(self) -> None:
        """Nobody will be asked any more."""


class IdentityProvider(Protocol):
    """Somebody else who knows who people are (OpenID Connect Core 1.0, authorization code flow with PKCE)."""

    def address(self, errand: Errand) -> str:
        """Where a browser is sent to log in.

        :raises OidcUnreachable: the provider does not say where that is.
        """

    def identity(self, errand: Errand, *, code: str) -> Identity:
        """Who came back with that code, checked against what they were sent with.

        :raises OidcUnreachable: the provider does not answer. :raises OidcRefused: what it says does not check out.
        """
