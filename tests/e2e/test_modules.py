"""Our browser modules against the Python that has to understand them, and an independent QR encoder."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from playwright.sync_api import Browser, Error, Page
from support.browser import at_modules

from visavis.consent.receipt import (
    as_public_key,
    countersign,
    countersigned_by,
    granted_by,
    read_offer,
    record,
    sign_offer,
)
from visavis.consent.sentences import SENTENCES, Sentences
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind
from visavis.wire import signature

pytestmark = pytest.mark.browser

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CONTROLLER = OKPKey.generate_key("Ed25519")


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """One page for all: modules keep nothing between calls."""
    context = browser.new_context(locale="en-GB", timezone_id="UTC")
    page = context.new_page()
    at_modules(page)
    yield page
    context.close()


def run(page: Page, module: str, body: str, given: Any = None) -> Any:
    """Run ``body`` with the module as ``m`` and ``given`` as ``g``."""
    return page.evaluate(f"async (g) => {{ const m = await import('/static/js/{module}.js'); {body} }}", given)


def offer(text: str = "Für die Tür: „ja“") -> str:
    purpose = Purpose(
        id="pur_a",
        name="Door",
        controller="Acme",
        contact="privacy@acme.example",
        jurisdiction="NL",
        retention_days=90,
        target_kind=TargetKind.FPIR,
        target=0.01,
        liveness=LivenessMode.ATTENDED,
        created_at=NOW,
    )
    gallery = Gallery(id="gal_a", purpose_id="pur_a", name="door", model_id="sim-1", created_at=NOW)
    wording = PurposeText(id="txt_a", purpose_id="pur_a", version=3, language="de", text=text, created_at=NOW)
    asked = record(
        receipt_id="rec_a", subject_id="sub_a", purpose=purpose, text=wording, gallery=gallery, now=NOW, backup_days=31
    )
    return sign_offer(asked, controller_key=CONTROLLER)


CREDENTIAL = "vq1.sub_qj7mwbsf5grukdnr73xwomdpqe.0YAeW0DELE-Dp7Uixjvsxv0Dxbmco0Ip"


@pytest.mark.parametrize("text", [CREDENTIAL, "a", "é" * 42, "\x00" * 84, f"https://faces.example/me#{CREDENTIAL}"])
def test_qr_code_is_the_one_that_another_encoder_draws(
    modules: Page, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pad(buff: Any, _version: int, length: int) -> None:
        # segno adds eight bits where none are missing (ISO/IEC 18004 §7.4.10 asks for none); scanners skip both.
        buff.extend([0] * (-length % 8))

    monkeypatch.setattr(segno.encoder, "write_padding_bits", pad)
    ours = run(modules, "shared/qr", "return [-1, 0, 1, 2, 3, 4, 5, 6, 7].map((mask) => m.qrCode(g, mask))", text)
    assert [code["mask"] for code in ours[1:]] == list(range(8))
    for code in ours:
        theirs = segno.make(
            text,
            version=code["version"],
            error="m",
            mask=code["mask"],
            mode="byte",
            encoding="utf-8",
            boost_error=False,
        )
        assert code["rows"] == [[bool(dark) for dark in row] for row in theirs.matrix]


def test_qr_code_refuses_what_does_not_fit(modules: Page) -> None:
    with pytest.raises(Error, match="too long"):
        run(modules, "shared/qr", "return m.qrCode('x'.repeat(3000))")


def test_signed_request_is_read_by_the_server(modules: Page) -> None:
    body = "return [await m.signedHeaders({...g, body: new TextEncoder().encode(g.text), key: g.key})]"
    key = Ed25519PrivateKey.generate()
    jwk = OKPKey.import_key(key).as_dict(private=True)
    signer = "sub_" + "a" * 26
    given = {
        "method": "POST",
        "path": "/v1/me/withdrawal",
        "text": "höflich",
        "signer": signer,
        "created": 1_800_000_000,
    }
    (headers,) = run(modules, "server/signature", body, {**given, "key": jwk})
    signed = signature.read(
        method="POST",
        path="/v1/me/withdrawal",
        body_digest=hashlib.sha256("höflich".encode()).digest(),
        headers={name.lower(): value for name, value in headers.items()},
    )
    signature.verify(signed, public_key=key.public_key().public_bytes_raw())
    assert (signed.signer, signed.created) == (signer, 1_800_000_000)


def test_every_signature_has_a_nonce_of_its_own(modules: Page) -> None:
    body = """
      const key = await (await import('/static/js/crypto/keys.js')).makeKey();
      const request = {method: "GET", path: "/", body: new Uint8Array(), signer: "s", key, created: 1};
      const one = () => m.signedHeaders(request);
      return [await one(), await one()].map((headers) => headers["Signature-Input"]);
    """
    first, second = run(modules, "server/signature", body)
    assert first != second


def test_countersignature_is_the_one_that_python_makes(modules: Page) -> None:
    key = OKPKey.generate_key("Ed25519")
    token = offer()
    given = [token, key.as_dict(private=True), NOW.isoformat()]
    ours = run(modules, "consent/receipt", "return m.countersign(g[0], g[1], new Date(g[2]))", given)
    signer = as_public_key(countersigned_by(ours, offer=token))
    assert signer.as_dict(private=False)["x"] == key.as_dict(private=False)["x"]
    assert ours.split(".")[1] == countersign(token, subject_key=key, now=NOW).split(".")[1]


@pytest.mark.parametrize("said", SENTENCES.values(), ids=SENTENCES)
def test_pages_sign_the_sentences_that_the_server_checks(modules: Page, said: Sentences) -> None:
    records = [{"language": said.language}, {"language": said.language, "guardian": {}}]
    signed = run(modules, "consent/receipt", "return g.map((r) => m.statementFor(r))", records)
    assert signed == [said.person, said.guardian]


@pytest.mark.parametrize("language", ["en", "de", "de-AT", "DE", "tlh", ""])
def test_grant_is_understood_by_the_server(modules: Page, language: str) -> None:
    body = "const k = await import('/static/js/crypto/keys.js'); const key = await k.makeKey();"
    body += "return [key.x, await m.grant({sessionId: 'ses_a', ...g, key, now: new Date()})]"
    given = {"text": "Nur einmal: „jetzt“", "language": language}
    public, token = run(modules, "consent/receipt", body, given)
    raw = granted_by(token, session_id="ses_a", **given)
    assert as_public_key(raw).as_dict(private=False)["x"] == public


def test_offer_of_the_controller_is_read(modules: Page) -> None:
    token = offer()
    keys = [OKPKey.generate_key("Ed25519").as_dict(private=False), CONTROLLER.as_dict(private=False)]
    assert run(modules, "consent/receipt", "return m.readOffer(g[0], g[1])", [token, keys]) == read_offer(
        token, controller_key=CONTROLLER
    )


@pytest.mark.parametrize("harm", ["another key", "edited text", "another digest", "not an offer"])
def test_offer_that_does_not_check_out_is_refused(modules: Page, harm: str) -> None:
    token = offer()
    keys = [CONTROLLER.as_dict(private=False)]
    if harm == "another key":
        keys = [OKPKey.generate_key("Ed25519").as_dict(private=False)]
    elif harm == "edited text":
        head, _, sign = token.split(".")
        token = ".".join([head, offer("Another text").split(".")[1], sign])
    elif harm == "another digest":
        edited = read_offer(token, controller_key=CONTROLLER)
        edited["pii_processing"]["privacy_notice"]["sha256"] = "0" * 64
        token = sign_offer(edited, controller_key=CONTROLLER)
    else:
        token = countersign(token, subject_key=CONTROLLER, now=NOW)
    with pytest.raises(Error, match=r"signature|text|kind"):
        run(modules, "consent/receipt", "return m.readOffer(g[0], g[1])", [token, keys])


def test_receipt_file_is_read_back_and_a_mixed_one_is_refused(modules: Page) -> None:
    body = """
      const k = await import('/static/js/crypto/keys.js');
      const key = await k.makeKey(), other = await k.makeKey();
      const record = {pii_principal_id: "sub_a", record_id: "rec_a"};
      const countersignature = await m.countersign(g, key, new Date());
      const parts = {server: location.origin, record, offer: g, countersignature, key, logKey: "log+0+A"};
      const read = (parts) => { try { m.parseReceipt(JSON.stringify(m.toReceipt(parts))); return "read"; }
                                catch (error) { return error.message; } };
      const another = {...record, pii_principal_id: "sub_b"};
      const earlier = {...m.toReceipt(parts), log_key: "pinned", log_checkpoint: "seen"};
      return [read(parts), read({...parts, key: other}), read({...parts, record: another}),
              Object.keys(m.toReceipt(parts)), m.toReceipt({...parts, earlier})];
    """
    whole, other_key, other_person, fields, again = run(modules, "consent/receipt", body, offer())
    assert whole == "read"
    assert "do not belong together" in other_key
    assert "do not belong together" in other_person
    assert fields == [
        "visavis_receipt", "server", "subject_id", "receipt_id", "offer", "countersignature", "private_key", "log_key",
    ]  # fmt: skip
    assert (again["log_key"], again["log_checkpoint"]) == ("pinned", "seen")


@pytest.mark.parametrize("text", ["no JSON", "{}", "[]", "null", json.dumps({"visavis_receipt": 2})])
def test_file_that_is_no_receipt_is_refused_in_words(modules: Page, text: str) -> None:
    with pytest.raises(Error, match=r"not a (Visavis )?receipt"):
        run(modules, "consent/receipt", "return m.parseReceipt(g)", text)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"rate": "fpir", "at_most": "0.001"}, "Of strangers who try, at most 1 in 1,000 is taken for somebody here."),
        ({"rate": "fmr", "at_most": "0.0001"}, "Of people who say they are you, at most 1 in 10,000 passes."),
        # 0.003 is 1 in 333.3; "1 in 334" would promise more than was stated.
        ({"rate": "fmr", "at_most": "0.003"}, "Of people who say they are you, at most 1 in 333 passes."),
    ],
)
def test_error_promise_is_told_in_plain_words(modules: Page, target: dict[str, str], words: str) -> None:
    assert run(modules, "shared/words", "return m.promise(g)", target) == words


def test_receipt_moment_is_cut_to_seconds_as_in_python(modules: Page) -> None:
    moment = NOW + timedelta(milliseconds=999)
    key = OKPKey.generate_key("Ed25519")
    token = offer()
    given = [token, key.as_dict(private=True), moment.isoformat()]
    ours = run(modules, "consent/receipt", "return m.countersign(g[0], g[1], new Date(g[2]))", given)
    assert ours.split(".")[1] == countersign(token, subject_key=key, now=moment).split(".")[1]
