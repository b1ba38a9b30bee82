"""What waits for a person to look."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from visavis.flows.readings import Reader
from visavis.model.access import Scope
from visavis.model.decision import Resolution, Review
from visavis.web.auth import Flows, Operator, reader_with
from visavis.web.pagination import After, Limit, page_of
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.people import ResolutionRequest, ReviewAnswer
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])


_OfOwnGalleries = Annotated[Reader, Depends(reader_with(Scope.OPERATE, bounds_itself=True))]


@router.get("")
def list_reviews(flows: Flows, reader: _OfOwnGalleries, after: After = None, limit: Limit = 50) -> Page[ReviewAnswer]:
    """The queue, of the key's galleries."""
    rows = flows.readings.reviews(reader=reader, after=after, limit=limit + 1)
    invited = dict(zip((review.id for review in rows), flows.reviews.come_by_invitation(rows), strict=True))
    return page_of(rows, limit=limit, shape=lambda r: _answer(r, by_invitation=invited[r.id]), id_of=lambda r: r.id)


@router.post("/{review_id}/resolution", status_code=204)
def resolve(
    request: Request,
    review_id: str,
    body: ResolutionRequest,
    flows: Flows,
    key: Operator,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """End one review. Who did it and why stands in its entry of the log, for this server to open."""
    reason = None if body.reason is None else Reader.because(key, body.reason).reason

    def act() -> tuple[None, None]:
        flows.reviews.resolve(review_id, Resolution(body.resolution), by=key, reason=reason)
        return None, None

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=204)


def _answer(review: Review, *, by_invitation: bool | None) -> ReviewAnswer:
    return ReviewAnswer(
        id=review.id,
        kind=review.kind.value,
        gallery_id=review.gallery_id,
        subject_id=review.subject_id,
        other_subject_id=review.other_subject_id,
        enrolment_id=review.enrolment_id,
        by_invitation=by_invitation,
        created_at=review.created_at,
    )
