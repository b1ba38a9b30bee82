"""Our formats hold what their specifications say: every vector, with the class of its failure."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from fixtures import make_spec_vectors

from visavis.consent.receipt import as_public_key, countersigned_by, read_offer
from visavis.consent.rules import require_live_consent
from visavis.model.consent import (
    ConsentExpired,
    ConsentForged,
    ConsentMissing,
    Receipt,
    Subject,
    SubjectState,
)
from visavis.model.errors import VisavisError
from visavis.model.keys import SealBroken
from visavis.protect.envelope import Context, unseal
from visavis.protect.keys import derive, tag

FOLDER: Final = Path(__file__).parents[3] / "spec" / "vectors"
CONSENT: Final[dict[str, Any]] = json.loads((FOLDER / "consent-receipt.json").read_text(encoding="ascii"))
SEALED: Final[dict[str, Any]] = json.loads((FOLDER / "sealed-value.json").read_text(encoding="ascii"))

CODES: Final = {
    "missing": ConsentMissing.code,
    "offer": ConsentForged.code,
    "place": ConsentForged.code,
    "countersignature": ConsentForged.code,
    "key": ConsentForged.code,
}
DETAILS: Final = {
    "place": "other photos or another person, gallery or purpose",
    "key": "another key than the subject's",
}
SEAL_DETAILS: Final = {"form": "unknown form", "version": "names a version", "seal": "moved, edited"}


def names(vectors: dict[str, Any]) -> list[str]:
    return [str(vector["name"]) for vector in vectors["vectors"]]


def consent_failure(vector: Mapping[str, Any]) -> VisavisError | None:
    """What the rule says of a vector; None: the consent is live."""
    subject = Subject(
        id=vector["subject_id"],
        gallery_id=vector["gallery_id"],
        state=SubjectState.ACTIVE,
        reference_tag=b"",
        sealed_personal=b"",
        public_key=urlsafe_b64decode(vector["subject_public_key"] + "="),
        created_at=make_spec_vectors.NOW,
    )
    receipt = Receipt(
        id=vector["receipt_id"],
        enrolment_id="",
        subject_id=subject.id,
        offer=vector["offer"],
        countersignature=vector["countersignature"],
        # A column far in the future: the signed text decides, not the database.
        expires_at=datetime.max.replace(tzinfo=make_spec_vectors.NOW.tzinfo),
    )
    try:
        require_live_consent(
            receipt,
            subject=subject,
            purpose_id=vector["purpose_id"],
            controller_key=controller(vector),
            now=datetime.fromisoformat(vector["now"]),
        )
    except VisavisError as error:
        return error
    return None


def controller(vector: Mapping[str, Any]) -> Any:
    return as_public_key(urlsafe_b64decode(vector["controller_public_key"] + "="))


@pytest.mark.parametrize("vector", CONSENT["vectors"], ids=names(CONSENT))
def test_a_consent_vector_ends_as_it_says(vector: dict[str, Any]) -> None:
    error = consent_failure(vector)
    failure = vector["failure"]
    if failure is None:
        assert error is None
        return
    assert error is not None
    if failure == "time":
        assert isinstance(error, ConsentExpired) or "until when" in error.detail
        return
    assert error.code == CODES[failure]
    assert DETAILS.get(failure, "") in error.detail


@pytest.mark.parametrize("vector", CONSENT["vectors"], ids=names(CONSENT))
def test_a_consent_vector_fails_in_the_stage_it_names(vector: dict[str, Any]) -> None:
    """The rule runs its checks in order; here the two signatures are asked for by themselves."""
    if vector["failure"] == "offer":
        with pytest.raises(ConsentForged):
            read_offer(vector["offer"], controller_key=controller(vector))
        return
    read_offer(vector["offer"], controller_key=controller(vector))
    if vector["failure"] == "countersignature":
        with pytest.raises(ConsentForged):
            countersigned_by(vector["countersignature"], offer=vector["offer"])
    elif vector["failure"] != "missing":
        countersigned_by(vector["countersignature"], offer=vector["offer"])


@pytest.mark.parametrize("vector", SEALED["vectors"], ids=names(SEALED))
def test_a_sealed_vector_ends_as_it_says(vector: dict[str, Any]) -> None:
    context = Context(vector["kind"], tuple(vector["names"]))
    sealed = bytes.fromhex(vector["sealed_hex"])
    assert vector["associated_data_hex"] == (sealed[:5] + context.encoded()).hex()
    held = {"key": bytes.fromhex(vector["key_hex"]), "context": context, "key_version": vector["key_version"]}
    if vector["failure"] is None:
        assert unseal(sealed, **held).hex() == vector["plaintext_hex"]
        return
    with pytest.raises(SealBroken, match=SEAL_DETAILS[vector["failure"]]):
        unseal(sealed, **held)


@pytest.mark.parametrize("vector", SEALED["derived_keys"], ids=lambda vector: str(vector["use"]))
def test_a_derived_key_is_the_one_in_the_vector(vector: dict[str, str]) -> None:
    assert derive(bytes.fromhex(vector["from_hex"]), vector["use"]).hex() == vector["key_hex"]


@pytest.mark.parametrize("vector", SEALED["tags"], ids=lambda vector: str(vector["of"]))
def test_a_tag_is_the_one_in_the_vector(vector: dict[str, str]) -> None:
    made = tag(bytes.fromhex(vector["key_hex"]), use=vector["use"], of=vector["of"].encode())
    assert made.hex() == vector["tag_hex"]


def test_every_class_of_failure_has_a_vector() -> None:
    assert {vector["failure"] for vector in CONSENT["vectors"]} == {None, "time", *CODES}
    assert {vector["failure"] for vector in SEALED["vectors"]} == {None, *SEAL_DETAILS}


@pytest.mark.parametrize("path", sorted(make_spec_vectors.texts()), ids=lambda path: str(path.name))
def test_the_script_makes_the_committed_file(path: Path) -> None:
    assert path.read_text(encoding="ascii") == make_spec_vectors.texts()[path]
