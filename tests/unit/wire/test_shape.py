"""Names that people type."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from visavis.wire.shape import ExternalReference, Name


@pytest.mark.parametrize("kind", [Name, ExternalReference])
def test_white_space_at_the_ends_makes_no_other_name(kind: Any) -> None:
    assert TypeAdapter(kind).validate_python(" \tann b\u00a0\n") == "ann b"


@pytest.mark.parametrize("kind", [Name, ExternalReference])
@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u2003"])
def test_white_space_is_no_name(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)
