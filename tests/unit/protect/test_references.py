"""What is sealed for a subject opens where it belongs."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from visavis.model.consent import Reference, Subject, SubjectState
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.envelope import Context, seal
from visavis.protect.references import open_personal, open_template, seal_personal, seal_template

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(range(32))
GALLERY = Gallery("gal_a", "pur_a", "name", "model", NOW)
SUBJECT = Subject("sub_a", "gal_a", SubjectState.ACTIVE, b"", b"", None, NOW)
VECTOR = (np.arange(1, 9) / np.linalg.norm(np.arange(1, 9))).astype(np.float32)


def reference() -> Reference:
    sealed = seal_template(
        Template(VECTOR, "model"),
        subject_key=KEY,
        reference_id="ref_a",
        receipt_id="rec_a",
        subject_id="sub_a",
        gallery=GALLERY,
    )
    return Reference("ref_a", "sub_a", "enr_a", sealed, b"", NOW)


def test_a_template_comes_back_as_it_was() -> None:
    opened = open_template(reference(), receipt_id="rec_a", subject_key=KEY, subject=SUBJECT, gallery=GALLERY)
    assert np.array_equal(opened.vector, VECTOR)
    assert opened.vector.dtype == np.float32
    assert opened.model_id == "model"


@pytest.mark.parametrize(
    ("moved", "receipt_id", "subject", "gallery"),
    [
        (replace(reference(), id="ref_b"), "rec_a", SUBJECT, GALLERY),
        (reference(), "rec_b", SUBJECT, GALLERY),
        (reference(), "", SUBJECT, GALLERY),
        (reference(), "rec_a", replace(SUBJECT, id="sub_b"), GALLERY),
        (reference(), "rec_a", SUBJECT, replace(GALLERY, id="gal_b")),
        (reference(), "rec_a", SUBJECT, replace(GALLERY, model_id="other")),
    ],
)
def test_a_reference_elsewhere_is_refused(
    moved: Reference, receipt_id: str, subject: Subject, gallery: Gallery
) -> None:
    with pytest.raises(SealBroken):
        open_template(moved, receipt_id=receipt_id, subject_key=KEY, subject=subject, gallery=gallery)


@pytest.mark.parametrize("vector", [np.zeros(8), np.full(8, np.nan), VECTOR * 2])
def test_a_reference_that_is_no_unit_vector_is_refused(vector: np.ndarray) -> None:
    context = Context("reference", ("ref_a", "rec_a", "sub_a", "gal_a", "model"))
    sealed = seal(vector.astype("<f4").tobytes(), key=KEY, context=context)
    with pytest.raises(SealBroken, match="unit vector"):
        open_template(
            replace(reference(), sealed=sealed), receipt_id="rec_a", subject_key=KEY, subject=SUBJECT, gallery=GALLERY
        )


def test_a_name_opens_for_its_person_and_gallery() -> None:
    sealed = seal_personal({"n": "Ann É"}, subject_key=KEY, subject_id="sub_a", gallery_id="gal_a")
    assert open_personal(replace(SUBJECT, sealed_personal=sealed), subject_key=KEY) == {"n": "Ann É"}
    for other in (replace(SUBJECT, id="sub_b"), replace(SUBJECT, gallery_id="gal_b")):
        with pytest.raises(SealBroken):
            open_personal(replace(other, sealed_personal=sealed), subject_key=KEY)
