"""The ASGI app: one door."""

import asyncio
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from visavis.audit.witnessing import MAX_SUBMISSION
from visavis.model.audit import LogForked, NoteUnsigned, ProofWrong
from visavis.model.errors import VisavisError
from visavis.model.witness import LogUnknown, OldSizeUnfit, SubmissionMalformed, WitnessClockBack, WitnessStopped
from visavis.web.frame import Frame
from visavis.web.problems import ProblemResponse
from visavis.wire.shape import Problem
from visavis.witness.cosigning import Cosigning

STATUS: Final[dict[type[VisavisError], int]] = {
    SubmissionMalformed: 400,
    LogUnknown: 404,
    NoteUnsigned: 403,
    OldSizeUnfit: 409,
    LogForked: 409,
    ProofWrong: 422,
    WitnessClockBack: 503,
    WitnessStopped: 503,
}
"""The HTTP status of every refusal, as C2SP tlog-witness has them."""

SIZE_TYPE: Final = "text/x.tlog.size"
BODY_S: Final = 10.0
"""Seconds that a body may take to come in."""


class _Size(Response):
    """How large the tree is that was cosigned last; for the log of requests the refusal it stands for."""

    def __init__(self, refusal: OldSizeUnfit, request: Request) -> None:
        # As a header: a text's media type would get a character set, which this one does not have.
        super().__init__(f"{refusal.size}\n", STATUS[OldSizeUnfit], headers={"Content-Type": SIZE_TYPE})
        request.state.code = refusal.code


def create_app(cosigning: Cosigning, *, body_s: float = BODY_S) -> Starlette:
    """The app of a witness.

    :param body_s: seconds that a body may take to come in.
    """

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(body_s):
                body = await _body(request)
            signature = await run_in_threadpool(cosigning.add_checkpoint, body)
        except ClientDisconnect:
            return Response(status_code=STATUS[SubmissionMalformed])  # nobody is there to be told
        except TimeoutError:
            return _refused(SubmissionMalformed(f"It did not come within {body_s:g} s."), request)
        except OldSizeUnfit as refusal:
            return _Size(refusal, request)
        except tuple(STATUS) as refusal:
            return _refused(refusal, request)
        return PlainTextResponse(signature.line())

    return Starlette(
        routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])], middleware=[Middleware(Frame)]
    )


async def _body(request: Request) -> bytes:
    """The body, as far as it can be a submission.

    :raises SubmissionMalformed: it is longer. :raises ClientDisconnect: the caller hung up.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_SUBMISSION:
            raise SubmissionMalformed("It is larger than any checkpoint with its proof.")
    return bytes(body)


def _refused(refusal: VisavisError, request: Request) -> Response:
    title = (type(refusal).__doc__ or "").splitlines()[0]
    problem = Problem(
        type="about:blank",
        title=title,
        status=STATUS[type(refusal)],
        code=refusal.code,
        detail=refusal.detail or title,
        mend=refusal.mend,
        request_id=request.state.request_id,
    )
    return ProblemResponse(problem, headers={})
