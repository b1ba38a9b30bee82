"""The OpenAPI document is true: Schemathesis calls every operation in it, with what fits and with what does not."""

from typing import Any

import schemathesis
from support.callers import Callers
from support.described import checks_for, described

schema = described(every_edge=False, **{"max-examples": 5, "deterministic": True})


@schema.parametrize()
def test_every_operation_keeps_to_the_document(case: schemathesis.Case[Any], callers: Callers) -> None:
    case.validate_response(callers.send(case), checks=checks_for(case))
