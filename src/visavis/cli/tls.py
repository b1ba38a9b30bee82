"""``visavis tls``: a certificate to try cameras with, which work on secure pages only."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from visavis.cli.output import show
from visavis.cli.shell import Group, Shell, pass_shell
from visavis.client.private_files import write_private

_HERE: Final = ("localhost", "127.0.0.1", "::1")
_SLOW_CLOCK: Final = timedelta(hours=1)
"""A device whose clock is so far behind takes a new certificate."""
_LONGEST_NAME: Final = 64
"""RFC 5280, A.1: a common name. Browsers look at the alternative names only."""


@click.group(cls=Group)
def tls() -> None:
    """Certificates."""


@tls.command("self-signed")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--host", "hosts", multiple=True, help="A name or address of the server; can be repeated.")
@click.option("--days", type=click.IntRange(min=1, max=398), default=30, show_default=True, help="How long it is good.")
@pass_shell
def self_signed(shell: Shell, folder: Path, hosts: tuple[str, ...], days: int) -> None:
    """Make a certificate that nobody vouches for, and its key, for a trial.

    Browsers warn of it until it is made known to the device by hand. Compare the fingerprint there with the one that
    is shown here. For more than a trial use a certificate of an authority that devices know.
    """
    names = [_name(host) for host in hosts or _HERE]
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, names, days=days)
    cert_file, key_file = folder / "tls.crt", folder / "tls.key"
    if not folder.is_dir():
        raise click.UsageError(f"There is no folder {folder}.")
    if cert_file.exists():
        raise click.UsageError(f"There is a file at {cert_file}. Move it away, or name another folder.")
    write_private(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(cert_file, certificate.public_bytes(Encoding.PEM))
    told = {
        "tls_cert": str(cert_file),
        "tls_key": str(key_file),
        "hosts": [str(name.value) for name in names],
        "expires_at": certificate.not_valid_after_utc.isoformat(),
        "sha256": certificate.fingerprint(SHA256()).hex(":"),
    }
    show(shell, told)


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        name = ""
    if not name or name != name.strip():
        raise click.UsageError(f"{host!r} is not a name or address.")
    return x509.DNSName(name)


def _certificate(key: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName], *, days: int) -> x509.Certificate:
    now = datetime.now(UTC).replace(microsecond=0)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value)[:_LONGEST_NAME])])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLOW_CLOCK)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(key, SHA256())
    )
