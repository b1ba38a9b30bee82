"""An import as an operator sees it, through the doors."""

import hashlib
from dataclasses import dataclass
from typing import Any

import httpx2

from support.world import World
from visavis.model.bulk import entry_digest


@dataclass(frozen=True, slots=True)
class Bringing:
    """One import of a world."""

    world: World
    id: str
    gallery: str
    headers: dict[str, str]

    @classmethod
    def opened(cls, world: World, gallery: str, *, name: str = "staff", key: str | None = None) -> "Bringing":
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        response = world.api("POST", f"/v1/galleries/{gallery}/imports", json={"name": name}, headers=headers)
        assert response.status_code == 200, response.text
        return cls(world, str(response.json()["id"]), gallery, headers)

    def ask(self, method: str, what: str = "", **body: Any) -> httpx2.Response:
        headers = {**self.headers, "Visavis-Reason": "handing%20out", **body.pop("headers", {})}
        return self.world.api(method, f"/v1/imports/{self.id}{what}", headers=headers, **body)

    def bring(self, reference: str, *photos: bytes) -> httpx2.Response:
        files = [("photos", (f"{reference} {n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(photos)]
        return self.ask("POST", "/entries", data={"external_reference": reference}, files=files)

    def brought(self, reference: str, *photos: bytes) -> dict[str, Any]:
        response = self.bring(reference, *photos)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def missing(self, *people: tuple[str, list[bytes]]) -> list[str]:
        """The names of those who are missing."""
        names = {digest_of(name, photos): name for name, photos in people}
        response = self.ask("POST", "/missing", json={"digests": list(names)})
        assert response.status_code == 200, response.text
        return [names[digest] for digest in response.json()["digests"]]

    def links(self) -> dict[str, str]:
        """The secret of each link by whom it is for."""
        rows = self.ask("GET", "/links").json()["items"]
        return {row["external_reference"]: row["consent_link"].partition("#")[2] for row in rows}

    def refusals(self) -> dict[str, list[tuple[str | None, str]]]:
        rows = self.ask("GET", "/refusals").json()["items"]
        return {row["external_reference"]: [(r["photo"], r["code"]) for r in row["refusals"]] for row in rows}

    def numbers(self) -> dict[str, int]:
        shown = self.ask("GET").json()
        return {name: shown[name] for name in ("pending", "refused", "erased", "photos_stored", "photos_refused")}


def digest_of(reference: str, photos: list[bytes]) -> str:
    return entry_digest(reference, [hashlib.sha256(photo).digest() for photo in photos]).hex()
