"""TLS: what has to hold for those who open a link to be convinced."""

import ipaddress
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

from visavis.adapters.doctor.check import Check
from visavis.adapters.listening import require_private, require_tls_usable
from visavis.settings import Settings

_WARN: Final = timedelta(days=14)
_LEAST_RSA_BITS: Final = 2048
_LEAST_EC_BITS: Final = 256
_BROKEN_HASHES: Final = {"md5", "sha1"}
_OTHERS: Final = 0o077
_RENEW: Final = "Renew the certificate and restart the server."


def tls(settings: Settings) -> Iterator[Check]:
    """TLS is set where it has to be, and convinces.

    1. Without it, and an ``https`` address for links, nobody beyond this machine is let in.
    2. Certificate and key load and belong together.
    3. Every certificate in the file is in date.
    4. They stand in order: each is signed by the next.
    5. The first is for the host that links name.
    6. Keys are long enough, and signatures of a kind that holds.
    7. Nobody else can read the key.
    8. Whether anybody but us vouches for it.
    """
    require_private(settings)
    if settings.tls_cert is None or settings.tls_key is None:
        yield Check("tls", "ok", f"Not set; {settings.host} is reached from this machine only.")
        return
    require_tls_usable(settings)
    chain = x509.load_pem_x509_certificates(settings.tls_cert.read_bytes())
    yield _dates(chain)
    yield _order(chain)
    yield _name(chain[0], settings)
    yield _strength(chain)
    yield _key(settings.tls_key)
    yield _vouched(chain)


def _dates(chain: list[x509.Certificate]) -> Check:
    """The certificate that ends first decides."""
    now = datetime.now(UTC)
    begin = max(certificate.not_valid_before_utc for certificate in chain)
    end = min(certificate.not_valid_after_utc for certificate in chain)
    if now < begin:
        return Check("tls", "fail", f"The certificate begins at {begin:%Y-%m-%d}.", _RENEW)
    if now >= end:
        return Check("tls", "fail", f"The certificate ended at {end:%Y-%m-%d}.", _RENEW)
    if end - now < _WARN:
        return Check("tls", "warn", f"The certificate ends at {end:%Y-%m-%d}.", _RENEW)
    return Check("tls", "ok", f"The certificate is good until {end:%Y-%m-%d}.")


def _order(chain: list[x509.Certificate]) -> Check:
    for place, (one, above) in enumerate(pairwise(chain), start=1):
        try:
            one.verify_directly_issued_by(above)
        except (ValueError, TypeError, InvalidSignature):
            mend = "Put the server's certificate first, then the one that signed it, and so on up."
            return Check("tls chain", "fail", f"Certificate {place} is not signed by the one after it.", mend)
    return Check("tls chain", "ok", f"{len(chain)} in order.")


def _name(certificate: x509.Certificate, settings: Settings) -> Check:
    host = urlsplit(settings.base_url).hostname or settings.host
    names, addresses = _names(certificate)
    try:
        covered = ipaddress.ip_address(host) in addresses
    except ValueError:
        covered = any(_matches(host.lower(), name.lower()) for name in names)
    if covered:
        return Check("tls name", "ok", f"It is for {host}.")
    mend = "Get a certificate with this name among its alternative names, or set VISAVIS_PUBLIC_URL to one it has."
    return Check("tls name", "fail", f"The certificate is not for {host}: browsers and stations will refuse it.", mend)


def _names(certificate: x509.Certificate) -> tuple[list[str], list[ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    """The alternative names. The subject's own name counts for nothing with today's clients."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [], []
    addresses = found.get_values_for_type(x509.IPAddress)
    return found.get_values_for_type(x509.DNSName), [
        address for address in addresses if isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)
    ]


def _matches(host: str, name: str) -> bool:
    """A star stands for the first label, and for that one only (RFC 9525)."""
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:] and bool(host.partition(".")[0])
    return host == name


def _strength(chain: list[x509.Certificate]) -> Check:
    for place, certificate in enumerate(chain, start=1):
        what = _weakness(certificate)
        # What a root says of itself is not checked by anybody: its signature does not matter.
        if what and not (what.startswith("signature") and certificate.issuer == certificate.subject and place > 1):
            mend = "Get a certificate with an EC key, or RSA of 2048 bits or more, signed with SHA-256 or better."
            return Check("tls strength", "fail", f"Certificate {place} is too weak: {what}.", mend)
    return Check("tls strength", "ok", "Keys and signatures are strong enough.")


def _weakness(certificate: x509.Certificate) -> str:
    key, digest = certificate.public_key(), certificate.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        return f"RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _LEAST_EC_BITS:
        return f"EC key of {key.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA key"
    return f"signature with {digest.name.upper()}" if digest is not None and digest.name in _BROKEN_HASHES else ""


def _key(path: Path) -> Check:
    if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        return Check("tls key", "warn", f"Others can read {path}.", "Run 'chmod 600' on it.")
    return Check("tls key", "ok", f"{path}, its owner's alone.")


def _vouched(chain: list[x509.Certificate]) -> Check:
    if len(chain) == 1 and chain[0].issuer == chain[0].subject:
        mend = "Use one of an authority that browsers know; or give it to each browser and station to trust."
        return Check("tls trust", "warn", "The certificate is signed by itself: nobody trusts it by default.", mend)
    return Check("tls trust", "ok", "Somebody else signed it.")
