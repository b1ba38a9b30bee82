"""The OpenAPI document as Schemathesis takes it, and what it asks of every answer.

Left out are two checks that call again by themselves, and so without a proof: who may call what is asked of every door
in ``tests/unit/web/test_who_may_call.py``.
"""

from functools import cache
from typing import Any, Final, cast

import schemathesis
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from visavis.model import leaves_loaded
from visavis.web.app import create_app
from visavis.web.services import Services
from visavis.wire.shape import Problem

load_all_checks()
LEFT_OUT: Final = {"ignored_auth", "object_level_authorization"}
CODES: Final = {leaf.code for leaf in leaves_loaded()}
UNFIT: Final = "request_invalid"
"""The one code that says that a request is not of the documented shape."""
PLACES: Final = ("path.", "query.", "header.", "body")
"""What such a problem begins with where the shape of one part is at fault, and not how two of them go together."""

# A body can be too large before its shape is looked at.
_UNFIT: Final = {
    "negative_data_rejection": {"expected-statuses": [*map(str, (400, 401, 403, 404, 405, 409, 413, 422, 429))]}
}
# A link that is missing is a link that is not known.
_LINKS: Final = {"missing_required_header": {"expected-statuses": ["400", "401", "403", "404", "422"]}}
# No document says all that a request has to be; ``problems_are_true`` knows which refusals it should have said.
_FITS: Final = {"positive_data_acceptance": {"expected-statuses": ["2xx", "4xx"]}}


@cache
def _document() -> dict[str, Any]:
    return create_app(cast("Services", None)).openapi()


def described(*, every_edge: bool, **generation: Any) -> OpenApiSchema:
    """The document, to generate cases from.

    :param every_edge: also the cases at the edge of each field, which are many, and made when they are collected.
    """
    config = schemathesis.Config.from_dict(
        {
            "generation": {"database": "none", **generation},
            "phases": {"coverage": {"enabled": every_edge}},
            "checks": {**_UNFIT, **_LINKS, **_FITS},
        }
    )
    return schemathesis.openapi.from_dict(_document(), config=config)


def problems_are_true(
    _ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """Every refusal is a problem with a code that is listed, and what fits the document is not called unfit."""
    if response.status_code < 400:
        return
    problem = Problem.model_validate_json(response.content)
    assert problem.code in CODES
    assert problem.status == response.status_code
    assert response.headers["content-type"] == ["application/problem+json"]
    assert response.headers["request-id"] == [problem.request_id]
    if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
        assert problem.code != UNFIT or not problem.detail.startswith(PLACES), problem.detail


def checks_for(case: schemathesis.Case[Any]) -> list[schemathesis.CheckFunction]:
    """Everything that can be asked of the answer to a case."""
    names = [name for name in CHECKS.get_all_names() if name not in LEFT_OUT]
    if case.media_type == "multipart/form-data":
        names.remove("negative_data_rejection")  # in a form every text is a file, and every list is its parts
    return [problems_are_true, *(cast("schemathesis.CheckFunction", CHECKS.get_one(name)) for name in names)]
