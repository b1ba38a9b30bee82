"""A whole server in one process: real flows, real database and real doors; simulated time and faces."""

import hashlib
import shutil
import sqlite3
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from fastapi.testclient import TestClient
from fixtures.devices import MAKER
from joserfc.jwk import OKPKey
from sim.clock import SimClock
from sim.faces import CALIBRATION, SimExtractor

from visavis import bootstrap
from visavis.adapters.sql.store import SqlStore
from visavis.consent.receipt import countersign, grant
from visavis.flows.filming import Filming
from visavis.flows.ports import Store
from visavis.liveness.attestation import Roots
from visavis.settings import Settings
from visavis.web.app import create_app
from visavis.web.services import Services
from visavis.wire.signature import sign
from visavis.wire.signing import SigningKey, public_half

BASE = "http://127.0.0.1:8642"
_ROOTS = Roots(MAKER.root)
PURPOSE = {
    "name": "Staff door",
    "controller": "Acme",
    "contact": "privacy@acme.example",
    "jurisdiction": "NL",
    "text": "We open the door for you. We also look for people enrolled twice.",
    "retention_days": 90,
    "target_kind": "fpir",
    "target": 0.01,
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who agreed: their identifiers and their own key."""

    subject_id: str
    reference: str
    key: OKPKey
    pin: str
    qr: str


@dataclass(frozen=True, slots=True)
class Device:
    """A station and its key."""

    id: str
    key: Ed25519PrivateKey


class World:
    """Doors as a caller sees them; every call goes through HTTP."""

    def __init__(self, *, folder: Path, secret: str, clock: SimClock, faces: SimExtractor, services: Services) -> None:
        self.folder = folder
        self.secret = secret
        self.clock = clock
        self.faces = faces
        self.services = services
        self.app = _app_over(services)
        self.http = TestClient(self.app, base_url=BASE, raise_server_exceptions=False, follow_redirects=False)
        self.has_purged = threading.Event()
        """The purge at the start is over: nothing but the test writes from then on."""
        self._names = 0
        self._sent: dict[str, list[bytes]] = {}

    @property
    def transport(self) -> httpx2.BaseTransport:
        """What the Python client can be given in place of the network."""
        transport: httpx2.BaseTransport = self.http._transport
        return transport

    def copied_to(self, folder: Path) -> None:
        """The whole installation as it is now, copied while it runs: a database's file alone can be half of it."""
        database = self.folder / "data" / "visavis.db"
        shutil.copytree(
            self.folder, folder, dirs_exist_ok=True, ignore=lambda _, names: [n for n in names if database.name in n]
        )
        copy = folder / "data" / database.name
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)

    # An operator's calls

    def api(self, method: str, path: str, **body: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.secret}", "Visavis-Reason": "a test", **body.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **body)

    def made(self, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
        response = self.api("POST", path, json=body)
        assert response.status_code == status, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def purpose(self, **changed: Any) -> str:
        self._names += 1
        return str(self.made("/v1/purposes", {**PURPOSE, "name": f"purpose {self._names}", **changed})["id"])

    def gallery(self, purpose_id: str | None = None, **purpose: Any) -> str:
        self._names += 1
        body = {"name": f"gallery {self._names}", "purpose_id": purpose_id or self.purpose(**purpose)}
        return str(self.made("/v1/galleries", body)["id"])

    def station(
        self,
        gallery_id: str | None = None,
        *,
        purpose_id: str | None = None,
        attended: bool = True,
        key: SigningKey | None = None,
    ) -> Device:
        self._names += 1
        key = key or Ed25519PrivateKey.generate()
        body = {
            "name": f"station {self._names}",
            "gallery_id": gallery_id,
            "purpose_id": purpose_id,
            "public_key": public_text(key),
            "attended": attended,
        }
        # Whoever brings a key of another kind knows that; nearly all leave it to be made here.
        return Device(str(self.made("/v1/stations", body)["id"]), cast("Ed25519PrivateKey", key))

    def enrol(
        self, gallery_id: str, reference: str, *photos: bytes, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        return self.api(
            "POST",
            f"/v1/galleries/{gallery_id}/enrolments",
            data={"external_reference": reference},
            files=[("photos", (f"{i}.jpg", photo, "image/jpeg")) for i, photo in enumerate(photos)],
            headers=headers or {},
        )

    def pending(self, gallery_id: str, reference: str, *photos: bytes) -> str:
        """Enrol, and return the secret of the person's link."""
        response = self.enrol(gallery_id, reference, *photos)
        assert response.status_code == 202, response.text
        return str(response.json()["consent_link"].partition("#")[2])

    def state(self, subject_id: str) -> str:
        return str(self.api("GET", f"/v1/subjects/{subject_id}").json()["state"])

    # A person's acts

    def link(self, method: str, path: str, secret: str, **body: Any) -> httpx2.Response:
        return self.http.request(method, path, headers={"Visavis-Link": secret}, **body)

    def send(self, link_secret: str, *photos: bytes) -> httpx2.Response:
        """Photos of whoever was invited; they remember which."""
        self._sent.setdefault(link_secret, []).extend(photos)
        files = [("photos", (f"{n}.jpg", content, "image/jpeg")) for n, content in enumerate(photos)]
        return self.link("POST", "/v1/consent/photos", link_secret, files=files)

    def countersign(self, link_secret: str, key: OKPKey | None = None) -> httpx2.Response:
        asked = self.link("GET", "/v1/consent", link_secret)
        if not asked.is_success:
            return asked
        offer = asked.json()["offer"]
        signed = countersign(offer, subject_key=key or OKPKey.generate_key("Ed25519"), now=self.clock.now())
        sent = [hashlib.sha256(content).hexdigest() for content in self._sent.get(link_secret, ())]
        body = {"countersignature": signed, "photos": sent}
        return self.link("POST", "/v1/consent/countersignature", link_secret, json=body)

    def active(self, gallery_id: str, reference: str, *photos: bytes) -> Person:
        """Enrol and agree: simulated consent."""
        key = OKPKey.generate_key("Ed25519")
        response = self.countersign(self.pending(gallery_id, reference, *photos), key)
        assert response.status_code == 200, response.text
        agreed = response.json()
        return Person(agreed["subject_id"], reference, key, agreed["other_way"]["pin"], agreed["other_way"]["qr"])

    def as_person(self, person: Person, method: str, path: str, **body: Any) -> httpx2.Response:
        private = Ed25519PrivateKey.from_private_bytes(_raw_private(person.key))
        return self.signed(person.subject_id, private, method, path, **body)

    # A station's calls

    def signed(
        self,
        signer: str,
        key: SigningKey,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        **body: Any,
    ) -> httpx2.Response:
        request = self.http.build_request(method, path, **body)
        request.read()
        created = int(self.clock.now().timestamp())
        request.headers.update(
            sign(method=method, path=path, body=request.content, signer=signer, private_key=key, created=created)
        )
        request.headers.update(headers or {})
        return self.http.send(request)

    def at(self, station: Device, method: str, path: str, **body: Any) -> httpx2.Response:
        return self.signed(station.id, station.key, method, path, **body)

    def session(self, station: Device, kind: str = "identify") -> str:
        response = self.at(station, "POST", "/v1/sessions", json={"kind": kind})
        assert response.status_code == 201, response.text
        return str(response.json()["session_id"])

    def identify(self, station: Device, photo: bytes, *, wait_s: float = 3) -> dict[str, Any]:
        """A new session and one photo in it; time passes first, so that the pace is kept."""
        self.clock.move(seconds=wait_s)
        session_id = self.session(station)
        response = self.at(station, "POST", f"/v1/sessions/{session_id}/identify", files={"photo": photo})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def verify(self, station: Device, photo: bytes, reference: str) -> dict[str, Any]:
        self.clock.move(seconds=3)
        path = f"/v1/sessions/{self.session(station, 'verify')}/verify"
        response = self.at(station, "POST", path, files={"photo": photo}, data={"external_reference": reference})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def pin(self, station: Device, reference: str, pin: str, *, disputed: str | None = None) -> dict[str, Any]:
        self.clock.move(seconds=3)
        path = f"/v1/sessions/{self.session(station)}/pin"
        shown = {"external_reference": reference, "pin": pin, "disputed_decision_id": disputed}
        response = self.at(station, "POST", path, json=shown)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def granted_check(self, station: Device) -> str:
        """A document check's session that its holder granted."""
        self.clock.move(seconds=3)
        opened = self.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
        secret = opened["grant_link"].partition("#")[2]
        response = self.link("POST", "/v1/grant", secret, json={"grant": self.grant(secret)})
        assert response.status_code == 200, response.text
        return str(opened["session_id"])

    def grant(self, secret: str, *, key: OKPKey | None = None, **changed: str) -> str:
        """The holder of a link agrees to what it asks; ``changed`` replaces what is signed."""
        terms = self.link("GET", "/v1/grant", secret).json()
        asked = {name: terms[name] for name in ("session_id", "text", "language")}
        return grant(**{**asked, **changed}, holder_key=key or OKPKey.generate_key("Ed25519"), now=self.clock.now())

    def document_check(self, station: Device, portrait: bytes, document: bytes) -> dict[str, Any]:
        path = f"/v1/sessions/{self.granted_check(station)}/document-check"
        response = self.at(station, "POST", path, files={"portrait": portrait, "document": document})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    # The database, as a thief or a vandal sees it

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        store = self.services.store
        assert isinstance(store, SqlStore)
        with store._engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            rows = [tuple(row) for row in result] if result.returns_rows else []
            connection.commit()
        return rows

    def files(self) -> bytes:
        """Every byte in the data directory."""
        return b"".join(path.read_bytes() for path in sorted((self.folder / "data").rglob("*")) if path.is_file())


_idle: list[FastAPI] = []
"""Apps whose world is closed: making one takes longer than most tests, and it keeps nothing but its services."""


def _app_over(services: Services) -> FastAPI:
    app = _idle.pop() if _idle else create_app(services)
    app.state.services, app.state.loaded = services, None
    return app


def public_text(key: SigningKey) -> str:
    """A station's public key as it is registered."""
    return urlsafe_b64encode(public_half(key)).rstrip(b"=").decode()


def _raw_private(key: OKPKey) -> bytes:
    return urlsafe_b64decode(str(key.as_dict(private=True)["d"]) + "=")


def settings_in(folder: Path) -> Settings:
    """The settings of a world whose data directory and key file lie in ``folder``."""
    return Settings(
        data_dir=folder / "data",
        key_file=folder / "keys" / "root.key",
        public_url=BASE,
        rate_per_minute=100_000,
        failures_per_minute=100_000,
        purge_every_s=3600,
    )


@contextmanager
def opened_world(folder: Path) -> Iterator[World]:
    """A fresh server; the folder gets its data directory and key file."""
    settings = settings_in(folder)
    secret = bootstrap.initialise(settings)
    with reopened_world(folder, settings, secret) as world:
        yield world


@contextmanager
def reopened_world(
    folder: Path,
    settings: Settings,
    secret: str,
    *,
    clock: SimClock | None = None,
    faces: SimExtractor | None = None,
    filming: Filming | None = None,
    roots: Roots | None = _ROOTS,
) -> Iterator[World]:
    """A server over data that is there already.

    :param roots: whose word it takes for a station's device.
    """
    clock, faces = clock or SimClock(), faces or SimExtractor()
    stages = bootstrap.Stages(faces, CALIBRATION, filming=filming, roots=roots)
    services = bootstrap.open_services(settings, clock=clock, stages=stages)
    world = World(folder=folder, secret=secret, clock=clock, faces=faces, services=services)
    tidy = services.drift.tidy

    def tidied(store: Store) -> None:
        tidy(store)  # comes last in the purge at the start
        world.has_purged.set()

    services.drift.tidy = tidied  # type: ignore[method-assign] # to know when the purge at the start is over
    with world.http:
        yield world
    _idle.append(world.app)
    store = services.store
    assert isinstance(store, SqlStore)
    store.close()
