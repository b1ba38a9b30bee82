"""From a code to the class of its error."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from visavis.client.errors import BY_CODE
from visavis.client.problem import OWN_CODES, VisavisProblem
from visavis.model.errors import VisavisError
from visavis.wire.shape import Problem


def problem_of(problem: Problem) -> VisavisProblem:
    """The error for a server's problem; a code that only a later release knows is a plain ``VisavisProblem``."""
    return BY_CODE.get(problem.code, VisavisProblem)(problem)


def problem_here(
    code: str, detail: str, *, status: int = 0, request_id: str = "", retry_after_s: float | None = None
) -> VisavisProblem:
    """A problem of this side, to raise."""
    title, mend = OWN_CODES[code]
    return problem_of(
        Problem(
            type="about:blank",
            title=title,
            status=status,
            code=code,
            detail=detail,
            mend=mend,
            request_id=request_id,
            retry_after_s=retry_after_s,
        )
    )


@contextmanager
def told_as_problems(evidence: Callable[[], bytes]) -> Iterator[None]:
    """What a rule refuses on this side, as the error of its code.

    :param evidence: what was looked at.
    """
    try:
        yield
    except VisavisError as refusal:
        title = (inspect.getdoc(type(refusal)) or "").splitlines()[0]
        problem = problem_of(
            Problem(
                type="about:blank",
                title=title,
                status=0,
                code=refusal.code,
                detail=refusal.detail or title,
                mend=refusal.mend,
                request_id="",
            )
        )
        problem.evidence = evidence()
        raise problem from None
