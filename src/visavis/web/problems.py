"""Every error in one shape: RFC 9457."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send
from structlog import get_logger

from visavis.logs import trace
from visavis.model.access import InternalFailure, MethodUnfit, NotFound, RequestInvalid
from visavis.model.errors import Kind, VisavisError
from visavis.wire.shape import Problem

STATUS: Final = {
    Kind.INVALID: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
    Kind.UNAVAILABLE: 503,
    Kind.INTERNAL: 500,
}
MEDIA_TYPE: Final = "application/problem+json"
_METHOD_NOT_ALLOWED: Final = 405

log = get_logger(__name__)


class ProblemResponse(JSONResponse):
    """A problem. Where it is sent, the request's state learns its code, for the log."""

    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem, *, headers: dict[str, str]) -> None:
        super().__init__(problem.model_dump(exclude_none=True), status_code=problem.status, headers=headers)
        self._code = problem.code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        scope["state"]["code"] = self._code
        await super().__call__(scope, receive, send)


def problem_response(error: VisavisError, *, request_id: str) -> JSONResponse:
    """An error as an answer."""
    status = _METHOD_NOT_ALLOWED if isinstance(error, MethodUnfit) else STATUS[error.kind]
    title = (type(error).__doc__ or "").splitlines()[0]
    problem = Problem(
        type=f"/docs#{error.code}",
        title=title,
        status=status,
        code=error.code,
        detail=error.detail or title,
        mend=error.mend,
        request_id=request_id,
        retry_after_s=error.retry_after_s,
    )
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="visavis"'
    return ProblemResponse(problem, headers=headers)


def install(app: FastAPI) -> None:
    """Turn every error of the app into a problem."""

    @app.exception_handler(VisavisError)
    async def refused(request: Request, error: VisavisError) -> JSONResponse:
        if error.kind is Kind.INTERNAL:
            log.error("integrity", code=error.code, request_id=request.state.request_id)
        return problem_response(error, request_id=request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(RequestInvalid(_fields(error.errors())), request_id=request.state.request_id)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == STATUS[Kind.NOT_FOUND]:
            refusal: VisavisError = NotFound("There is no such address.")
        elif error.status_code == _METHOD_NOT_ALLOWED:
            refusal = MethodUnfit()
        else:
            refusal = RequestInvalid(str(error.detail))
        answer = problem_response(refusal, request_id=request.state.request_id)
        if "Allow" in (error.headers or {}):
            answer.headers["Allow"] = ", ".join(_methods_at(app, request))
        return answer


def _methods_at(app: FastAPI, request: Request) -> list[str]:
    """Every method that the request's address takes (RFC 9110, 15.5.6); the framework names those of one route."""
    inner = (getattr(getattr(route, "original_router", None), "routes", [route]) for route in app.routes)
    routes = [one for some in inner for one in some if isinstance(one, Route)]
    near = [one.path for one in routes if one.matches(request.scope)[0] is not Match.NONE]
    path = min(near, key=lambda path: path.count("{"))
    return sorted({method for one in routes if one.path == path for method in one.methods or ()})


def fault(error: Exception, *, request_id: str) -> JSONResponse:
    """A fault of ours as an answer. It is not raised further: the server would log its text and traceback."""
    log.error("fault", error=type(error).__name__, request_id=request_id, trace=trace(error))
    return problem_response(InternalFailure(), request_id=request_id)


def _fields(errors: Sequence[Any]) -> str:
    """Which fields are at fault and why, without repeating what was sent."""
    return "; ".join(f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in errors[:10])
