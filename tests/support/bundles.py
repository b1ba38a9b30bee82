"""Bundles of a controller elsewhere, made without a server: as they should be, and one thing changed."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from visavis.consent.bundle import FORMAT, write_line
from visavis.consent.receipt import countersign, record, sign_offer
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind

_SOME: Final = "aaaqeayeaudaocajbifqydiob4"


def key_of(private_hex: str) -> OKPKey:
    """A key that everybody knows."""
    raw = bytes.fromhex(private_hex)
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "d": text_of(raw), "x": text_of(public)})


def text_of(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


# RFC 8032, section 7.1, TEST 1 and 2.
CONTROLLER: Final = key_of("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PERSON: Final = key_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
RECIPIENT: Final = "age1dw99qrugnvwwvhsvfphs7qm0n4ru05awtrdu8sfy6cv3tlzppptqzw5ldy"


@dataclass
class Foreign:
    """A controller's bundle: its parts are made when they are asked for."""

    now: datetime = field(default_factory=lambda: datetime.fromtimestamp(1_800_000_000, UTC))
    words: str = "We open the door when our station recognises you. A PIN or a QR code opens it as well."
    controller: str = "Acme"
    model_id: str = "sface-2021dec"
    dimension: int = 4
    key: OKPKey = field(default_factory=lambda: CONTROLLER)
    request_id: str = f"exp_{_SOME}"
    gallery_id: str = f"gal_{_SOME}"
    purpose_id: str = f"pur_{_SOME}"

    @property
    def purpose(self) -> Purpose:
        return Purpose(
            id=self.purpose_id,
            name="Staff door",
            controller=self.controller,
            contact="privacy@acme.example",
            jurisdiction="NL",
            retention_days=90,
            target_kind=TargetKind.FPIR,
            target=0.01,
            liveness=LivenessMode.ATTENDED,
            created_at=self.now,
        )

    @property
    def gallery(self) -> Gallery:
        return Gallery(self.gallery_id, self.purpose_id, "Staff", self.model_id, self.now)

    def request(self) -> dict[str, str]:
        stamp = self.now.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
        until = (self.now + timedelta(days=3)).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
        return {
            "format": "visavis-export-request-1",
            "id": self.request_id,
            "installation": "faces.example/log",
            "purpose_id": self.purpose_id,
            "gallery_id": self.gallery_id,
            "recipient": RECIPIENT,
            "reason": "the building gets another operator",
            "asked_by": "first",
            "made_at": stamp,
            "expires_at": until,
            "nonce": "AAECAwQFBgcICQoLDA0ODw",
        }

    def header(self, **changed: Any) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "request": self.request(),
            "approvals": [],
            "gallery": {"id": self.gallery_id, "name": "Staff"},
            "purpose": {
                "id": self.purpose_id,
                "name": "Staff door",
                "controller": self.controller,
                "contact": "privacy@acme.example",
                "jurisdiction": "NL",
                "retention_days": 90,
                "target_kind": "fpir",
                "target": 0.01,
                "liveness": "attended",
                "texts": [{"version": 1, "language": "en", "text": self.words}],
            },
            "controller_key": {name: str(self.key.as_dict(private=False)[name]) for name in ("kty", "crv", "x")},
            "model_id": self.model_id,
            "dimension": self.dimension,
            "made_at": self.request()["made_at"],
            **changed,
        }

    def offer(self, receipt_id: str, subject_id: str, **changed: Any) -> str:
        text = PurposeText(f"{self.purpose_id}.1", self.purpose_id, 1, "en", self.words, self.now)
        told = record(
            receipt_id=receipt_id,
            subject_id=subject_id,
            purpose=self.purpose,
            text=text,
            gallery=self.gallery,
            now=self.now,
            backup_days=31,
        )
        return sign_offer({**told, **changed}, controller_key=self.key)

    def person(self, number: int = 1, *, offer: Mapping[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        """A person of that number; ``offer`` changes what they agreed to."""
        subject_id, receipt_id = f"sub_{number}{_SOME[1:]}", f"rec_{number}{_SOME[1:]}"
        signed = self.offer(receipt_id, subject_id, **(offer or {}))
        vector = np.zeros(self.dimension, dtype="<f4")
        vector[number % self.dimension] = 1.0
        return {
            "request_id": self.request_id,
            "number": number,
            "subject_id": subject_id,
            "public_key": str(PERSON.as_dict(private=False)["x"]),
            "external_reference": f"staff {number}",
            "receipts": [
                {
                    "receipt_id": receipt_id,
                    "offer": signed,
                    "countersignature": countersign(signed, subject_key=PERSON, now=self.now),
                }
            ],
            "references": [{"receipt_id": receipt_id, "template": text_of(vector.tobytes())}],
            **changed,
        }

    def end(self, before: list[bytes], **changed: Any) -> dict[str, Any]:
        """The end behind these lines."""
        people = len(before) - 1
        digest = sha256(b"".join(line + b"\n" for line in before)).hexdigest()
        told = {"request_id": self.request_id, "people": people, "references": people, "left_out": 0, "sha256": digest}
        return {**told, **changed}

    def line(self, kind: Any, told: Mapping[str, Any]) -> bytes:
        """A signed line, without its end."""
        return write_line(kind, told, controller_key=self.key)[:-1]

    def lines(self, people: int = 2) -> list[bytes]:
        """A whole bundle."""
        made = [self.line("header", self.header())]
        made += [self.line("person", self.person(number)) for number in range(1, people + 1)]
        return [*made, self.line("end", self.end(made))]
