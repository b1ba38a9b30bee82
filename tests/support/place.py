"""One gallery with something of everything in it, and a call of every door that a key for it opens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
from sim.faces import DIMENSION, MODEL, photo

from support.bundles import RECIPIENT, Foreign
from support.exporting import Quorum
from support.world import PURPOSE, World

Call = Callable[["Place"], tuple[str, dict[str, Any]]]
NOWHERE = "a" * 26


@dataclass
class Place:
    """One gallery with something of everything in it, and a key for it."""

    gallery: str
    key: str
    key_id: str
    ids: dict[str, str] = field(default_factory=dict)
    word: dict[str, str] = field(default_factory=dict)
    """A custodian's approval of the export ``asked_id``; ``export_id`` has enough of them."""
    bundle: dict[str, Any] = field(default_factory=dict)
    """Somebody in a bundle of another installation."""

    def at(self, template: str) -> str:
        return template.format(gallery_id=self.gallery, key_id=self.key_id, **self.ids)

    def elsewhere(self) -> "Place":
        """The same identifiers, of nothing."""
        missing = {name: f"{value.partition('_')[0]}_{NOWHERE}" for name, value in self.ids.items()}
        return Place(self.gallery, self.key, self.key_id, missing, self.word, self.bundle)

    @property
    def texts(self) -> set[str]:
        return {self.gallery, *self.ids.values()}


def shown(template: str) -> Call:
    return lambda place: (place.at(template), {})


def sent(template: str, **body: Any) -> Call:
    return lambda place: (
        place.at(template),
        {"json": {k: place.at(v) if isinstance(v, str) else v for k, v in body.items()}},
    )


def enrolled(place: Place) -> tuple[str, dict[str, Any]]:
    files = {"photos": photo("new")}
    return place.at("/v1/galleries/{gallery_id}/enrolments"), {"files": files, "data": {"external_reference": "new"}}


def brought(place: Place) -> tuple[str, dict[str, Any]]:
    files = {"photos": photo("brought")}
    return place.at("/v1/imports/{import_id}/entries"), {"files": files, "data": {"external_reference": "brought"}}


def carried(place: Place) -> tuple[str, dict[str, Any]]:
    return place.at("/v1/imports/{import_id}/bundle"), {"json": place.bundle}


def asked(place: Place) -> tuple[str, dict[str, Any]]:
    body = {"gallery_id": place.gallery, "recipient": RECIPIENT, "reason": "a test"}
    return "/v1/exports", {"json": body}


def approved(place: Place) -> tuple[str, dict[str, Any]]:
    return place.at("/v1/exports/{asked_id}/approvals"), {"json": place.word}


CALLS: dict[str, Call] = {
    "GET /v1/galleries": shown("/v1/galleries"),
    "GET /v1/galleries/{gallery_id}": shown("/v1/galleries/{gallery_id}"),
    "GET /v1/galleries/{gallery_id}/subjects": shown("/v1/galleries/{gallery_id}/subjects"),
    "POST /v1/galleries/{gallery_id}/subjects/lookup": sent(
        "/v1/galleries/{gallery_id}/subjects/lookup", external_reference="ann", reason="a test"
    ),
    "POST /v1/galleries/{gallery_id}/without-face": sent(
        "/v1/galleries/{gallery_id}/without-face", external_reference="wim"
    ),
    "POST /v1/galleries/{gallery_id}/enrolments": enrolled,
    "POST /v1/galleries/{gallery_id}/invitations": sent(
        "/v1/galleries/{gallery_id}/invitations", external_reference="guest"
    ),
    "POST /v1/galleries/{gallery_id}/imports": sent("/v1/galleries/{gallery_id}/imports", name="spring"),
    "GET /v1/imports/{import_id}": shown("/v1/imports/{import_id}"),
    "POST /v1/imports/{import_id}/missing": sent("/v1/imports/{import_id}/missing", digests=["0" * 64]),
    "POST /v1/imports/{import_id}/entries": brought,
    "GET /v1/imports/{import_id}/refusals": shown("/v1/imports/{import_id}/refusals"),
    "GET /v1/imports/{import_id}/links": shown("/v1/imports/{import_id}/links"),
    "POST /v1/imports/{import_id}/bundle": carried,
    "POST /v1/exports": asked,
    "GET /v1/exports": shown("/v1/exports"),
    "GET /v1/exports/{export_id}": shown("/v1/exports/{export_id}"),
    "POST /v1/exports/{export_id}/approvals": approved,
    "POST /v1/exports/{export_id}/bundle": sent("/v1/exports/{export_id}/bundle"),
    "GET /v1/subjects/{subject_id}": shown("/v1/subjects/{subject_id}"),
    "POST /v1/subjects/{subject_id}/archive": sent("/v1/subjects/{subject_id}/archive"),
    "POST /v1/subjects/{subject_id}/credentials": sent("/v1/subjects/{subject_id}/credentials"),
    "POST /v1/subjects/{subject_id}/withdrawal": sent("/v1/subjects/{leaver_id}/withdrawal"),
    "GET /v1/stations": shown("/v1/stations"),
    "GET /v1/stations/{station_id}": shown("/v1/stations/{station_id}"),
    "POST /v1/stations/{station_id}/reopening": sent("/v1/stations/{station_id}/reopening"),
    "POST /v1/personal-sessions": sent("/v1/personal-sessions", subject_id="{subject_id}", attended=True),
    "GET /v1/personal-sessions/{session_id}": shown("/v1/personal-sessions/{session_id}"),
    "GET /v1/reviews": shown("/v1/reviews"),
    "POST /v1/reviews/{review_id}/resolution": sent("/v1/reviews/{review_id}/resolution", resolution="activate"),
    "GET /v1/galleries/{gallery_id}/look-alikes": shown("/v1/galleries/{gallery_id}/look-alikes"),
    "POST /v1/galleries/{gallery_id}/look-alikes": sent(
        "/v1/galleries/{gallery_id}/look-alikes", subject_id="{subject_id}"
    ),
    "DELETE /v1/look-alikes/{look_alike_id}": shown("/v1/look-alikes/{look_alike_id}"),
    "GET /v1/decisions": shown("/v1/decisions?gallery_id={gallery_id}"),
    "POST /v1/api-keys/{key_id}/rotation": sent("/v1/api-keys/{key_id}/rotation"),
}
"""Every door that a key without the scope ``admin`` opens, and a call of it that speaks of one gallery."""

