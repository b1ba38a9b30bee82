"""A key for one gallery, at every door that takes a key: the list is taken from the OpenAPI document."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from sim.faces import photo
from support.again import LOG, dump
from support.surface import operations
from support.world import World

Call = Callable[["Place"], tuple[str, dict[str, Any]]]
NOWHERE = "a" * 26


@dataclass
class Place:
    """One gallery with something of everything in it, and a key for it."""

    gallery: str
    key: str
    key_id: str
    ids: dict[str, str] = field(default_factory=dict)

    def at(self, template: str) -> str:
        return template.format(gallery_id=self.gallery, key_id=self.key_id, **self.ids)

    def elsewhere(self) -> "Place":
        """The same identifiers, of nothing."""
        missing = {name: f"{value.partition('_')[0]}_{NOWHERE}" for name, value in self.ids.items()}
        return Place(self.gallery, self.key, self.key_id, missing)

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
    "POST /v1/galleries/{gallery_id}/imports": sent("/v1/galleries/{gallery_id}/imports", name="spring"),
    "GET /v1/imports/{import_id}": shown("/v1/imports/{import_id}"),
    "POST /v1/imports/{import_id}/missing": sent("/v1/imports/{import_id}/missing", digests=["0" * 64]),
    "POST /v1/imports/{import_id}/entries": brought,
    "GET /v1/imports/{import_id}/refusals": shown("/v1/imports/{import_id}/refusals"),
    "GET /v1/imports/{import_id}/links": shown("/v1/imports/{import_id}/links"),
    "GET /v1/subjects/{subject_id}": shown("/v1/subjects/{subject_id}"),
    "POST /v1/subjects/{subject_id}/credentials": sent("/v1/subjects/{subject_id}/credentials"),
    "POST /v1/subjects/{subject_id}/withdrawal": sent("/v1/subjects/{leaver_id}/withdrawal"),
    "GET /v1/stations": shown("/v1/stations"),
    "GET /v1/stations/{station_id}": shown("/v1/stations/{station_id}"),
    "POST /v1/stations/{station_id}/reopening": sent("/v1/stations/{station_id}/reopening"),
    "POST /v1/personal-sessions": sent("/v1/personal-sessions", subject_id="{subject_id}", attended=True),
    "GET /v1/personal-sessions/{session_id}": shown("/v1/personal-sessions/{session_id}"),
    "GET /v1/reviews": shown("/v1/reviews"),
    "POST /v1/reviews/{review_id}/resolution": sent("/v1/reviews/{review_id}/resolution", resolution="activate"),
    "GET /v1/decisions": shown("/v1/decisions?gallery_id={gallery_id}"),
    "POST /v1/api-keys/{key_id}/rotation": sent("/v1/api-keys/{key_id}/rotation"),
}
"""Every door that a key without the scope ``admin`` opens, and a call of it that speaks of one gallery."""

LISTS = {"GET /v1/galleries", "GET /v1/stations", "GET /v1/reviews"}
"""Doors that name nothing, and give what is the key's."""

ADMIN = {
    "POST /v1/purposes", "GET /v1/purposes", "GET /v1/purposes/{purpose_id}", "POST /v1/purposes/{purpose_id}/texts",
    "POST /v1/galleries", "POST /v1/stations", "PUT /v1/stations/{station_id}/key", "DELETE /v1/stations/{station_id}",
    "POST /v1/api-keys", "GET /v1/api-keys", "DELETE /v1/api-keys/{key_id}", "GET /v1/readings",
}  # fmt: skip
"""Doors for ``admin`` only, which a key for some galleries cannot have."""


def made(world: World, gallery: str, *, scopes: tuple[str, ...] = ("enrol", "operate")) -> dict[str, Any]:
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
    place.ids = {
        "import_id": opened.json()["id"],
        "subject_id": ann.subject_id,
        "leaver_id": leaver.subject_id,
        "review_id": review["id"],
        "station_id": station.id,
        "session_id": invited["session_id"],
    }
    return place


def called(world: World, door: str, place: Place, key: str) -> httpx2.Response:
    path, body = CALLS[door](place)
    return world.api(door.partition(" ")[0], path, headers={"Authorization": f"Bearer {key}"}, **body)


def without_id(response: httpx2.Response) -> str:
    return re.sub(r'"request_id":"[0-9a-f]+"', "", response.text)


def keyed(world: World) -> set[str]:
    return {
        f"{method} {path}"
        for method, path, operation in operations(world)
        if any("api key" in way for way in operation.get("security", []))
    }


def test_every_door_that_takes_a_key_is_in_the_table(world: World) -> None:
    """Whoever adds a door says here how it is called, so that the tests below see it."""
    assert keyed(world) == set(CALLS) | ADMIN


def test_a_key_for_one_gallery_gets_nothing_of_another_and_changes_nothing_there(world: World) -> None:
    here, there = furnished(world), furnished(world)
    before = dump(world)
    for door in sorted(CALLS):
        if door == "POST /v1/api-keys/{key_id}/rotation":
            continue
        answer = called(world, door, there, here.key)
        if door in LISTS:
            assert answer.status_code == 200, (door, answer.text)
            assert answer.json()["items"], door
        else:
            told = (403, "gallery_outside_key") if there.gallery in CALLS[door](there)[0] else (404, "not_found")
            assert (answer.status_code, answer.json()["code"]) == told, door
        assert not [text for text in there.texts if text in answer.text], door
    after = dump(world)
    assert not [row for row in after["readings"] if there.gallery in row and row not in before["readings"]]
    kept = {"readings", *LOG}
    assert {n: r for n, r in after.items() if n not in kept} == {n: r for n, r in before.items() if n not in kept}


