"""A caller for every door: whoever the OpenAPI document says may call it, with something real to call it about."""

from base64 import urlsafe_b64decode
from typing import Any, Final

import httpx2
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation
from sim.faces import photo

from support.world import BASE, Person, World
from visavis.consent.receipt import countersign
from visavis.wire.signature import sign

OK: Final = 200
_PROVEN: Final = 7
"""Of eight requests so many have the proof of who calls that their door asks for; one is sent as it was generated."""
_PLACED: Final = 3
"""Of four requests so many are about things that are there; one is sent as it was generated."""


class Callers:
    """Sends what cases generated, and keeps a world in which every door has something to do.

    Whatever a call uses up (a session, a link, a person who withdraws) is made for that call.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._turn = 0
        self._number = 0
        self.gallery = world.gallery()
        self.purpose = world.purpose(target_kind="fmr", target=1e-4)
        self.station = world.station(self.gallery)
        self.checker = world.station(purpose_id=self.purpose)
        self.person = self._somebody()
        world.active(self.gallery, "double", photo(self.person.reference, 2))
        self.review = str(world.api("GET", "/v1/reviews").json()["items"][0]["id"])
        made = world.api("POST", f"/v1/galleries/{self.gallery}/imports", json={"name": "a list"})
        self.imported = str(made.json()["id"])

    def send(self, case: Case[Any]) -> httpx2.Response:
        """Send what a case generated, as somebody who may."""
        self._turn += 1
        self._world.clock.move(seconds=121)  # whatever was opened before is over
        link = self._link(case.operation.path)
        if self._turn % (_PLACED + 1):
            self._place(case, link)
        built = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
        method, path = str(built.method), built.path_url.partition("?")[0]
        body = built.body.encode() if isinstance(built.body, str) else built.body or b""
        assert isinstance(body, bytes)
        headers = {
            str(name): value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in built.headers.items()
        }
        if self._turn % (_PROVEN + 1) and _is_positive(case, ParameterLocation.HEADER):
            schemes = {name for one in case.operation.definition.raw.get("security", []) for name in one}
            headers |= self._proof(schemes, case.operation.path, method, path, body, link)
        return self._world.http.request(method, str(built.url), content=body, headers=headers)

    def _proof(self, schemes: set[str], door: str, method: str, path: str, body: bytes, link: str) -> dict[str, str]:
        if "api key" in schemes:
            return {"Authorization": f"Bearer {self._world.secret}", "Visavis-Reason": "every door is tried"}
        if "link" in schemes:
            return {"Visavis-Link": link}
        if "station" in schemes:
            at = self.checker if "document" in door else self.station
            return self._signed(at.id, at.key, method, path, body)
        if "person" in schemes:
            return self._signed(self.person.subject_id, _signing_key(self.person.key), method, path, body)
        return {}

    def _signed(self, signer: str, key: Ed25519PrivateKey, method: str, path: str, body: bytes) -> dict[str, str]:
        created = int(self._world.clock.now().timestamp())
        return sign(method=method, path=path, body=body, signer=signer, private_key=key, created=created)

    def _place(self, case: Case[Any], link: str) -> None:
        """Put things that are there where a case has well-formed ones that are not."""
        door = case.operation.path
        if _is_positive(case, ParameterLocation.PATH):
            for name in case.path_parameters or {}:
                real = self._thing(name, door, case.operation.method)
                if real is not None:
                    case.path_parameters[name] = real
        if _is_positive(case, ParameterLocation.QUERY) and case.query:
            for name in set(case.query) & {"gallery_id", "purpose_id"}:
                case.query[name] = self.gallery if name == "gallery_id" else self.purpose
        if _is_positive(case, ParameterLocation.BODY) and isinstance(case.body, dict):
            for name in case.body:
                real = self._content(name, door, link)
                if real is not None:
                    case.body[name] = real

    def _thing(self, name: str, door: str, method: str) -> str | None:
        if name == "session_id":
            return self._session(door)
        if name == "station_id":
            return self.station.id if method == "get" else self._world.station(self.gallery).id
        if name == "subject_id":
            return self._somebody().subject_id if door.endswith("withdrawal") else self.person.subject_id
        if name == "key_id":
            return str(self._world.made("/v1/api-keys", {"name": "spare", "scopes": ["enrol"]})["id"])
        if name == "purpose_id" and door.endswith("end"):
            return self._world.purpose()  # the others' stations go on
        known = {"gallery_id": self.gallery, "purpose_id": self.purpose, "review_id": self.review}
        return {**known, "import_id": self.imported}.get(name)

    def _content(self, name: str, door: str, link: str) -> Any:
        if name in {"photo", "portrait", "document"}:
            return photo(self.person.reference, 3)
        if name == "photos":  # where one agrees it holds digests, and none were sent through these links
            return [] if door.startswith("/v1/consent") else [photo(f"face{self._turn}")]
        if name == "countersignature":
            offer = self._world.link("GET", "/v1/consent", link).json().get("offer", "")
            return countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=self._world.clock.now())
        if name == "grant":
            return self._world.grant(link)
        if name == "link_secret":
            return self._invited()[1]
        known = {"gallery_id": self.gallery, "purpose_id": self.purpose, "subject_id": self.person.subject_id}
        return {**known, "qr": self.person.qr, "kind": "document_check" if "document" in door else None}.get(name)

    def _link(self, door: str) -> str:
        """A link of the sort that the door takes, waiting for its answer."""
        if door.endswith("/photos"):
            self._number += 1
            body = {"external_reference": f"invited{self._number}"}
            made = self._world.made(f"/v1/galleries/{self.gallery}/invitations", body, status=202)
            return str(made["enrol_link"].partition("#")[2])
        if door.startswith("/v1/consent"):
            self._number += 1
            return self._world.pending(self.gallery, f"asked{self._number}", photo(f"asked{self._number}"))
        if door.startswith("/v1/grant"):
            opened = self._world.at(self.checker, "POST", "/v1/sessions", json={"kind": "document_check"})
            return str(opened.json()["grant_link"].partition("#")[2])
        return ""

    def _session(self, door: str) -> str:
        if door.startswith("/v1/personal-sessions"):
            session_id, secret = self._invited()
            opened = self._world.as_person(
                self.person, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret}
            )
            assert opened.status_code == OK, opened.text
            return session_id
        if door.endswith("document-check"):
            return self._world.granted_check(self.checker)
        return self._world.session(self.station, "verify" if door.endswith("verify") else "identify")

    def _invited(self) -> tuple[str, str]:
        if self._world.api("GET", f"/v1/subjects/{self.person.subject_id}").status_code != OK:
            self.person = self._somebody()  # whoever withdrew
        body = {"subject_id": self.person.subject_id, "attended": True}
        made = self._world.made("/v1/personal-sessions", body)
        return str(made["session_id"]), str(made["link"].partition("session=")[2])

    def _somebody(self) -> Person:
        self._number += 1
        name = f"somebody{self._number}"
        return self._world.active(self.gallery, name, photo(name))


def _is_positive(case: Case[Any], where: ParameterLocation) -> bool:
    component = case.meta.components.get(where) if case.meta is not None else None
    return component is None or component.mode is GenerationMode.POSITIVE


def _signing_key(key: OKPKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(str(key.as_dict(private=True)["d"]) + "="))
