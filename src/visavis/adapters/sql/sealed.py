"""Reading what it takes to fill a gallery's memory: joined and page by page, instead of five questions a person."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from visavis.adapters.sql import tables
from visavis.model.consent import EnrolmentState, Place, SealedReference, SubjectState

_PLACE: Final = attrgetter("place")


def find_place(connection: sa.Connection, values: dict[str, Any]) -> Place | None:
    """``Transaction.place_after``; the values are its arguments, and how many come before the one that is wanted."""
    query = _there(connection.dialect.name, values["after"] is None)
    found: Place | None = connection.execute(query, values).scalar_one_or_none()
    return found


def read_sealed(connection: sa.Connection, values: dict[str, Any]) -> Sequence[SealedReference]:
    """``Transaction.sealed_references``; the values are its arguments."""
    query = _page(connection.dialect.name, values["after"] is None, values["until"] is None)
    rows = list(map(SealedReference._make, connection.execute(query, values)))
    # They come in this order already; that SQL should promise it costs SQLite a sorted copy of every page.
    rows.sort(key=_PLACE)
    return rows


def _place(dialect: str) -> sa.ColumnElement[Place]:
    """By what a table is read from its beginning to its end.

    SQLite keeps rows in the order they came in, so that those of one person in several tables lie where those of the
    person before do. In the order of identifiers, which are random, every row would be somewhere else.
    """
    return sa.literal_column("subjects.rowid", sa.Integer) if dialect == "sqlite" else tables.subjects.c.id


def _active(dialect: str, *, is_first: bool) -> list[sa.ColumnElement[bool]]:
    subjects = tables.subjects
    wanted = [subjects.c.gallery_id == sa.bindparam("gallery_id"), subjects.c.state == SubjectState.ACTIVE]
    return wanted if is_first else [*wanted, _place(dialect) > sa.bindparam("after")]


@cache
def _there(dialect: str, is_first: bool) -> sa.Select[Any]:  # noqa: FBT001 -- the cache is quicker so
    place = _place(dialect)
    query = sa.select(place).select_from(tables.subjects).where(*_active(dialect, is_first=is_first))
    return query.order_by(place).limit(1).offset(sa.bindparam("before"))


@cache
def _page(dialect: str, is_first: bool, is_last: bool) -> sa.Select[Any]:  # noqa: FBT001 -- the cache is quicker so
    subjects, keys, references = tables.subjects, tables.subject_keys, tables.references
    enrolments, receipts, tombstones = tables.enrolments, tables.receipts, tables.tombstones
    place = _place(dialect)
    wanted = _active(dialect, is_first=is_first)
    if not is_last:
        wanted.append(place <= sa.bindparam("until"))
    joined = (
        subjects.outerjoin(keys, keys.c.id == subjects.c.id)
        .outerjoin(references, references.c.subject_id == subjects.c.id)
        .outerjoin(
            enrolments,
            sa.and_(enrolments.c.id == references.c.enrolment_id, enrolments.c.subject_id == subjects.c.id),
        )
        .outerjoin(
            receipts,
            sa.and_(receipts.c.enrolment_id == enrolments.c.id, receipts.c.countersignature.is_not(None)),
        )
        .outerjoin(tombstones, tombstones.c.subject_id == subjects.c.id)
    )
    is_enrolled = sa.func.coalesce(enrolments.c.state == EnrolmentState.ACTIVE, sa.false())
    is_agreed = receipts.c.expires_at > sa.bindparam("now")
    return (
        sa.select(
            subjects.c.id,
            subjects.c.public_key,
            keys.c.wrapped,
            references.c.id,
            references.c.sealed,
            receipts.c.id,
            is_enrolled,
            sa.func.coalesce(is_agreed, sa.false()),
            tombstones.c.id.is_not(None),
            place.label("place"),
        )
        .select_from(joined)
        .where(*wanted)
        # Else SQLite takes the index that finds one row, and reads the texts in it.
        .with_hint(receipts, "INDEXED BY ix_receipts_agreed", "sqlite")
    )