def test_what_lies_in_another_gallery_is_answered_like_what_is_not_there(world: World) -> None:
    here, there = furnished(world), furnished(world)
    named = {door for door in CALLS if re.search(r"\{(?!gallery|key)", door)} | {"POST /v1/personal-sessions"}
    assert len(named) >= 7
    for door in sorted(named):
        theirs = called(world, door, there, here.key)
        nobodys = called(world, door, here.elsewhere(), here.key)
        assert theirs.status_code == nobodys.status_code == 404, door
        assert without_id(theirs) == without_id(nobodys), door
        differing = {"request-id", "content-length", "date"}
        assert {k: v for k, v in theirs.headers.items() if k not in differing} == {
            k: v for k, v in nobodys.headers.items() if k not in differing
        }, door


def test_in_its_own_gallery_the_key_opens_every_door(world: World) -> None:
    here = furnished(world)
    for door in sorted(CALLS, key=lambda door: "withdrawal" in door):
        answer = called(world, door, here, here.key)
        assert answer.is_success, (door, answer.text)


def test_a_key_for_one_gallery_has_no_admin_door(world: World) -> None:
    here = furnished(world)
    for door in ADMIN:
        method, _, path = door.partition(" ")
        path = path.replace("{purpose_id}", f"pur_{NOWHERE}").format(**here.ids, key_id=here.key_id)
        answer = world.api(method, path, headers={"Authorization": f"Bearer {here.key}"})
        assert answer.json()["code"] == "scope_missing", door


def test_a_key_for_two_galleries_reads_both_in_pages(world: World) -> None:
    one, two, three = furnished(world), furnished(world), furnished(world)
    request = {"name": "both", "scopes": ["operate"], "gallery_ids": [two.gallery, one.gallery, one.gallery]}
    key = world.made("/v1/api-keys", request)
    assert key["gallery_ids"] == sorted([one.gallery, two.gallery])
    headers = {"Authorization": f"Bearer {key['secret']}"}
    for path, named in (("galleries", "id"), ("stations", "gallery_id"), ("reviews", "gallery_id")):
        found, after = [], ""
        for _ in range(9):
            page = world.api("GET", f"/v1/{path}?limit=1{after}", headers=headers).json()
            found += page["items"]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert [item["id"] for item in found] == sorted({item["id"] for item in found})
        assert {item[named] for item in found} == {one.gallery, two.gallery}, path
        assert three.gallery not in str(found)
    for place in (one, two):
        assert world.api("GET", f"/v1/subjects/{place.ids['subject_id']}", headers=headers).status_code == 200
    assert world.api("GET", f"/v1/subjects/{three.ids['subject_id']}", headers=headers).status_code == 404


def test_document_checks_are_for_keys_of_all_galleries(world: World) -> None:
    purpose = world.purpose(target_kind="fmr", target=1e-4)
    station, gallery = world.station(purpose_id=purpose), world.gallery(purpose)
    headers = {"Authorization": f"Bearer {made(world, gallery)['secret']}"}
    for query in (f"purpose_id={purpose}", f"purpose_id={purpose}&gallery_id={gallery}", ""):
        refused = world.api("GET", f"/v1/decisions?{query}", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "gallery_outside_key"), query
    assert world.api("GET", f"/v1/stations/{station.id}", headers=headers).status_code == 404
    assert world.api("GET", "/v1/stations", headers=headers).json()["items"] == []
    assert world.api("GET", f"/v1/decisions?purpose_id={purpose}").status_code == 200


def test_a_gallery_that_is_named_twice_is_looked_at_twice(world: World) -> None:
    """Of two values a framework takes one; which one must not matter."""
    here, there = world.gallery(), world.gallery()
    headers = {"Authorization": f"Bearer {made(world, here)['secret']}"}
    for query in (f"gallery_id={here}&gallery_id={there}", f"gallery_id={there}&gallery_id={here}"):
        assert world.api("GET", f"/v1/decisions?{query}", headers=headers).json()["code"] == "gallery_outside_key"


@pytest.mark.parametrize(("scopes", "code"), [(["admin"], "admin_bound"), (["admin", "operate"], "admin_bound")])
def test_a_key_that_makes_keys_is_for_all_galleries(world: World, scopes: list[str], code: str) -> None:
    body = {"name": "x", "scopes": scopes, "gallery_ids": [world.gallery()]}
    refused = world.api("POST", "/v1/api-keys", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_key_is_for_galleries_that_there_are(world: World) -> None:
    for gallery_ids, status in (([f"gal_{NOWHERE}"], 404), ([], 422), (["x"], 422)):
        body = {"name": "x", "scopes": ["operate"], "gallery_ids": gallery_ids}
        assert world.api("POST", "/v1/api-keys", json=body).status_code == status
