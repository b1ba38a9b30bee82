"""Reading how fresh the references of a whole gallery are, in two questions."""

from functools import cache
from typing import Any

import sqlalchemy as sa

from visavis.adapters.sql import tables
from visavis.model.decision import Means, Outcome
from visavis.model.freshness import Freshness


def read_freshness(connection: sa.Connection, values: dict[str, Any]) -> list[Freshness]:
    """``Transaction.freshness``; the values are its arguments."""
    decades: dict[str, list[int]] = {}
    for subject_id, decade in connection.execute(_decades(), values):
        decades.setdefault(subject_id, []).append(decade)
    made = connection.execute(_made(), values)
    return [Freshness(subject_id, newest, tuple(decades.get(subject_id, ()))) for subject_id, newest in made]


@cache
def _made() -> sa.Select[Any]:
    references, subjects = tables.references, tables.subjects
    query = sa.select(references.c.subject_id, sa.func.max(references.c.created_at, type_=references.c.created_at.type))
    query = query.select_from(references.join(subjects, references.c.subject_id == subjects.c.id))
    query = query.where(subjects.c.gallery_id == sa.bindparam("gallery_id"))
    return query.group_by(references.c.subject_id).order_by(references.c.subject_id)


@cache
def _decades() -> sa.Select[Any]:
    decisions = tables.decisions.c
    newest = (decisions.decided_at.desc(), decisions.id.desc())
    turn = sa.func.row_number().over(partition_by=decisions.subject_id, order_by=newest).label("turn")
    found = sa.select(decisions.subject_id, decisions.fmr_decade, turn).where(
        decisions.gallery_id == sa.bindparam("gallery_id"),
        decisions.outcome == Outcome.MATCH,
        decisions.means == Means.FACE,
        decisions.fmr_decade.is_not(None),
    )
    each = found.subquery()
    query = sa.select(each.c.subject_id, each.c.fmr_decade).where(each.c.turn <= sa.bindparam("matches"))
    return query.order_by(each.c.subject_id, each.c.turn)
