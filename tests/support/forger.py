"""A forger of countersignatures: everything a JOSE library may be talked into, one function each."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from visavis.consent.sentences import ENGLISH

TYPE = "visavis-countersignature+jws"
_ORDER = 2**252 + 27742317777372353535851937790883648493


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def as_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


class Forger:
    """Has the offer and a key of their own, and writes JWS by hand."""

    def __init__(self, offer: str) -> None:
        self.offer = offer
        self.key = Ed25519PrivateKey.generate()
        self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(self.key.public_key().public_bytes_raw())}
        self.header: dict[str, Any] = {"alg": "Ed25519", "typ": TYPE, "jwk": self.jwk}
        self.payload = {
            "given_at": "2026-01-01T00:00:00Z",
            "offer_sha256": hashlib.sha256(offer.encode()).hexdigest(),
            "statement": ENGLISH.person,
        }

    def token(
        self, *, payload: bytes | None = None, sign: Callable[[bytes], bytes] | None = None, head: bytes | None = None,
        **header: Any,
    ) -> str:  # fmt: skip
        merged = {name: value for name, value in {**self.header, **header}.items() if value is not None}
        first = b64(as_json(merged) if head is None else head)
        signed = f"{first}.{b64(as_json(self.payload) if payload is None else payload)}"
        return f"{signed}.{b64((sign or self.key.sign)(signed.encode()))}"


def fitting(forger: Forger) -> str:
    """What is refused below differs from this in one thing only."""
    return forger.token()


def another_key(forger: Forger) -> str:
    return forger.token(sign=Ed25519PrivateKey.generate().sign)


def another_offer(forger: Forger) -> str:
    return forger.token(payload=as_json({**forger.payload, "offer_sha256": "0" * 64}))


def no_offer(forger: Forger) -> str:
    return forger.token(payload=as_json({"statement": ENGLISH.person}))


def another_statement(forger: Forger) -> str:
    return forger.token(payload=as_json({**forger.payload, "statement": "I have read the purpose."}))


def alg_none(forger: Forger) -> str:
    return forger.token(alg="none", sign=lambda _: b"")


def alg_none_in_capitals(forger: Forger) -> str:
    return forger.token(alg="NONE", sign=lambda _: b"")


def alg_none_with_a_signature(forger: Forger) -> str:
    return forger.token(alg="none")


def no_alg(forger: Forger) -> str:
    return forger.token(alg=None)


def hmac_with_the_public_key(forger: Forger) -> str:
    public = forger.key.public_key().public_bytes_raw()
    return forger.token(alg="HS256", sign=lambda signed: hmac.digest(public, signed, "sha256"))


def hmac_with_the_public_keys_text(forger: Forger) -> str:
    return forger.token(alg="HS256", sign=lambda signed: hmac.digest(forger.jwk["x"].encode(), signed, "sha256"))


def hmac_with_an_octet_key_in_the_header(forger: Forger) -> str:
    jwk = {"kty": "oct", "k": b64(b"k" * 32)}
    return forger.token(alg="HS256", jwk=jwk, sign=lambda signed: hmac.digest(b"k" * 32, signed, "sha256"))


def elliptic_curve(forger: Forger) -> str:
    key = ECKey.generate_key("P-256")
    header = {**forger.header, "alg": "ES256", "jwk": key.as_dict(private=False)}
    return str(jws.serialize_compact(header, as_json(forger.payload), key, algorithms=["ES256"]))


def old_name_of_the_algorithm(forger: Forger) -> str:
    return forger.token(alg="EdDSA")


def key_of_another_curve(forger: Forger) -> str:
    return forger.token(jwk={**forger.jwk, "crv": "X25519"})


def key_of_a_longer_curve(forger: Forger) -> str:
    key = OKPKey.generate_key("Ed448")
    jwk = {"kty": "OKP", "crv": "Ed448", "x": key.as_dict(private=False)["x"]}
    return forger.token(jwk=jwk, sign=key.private_key.sign)  # type: ignore[union-attr] # a key that signs


def key_with_its_private_half(forger: Forger) -> str:
    return forger.token(jwk={**forger.jwk, "d": b64(forger.key.private_bytes_raw())})


def key_with_a_purpose(forger: Forger) -> str:
    return forger.token(jwk={**forger.jwk, "use": "sig"})


def no_key(forger: Forger) -> str:
    return forger.token(jwk=None)


def key_elsewhere(forger: Forger) -> str:
    return forger.token(jwk=None, jku="https://attacker.example/jwks.json")


def key_here_and_elsewhere(forger: Forger) -> str:
    return forger.token(jku="https://attacker.example/jwks.json")


def key_by_name(forger: Forger) -> str:
    return forger.token(jwk=None, kid="../../keys/root.key")


def key_in_a_certificate(forger: Forger) -> str:
    return forger.token(x5c=["AAAA"], x5u="https://attacker.example/c.pem")


def unencoded_payload(forger: Forger) -> str:
    return forger.token(b64=False, crit=["b64"])


def critical_extension(forger: Forger) -> str:
    return forger.token(crit=["typ"])


def unknown_critical_extension(forger: Forger) -> str:
    return forger.token(crit=["visavis"], visavis=True)


def other_type(forger: Forger) -> str:
    return forger.token(typ="visavis-grant+jws")


def no_type(forger: Forger) -> str:
    return forger.token(typ=None)


def header_named_twice(forger: Forger) -> str:
    whole = as_json(forger.header).decode()
    return forger.token(head=whole.replace('{"alg"', '{"alg":"none","alg"', 1).encode(), sign=lambda _: b"")


def header_that_is_a_list(forger: Forger) -> str:
    return forger.token(head=as_json([forger.header]))


def payload_named_twice(forger: Forger) -> str:
    whole = as_json(forger.payload).decode()
    twice = whole.replace('"offer_sha256"', f'"offer_sha256":"{"0" * 64}","offer_sha256"', 1)
    return forger.token(payload=twice.encode())


def payload_with_spaces(forger: Forger) -> str:
    return forger.token(payload=json.dumps(forger.payload, sort_keys=True).encode())


def payload_in_another_order(forger: Forger) -> str:
    return forger.token(payload=as_json(forger.payload)[:-1] + b',"a":1}')


def payload_in_another_encoding(forger: Forger) -> str:
    return forger.token(payload=as_json(forger.payload).decode().encode("utf-16"))


def payload_with_a_mark(forger: Forger) -> str:
    return forger.token(payload=b"\xef\xbb\xbf" + as_json(forger.payload))


def payload_that_is_a_list(forger: Forger) -> str:
    return forger.token(payload=as_json([forger.payload]))


def payload_that_is_deep(forger: Forger) -> str:
    return forger.token(payload=b"[" * 20_000 + b"]" * 20_000)


def no_signature(forger: Forger) -> str:
    return forger.token().rpartition(".")[0] + "."


def two_parts(forger: Forger) -> str:
    return forger.token().rpartition(".")[0]


def four_parts(forger: Forger) -> str:
    return forger.token() + ".AAAA"


def json_serialisation(forger: Forger) -> str:
    header, payload, signature = forger.token().split(".")
    return json.dumps({"protected": header, "payload": payload, "signature": signature})


def malleable_signature(forger: Forger) -> str:
    """S + L is a second signature that a lax verifier takes (RFC 8032, 5.1.7)."""

    def sign(signed: bytes) -> bytes:
        good = forger.key.sign(signed)
        return good[:32] + (int.from_bytes(good[32:], "little") + _ORDER).to_bytes(32, "little")

    return forger.token(sign=sign)


def padded(forger: Forger) -> str:
    return forger.token() + "=="


def with_a_line_feed(forger: Forger) -> str:
    return forger.token() + "\n"


def with_a_space(forger: Forger) -> str:
    return " " + forger.token()


def split_by_a_space(forger: Forger) -> str:
    token = forger.token()
    return token[:-10] + " " + token[-10:]


def with_unused_bits(forger: Forger) -> str:
    """86 characters hold 516 bits, a signature has 512: the last character has four that say nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = forger.token()
    return token[:-1] + letters[letters.index(token[-1]) + 1]


