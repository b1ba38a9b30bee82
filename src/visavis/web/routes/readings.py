"""Who read about people, and why."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from visavis.flows.readings import Looked, Reader
from visavis.model.access import RequestInvalid, Scope
from visavis.web.auth import Flows, reader_with
from visavis.web.pagination import After, Limit, page_of
from visavis.wire.people import ReadingAnswer
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/readings", tags=["readings"])

_Auditing = Annotated[Reader, Depends(reader_with(Scope.ADMIN, Scope.AUDIT))]


@router.get("")
def list_readings(
    flows: Flows,
    reader: _Auditing,
    gallery_id: str | None = None,
    purpose_id: Annotated[str | None, Query(description="For a purpose's document checks.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ReadingAnswer]:
    """Who read about the people of one gallery, or the document checks of one purpose: name one of them.

    Reading this leaves a record as well, one for each page. There is no list by person, nor across galleries (rule S5).
    """
    if (gallery_id is None) == (purpose_id is None):
        raise RequestInvalid("Name either gallery_id or purpose_id.")
    if gallery_id is not None:
        rows = flows.readings.of_gallery(gallery_id, reader=reader, after=after, limit=limit + 1)
    else:
        rows = flows.readings.of_document_checks(str(purpose_id), reader=reader, after=after, limit=limit + 1)
    return page_of(rows, limit=limit, shape=_answer, id_of=lambda looked: looked.reading.id)


def _answer(looked: Looked) -> ReadingAnswer:
    reading = looked.reading
    return ReadingAnswer(
        id=reading.id,
        kind=reading.kind.value,
        read_by=reading.read_by,
        key_name=looked.key_name,
        gallery_id=reading.gallery_id,
        purpose_id=reading.purpose_id,
        subject_id=reading.subject_id,
        reason=looked.reason,
        read_at=reading.read_at,
        expires_at=reading.expires_at,
    )
