"""A key for one gallery, at every door that takes a key: the list is taken from the OpenAPI document."""

import re

import httpx2
import pytest
from support.again import LOG, dump
from support.place import ADMIN, CALLS, LISTS, NOWHERE, called, furnished, made
from support.surface import operations
from support.world import World


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
            told = (403, "gallery_outside_key") if there.gallery in str(CALLS[door](there)) else (404, "not_found")
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
        ids = {**here.ids, "key_id": here.key_id, "gallery_id": here.gallery}
        path = path.replace("{purpose_id}", f"pur_{NOWHERE}").replace("{account_id}", f"acc_{NOWHERE}").format(**ids)
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
