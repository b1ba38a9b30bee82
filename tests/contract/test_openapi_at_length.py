"""The OpenAPI document is true, at length: many cases of every operation, and every edge of every field.

``conftest.py`` leaves this file out where slow tests are: its cases are made while it is collected.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from support.callers import Callers
from support.described import checks_for, described

pytestmark = pytest.mark.slow
schema = described(every_edge=True, **{"max-examples": 100})


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_every_operation_keeps_to_the_document_at_length(case: schemathesis.Case[Any], callers: Callers) -> None:
    case.validate_response(callers.send(case), checks=checks_for(case))
