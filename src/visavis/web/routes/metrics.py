"""What a monitoring system reads."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from visavis.model.access import ApiKey, Scope
from visavis.web.auth import key_with
from visavis.web.metrics import Metrics

router = APIRouter(tags=["metrics"])

_Reader = Annotated[ApiKey, Depends(key_with(Scope.METRICS))]


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, _key: _Reader) -> Response:
    """Counts of stations, galleries and doors in the text format of Prometheus or OpenMetrics; nothing of anybody."""
    found: Metrics = request.app.state.metrics
    page, media_type = found.page(request.headers.get("accept", ""))
    return Response(page, media_type=media_type)