def key_with_unused_bits(forger: Forger) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    x = forger.jwk["x"]
    return forger.token(jwk={**forger.jwk, "x": x[:-1] + letters[letters.index(x[-1]) + 1]})


def key_with_a_line_feed(forger: Forger) -> str:
    return forger.token(jwk={**forger.jwk, "x": forger.jwk["x"] + "\n"})


def key_that_is_too_long(forger: Forger) -> str:
    return forger.token(jwk={**forger.jwk, "x": forger.jwk["x"] + "AAAA"})


def in_the_common_alphabet(forger: Forger) -> str:
    for number in range(200):
        token = forger.token(payload=as_json({**forger.payload, "given_at": str(number)}))
        head, _, signature = token.rpartition(".")
        if "-" in signature or "_" in signature:
            return head + "." + signature.replace("-", "+").replace("_", "/")
    raise AssertionError("unlikely")


def huge(forger: Forger) -> str:
    return forger.token(payload=as_json({**forger.payload, "more": "x" * 40_000}), visavis="x" * 8000)


def the_offer_itself(forger: Forger) -> str:
    return forger.offer


def nothing(_: Forger) -> str:
    return ""


def no_text(_: Forger) -> str:
    return "\u0000.\ud7ff.\u2028"


FORGERIES = [
    another_key, another_offer, no_offer, another_statement, alg_none, alg_none_in_capitals, alg_none_with_a_signature,
    no_alg, hmac_with_the_public_key, hmac_with_the_public_keys_text, hmac_with_an_octet_key_in_the_header,
    elliptic_curve, old_name_of_the_algorithm, key_of_another_curve, key_of_a_longer_curve, key_with_its_private_half,
    key_with_a_purpose, no_key, key_elsewhere, key_here_and_elsewhere, key_by_name, key_in_a_certificate,
    unencoded_payload, critical_extension, unknown_critical_extension, other_type, no_type, header_named_twice,
    header_that_is_a_list, payload_named_twice, payload_with_spaces, payload_in_another_order,
    payload_in_another_encoding, payload_with_a_mark, payload_that_is_a_list, payload_that_is_deep, no_signature,
    two_parts, four_parts, json_serialisation, malleable_signature, padded, with_a_line_feed, with_a_space,
    split_by_a_space, with_unused_bits, key_with_unused_bits, key_with_a_line_feed, key_that_is_too_long,
    in_the_common_alphabet, huge, the_offer_itself, nothing, no_text,
]  # fmt: skip
