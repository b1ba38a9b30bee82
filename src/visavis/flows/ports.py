"""What flows need from the outside; each comment is the contract that every adapter is tested against."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from visavis.model.access import Answered, ApiKey, Credential, Nonce, Reading, Tries
from visavis.model.bulk import Import, ImportEntry
from visavis.model.consent import Enrolment, Receipt, Reference, Subject, SubjectKey, Tombstone
from visavis.model.decision import Decision, Review
from visavis.model.purpose import Gallery, Purpose, PurposeText
from visavis.model.station import Session, Station

T = TypeVar("T")


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

    def page(self, *, after: str | None, limit: int, **equal: Any) -> Sequence[T]:
        """Up to ``limit`` values in the order of their identifiers, those after ``after``."""

    def count(self, **equal: Any) -> int:
        """How many values have these fields."""


class Transaction(Protocol):
    """One unit of work: it is stored whole when its block ends well, and not at all otherwise.

    Two transactions that write never run at once, so what one read is still true when it commits.
    """

    purposes: Rows[Purpose]
    purpose_texts: Rows[PurposeText]
    galleries: Rows[Gallery]
    subjects: Rows[Subject]
    subject_keys: Rows[SubjectKey]
    enrolments: Rows[Enrolment]
    receipts: Rows[Receipt]
    references: Rows[Reference]
    tombstones: Rows[Tombstone]
    stations: Rows[Station]
    sessions: Rows[Session]
    decisions: Rows[Decision]
    reviews: Rows[Review]
    credentials: Rows[Credential]
    tries: Rows[Tries]
    api_keys: Rows[ApiKey]
    nonces: Rows[Nonce]
    answered: Rows[Answered]
    readings: Rows[Reading]
    imports: Rows[Import]
    import_entries: Rows[ImportEntry]

    def references_in(self, gallery_id: str) -> int:
        """How many references the gallery has, pending ones included."""


class Store(Protocol):
    """The durable truth."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write. Leaving its block without an error returns only when the disk has it."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent view; what is written through it is not kept."""

    def scrub(self) -> None:
        """Make deleted values unreadable in the store's own files, as far as it can tell."""
