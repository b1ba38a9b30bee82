import base64
import hashlib
import json
import string
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixtures import make_vectors
from hypothesis import assume, given
from hypothesis import strategies as st

from visavis.model.station import SignatureRefused
from visavis.wire import signature

VECTORS: list[dict[str, Any]] = json.loads(make_vectors.VECTORS.read_text(encoding="ascii"))["vectors"]
PUBLIC = make_vectors.KEY.public_key().public_bytes_raw()
METHOD, PATH, BODY = "POST", "/v1/sessions", make_vectors.OPEN
HEADERS = make_vectors.signed(METHOD, PATH, BODY)

positions = st.integers(min_value=0, max_value=10_000)
characters = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


def check(method: str, path: str, body: bytes, headers: dict[str, str], *, public_key: bytes = PUBLIC) -> None:
    digest = hashlib.sha256(body).digest()
    signed = signature.read(method=method, path=path, body_digest=digest, headers=headers)
    signature.verify(signed, public_key=public_key)


def failure_of(vector: dict[str, Any]) -> str | None:
    body = base64.b64decode(vector["body_base64"])
    digest = hashlib.sha256(body).digest()
    try:
        signed = signature.read(
            method=vector["method"], path=vector["path"], body_digest=digest, headers=vector["headers"]
        )
    except SignatureRefused as refused:
        return "body" if "body" in refused.detail else "form"
    try:
        signature.verify(signed, public_key=bytes.fromhex(vector["public_key_hex"]))
    except SignatureRefused:
        return "signature"
    return None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_ends_as_the_specification_says(vector: dict[str, Any]) -> None:
    assert failure_of(vector) == vector["failure"]


def test_the_committed_vectors_are_what_the_script_makes() -> None:
    assert make_vectors.VECTORS.read_text(encoding="ascii") == make_vectors.text()


def test_the_specification_shows_the_first_vector() -> None:
    text = (make_vectors.VECTORS.parents[1] / "signed-request.md").read_text(encoding="utf-8")
    for value in VECTORS[0]["headers"].values():
        assert value in text
    lines = text.split("```text\n", 1)[1].split("\n```", 1)[0]
    made = base64.b64decode(VECTORS[0]["headers"]["signature"].split(":")[1])
    make_vectors.KEY.public_key().verify(made, lines.encode())


def test_what_is_read_is_what_was_signed() -> None:
    signed = signature.read(method=METHOD, path=PATH, body_digest=hashlib.sha256(BODY).digest(), headers=HEADERS)
    assert (signed.signer, signed.nonce, signed.created) == (
        make_vectors.STATION,
        make_vectors.NONCE,
        make_vectors.CREATED,
    )


@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    path=st.from_regex(r"(/[a-z0-9_-]{1,20}){1,4}", fullmatch=True),
    body=st.binary(max_size=200),
)
def test_what_sign_signs_is_accepted(method: str, path: str, body: bytes) -> None:
    headers = signature.sign(
        method=method, path=path, body=body, signer=make_vectors.STATION, private_key=make_vectors.KEY, created=1
    )
    check(method, path, body, {name.lower(): value for name, value in headers.items()})


@given(position=positions, character=characters, part=st.sampled_from(["method", "path", *HEADERS]))
def test_any_changed_character_of_method_path_or_headers_is_refused(position: int, character: str, part: str) -> None:
    request = {"method": METHOD, "path": PATH, **HEADERS}
    before = request[part]
    place = position % len(before)
    request[part] = before[:place] + character + before[place + 1 :]
    assume(request[part] != before)
    headers = {name: request[name] for name in HEADERS}
    with pytest.raises(SignatureRefused):
        check(request["method"], request["path"], BODY, headers)


def test_a_signature_has_one_spelling() -> None:
    """The last character before ``==`` carries two bits of the signature; the four others must be nought."""
    spelt = HEADERS["signature"]
    for last in (string.ascii_letters + string.digits + "+/").replace(spelt[-4], ""):
        with pytest.raises(SignatureRefused):
            check(METHOD, PATH, BODY, {**HEADERS, "signature": spelt[:-4] + last + spelt[-3:]})


@given(position=positions, value=st.integers(min_value=0, max_value=255))
def test_any_changed_byte_of_the_body_is_refused(position: int, value: int) -> None:
    place = position % len(BODY)
    changed = BODY[:place] + bytes([value]) + BODY[place + 1 :]
    assume(changed != BODY)
    with pytest.raises(SignatureRefused, match="body"):
        check(METHOD, PATH, changed, HEADERS)


@given(added=st.binary(min_size=1, max_size=8), in_front=st.booleans())
def test_a_longer_or_shorter_body_is_refused(added: bytes, in_front: bool) -> None:  # noqa: FBT001 -- drawn by Hypothesis
    with pytest.raises(SignatureRefused):
        check(METHOD, PATH, added + BODY if in_front else BODY + added, HEADERS)
    with pytest.raises(SignatureRefused):
        check(METHOD, PATH, BODY[len(added) :], HEADERS)


@pytest.mark.parametrize("missing", sorted(HEADERS))
def test_a_missing_header_is_refused(missing: str) -> None:
    with pytest.raises(SignatureRefused):
        check(METHOD, PATH, BODY, {name: value for name, value in HEADERS.items() if name != missing})


@given(seed=st.binary(min_size=32, max_size=32))
def test_no_other_key_passes(seed: bytes) -> None:
    other = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assume(other != PUBLIC)
    with pytest.raises(SignatureRefused):
        check(METHOD, PATH, BODY, HEADERS, public_key=other)


def test_every_signature_has_a_fresh_nonce() -> None:
    made = {
        signature.sign(
            method=METHOD,
            path=PATH,
            body=BODY,
            signer=make_vectors.STATION,
            private_key=make_vectors.KEY,
            created=make_vectors.CREATED,
        )["Signature-Input"]
        for _ in range(20)
    }
    assert len(made) == 20
