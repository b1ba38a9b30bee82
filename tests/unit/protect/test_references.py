"""What is sealed for a subject opens where it belongs."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from support.keys import KEYS, SECRET

from visavis.model.consent import Reference, Subject, SubjectState
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.references import (
    Stored,
    open_personal,
    open_sealed,
    open_stored,
    open_template,
    seal_personal,
    seal_stored,
    seal_template,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GALLERY = Gallery("gal_a", "pur_a", "name", "model", NOW)
SUBJECT = Subject("sub_a", "gal_a", SubjectState.ACTIVE, b"", b"", None, NOW)
VECTOR = (np.arange(1, 9) / np.linalg.norm(np.arange(1, 9))).astype(np.float32)


def reference() -> Reference:
    sealed = seal_template(
        Template(VECTOR, "model"),
        secret=SECRET,
        keys=KEYS,
        reference_id="ref_a",
        receipt_id="rec_a",
        subject_id="sub_a",
        gallery=GALLERY,
    )
    return Reference("ref_a", "sub_a", "enr_a", sealed, b"", NOW)


def test_a_template_comes_back_as_it_was() -> None:
    opened = open_template(reference(), receipt_id="rec_a", secret=SECRET, keys=KEYS, subject=SUBJECT, gallery=GALLERY)
    assert np.allclose(opened.vector, VECTOR, atol=1e-6)
    assert opened.vector.dtype == np.float32
    assert opened.model_id == "model"


def test_a_template_is_stored_transformed_and_says_by_which_version() -> None:
    stored = open_stored(reference(), receipt_id="rec_a", secret=SECRET, subject=SUBJECT, gallery=GALLERY)
    assert stored.version == 1
    assert abs(float(stored.vector @ VECTOR)) < 0.99
    assert np.allclose(KEYS.moved(stored.vector, stored=1, wanted=0), VECTOR, atol=1e-6)
    with pytest.raises(SealBroken, match="not held"):
        GalleryKeys({}).moved(stored.vector, stored=1, wanted=0)


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
        open_stored(moved, receipt_id=receipt_id, secret=SECRET, subject=subject, gallery=gallery)


@pytest.mark.parametrize("vector", [np.zeros(8), np.full(8, np.nan), VECTOR * 2])
def test_a_reference_that_is_no_unit_vector_is_refused(vector: np.ndarray) -> None:
    names = ("ref_a", "rec_a", "sub_a", "gal_a", "model")
    sealed = seal_stored(Stored(vector.astype(np.float32), 1), secret=SECRET, names=names)
    with pytest.raises(SealBroken, match="unit vector"):
        open_sealed(sealed, secret=SECRET, names=names)


def test_a_name_opens_for_its_person_and_gallery() -> None:
    sealed = seal_personal({"n": "Ann É"}, secret=SECRET, subject_id="sub_a", gallery_id="gal_a")
    assert open_personal(replace(SUBJECT, sealed_personal=sealed), secret=SECRET) == {"n": "Ann É"}
    for other in (replace(SUBJECT, id="sub_b"), replace(SUBJECT, gallery_id="gal_b")):
        with pytest.raises(SealBroken):
            open_personal(replace(other, sealed_personal=sealed), secret=SECRET)
