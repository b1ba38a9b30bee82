"""Keys that end, take each other's place, and say when they were last used."""

import json
from datetime import datetime
from typing import Any

import pytest
from sim.breaking_store import Fault
from support.again import dump, restarted, run
from support.breaking import breaking
from support.world import World

DAY = 24 * 3600


def key(world: World, *scopes: str, **more: Any) -> dict[str, Any]:
    return world.made("/v1/api-keys", {"name": "desk", "scopes": list(scopes or ("operate",)), **more})


def status(world: World, made: dict[str, Any]) -> int:
    return world.http.get("/v1/stations", headers={"Authorization": f"Bearer {made['secret']}"}).status_code


def listed(world: World, key_id: str) -> dict[str, Any]:
    items = world.api("GET", "/v1/api-keys?limit=200").json()["items"]
    return next(item for item in items if item["id"] == key_id)


def rotated(world: World, key_id: str, by: str | None = None, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {by}"} if by else {}
    return world.api("POST", f"/v1/api-keys/{key_id}/rotation", json=body or None, headers=headers)


def test_a_rotated_key_and_its_old_one_work_together_for_a_while(world: World) -> None:
    gallery = world.gallery()
    old = key(world, "enrol", "operate", gallery_ids=[gallery])
    answer = rotated(world, old["id"])
    assert answer.status_code == 201
    new = answer.json()
    assert new["replaced_id"] == old["id"]
    assert {n: new[n] for n in ("name", "scopes", "gallery_ids", "expires_at")} == {
        "name": "desk", "scopes": ["enrol", "operate"], "gallery_ids": [gallery], "expires_at": None,
    }  # fmt: skip
    assert (status(world, old), status(world, new)) == (200, 200)
    assert listed(world, old["id"])["expires_at"] == new["replaced_ends_at"]
    left = datetime.fromisoformat(new["replaced_ends_at"]) - world.clock.now()
    assert DAY - 1 <= left.total_seconds() <= DAY
    world.clock.move(seconds=DAY - 2)
    assert (status(world, old), status(world, new)) == (200, 200)
    world.clock.move(seconds=2)
    assert (status(world, old), status(world, new)) == (401, 200)


def test_a_rotation_without_overlap_ends_the_old_key_at_once_whatever_the_clock_does(world: World) -> None:
    old = key(world)
    new = rotated(world, old["id"], overlap_hours=0).json()
    assert (status(world, old), status(world, new)) == (401, 200)
    world.clock.move(days=-2)
    assert status(world, old) == 401
    assert rotated(world, old["id"]).json()["code"] == "key_ended"


@pytest.mark.parametrize("hours", [-1, 721, 0.5, "x"])
def test_an_overlap_has_bounds(world: World, hours: object) -> None:
    assert rotated(world, key(world)["id"], overlap_hours=hours).status_code == 422


def test_a_key_rotates_itself_and_no_other(world: World) -> None:
    one, other = key(world), key(world, "enrol")
    new = rotated(world, one["id"], by=one["secret"]).json()
    assert status(world, new) == 200
    for key_id in (other["id"], f"key_{'a' * 26}"):
        refused = rotated(world, key_id, by=one["secret"])
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert rotated(world, other["id"]).status_code == 201, "an administrator's does"
    assert rotated(world, f"key_{'a' * 26}").status_code == 404


def test_rotating_makes_no_key_last_longer(world: World) -> None:
    """Whoever holds an old or a stolen key cannot go on with it by rotating."""
    old = key(world)
    rotated(world, old["id"], overlap_hours=1)
    heir = rotated(world, old["id"], by=old["secret"], overlap_hours=720).json()
    assert heir["expires_at"] == heir["replaced_ends_at"] == listed(world, old["id"])["expires_at"]
    temporary = key(world, expires_in_days=3)
    child = rotated(world, temporary["id"], by=temporary["secret"], overlap_hours=720).json()
    assert child["expires_at"] == temporary["expires_at"]
    world.clock.move(hours=1)
    assert (status(world, old), status(world, heir)) == (401, 401)
    world.clock.move(days=3)
    assert (status(world, temporary), status(world, child)) == (401, 401)


def test_an_end_can_be_brought_forward_and_not_put_off(world: World) -> None:
    old = key(world, expires_in_days=10)
    assert rotated(world, old["id"], overlap_hours=720).json()["replaced_ends_at"] == old["expires_at"]
    sooner = rotated(world, old["id"], overlap_hours=2).json()["replaced_ends_at"]
    assert sooner < old["expires_at"]
    assert status(world, old) == 200, "its hash fits the new end"
    world.clock.move(hours=2)
    assert status(world, old) == 401


def test_a_key_ends_after_its_days(world: World) -> None:
    made = key(world, expires_in_days=2)
    world.clock.move(days=2, seconds=-2)
    assert status(world, made) == 200
    world.clock.move(seconds=2)
    assert status(world, made) == 401
    assert rotated(world, made["id"]).json()["code"] == "key_ended"


def test_the_purge_overwrites_what_is_left_of_a_key_that_ended(world: World) -> None:
    assert world.has_purged.wait(30)
    made = key(world, expires_in_days=1)
    kept = run(world, "SELECT secret_hash FROM api_keys WHERE id = '{}'", made["id"])
    world.clock.move(days=1)
    world.services.api_keys.tidy()
    assert run(world, "SELECT secret_hash FROM api_keys WHERE id = '{}'", made["id"]) != kept
    assert listed(world, made["id"])["revoked_at"] == made["expires_at"]
    world.services.api_keys.tidy()
    before = dump(world)
    world.services.api_keys.tidy()
    assert dump(world) == before, "once"
    world.clock.move(days=-2)
    assert status(world, made) == 401, "setting the clock back revives nothing"


VANDAL = {
    "other scopes": "UPDATE api_keys SET scopes = '[\"enrol\", \"operate\"]' WHERE id = '{}'",
    "all galleries": "UPDATE api_keys SET gallery_ids = NULL WHERE id = '{}'",
    "another gallery": "UPDATE api_keys SET gallery_ids = '[\"{}\"]' WHERE id = '{}'",
    "no gallery": "UPDATE api_keys SET gallery_ids = '[]' WHERE id = '{}'",
    "galleries as scopes": 'UPDATE api_keys SET scopes = \'["operate", "for", "{}"]\', gallery_ids = NULL'
    " WHERE id = '{}'",
    "no end": "UPDATE api_keys SET expires_at = NULL WHERE id = '{}'",
    "a later end": "UPDATE api_keys SET expires_at = '2099-01-01 00:00:00.000000' WHERE id = '{}'",
    "a shorter hash": "UPDATE api_keys SET expires_at = NULL, secret_hash = substr(secret_hash, 1, 32) WHERE id = '{}'",
    "the inner hash": "UPDATE api_keys SET expires_at = NULL, secret_hash = substr(secret_hash, 18, 32)"
    " WHERE id = '{}'",
}


@pytest.mark.parametrize("edit", VANDAL)
def test_a_key_that_was_edited_in_the_database_opens_nothing(world: World, edit: str) -> None:
    mine, other = world.gallery(), world.gallery()
    made = key(world, "operate", gallery_ids=[mine], expires_in_days=1)
    assert status(world, made) == 200
    statement = VANDAL[edit]
    run(world, statement, *([other, made["id"]] if statement.count("{}") == 2 else [made["id"]]))
    assert status(world, made) == 401


@pytest.mark.parametrize("edit", ["gallery_ids = '[\"{}\"]'", "expires_at = '2099-01-01 00:00:00.000000'"])
def test_a_key_for_everything_that_was_edited_opens_nothing(world: World, edit: str) -> None:
    made = key(world)
    run(world, f"UPDATE api_keys SET {edit.format(world.gallery())} WHERE id = '{{}}'", made["id"])  # noqa: S608 -- a test's own words
    assert status(world, made) == 401


def test_a_key_of_the_release_before_opens_its_doors(world: World) -> None:
    """What was stored of a key for all galleries without an end has not changed: the first one is such."""
    id_, _, secret = world.secret.partition(".")[2].partition(".")
    ((stored,),) = run(world, "SELECT scopes FROM api_keys WHERE id = '{}'", id_)
    scopes = " ".join(json.loads(stored))
    expected = world.services.keyring.secret_tag(f"{secret} {id_} {scopes}", use="API keys")
    assert run(world, "SELECT secret_hash FROM api_keys WHERE id = '{}'", id_) == [(expected,)]


def test_the_last_lasting_admin_key_can_be_rotated_but_not_revoked(world: World) -> None:
    first = world.secret.split(".")[1]
    passing = key(world, "admin", expires_in_days=30)
    refused = world.api("DELETE", f"/v1/api-keys/{first}")
    assert (refused.status_code, refused.json()["code"]) == (409, "last_admin_key")
    new = rotated(world, first).json()
    world.secret, old = new["secret"], world.secret
    assert world.api("DELETE", f"/v1/api-keys/{new['id']}").json()["code"] == "last_admin_key"
    assert world.api("DELETE", f"/v1/api-keys/{first}").status_code == 204, "the old one, which ends anyway"
    assert world.api("DELETE", f"/v1/api-keys/{passing['id']}").status_code == 204
    assert status(world, {"secret": old}) == 401
    assert status(world, new) == 200


def test_a_rotation_that_is_repeated_makes_one_key(world: World) -> None:
    old, headers = key(world), {"Idempotency-Key": "once"}
    path = f"/v1/api-keys/{old['id']}/rotation"
    answers = [world.api("POST", path, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(world.api("GET", "/v1/api-keys").json()["items"]) == 3


@pytest.mark.parametrize("fault", list(Fault))
def test_a_rotation_that_failed_left_the_old_key_as_it_was_or_is_whole(world: World, fault: Fault) -> None:
    store = breaking(world)
    old = key(world)
    for number in range(1, 10):
        before = dump(world)["api_keys"]
        store.arm(number, fault)
        answer = rotated(world, old["id"])
        broke = store.broke
        store.arm(0, fault)
        if len(dump(world)["api_keys"]) > len(before):
            break
        assert answer.status_code == 500
        assert dump(world)["api_keys"] == before
    assert number >= 3
    assert answer.is_success != broke
    assert status(world, old) == 200
    assert listed(world, old["id"])["expires_at"] is not None


def test_when_a_key_was_last_used_is_kept_to_the_hour_and_costs_no_write_of_its_own(world: World) -> None:
    made = key(world)
    assert listed(world, made["id"])["last_used_at"] is None
    before = dump(world)
    assert status(world, made) == 200
    assert dump(world) == before
    hour = world.clock.now().replace(minute=0, second=0, microsecond=0)
    assert datetime.fromisoformat(listed(world, made["id"])["last_used_at"]) == hour
    world.services.api_keys.tidy()
    stored = dump(world)
    assert stored != before
    assert status(world, made) == 200
    world.services.api_keys.tidy()
    assert dump(world) == stored, "once an hour"
    with restarted(world) as again:
        assert datetime.fromisoformat(listed(again, made["id"])["last_used_at"]) == hour


def test_the_purge_of_a_running_server_stores_uses(world: World) -> None:
    made = key(world)
    status(world, made)
    world.http.__exit__()
    assert run(world, "SELECT last_used_at FROM api_keys WHERE id = '{}'", made["id"]) != [(None,)]
    world.http.__enter__()


def test_a_failed_proof_is_no_use(world: World) -> None:
    made = key(world)
    secret = str(made["secret"])
    assert status(world, {"secret": secret[:-1] + ("a" if secret[-1] != "a" else "b")}) == 401
    assert listed(world, made["id"])["last_used_at"] is None
