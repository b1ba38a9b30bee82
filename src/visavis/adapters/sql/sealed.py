"""Reading what it takes to fill a gallery's memory: joined and page by page, instead of five questions a person."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from visavis.adapters.sql import tables
from visavis.model.consent import EnrolmentState, Place, SealedReference, SubjectState

_PLACE: Final = attrgetter("place")


def read_sealed(connection: sa.Connection, values: dict[str, Any]) -> Sequence[SealedReference]:
    """A page of ``Transaction.sealed_references``; the values are its arguments and ``now``."""
    query = _page(connection.dialect.name, first=values["after"] is None)
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


@cache
def _page(dialect: str, *, first: bool) -> sa.Select[Any]:
    subjects, keys, references = tables.subjects, tables.subject_keys, tables.references
    enrolments, receipts, tombstones = tables.enrolments, tables.receipts, tables.tombstones
    place = _place(dialect)
    wanted = sa.select(subjects.c.id, subjects.c.public_key, place.label("place")).where(
        subjects.c.gallery_id == sa.bindparam("gallery_id"), subjects.c.state == SubjectState.ACTIVE
    )
    if not first:
        wanted = wanted.where(place > sa.bindparam("after"))
    person = wanted.order_by(place).limit(sa.bindparam("limit")).subquery("person")
    joined = (
        person.outerjoin(keys, keys.c.id == person.c.id)
        .outerjoin(references, references.c.subject_id == person.c.id)
        .outerjoin(
            enrolments,
            sa.and_(enrolments.c.id == references.c.enrolment_id, enrolments.c.subject_id == person.c.id),
        )
        .outerjoin(receipts, receipts.c.enrolment_id == enrolments.c.id)
        .outerjoin(tombstones, tombstones.c.subject_id == person.c.id)
    )
    is_enrolled = sa.func.coalesce(enrolments.c.state == EnrolmentState.ACTIVE, sa.false())
    is_agreed = sa.and_(receipts.c.countersignature.is_not(None), receipts.c.expires_at > sa.bindparam("now"))
    return sa.select(
        person.c.id,
        person.c.public_key,
        keys.c.wrapped,
        references.c.id,
        references.c.sealed,
        receipts.c.id,
        is_enrolled,
        sa.func.coalesce(is_agreed, sa.false()),
        tombstones.c.id.is_not(None),
        person.c.place,
    ).select_from(joined)
