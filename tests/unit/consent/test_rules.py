"""Rule S1's five checks, each broken alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from joserfc.jwk import OKPKey

from visavis.consent.receipt import countersign, countersigned_by, record, sign_offer
from visavis.consent.rules import require_live_consent
from visavis.model.consent import ConsentExpired, ConsentForged, ConsentMissing, Receipt, Subject, SubjectState
from visavis.model.errors import ConsentRefused
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTROLLER, KEY, OTHER = (OKPKey.generate_key("Ed25519") for _ in range(3))
PURPOSE = Purpose("pur_a", "Door", "Acme", "a@b", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)
TEXT = PurposeText("pur_a.1", "pur_a", 1, "en", "We open the door.", NOW)
GALLERY = Gallery("gal_a", "pur_a", "name", "model", NOW)


def offer(*, receipt_id: str = "rec_a", subject_id: str = "sub_a", key: OKPKey = CONTROLLER) -> str:
    asked = record(
        receipt_id=receipt_id,
        subject_id=subject_id,
        purpose=PURPOSE,
        text=TEXT,
        gallery=GALLERY,
        now=NOW,
        backup_days=31,
    )
    return sign_offer(asked, controller_key=key)


def receipt(given: str, *, key: OKPKey = KEY) -> Receipt:
    signed = countersign(given, subject_key=key, now=NOW)
    return Receipt("rec_a", "enr_a", "sub_a", given, signed, NOW + timedelta(days=90))


GOOD = receipt(offer())
SUBJECT = Subject(
    "sub_a", "gal_a", SubjectState.ACTIVE, b"", b"", countersigned_by(str(GOOD.countersignature), offer=GOOD.offer), NOW
)


def ask(
    asked: Receipt | None = GOOD,
    *,
    subject: Subject = SUBJECT,
    purpose_id: str = "pur_a",
    now: datetime = NOW,
) -> None:
    require_live_consent(asked, subject=subject, purpose_id=purpose_id, controller_key=CONTROLLER, now=now)


def test_consent_that_is_whole_is_enough() -> None:
    ask()
    ask(now=NOW + timedelta(days=90) - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (None, ConsentMissing),
        (replace(GOOD, countersignature=None), ConsentMissing),
        (replace(GOOD, countersignature=""), ConsentForged),
        (receipt(offer(key=OTHER)), ConsentForged),
        (replace(GOOD, id="rec_b"), ConsentForged),
        (receipt(offer(subject_id="sub_b")), ConsentForged),
        (replace(GOOD, countersignature=receipt(offer(receipt_id="rec_b")).countersignature), ConsentForged),
        (receipt(offer(), key=OTHER), ConsentForged),
    ],
)
def test_each_of_the_first_four_checks_is_made(asked: Receipt | None, refusal: type[ConsentRefused]) -> None:
    with pytest.raises(refusal):
        ask(asked)


@pytest.mark.parametrize(
    "subject",
    [
        replace(SUBJECT, id="sub_b"),
        replace(SUBJECT, gallery_id="gal_b"),
        replace(SUBJECT, public_key=None),
        replace(SUBJECT, public_key=bytes(32)),
    ],
)
def test_the_receipt_is_this_subjects(subject: Subject) -> None:
    with pytest.raises(ConsentForged):
        ask(subject=subject)


def test_the_receipt_is_for_this_purpose() -> None:
    with pytest.raises(ConsentForged):
        ask(purpose_id="pur_b")


def test_the_signed_date_counts_and_no_column() -> None:
    for asked in (GOOD, replace(GOOD, expires_at=NOW + timedelta(days=9999))):
        with pytest.raises(ConsentExpired):
            ask(asked, now=NOW + timedelta(days=90))
    ask(replace(GOOD, expires_at=NOW - timedelta(days=9999)))
