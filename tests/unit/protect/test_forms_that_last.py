"""What was stored by one release is read by the next, and what is refused says why."""

import json
from base64 import b64decode
from datetime import UTC, datetime

import numpy as np
import pytest
from support.keys import KEYS

from visavis.model.consent import Reference, Subject, SubjectState
from visavis.model.keys import SealBroken, SubjectSecret
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.pin import hash_pin, new_pin, pin_fits
from visavis.protect.references import open_template, seal_personal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(range(32))
GALLERY = Gallery("gal_a", "pur_a", "name", "model", NOW)
SUBJECT = Subject("sub_a", "gal_a", SubjectState.ACTIVE, b"", b"", None, NOW)
VECTOR = (np.arange(1, 9) / np.linalg.norm(np.arange(1, 9))).astype(np.float32)
FIRST = SubjectSecret(tagging=KEY, sealing=KEY, version=0)
"""As installations of the first release have them."""
PLACE = Context("reference", ("ref_a", "rec_a", "sub_a", "gal_a", "model"))
STORED_PIN = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$ZbPpnMEoNoH6gXUXf59fv8npmHNfKAdz6cjinvP6alc"
"""Of the PIN 123456 of sub_a, with the salt 00 to 0f."""


def opened(vector: np.ndarray) -> Template:
    sealed = seal(vector.astype("<f4").tobytes(), key=KEY, context=PLACE)
    reference = Reference("ref_a", "sub_a", "enr_a", sealed, b"", NOW)
    return open_template(reference, receipt_id="rec_a", secret=FIRST, keys=KEYS, subject=SUBJECT, gallery=GALLERY)


@pytest.mark.parametrize("length", [0.9995, 1.0, 1.0005])
def test_a_template_that_rounding_made_a_little_longer_or_shorter_opens(length: float) -> None:
    assert opened(VECTOR * length).model_id == "model"


@pytest.mark.parametrize("length", [0.997, 1.003])
def test_a_template_that_is_off_by_more_than_rounding_is_refused(length: float) -> None:
    with pytest.raises(SealBroken) as refused:
        opened(VECTOR * length)
    assert refused.value.detail == "A reference is not a unit vector."


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_every_byte_of_a_key_version_counts(at: int) -> None:
    sealed = bytearray(seal(b"x", key=KEY, context=PLACE))
    sealed[at] = 1
    with pytest.raises(SealBroken) as refused:
        unseal(bytes(sealed), key=KEY, context=PLACE)
    assert refused.value.detail == "A sealed reference names a version of its key that is not held."


def test_a_value_of_another_form_or_place_says_so() -> None:
    sealed = seal(b"x", key=KEY, context=PLACE)
    with pytest.raises(SealBroken) as form:
        unseal(b"\x02" + sealed[1:], key=KEY, context=PLACE)
    assert form.value.detail == "A sealed value has an unknown form."
    with pytest.raises(SealBroken) as place:
        unseal(sealed, key=KEY, context=PLACE._replace(kind="personal fields"))
    assert place.value.detail == "A sealed personal fields was moved, edited or sealed with another key."


def test_the_order_in_which_fields_were_given_cannot_be_told_from_what_is_sealed() -> None:
    context = Context("personal fields", ("sub_a", "gal_a"))
    for fields in ({"b": "2", "a": "1"}, {"a": "1", "b": "2"}):
        sealed = seal_personal(fields, secret=FIRST, subject_id="sub_a", gallery_id="gal_a")
        assert unseal(sealed, key=KEY, context=context) == b'{"a": "1", "b": "2"}'
    assert json.loads(unseal(sealed, key=KEY, context=context)) == fields


def test_a_pin_hash_that_was_stored_once_fits_its_pin_for_good() -> None:
    assert pin_fits("123456", pin_hash=STORED_PIN, pepper=KEY, subject_id="sub_a")
    assert not pin_fits("123457", pin_hash=STORED_PIN, pepper=KEY, subject_id="sub_a")


def test_each_pin_hash_has_sixteen_bytes_of_salt_and_thirty_two_of_hash() -> None:
    salt, hashed = hash_pin("123456", pepper=KEY, subject_id="sub_a").split("$")[-2:]
    assert [len(b64decode(text + "==")) for text in (salt, hashed)] == [16, 32]


def test_every_pin_of_six_digits_is_drawn_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[int] = []

    def highest(bound: int) -> int:
        bounds.append(bound)
        return bound - 1

    monkeypatch.setattr("secrets.randbelow", highest)
    assert new_pin() == "999999"
    assert bounds == [1_000_000]
