"""Custodians of a world's root key, and what an export is made of."""

import os
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.faces import photo

from support.world import World
from visavis.model.keys import Custodian, Custody
from visavis.protect.approval import approve, told_of

THRESHOLD: Final = 3
WHY: Final = "the building gets another operator"


@dataclass
class Quorum:
    """A world whose root key custodians hold, and an identity that a bundle can be encrypted to."""

    world: World
    keys: list[Ed25519PrivateKey] = field(
        default_factory=lambda: [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(1, 6)]
    )
    identity: Any = field(default_factory=pyrage.x25519.Identity.generate)

    @classmethod
    def over(cls, world: World) -> "Quorum":
        """The root of a world in the hands of five, of whom three are needed."""
        quorum = cls(world)
        quorum.seat(quorum.keys)
        return quorum

    def seat(self, keys: list[Ed25519PrivateKey], *, threshold: int = THRESHOLD) -> None:
        """Let these be the custodians from now on."""
        custodians = tuple(
            Custodian(self.keys.index(key) + 1, f"custodian {self.keys.index(key) + 1}", public(key)) for key in keys
        )
        self._take_the_place(Custody("quorum", threshold, custodians))

    def dissolve(self) -> None:
        """Put the root back into a file."""
        self._take_the_place(Custody("keyfile"))

    def _take_the_place(self, custody: Custody) -> None:
        root = os.urandom(32)
        self.world.services.keyring.keys.change(lambda store: store.with_seat(root, custody).finished(root))

    @property
    def recipient(self) -> str:
        """The identity's public key."""
        return str(self.identity.to_public())

    def ask(self, gallery: str, **changed: Any) -> httpx2.Response:
        """Ask for an export."""
        body = {"gallery_id": gallery, "recipient": self.recipient, "reason": WHY, **changed}
        return self.world.api("POST", "/v1/exports", json=body)

    def asked(self, gallery: str, **changed: Any) -> dict[str, Any]:
        """Ask for one, and get it."""
        response = self.ask(gallery, **changed)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def word(self, number: int, export: dict[str, Any]) -> dict[str, str]:
        """The approval of the custodian of that number."""
        return told_of(approve(export["document"].encode(), approval_key=self.keys[number - 1]))

    def approve(self, export: dict[str, Any], *numbers: int) -> list[httpx2.Response]:
        """Let custodians approve."""
        path = f"/v1/exports/{export['id']}/approvals"
        return [self.world.api("POST", path, json=self.word(number, export)) for number in numbers]

    def fetch(self, export: dict[str, Any]) -> httpx2.Response:
        """Carry it out."""
        return self.world.api("POST", f"/v1/exports/{export['id']}/bundle")

    def bundle(self, gallery: str) -> bytes:
        """All of it: asked for, approved and fetched."""
        export = self.asked(gallery)
        assert [answer.status_code for answer in self.approve(export, 1, 3, 5)] == [200] * 3
        fetched = self.fetch(export)
        assert fetched.status_code == 200, fetched.text
        return fetched.content

    def plain(self, bundle: bytes) -> list[bytes]:
        """The lines of a bundle, as its recipient reads them."""
        text: bytes = pyrage.decrypt(bundle, [self.identity])
        assert text.endswith(b"\n")
        return text[:-1].split(b"\n")

    @property
    def controller(self) -> str:
        """The world's controller key, as an operator elsewhere is told it."""
        return str(self.world.http.get("/.well-known/jwks.json").json()["keys"][0]["x"])


def public(key: Ed25519PrivateKey) -> bytes:
    """The raw public half."""
    return key.public_key().public_bytes_raw()


def peopled(world: World, *names: str) -> str:
    """A gallery with some people in it who agreed."""
    gallery = world.gallery()
    for name in names or ("ann", "bob"):
        world.active(gallery, name, photo(name), photo(name, 2))
    return gallery
