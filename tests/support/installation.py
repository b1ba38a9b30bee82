"""An installation in order with tiny networks, and certificates of our own making."""

import ipaddress
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from fixtures.networks import (
    DETECTOR_CARD,
    EMBEDDER_CARD,
    EYES_CARD,
    LANDMARKER_CARD,
    edge_distance_detector,
    mean_embedder,
    place,
    points_network,
)

from visavis import bootstrap
from visavis.adapters import doctor
from visavis.adapters.doctor import Check
from visavis.settings import Settings

HOST = "faces.example"
CALIBRATION = {
    "model_id": "tiny-embedder",
    "fmr_floor": 0.01,
    "people": 1000,
    "points": [
        {"fmr": 0.1, "threshold": 0.2, "low": 0.09, "high": 0.11},
        {"fmr": 0.01, "threshold": 0.3, "low": 0.008, "high": 0.012},
    ],
    "misses": [
        {
            "photos": 1,
            "people": 400,
            "points": [
                {"threshold": 0.2, "fnmr": 0.01, "low": 0.005, "high": 0.02},
                {"threshold": 0.3, "fnmr": 0.02, "low": 0.01, "high": 0.03},
            ],
        }
    ],
}


def make_installation(folder: Path) -> Path:
    """Models, key and data in one folder."""
    models = folder / "models"
    place(models, card=DETECTOR_CARD, network=edge_distance_detector())
    home = place(models, card=EMBEDDER_CARD, network=mean_embedder())
    place(models, card=LANDMARKER_CARD, network=points_network({"points": 468 * 3, "presence": 1}))
    place(models, card=EYES_CARD, network=points_network({"points": 71 * 3}))
    (home / "calibration.json").write_text(json.dumps(CALIBRATION), encoding="utf-8")
    bootstrap.initialise(settings_of(folder))
    return folder


def settings_of(folder: Path, **changed: Any) -> Settings:
    models = folder / "models"
    fields = {
        "data_dir": folder / "data",
        "key_file": folder / "root.key",
        "models": models,
        "cards": models,
        "detector": "tiny-detector",
        "embedder": "tiny-embedder",
        "landmarker": "tiny-landmarker",
        "eyes": "tiny-eyes",
        "host": "127.0.0.1",
        "tls_cert": None,
        "tls_key": None,
    }
    return Settings(**{**fields, **changed})


def findings(settings: Settings, name: str) -> list[Check]:
    return [check for check in doctor.diagnose(settings) if check.name == name]


def finding(settings: Settings, name: str) -> Check:
    (only,) = findings(settings, name)
    return only


class Authority:
    """Somebody who signs certificates: itself, or by another."""

    def __init__(
        self, name: str, *, above: "Authority | None" = None, key: CertificateIssuerPrivateKeyTypes | None = None
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.above = above
        self.certificate = (above or self).signed(self.name, self.key, is_authority=True)

    def signed(
        self,
        name: x509.Name,
        key: CertificateIssuerPrivateKeyTypes,
        *,
        begins: float = -1,
        ends: float = 90,
        hosts: tuple[str, ...] = (),
        is_authority: bool = False,
    ) -> x509.Certificate:
        """A certificate, from and until so many days from now."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=ends))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_named(host) for host in hosts]), critical=False
            )
        return builder.sign(self.key, hashes.SHA256())


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certify(
    folder: Path,
    *,
    begins: float = -1,
    ends: float = 90,
    hosts: tuple[str, ...] = (HOST,),
    by: Authority | None = None,
    chain: tuple[Authority, ...] = (),
    key: CertificateIssuerPrivateKeyTypes | None = None,
) -> dict[str, Path]:
    """Write a certificate and its key; signed by itself where nobody else signs it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = by or Authority(HOST, key=key)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    leaf = signer.signed(name, key, begins=begins, ends=ends, hosts=hosts)
    told = [leaf, *(authority.certificate for authority in chain)]
    (folder / "tls.crt").write_bytes(b"".join(certificate.public_bytes(Encoding.PEM) for certificate in told))
    write_key(folder / "tls.key", key)
    return {"tls_cert": folder / "tls.crt", "tls_key": folder / "tls.key"}


def write_key(path: Path, key: CertificateIssuerPrivateKeyTypes, *, password: bytes | None = None) -> None:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    path.chmod(0o600)
