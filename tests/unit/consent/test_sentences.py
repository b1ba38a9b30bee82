"""The language of what is signed: it is the text's, it is part of the offer, and no other one holds in its place."""

from dataclasses import astuple
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from visavis.consent import receipt
from visavis.consent.sentences import ENGLISH, GERMAN, SENTENCES, Sentences, sentences_in
from visavis.model.consent import ConsentForged
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTROLLER, PERSON = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
SPEC = Path(__file__).parents[3] / "spec" / "consent-receipt.md"

each_language = pytest.mark.parametrize("said", SENTENCES.values(), ids=SENTENCES)


def record(language: str, *, guardian_until: date | None = None) -> dict[str, Any]:
    """What somebody is asked who reads a text in this language."""
    purpose = Purpose(
        id="pur_a", name="Door", controller="Acme", contact="a@acme.example", jurisdiction="DE", retention_days=90,
        target_kind=TargetKind.FPIR, target=0.01, liveness=LivenessMode.ATTENDED, created_at=NOW,
    )  # fmt: skip
    return receipt.record(
        receipt_id="rec_a", subject_id="sub_a", purpose=purpose, now=NOW, backup_days=31, guardian_until=guardian_until,
        text=PurposeText("pur_a.1", "pur_a", 1, language, "Wir öffnen die Tür.", NOW),
        gallery=Gallery("gal_a", "pur_a", "Staff", "a-model", NOW),
    )  # fmt: skip


def signed(of: dict[str, Any]) -> str:
    return receipt.sign_offer(of, controller_key=CONTROLLER)


def countersigned(offer: str, statement: str) -> str:
    """Somebody agrees to this offer with a sentence of their choice."""
    said = {"offer_sha256": receipt._digest(offer), "statement": statement, "given_at": "2026-01-01T12:00:00Z"}
    return receipt._sign(said, receipt.COUNTERSIGNATURE_TYPE, PERSON, {"jwk": receipt._public(PERSON)})


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("en", ENGLISH),
        ("de", GERMAN),
        ("de-AT", GERMAN),
        ("DE", GERMAN),
        ("fr", ENGLISH),
        ("", ENGLISH),
        ("d", ENGLISH),
    ],
)
def test_a_text_brings_the_sentences_of_its_language_or_english_ones(tag: str, said: Sentences) -> None:
    assert sentences_in(tag) is said
    asked = record(tag)
    assert asked["language"] == said.language
    purpose = asked["pii_processing"]["purposes"][0]
    assert (purpose["processing_methods"], purpose["withdrawal_method"]) == (said.methods, said.withdrawal)


@each_language
def test_what_is_signed_is_in_the_language_of_the_offer(said: Sentences) -> None:
    for guardian_until, statement in ((None, said.person), (date(2030, 1, 1), said.guardian)):
        offer = signed(record(said.language, guardian_until=guardian_until))
        assert receipt.statement_for(offer) == statement
        token = receipt.countersign(offer, subject_key=PERSON, now=NOW)
        assert receipt.countersigned_by(token, offer=offer)
        assert token.split(".")[1] == countersigned(offer, statement).split(".")[1]


@each_language
def test_no_other_sentence_is_taken_whatever_its_language(said: Sentences) -> None:
    every = {getattr(one, name) for one in SENTENCES.values() for name in ("person", "guardian", "grant")}
    for guardian_until, statement in ((None, said.person), (date(2030, 1, 1), said.guardian)):
        offer = signed(record(said.language, guardian_until=guardian_until))
        for other in every - {statement}:
            with pytest.raises(ConsentForged):
                receipt.countersigned_by(countersigned(offer, other), offer=offer)


def test_a_receipt_of_the_first_releases_stays_valid_in_english() -> None:
    first = {name: value for name, value in record("en").items() if name != "language"}
    offer = signed(first)
    assert receipt.read_offer(offer, controller_key=CONTROLLER) == first
    assert receipt.countersigned_by(countersigned(offer, ENGLISH.person), offer=offer)


@pytest.mark.parametrize("language", ["tlh", "de-AT", "DE", "", None, 1, ["de"], {"de": "de"}])
def test_an_offer_in_a_language_without_sentences_is_refused(language: object) -> None:
    offer = signed({**record("de"), "language": language})
    with pytest.raises(ConsentForged, match="no sentences"):
        receipt.read_offer(offer, controller_key=CONTROLLER)


@each_language
def test_s2_what_is_done_at_night_is_told_in_each_language(said: Sentences) -> None:
    asked = record(said.language)
    assert receipt.announces_measuring(asked)
    assert receipt.announces_look_alikes(asked)
    purpose = asked["pii_processing"]["purposes"][0]
    purpose["processing_methods"] = [said.template, said.look_alikes]
    assert (receipt.announces_measuring(asked), receipt.announces_look_alikes(asked)) == (False, True)
    purpose["processing_methods"] = [said.template, said.measured]
    assert (receipt.announces_measuring(asked), receipt.announces_look_alikes(asked)) == (True, False)


@each_language
def test_a_grant_is_in_the_language_of_its_text(said: Sentences) -> None:
    token = receipt.grant(session_id="ses_a", text="t", language=said.language, holder_key=PERSON, now=NOW)
    assert receipt.granted_by(token, session_id="ses_a", text="t", language=said.language)
    for other in SENTENCES.keys() - {said.language}:
        with pytest.raises(ConsentForged):
            receipt.granted_by(token, session_id="ses_a", text="t", language=other)


@each_language
def test_the_specification_has_every_sentence(said: Sentences) -> None:
    written = " ".join(SPEC.read_text(encoding="utf-8").split())
    for sentence in astuple(said)[1:]:
        assert f"| {sentence} |" in written
