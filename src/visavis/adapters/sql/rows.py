"""The rows of tables as values of dataclasses."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from visavis.adapters.sql import tables
from visavis.adapters.sql.dialects import is_taken
from visavis.flows.ports import Rows, Within
from visavis.model.access import AlreadyExists, Answered, ApiKey, Credential, Nonce, NotFound, Reading, Tries
from visavis.model.account import Account, ConsoleSession
from visavis.model.audit import Opening
from visavis.model.bar import BarMove, OwnRates
from visavis.model.bulk import Import, ImportEntry
from visavis.model.consent import (
    Enrolment,
    Receipt,
    Reference,
    Subject,
    SubjectKey,
    Tombstone,
)
from visavis.model.decision import Decision, Review
from visavis.model.export import Export
from visavis.model.keys import GalleryKey, Generation
from visavis.model.look_alike import LookAlike
from visavis.model.purpose import Gallery, Purpose, PurposeText
from visavis.model.station import Pairing, Session, Station

T = TypeVar("T")


class SqlRows(Rows[T]):
    """All rows of one table as values of one dataclass whose fields are the columns."""

    def __init__(self, connection: sa.Connection, table: sa.Table, kind: type[T]) -> None:
        self._connection = connection
        self._table = table
        self._kind = kind
        self._plural = table.name.replace("_", " ")

    def add(self, value: T) -> None:
        """See the port."""
        try:
            self._connection.execute(self._table.insert(), self._columns(value))
        except sa.exc.IntegrityError as error:
            if is_taken(error):
                raise AlreadyExists(f"There is one like it among the {self._plural}.") from None
            raise

    def get(self, id_: str) -> T:
        """See the port."""
        value = self.first(id=id_)
        if value is None:
            raise NotFound(f"There is no such entry among the {self._plural}.")
        return value

    def find(self, **equal: Any) -> list[T]:
        """See the port."""
        return self._values(_select(self._table, _names(equal), limited=False), equal)

    def first(self, **equal: Any) -> T | None:
        """See the port."""
        found = self._values(_select(self._table, _names(equal), limited=True), equal)
        return found[0] if found else None

    def change(self, value: T) -> None:
        """See the port."""
        columns = self._columns(value)
        changed = self._connection.execute(_update(self._table), {**columns, "same_id": columns["id"]})
        if changed.rowcount != 1:
            raise NotFound(f"There is no such entry among the {self._plural}.")

    def remove(self, **equal: Any) -> int:
        """See the port."""
        if not equal:
            raise ValueError("naming no field would delete everything")
        return self._connection.execute(_delete(self._table, _names(equal)), equal).rowcount

    def before(self, field: str, moment: datetime) -> list[T]:
        """See the port."""
        return self._values(sa.select(self._table).where(self._table.c[field] <= moment))

    def page(self, *, after: str | None, limit: int, within: Within | None = None, **equal: Any) -> Sequence[T]:
        """See the port."""
        query = self._select(equal).order_by(self._table.c.id).limit(limit)
        if within is not None:
            query = query.where(self._table.c[within[0]] >= within[1], self._table.c[within[0]] < within[2])
        return self._values(query if after is None else query.where(self._table.c.id > after))

    def count(self, **equal: Any) -> int:
        """See the port."""
        return int(self._connection.execute(_count(self._table, _names(equal)), equal).scalar_one())

    def _columns(self, value: T) -> dict[str, Any]:
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}  # type: ignore[arg-type] # T is a dataclass by construction

    def _select(self, equal: dict[str, Any]) -> sa.Select[Any]:
        return sa.select(self._table).where(*(self._table.c[name] == value for name, value in equal.items()))

    def _values(self, query: sa.Select[Any], values: dict[str, Any] | None = None) -> list[T]:
        # The columns stand in the order of the fields; a test compares them.
        return [self._kind(*row) for row in self._connection.execute(query, values)]


# Statements are made once and kept: making one takes longer than SQLite needs to run it.


def _names(equal: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """The fields that are asked for, and whether they are to be empty: nothing equals NULL in SQL."""
    return tuple((name, value is None) for name, value in equal.items())


def _wanted(table: sa.Table, names: tuple[tuple[str, bool], ...]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name].is_(None) if empty else table.c[name] == sa.bindparam(name) for name, empty in names]


@cache
def _select(table: sa.Table, names: tuple[tuple[str, bool], ...], *, limited: bool) -> sa.Select[Any]:
    query = sa.select(table).where(*_wanted(table, names))
    query = query.order_by(table.c.get("created_at", table.c.id), table.c.id)
    return query.limit(1) if limited else query


@cache
def _count(table: sa.Table, names: tuple[tuple[str, bool], ...]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(*_wanted(table, names))


@cache
def _delete(table: sa.Table, names: tuple[tuple[str, bool], ...]) -> sa.Delete:
    return table.delete().where(*_wanted(table, names))


@cache
def _update(table: sa.Table) -> sa.Update:
    return table.update().where(table.c.id == sa.bindparam("same_id"))


KINDS: Final[dict[str, tuple[sa.Table, type]]] = {
    "openings": (tables.log_openings, Opening),
    "purposes": (tables.purposes, Purpose),
    "purpose_texts": (tables.purpose_texts, PurposeText),
    "galleries": (tables.galleries, Gallery),
    "bar_moves": (tables.bar_moves, BarMove),
    "own_rates": (tables.own_rates, OwnRates),
    "subjects": (tables.subjects, Subject),
    "subject_keys": (tables.subject_keys, SubjectKey),
    "gallery_keys": (tables.gallery_keys, GalleryKey),
    "generations": (tables.generations, Generation),
    "enrolments": (tables.enrolments, Enrolment),
    "receipts": (tables.receipts, Receipt),
    "references": (tables.references, Reference),
    "tombstones": (tables.tombstones, Tombstone),
    "stations": (tables.stations, Station),
    "pairings": (tables.pairings, Pairing),
    "sessions": (tables.sessions, Session),
    "decisions": (tables.decisions, Decision),
    "reviews": (tables.reviews, Review),
    "look_alikes": (tables.look_alikes, LookAlike),
    "credentials": (tables.credentials, Credential),
    "tries": (tables.tries, Tries),
    "api_keys": (tables.api_keys, ApiKey),
    "accounts": (tables.accounts, Account),
    "console_sessions": (tables.console_sessions, ConsoleSession),
    "nonces": (tables.nonces, Nonce),
    "answered": (tables.answered, Answered),
    "readings": (tables.readings, Reading),
    "imports": (tables.imports, Import),
    "import_entries": (tables.import_entries, ImportEntry),
    "exports": (tables.exports, Export),
}
"""The rows of a transaction, by their names in the port."""


class SqlTombstones(SqlRows[Tombstone]):
    """The rows of tombstones, which remember what was added in this transaction."""

    def __init__(self, connection: sa.Connection, buried: list[Tombstone]) -> None:
        super().__init__(connection, tables.tombstones, Tombstone)
        self._buried = buried

    def add(self, value: Tombstone) -> None:
        """See the port."""
        super().add(value)
        self._buried.append(value)
