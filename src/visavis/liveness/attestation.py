"""Whether a station's key is in a device that somebody vouches for: X.509 certificates below roots that are trusted."""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from visavis.model.attestation import MAX_CHAIN, MAX_CHAIN_BYTES, Attestation, AttestationRefused

_SIGNING: Final = "The certificate is for something else than signing."


class Roots:
    """Certificates of those whose word is taken: makers of devices, or whoever provisions them here."""

    def __init__(self, pem: bytes) -> None:
        """Read them.

        :param pem: one or several certificates. :raises ValueError: it holds none, or something else.
        """
        self._trusted = x509.load_pem_x509_certificates(pem)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._trusted)

    @property
    def until(self) -> datetime:
        """When the first of them is over."""
        return min(root.not_valid_after_utc for root in self._trusted)

    def attested(self, chain: bytes, *, public_key: bytes, now: datetime) -> Attestation:
        """What a chain says of the device that holds a key.

        1. It is of its form: PEM, the device's certificate first, not longer than any.
        2. The device's certificate is of that very key, for signing, and issues no others.
        3. It was issued below one of the roots, by certificates that may issue (RFC 5280, as the verifier of pyca
           cryptography checks it for the web), and every part is good now.

        :param chain: untrusted. :param public_key: the station's, raw.
        :raises AttestationRefused: the detail says which.
        """
        # 1
        device, others = _read(chain)
        # 2
        if _raw_key(device) != public_key:
            raise AttestationRefused("The certificate is of another key than the station's.")
        _require_signing(device)
        # 3
        verifier = (
            PolicyBuilder()
            .store(Store(self._trusted))
            .time(now)
            .max_chain_depth(MAX_CHAIN - 2)  # counts what stands between the device and a root
            .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
            .build_client_verifier()
        )
        try:
            found = verifier.verify(device, others).chain
        except VerificationError as error:
            raise AttestationRefused(f"No chain to a certificate in 'attestation_roots' holds: {error}.") from None
        return Attestation(issuer=device.issuer.rfc4514_string(), until=min(one.not_valid_after_utc for one in found))


def _read(chain: bytes) -> tuple[x509.Certificate, list[x509.Certificate]]:
    if len(chain) > MAX_CHAIN_BYTES:
        raise AttestationRefused("The chain is longer than any.")
    try:
        device, *others = x509.load_pem_x509_certificates(chain)
    except ValueError:
        raise AttestationRefused("The chain holds no certificate in PEM, or something else.") from None
    if len(others) >= MAX_CHAIN:
        raise AttestationRefused("The chain is longer than any.")
    return device, others


def _raw_key(certificate: x509.Certificate) -> bytes | None:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return None


def _require_signing(device: x509.Certificate) -> None:
    try:
        extensions = device.extensions
    except ValueError:
        raise AttestationRefused("The certificate's extensions cannot be read.") from None
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise AttestationRefused(_SIGNING)
        if isinstance(value, x509.KeyUsage) and not value.digital_signature:
            raise AttestationRefused(_SIGNING)
        if extension.critical and isinstance(value, x509.UnrecognizedExtension):
            raise AttestationRefused("The certificate has a critical extension that nothing here knows.")
