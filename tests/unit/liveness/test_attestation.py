"""Whose word counts for a device, and which certificates are none."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ObjectIdentifier, UnrecognizedExtension
from fixtures.devices import SINCE, UNTIL, Maker, TokenKey, usage

from visavis.liveness.attestation import Roots
from visavis.model.attestation import MAX_CHAIN_BYTES, AttestationRefused

NOW: Final = SINCE + timedelta(days=1000)
KEY: Final = TokenKey().public_key
MAKER: Final = Maker()
UNKNOWN: Final = UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")


@pytest.fixture
def roots() -> Roots:
    return Roots(MAKER.root)


@pytest.mark.parametrize(
    "raw", [KEY, Ed25519PrivateKey.generate().public_key().public_bytes_raw()], ids=["P-256", "Ed"]
)
@pytest.mark.parametrize("between", [0, 1, 3])
def test_a_device_below_a_root_is_vouched_for(raw: bytes, between: int) -> None:
    maker = Maker(between=between)
    until = NOW + timedelta(days=30)
    found = Roots(maker.root).attested(maker.chain(raw, until=until), public_key=raw, now=NOW)
    assert (found.until, found.issuer) == (until, f"CN=Maker {between}")


def test_it_is_vouched_for_until_the_first_certificate_is_over(roots: Roots) -> None:
    assert roots.attested(MAKER.chain(KEY), public_key=KEY, now=NOW).until == UNTIL == roots.until
    assert len(roots) == 1


def test_one_root_of_several_is_enough() -> None:
    several = Roots(Maker("Another").root + MAKER.root)
    assert several.attested(MAKER.chain(KEY), public_key=KEY, now=NOW).until == UNTIL


CHAINS: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no certificate in PEM"),
    "no PEM": (lambda: b"\x30\x82", "no certificate in PEM"),
    "a key": (lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate in PEM"),
    "torn": (lambda: _first(MAKER.chain(KEY))[:200], "no certificate in PEM"),
    "too long": (lambda: MAKER.chain(KEY) + b"\n" * MAX_CHAIN_BYTES, "longer than any"),
    "too many": (lambda: MAKER.chain(KEY) * 3, "longer than any"),
    "another key's": (lambda: MAKER.chain(TokenKey().public_key), "another key"),
    "of another curve": (lambda: _of(ec.generate_private_key(ec.SECP384R1())), "another key"),
    "another maker's": (lambda: Maker("Another").chain(KEY), "attestation_roots"),
    "another maker's of the same name": (lambda: Maker().chain(KEY), "attestation_roots"),
    "a maker too far": (lambda: Maker(between=4).chain(KEY), "attestation_roots"),
    "without what is between": (lambda: _first(MAKER.chain(KEY)), "attestation_roots"),
    "over": (lambda: MAKER.chain(KEY, until=NOW - timedelta(seconds=1)), "attestation_roots"),
    "not yet": (lambda: MAKER.chain(KEY, since=NOW + timedelta(seconds=1)), "attestation_roots"),
    "for something else": (lambda: MAKER.chain(KEY, serves=usage(issues=True)), "something else than signing"),
    "that issues": (
        lambda: MAKER.chain(KEY, more=[(x509.BasicConstraints(ca=True, path_length=None), True)]),
        "signing",
    ),
    "that says what nobody knows": (lambda: MAKER.chain(KEY, more=[(UNKNOWN, True)]), "critical extension"),
}


@pytest.mark.parametrize("named", CHAINS)
def test_anything_else_is_refused_and_says_why(roots: Roots, named: str) -> None:
    chain, why = CHAINS[named]
    with pytest.raises(AttestationRefused, match=why):
        roots.attested(chain(), public_key=KEY, now=NOW)


def test_a_chain_of_the_roots_own_length_is_kept_to() -> None:
    """A root that allows nothing between itself and devices has nothing between."""
    strict = Maker(length=0, between=1)
    with pytest.raises(AttestationRefused, match="attestation_roots"):
        Roots(strict.root).attested(strict.chain(KEY), public_key=KEY, now=NOW)
    direct = Maker(length=0, between=0)
    assert Roots(direct.root).attested(direct.chain(KEY), public_key=KEY, now=NOW).until == UNTIL


def test_what_nobody_has_to_know_is_passed_over(roots: Roots) -> None:
    assert roots.attested(MAKER.chain(KEY, more=[(UNKNOWN, False)]), public_key=KEY, now=NOW).until == UNTIL


def test_a_device_cannot_vouch_for_another(roots: Roots) -> None:
    """Whoever has the key of one device signs a certificate for a key of their own."""
    device = TokenKey()
    own = Maker("Device 17", between=0)
    own.keys, own.issuers = [device.inner], [x509.load_pem_x509_certificates(MAKER.chain(device.public_key))[0]]
    forged = own.chain(KEY) + MAKER.chain(device.public_key)
    with pytest.raises(AttestationRefused, match="attestation_roots"):
        roots.attested(forged, public_key=KEY, now=NOW)


@pytest.mark.parametrize("pem", [b"", b"none", MAKER.root[:-100]], ids=["empty", "no PEM", "torn"])
def test_roots_that_are_none_are_no_roots(pem: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Roots(pem)


def _first(chain: bytes) -> bytes:
    end = b"-----END CERTIFICATE-----\n"
    return chain.partition(end)[0] + end


def _of(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Other")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(SINCE).not_valid_after(UNTIL)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)
