"""Requests and bundles hold what ``spec/export-bundle.md`` says: every vector, with the class of its failure."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from fixtures import make_bundle_vectors

from visavis.consent.bundle import Reading, require_receipts
from visavis.model import export
from visavis.model.consent import ConsentExpired, ConsentForged
from visavis.model.errors import VisavisError
from visavis.model.keys import Custodian, Custody
from visavis.protect.approval import approval_in, message, require_approved

FOLDER: Final = Path(__file__).parents[3] / "spec"
VECTORS: Final[dict[str, Any]] = json.loads((FOLDER / "vectors" / "export-bundle.json").read_text(encoding="ascii"))


def raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


def failure_of(act: Callable[[], object]) -> str | None:
    try:
        act()
    except VisavisError as error:
        return error.code
    return None


def custody(vector: dict[str, Any]) -> Custody:
    custodians = tuple(Custodian(n, f"c{n}", raw(key)) for n, key in enumerate(VECTORS["custodians"], start=1))
    return Custody(vector["custody"], vector["threshold"], custodians)


def read(vector: dict[str, Any]) -> None:
    now = datetime.fromisoformat(vector["now"])
    reading = Reading(raw(VECTORS["controller_public_key"]), now)
    for line in vector["lines"]:
        person = reading.take(line.encode())
        if person is not None:
            assert reading.header is not None
            require_receipts(person, header=reading.header, now=now)
    reading.finish()


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda vector: str(vector["name"]))
def test_a_request_ends_as_it_says(vector: dict[str, Any]) -> None:
    approvals = [approval_in(told) for told in vector["approvals"]]
    now, document = datetime.fromisoformat(vector["now"]), vector["request"].encode()
    told = failure_of(lambda: require_approved(document, approvals, custody=custody(vector), now=now))
    assert told == vector["failure"]


@pytest.mark.parametrize("vector", VECTORS["bundles"], ids=lambda vector: str(vector["name"]))
def test_a_bundle_ends_as_it_says(vector: dict[str, Any]) -> None:
    assert failure_of(lambda: read(vector)) == vector["failure"]


def test_what_is_signed_is_the_line_and_the_request() -> None:
    assert message(VECTORS["requests"][0]["request"].encode()).hex() == VECTORS["signed_hex"]


def test_every_class_of_failure_has_a_vector_and_stands_in_the_specification() -> None:
    codes = {vector["failure"] for vector in (*VECTORS["requests"], *VECTORS["bundles"])} - {None}
    elsewhere = {
        "RecipientMalformed", "ExportTooLong", "ExportReplayed", "BundleUnreadable", "IdentityUnusable",
        "BundleForeign", "TextForeign",
    }  # fmt: skip
    leaves = {
        leaf.code
        for name, leaf in vars(export).items()
        if isinstance(leaf, type) and issubclass(leaf, VisavisError) and leaf.code and name not in elsewhere
    }
    assert codes == leaves | {ConsentForged.code, ConsentExpired.code}
    text = (FOLDER / "export-bundle.md").read_text(encoding="utf-8")
    assert not {code for code in codes if f"`{code}`" not in text}


def test_the_examples_of_the_specification_are_vectors() -> None:
    text = (FOLDER / "export-bundle.md").read_text(encoding="utf-8")
    assert VECTORS["requests"][0]["request"] in text
    for line in VECTORS["bundles"][0]["lines"][-1:]:
        assert line in text


def test_the_script_makes_the_committed_file() -> None:
    assert (FOLDER / "vectors" / "export-bundle.json").read_text(encoding="ascii") == make_bundle_vectors.text()
