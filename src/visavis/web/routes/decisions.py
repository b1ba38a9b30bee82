"""Decisions as the operator sees them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime

from visavis.flows.readings import Stretch
from visavis.model.access import RequestInvalid
from visavis.model.decision import Decision
from visavis.web.auth import Flows, ReadingOperator, StationId
from visavis.web.pagination import After, Limit, page_of
from visavis.wire.deciding import DecisionRecord
from visavis.wire.shape import Page

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])


@router.get("")
def list_decisions(
    flows: Flows,
    reader: ReadingOperator,
    gallery_id: str | None = None,
    purpose_id: Annotated[str | None, Query(description="For a purpose's document checks.")] = None,
    station_id: Annotated[str | None, Query(description="Those of one of its stations.")] = None,
    since: Annotated[AwareDatetime | None, Query(description="Those from then on.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Those from before then.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[DecisionRecord]:
    """Decisions of one gallery, or document checks of one purpose: name one of them.

    There is no query across galleries, nor by person (rule S5).
    """
    if (gallery_id is None) == (purpose_id is None):
        raise RequestInvalid("Name either gallery_id or purpose_id.")
    of = Stretch(station_id, since, until)
    if gallery_id is not None:
        rows = flows.readings.decisions(gallery_id, reader=reader, after=after, limit=limit + 1, of=of)
    else:
        rows = flows.readings.document_checks(str(purpose_id), reader=reader, after=after, limit=limit + 1, of=of)
    return page_of(rows, limit=limit, shape=record_answer, id_of=lambda d: d.id)


@router.post("/{decision_id}/not-me", status_code=204)
def dispute(decision_id: str, flows: Flows, station_id: StationId) -> Response:
    """Whoever was recognised at this station a moment ago says that they are somebody else; within 120 seconds.

    It has to be the station's newest decision, and it stays. From now on that face is asked for a PIN or QR code. If
    the same person then shows theirs, and the call for it names this decision, it says who they are.
    """
    flows.disputes.dispute(decision_id, station_id=station_id)
    return Response(status_code=204)


def record_answer(decision: Decision) -> DecisionRecord:
    """A record in its shape."""
    return DecisionRecord(
        decision_id=decision.id,
        session_id=decision.session_id,
        kind=decision.kind.value,
        means=decision.means.value,
        outcome=decision.outcome.value,
        reason=decision.reason,
        station_id=decision.station_id,
        gallery_id=decision.gallery_id,
        purpose_id=decision.purpose_id,
        subject_id=decision.subject_id,
        fmr_decade=decision.fmr_decade,
        gallery_size=decision.gallery_size,
        model_id=decision.model_id,
        decided_at=decision.decided_at,
    )