LISTS = {"GET /v1/galleries", "GET /v1/stations", "GET /v1/reviews", "GET /v1/exports"}
"""Doors that name nothing, and give what is the key's."""

ADMIN = {
    "POST /v1/purposes", "GET /v1/purposes", "GET /v1/purposes/{purpose_id}", "POST /v1/purposes/{purpose_id}/texts",
    "POST /v1/purposes/{purpose_id}/end",
    "POST /v1/galleries", "POST /v1/stations", "POST /v1/stations/{station_id}/pairing",
    "PUT /v1/stations/{station_id}/key", "PUT /v1/stations/{station_id}/attestation",
    "DELETE /v1/stations/{station_id}",
    "GET /v1/accounts", "POST /v1/accounts", "POST /v1/accounts/{account_id}/reset", "DELETE /v1/accounts/{account_id}",
    "PUT /v1/accounts/{account_id}/roles",
    "POST /v1/api-keys", "GET /v1/api-keys", "DELETE /v1/api-keys/{key_id}", "GET /v1/readings", "POST /v1/seal",
    "POST /v1/backups", "GET /v1/erasures/{subject_id}", "GET /v1/keys", "POST /v1/keys/root/rotation",
    "POST /v1/keys/epoch/rotation", "POST /v1/galleries/{gallery_id}/key/rotation",
    "POST /v1/galleries/{gallery_id}/own-rates", "GET /metrics",
    "POST /v1/subjects/{subject_id}/key/rotation",
}  # fmt: skip
"""Doors for ``admin`` only, which a key for some galleries cannot have."""


def made(world: World, gallery: str, *, scopes: tuple[str, ...] = ("enrol", "operate", "export")) -> dict[str, Any]:
    return world.made("/v1/api-keys", {"name": "desk", "scopes": list(scopes), "gallery_ids": [gallery]})


def furnished(world: World) -> Place:
    gallery = world.gallery()
    key = made(world, gallery)
    place = Place(gallery, key["secret"], key["id"])
    ann, leaver = (world.active(gallery, name, photo(f"{name}-{gallery}")) for name in ("ann", "leaver"))
    world.active(gallery, "double", photo(f"ann-{gallery}", 2))
    review = next(r for r in world.api("GET", "/v1/reviews").json()["items"] if r["gallery_id"] == gallery)
    station = world.station(gallery)
    world.identify(station, photo(f"ann-{gallery}", 3))
    invited = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    opening = {"link_secret": invited["link"].partition("session=")[2]}
    world.as_person(ann, "POST", "/v1/personal-sessions/opening", json=opening)
    verify = f"/v1/personal-sessions/{invited['session_id']}/verify"
    world.as_person(ann, "POST", verify, files={"photo": photo(f"ann-{gallery}", 4)})
    headers = {"Authorization": f"Bearer {place.key}"}
    opened = world.api("POST", f"/v1/galleries/{gallery}/imports", json={"name": "autumn"}, headers=headers)
    quorum = Quorum.over(world)
    ready, waiting = quorum.asked(gallery), quorum.asked(gallery)
    quorum.approve(ready, 1, 2, 3)
    alike = world.made(f"/v1/galleries/{gallery}/look-alikes", {"subject_id": leaver.subject_id})
    place.word, place.bundle = quorum.word(1, waiting), bundle_for(world)
    place.ids = {
        "import_id": opened.json()["id"],
        "export_id": ready["id"],
        "asked_id": waiting["id"],
        "subject_id": ann.subject_id,
        "leaver_id": leaver.subject_id,
        "review_id": review["id"],
        "look_alike_id": alike["id"],
        "station_id": station.id,
        "session_id": invited["session_id"],
    }
    return place


def bundle_for(world: World) -> dict[str, Any]:
    """Somebody who agreed elsewhere to what people are asked in a world's galleries."""
    foreign = Foreign(now=world.clock.now(), words=str(PURPOSE["text"]), model_id=MODEL, dimension=DIMENSION)
    header, person = foreign.line("header", foreign.header()), foreign.line("person", foreign.person())
    key = str(foreign.key.as_dict(private=False)["x"])
    return {"controller_key": key, "header": header.decode(), "people": [person.decode()]}


def called(world: World, door: str, place: Place, key: str) -> httpx2.Response:
    path, body = CALLS[door](place)
    return world.api(door.partition(" ")[0], path, headers={"Authorization": f"Bearer {key}"}, **body)
