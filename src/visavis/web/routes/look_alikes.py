"""People of a gallery who look alike, and are asked for more than a face."""

from fastapi import APIRouter, Response

from visavis.model.look_alike import LookAlike
from visavis.web.auth import Flows, Operator, ReadingOperator
from visavis.web.pagination import After, Limit, page_of
from visavis.wire.people import LookAlikeAnswer, LookAlikeRequest
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1", tags=["look-alikes"])


@router.get("/galleries/{gallery_id}/look-alikes")
def list_look_alikes(
    gallery_id: str, flows: Flows, reader: ReadingOperator, after: After = None, limit: Limit = 50
) -> Page[LookAlikeAnswer]:
    """Who of the gallery looks like whom, by their identifiers; it says nothing about how much."""
    rows = flows.readings.look_alikes(gallery_id, reader=reader, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=_answer, id_of=lambda row: row.id)


@router.post("/galleries/{gallery_id}/look-alikes", status_code=201)
def declare_look_alikes(gallery_id: str, body: LookAlikeRequest, flows: Flows, key: Operator) -> LookAlikeAnswer:
    """Say that two people look alike, or that one does to somebody who is not here: a face is not enough for them.

    The same again changes nothing.
    """
    row = flows.look_alikes.declare(
        gallery_id, subject_id=body.subject_id, other_subject_id=body.other_subject_id, by=key
    )
    return _answer(row)


@router.delete("/look-alikes/{look_alike_id}", status_code=204)
def end_look_alike(look_alike_id: str, flows: Flows, key: Operator) -> Response:
    """Take back what was declared, or said at a station. What the machine found ends when it is not so any more."""
    flows.look_alikes.end(look_alike_id, by=key)
    return Response(status_code=204)


def _answer(row: LookAlike) -> LookAlikeAnswer:
    return LookAlikeAnswer(
        id=row.id,
        gallery_id=row.gallery_id,
        subject_id=row.subject_id,
        other_subject_id=row.other_subject_id,
        source=row.source.value,
        created_at=row.created_at,
    )
