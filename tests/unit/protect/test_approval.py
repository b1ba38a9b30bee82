"""What custodians sign, and whether enough of them did."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pyrage import x25519

from visavis.model.errors import VisavisError
from visavis.model.export import (
    Approval,
    ApprovalForeign,
    ApprovalRepeated,
    ApprovalsTooFew,
    ApprovalUnfit,
    ExportExpired,
    ExportMalformed,
    ExportRequest,
    NoCustodians,
    RecipientMalformed,
)
from visavis.model.keys import Custodian, Custody
from visavis.protect.approval import (
    approval_in,
    approve,
    message,
    read_request,
    require_approved,
    require_recipient,
    told_of,
    write_request,
)

NOW: Final = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
RECIPIENT: Final = str(x25519.Identity.generate().to_public())
KEYS: Final = [Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in range(1, 6)]
STRANGER: Final = Ed25519PrivateKey.from_private_bytes(bytes([99]) * 32)


def custody(*keys: Ed25519PrivateKey, threshold: int = 3) -> Custody:
    custodians = tuple(
        Custodian(number, f"custodian {number}", key.public_key().public_bytes_raw())
        for number, key in enumerate(keys or KEYS, start=1)
    )
    return Custody("quorum", threshold, custodians)


def request(**changed: Any) -> ExportRequest:
    made = ExportRequest(
        id="exp_" + "a" * 26,
        installation="faces.example/log",
        purpose_id="pur_" + "b" * 26,
        gallery_id="gal_" + "c" * 26,
        recipient=RECIPIENT,
        reason="the building moves to another operator",
        asked_by="first",
        made_at=NOW,
        expires_at=NOW + timedelta(days=2),
        nonce="A" * 22,
    )
    return dataclasses.replace(made, **changed)


DOCUMENT: Final = write_request(request())


def approvals(*keys: Ed25519PrivateKey, document: bytes = DOCUMENT) -> list[Approval]:
    return [approve(document, approval_key=key) for key in keys]


def refused(
    document: bytes, said: list[Approval], *, by: Custody | None = None, now: datetime = NOW
) -> type[VisavisError] | None:
    try:
        require_approved(document, said, custody=by or custody(), now=now)
    except VisavisError as error:
        return type(error)
    return None


def test_a_quorum_of_the_custodians_is_enough_and_more_is_no_fault() -> None:
    for some in (KEYS[:3], KEYS[2:], KEYS):
        assert require_approved(DOCUMENT, approvals(*some), custody=custody(), now=NOW) == request()


@given(st.sets(st.integers(0, 4)), st.integers(1, 5))
def test_whoever_they_are_the_number_of_custodians_decides(some: set[int], threshold: int) -> None:
    said = approvals(*(KEYS[number] for number in some))
    expected = None if len(some) >= threshold else ApprovalsTooFew
    assert refused(DOCUMENT, said, by=custody(threshold=threshold)) is expected


def test_one_less_than_the_quorum_is_nothing() -> None:
    assert refused(DOCUMENT, approvals(*KEYS[:2])) is ApprovalsTooFew
    assert refused(DOCUMENT, []) is ApprovalsTooFew


def test_a_custodian_counts_once_however_often_they_sign() -> None:
    assert refused(DOCUMENT, approvals(KEYS[0], KEYS[1], KEYS[1])) is ApprovalRepeated


def test_two_seats_with_one_key_are_one_custodian() -> None:
    one = custody(KEYS[0], KEYS[0], KEYS[1], threshold=2)
    assert refused(DOCUMENT, approvals(KEYS[0], KEYS[0]), by=one) is ApprovalRepeated


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "exp_" + "b" * 26},
        {"recipient": str(x25519.Identity.generate().to_public())},
        {"gallery_id": "gal_" + "d" * 26},
        {"reason": "another"},
        {"expires_at": NOW + timedelta(days=3)},
        {"nonce": "B" * 21 + "A"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_was_signed_for_another_request_is_nothing_for_this(changed: dict[str, Any]) -> None:
    other = write_request(request(**changed))
    assert refused(DOCUMENT, approvals(KEYS[0], KEYS[1]) + approvals(KEYS[2], document=other)) is ApprovalUnfit
    assert refused(other, approvals(*KEYS[:3])) is ApprovalUnfit


def test_whoever_is_no_custodian_any_more_spoils_it() -> None:
    without = custody(*KEYS[:4])
    assert refused(DOCUMENT, approvals(*KEYS[2:]), by=without) is ApprovalForeign
    assert refused(DOCUMENT, approvals(*KEYS), by=without) is ApprovalForeign
    assert refused(DOCUMENT, approvals(STRANGER, *KEYS[:3])) is ApprovalForeign


def test_time_ends_it_and_a_clock_set_back_does_not_stretch_it() -> None:
    said = approvals(*KEYS[:3])
    assert refused(DOCUMENT, said, now=NOW + timedelta(days=2)) is ExportExpired
    assert refused(DOCUMENT, said, now=NOW - timedelta(seconds=1)) is ExportExpired
    assert refused(DOCUMENT, said, now=NOW + timedelta(days=2, seconds=-1)) is None


def test_a_root_key_in_a_file_has_no_quorum() -> None:
    said = approvals(*KEYS[:3])
    for by in (Custody("keyfile"), Custody("keyfile", 3, custody().custodians), Custody("quorum", 0, ())):
        assert refused(DOCUMENT, said, by=by) is NoCustodians


def test_a_signature_over_the_bare_request_is_no_approval() -> None:
    """Nor is one over anything else: what is signed begins with a line that says what for."""
    bare = Approval(KEYS[0].public_key().public_bytes_raw(), KEYS[0].sign(DOCUMENT))
    assert refused(DOCUMENT, [bare, *approvals(*KEYS[1:3])]) is ApprovalUnfit
    assert message(DOCUMENT).startswith(b"visavis export approval 1\n{")


def edited(**members: Any) -> bytes:
    told = {**json.loads(DOCUMENT), **members}
    return rfc8785.dumps({name: value for name, value in told.items() if value is not None})


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 5000,
        DOCUMENT + b" ",
        DOCUMENT.replace(b",", b", ", 1),
        b" " * 9000,
        edited(format="visavis-export-request-2"),
        edited(extra="x"),
        edited(reason=None),
        edited(reason=""),
        edited(reason="x" * 201),
        edited(reason="a\nb"),
        edited(reason="\u202eabc"),
        edited(id="exp_x"),
        edited(gallery_id="pur_" + "c" * 26),
        edited(recipient=RECIPIENT.upper()),
        edited(recipient="age1" + "q" * 58),
        edited(recipient=3),
        edited(made_at="2027-02-30T00:00:00Z"),
        edited(made_at="2027-01-15T10:00:00+00:00"),
        edited(expires_at="2027-01-15T10:00:00Z"),
        edited(expires_at="2027-01-22T10:00:01Z"),
        edited(nonce="B" * 22),
    ],
)
def test_a_request_of_another_form_is_none(document: bytes) -> None:
    with pytest.raises(ExportMalformed):
        read_request(document)
    with pytest.raises(ExportMalformed):
        approve(document, approval_key=KEYS[0])


def test_a_request_reads_as_it_was_written() -> None:
    assert read_request(DOCUMENT) == request()
    longest = request(expires_at=NOW + timedelta(days=7))
    assert read_request(write_request(longest)) == longest


@pytest.mark.parametrize(
    "text",
    ["", "age1", RECIPIENT[:-1], RECIPIENT.upper(), f" {RECIPIENT}", "ssh-ed25519 AAAA"],
    ids=["nothing", "a beginning", "cut short", "in capitals", "behind a space", "of another kind"],
)
def test_only_an_age_public_key_is_a_recipient(text: str) -> None:
    require_recipient(RECIPIENT)
    with pytest.raises(RecipientMalformed):
        require_recipient(text)


@pytest.mark.parametrize(
    "broken", [{"key": "x"}, {"signature": "A" * 85}, {"key": "A" * 42 + "B"}, {"key": "A" * 43 + "="}, {"more": ""}]
)
def test_an_approval_travels_in_one_form(broken: dict[str, str]) -> None:
    (good,) = approvals(KEYS[0])
    assert approval_in(told_of(good)) == good
    with pytest.raises(ApprovalUnfit):
        approval_in({**told_of(good), **broken})
