"""People in an export bundle: every reference is allowed by a receipt, and every receipt is true."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import pytest
from joserfc.jwk import OKPKey
from support.bundle_lines import (
    A_SECOND,
    A_TICK,
    ANOTHER_BUNDLE,
    END_COUNT,
    END_MEMBERS,
    GONE,
    GOOD,
    HEADER,
    HOW_MANY,
    NO_COUNT,
    NO_LIST,
    NO_TEXT,
    NOT_BASE64,
    NOW,
    OTHER,
    PERSON_MEMBER,
    PERSON_MEMBERS,
    TEMPLATE_LENGTH,
    TOLD,
    UNALLOWED,
    Refusal,
    changed,
    end_read,
    person_read,
    raw,
    refusal,
    two_receipts,
)
from support.bundles import CONTROLLER, PERSON, text_of

from visavis.consent.bundle import (
    End,
    Header,
    controllers_of,
    read_header,
    read_person,
    require_receipts,
    words_of,
)
from visavis.consent.receipt import countersign
from visavis.model.consent import ConsentExpired, ConsentForged
from visavis.model.export import BundleForged

# --- a person


def test_a_person_comes_with_what_they_agreed_to() -> None:
    told = TOLD["person"]
    person = person_read(told)
    assert (person.number, person.subject_id) == (1, "sub_1aaqeayeaudaocajbifqydiob4")
    assert (person.public_key, person.external_reference) == (raw(PERSON), "staff 1")
    ((receipt,), (reference,)) = (person.receipts, person.references)
    assert receipt.id == reference.receipt_id == "rec_1aaqeayeaudaocajbifqydiob4"
    assert (receipt.offer, receipt.countersignature) == (
        told["receipts"][0]["offer"], told["receipts"][0]["countersignature"],
    )  # fmt: skip
    assert reference.template == bytes(4) + b"\x00\x00\x80\x3f" + bytes(8)
    shown = repr(person)
    assert "staff 1" not in shown, "nobody's name comes into a log by accident"
    assert repr(reference.template) not in shown
    assert person_read({**told, "number": 0}).number == 0, "their order is the reader's to keep"


@pytest.mark.parametrize("request_id", ["exp_b", "", None, 5, GONE])
def test_nobody_is_put_into_another_bundle(request_id: object) -> None:
    assert refusal(lambda: person_read(changed(TOLD["person"], ("request_id",), request_id))) == ANOTHER_BUNDLE


@pytest.mark.parametrize("name", sorted(set(TOLD["person"]) - {"request_id"}))
def test_a_person_has_all_their_members_and_no_others(name: str) -> None:
    assert refusal(lambda: person_read(changed(TOLD["person"], (name,), GONE))) == PERSON_MEMBERS
    renamed = {**changed(TOLD["person"], (name,), GONE), name.upper(): TOLD["person"][name]}
    assert refusal(lambda: person_read(renamed)) == PERSON_MEMBERS
    assert refusal(lambda: person_read({**TOLD["person"], f"{name}_more": 1})) == PERSON_MEMBERS


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((("number",), value) for value in NO_COUNT),
        *(((name,), value) for name in ("subject_id", "external_reference") for value in NO_TEXT),
        *(((name,), value) for name in ("receipts", "references") for value in NO_LIST),
        *(
            (("receipts", 0, name), value)
            for name in ("receipt_id", "offer", "countersignature")
            for value in (GONE, *NO_TEXT)
        ),
        *((("references", 0, "receipt_id"), value) for value in (GONE, *NO_TEXT)),
        (("references", 0, "template"), GONE),
    ],
)
def test_a_member_of_a_person_is_of_its_form(path: tuple[str | int, ...], value: object) -> None:
    assert refusal(lambda: person_read(changed(TOLD["person"], path, value))) == PERSON_MEMBER


@pytest.mark.parametrize("path", [("public_key",), ("references", 0, "template")])
@pytest.mark.parametrize("value", [None, 5, "é", "A", "AA==", "AB"])
def test_keys_and_templates_are_base64_in_its_one_form(path: tuple[str | int, ...], value: object) -> None:
    assert refusal(lambda: person_read(changed(TOLD["person"], path, value))) == NOT_BASE64


@pytest.mark.parametrize("length", [0, 4, 15, 17, 20])
def test_a_template_is_as_long_as_the_model_makes_them(length: int) -> None:
    short = {**TOLD["person"]["references"][0], "template": text_of(bytes(length))}
    for before in (0, 1):
        told = {**TOLD["person"], "references": [*TOLD["person"]["references"][:before], short]}
        assert refusal(person_read, told) == TEMPLATE_LENGTH
    assert len(person_read(TOLD["person"], header=replace(HEADER, dimension=4)).references[0].template) == 16


def test_references_of_a_model_of_another_length_are_read_by_its_header() -> None:
    larger = replace(GOOD, dimension=128)
    header = read_header(larger.lines()[0], controller_key=raw(CONTROLLER), now=NOW)
    assert len(read_person(larger.lines()[1], header=header).references[0].template) == 512
    assert refusal(lambda: person_read(TOLD["person"], header=header)) == TEMPLATE_LENGTH


def test_a_template_may_end_in_any_letter() -> None:
    header = replace(HEADER, dimension=3)
    for last in range(64):
        template = bytes(11) + bytes([last])
        told = changed(TOLD["person"], ("references", 0, "template"), text_of(template))
        assert person_read(told, header=header).references[0].template == template


def test_receipts_and_references_keep_their_order() -> None:
    person = person_read(two_receipts())
    assert [receipt.id for receipt in person.receipts] == ["rec_1aaqeayeaudaocajbifqydiob4", "rec_second"]
    assert [reference.template[0] for reference in person.references] == [0, 1, 2]
    assert [reference.receipt_id[:5] for reference in person.references] == ["rec_s", "rec_1", "rec_s"]


def test_each_reference_is_allowed_by_a_receipt_and_each_receipt_allows_one() -> None:
    told = two_receipts()
    for references in (told["references"][:1], told["references"][1:2], told["references"][:0]):
        assert refusal(person_read, {**told, "references": references}) == UNALLOWED
    for receipts in (told["receipts"][:1], told["receipts"][1:], [], [*told["receipts"], told["receipts"][0]]):
        assert refusal(person_read, {**told, "receipts": receipts}) == UNALLOWED


def test_a_person_has_one_to_ten_references() -> None:
    one = TOLD["person"]["references"]
    assert len(person_read({**TOLD["person"], "references": one * 10}).references) == 10
    assert refusal(lambda: person_read({**TOLD["person"], "references": one * 11})) == HOW_MANY
    assert refusal(lambda: person_read({**TOLD["person"], "references": [], "receipts": []})) == HOW_MANY


# --- the end


def test_an_end_says_how_much_there_is() -> None:
    told = {**TOLD["end"], "people": 3, "references": 4, "left_out": 5, "sha256": "ab"}
    assert end_read(told) == End(people=3, references=4, left_out=5, sha256="ab")
    assert end_read({**told, "people": 0, "references": 0, "left_out": 0}) == End(0, 0, 0, "ab")


@pytest.mark.parametrize("name", sorted(TOLD["end"]))
def test_an_end_has_all_its_members_and_no_others(name: str) -> None:
    assert refusal(lambda: end_read(changed(TOLD["end"], (name,), GONE))) == END_MEMBERS
    renamed = {**changed(TOLD["end"], (name,), GONE), name.upper(): TOLD["end"][name]}
    assert refusal(lambda: end_read(renamed)) == END_MEMBERS
    assert refusal(lambda: end_read({**TOLD["end"], f"{name}_more": 1})) == END_MEMBERS


@pytest.mark.parametrize("request_id", ["exp_b", "", None])
def test_the_end_of_another_bundle_is_not_this_ones(request_id: object) -> None:
    told = {**TOLD["end"], "request_id": request_id}
    assert refusal(lambda: end_read(told)) == (BundleForged, "The end is another bundle's.")


@pytest.mark.parametrize("name", ["people", "references", "left_out"])
@pytest.mark.parametrize("value", NO_COUNT)
def test_a_count_is_a_whole_number(name: str, value: object) -> None:
    assert refusal(lambda: end_read({**TOLD["end"], name: value})) == END_COUNT
    assert refusal(lambda: end_read({**TOLD["end"], "sha256": 5})) == END_COUNT


# --- receipts


def asked(told: Mapping[str, Any], *, header: Header = HEADER, now: datetime = NOW) -> list[dict[str, Any]]:
    return require_receipts(person_read(told), header=header, now=now)


def agreed(offer: str, *, key: OKPKey = PERSON) -> dict[str, Any]:
    """The person of the bundle with a receipt over this offer."""
    receipt = {**TOLD["person"]["receipts"][0], "offer": offer, "countersignature": ""}
    receipt["countersignature"] = countersign(offer, subject_key=key, now=NOW)
    return {**TOLD["person"], "receipts": [receipt]}


def test_receipts_say_what_was_agreed_to() -> None:
    offers = asked(two_receipts())
    assert [offer["record_id"] for offer in offers] == ["rec_1aaqeayeaudaocajbifqydiob4", "rec_second"]
    assert [words_of(offer) for offer in offers] == [("en", GOOD.words)] * 2
    assert [controllers_of(offer) for offer in offers] == [["Acme"]] * 2


PLACE: Final = (ConsentForged, "The receipt is for other photos or another person, gallery or purpose.")
UNSIGNED_OFFER: Final = (ConsentForged, "The signature does not check out.")
ANOTHER_KEY: Final = (ConsentForged, "The receipt was countersigned with another key than the subject's.")
ANOTHER_CONTROLLER: Final = (ConsentForged, "The receipt names another controller than the bundle.")


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (GOOD.person(1, offer={"record_id": "rec_b"}), PLACE),
        (GOOD.person(1, offer={"pii_principal_id": "sub_b"}), PLACE),
        (GOOD.person(1, offer={"gallery_id": "gal_b"}), PLACE),
        (GOOD.person(1, offer={"pii_processing": {"purposes": []}}), PLACE),
        ({**TOLD["person"], "subject_id": "sub_b"}, PLACE),
        (agreed(replace(GOOD, purpose_id="pur_b").offer("rec_1aaqeayeaudaocajbifqydiob4", "sub_b")), PLACE),
        (agreed(replace(GOOD, key=OTHER).person(1)["receipts"][0]["offer"]), UNSIGNED_OFFER),
        (agreed(TOLD["person"]["receipts"][0]["offer"], key=OTHER), ANOTHER_KEY),
        ({**TOLD["person"], "public_key": text_of(raw(OTHER))}, ANOTHER_KEY),
        ({**TOLD["person"], "public_key": text_of(bytes(32))}, (ConsentForged, "The person's key is none.")),
        ({**TOLD["person"], "public_key": text_of(raw(PERSON)[:-1])}, (ConsentForged, "The person's key is none.")),
        ({**TOLD["person"], "receipts": GOOD.person(2)["receipts"], "references": GOOD.person(2)["references"]}, PLACE),
        (replace(GOOD, controller="Others").person(1), ANOTHER_CONTROLLER),
    ],
)
def test_a_receipt_that_is_not_true_is_refused(told: dict[str, Any], why: Refusal) -> None:
    assert refusal(lambda: asked(told)) == why


NO_OFFER: Final = (ConsentForged, "What the controller signed has not the form of an offer.")


@pytest.mark.parametrize(
    "signed",
    [
        {"pii_processing": None},
        {"pii_processing": []},
        {"pii_processing": {"purposes": 5}},
        {"pii_processing": {"purposes": ["pur_a"]}},
        {"pii_processing": {"purposes": [{"purpose_id": GOOD.purpose_id}]}},
        {"pii_processing": {"purposes": [{"purpose_id": GOOD.purpose_id, "pii_controllers": 5}]}},
        {"pii_processing": {"purposes": [{"purpose_id": GOOD.purpose_id, "pii_controllers": ["Acme"]}]}},
    ],
)
def test_a_foreign_controller_who_signs_what_is_no_offer_is_refused(signed: dict[str, Any]) -> None:
    assert refusal(lambda: asked(GOOD.person(1, offer=signed))) == NO_OFFER


def test_every_receipt_is_asked_for_and_not_the_first_alone() -> None:
    told = two_receipts()
    told["receipts"][1]["countersignature"] = told["receipts"][0]["countersignature"]
    assert refusal(lambda: asked(told)) == (ConsentForged, "The countersignature is for another offer.")


def test_the_purposes_controller_is_the_headers() -> None:
    for controller in ("Others", None, ["Acme"]):
        purpose = {**HEADER.purpose, "controller": controller}
        header = replace(HEADER, purpose=purpose)
        assert refusal(asked, TOLD["person"], header=header) == ANOTHER_CONTROLLER
    header = replace(HEADER, purpose={"id": HEADER.purpose_id})
    assert refusal(lambda: asked(TOLD["person"], header=header)) == ANOTHER_CONTROLLER


def test_a_consent_serves_up_to_the_second_that_it_says() -> None:
    told = GOOD.person(1, offer={"valid_until": (NOW + A_SECOND).isoformat()})
    assert asked(told, now=NOW + A_SECOND - A_TICK)
    with pytest.raises(ConsentExpired):
        asked(told, now=NOW + A_SECOND)


def test_every_controller_of_an_offer_is_named_in_order() -> None:
    purposes = [{"pii_controllers": ["b", "a"]}, {"pii_controllers": []}, {"pii_controllers": ["c"]}]
    assert controllers_of({"pii_processing": {"purposes": purposes}}) == ["b", "a", "c"]
