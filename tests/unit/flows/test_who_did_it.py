"""Who changes keys, stations, purposes and galleries, or acts on somebody, is in the entry that tells of it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixtures.devices import MAKER
from sim.faces import photo
from support.again import restarted
from support.console import Colleague, colleague
from support.logged import entries_of
from support.world import PURPOSE, World, public_text

from visavis.flows.record import servers_openings


@pytest.fixture
def eve(world: World) -> Colleague:
    return colleague(world, "eve", "admin", "operator")


def details(world: World, *, found_by: bytes = b"") -> list[Mapping[str, Any]]:
    with world.services.store.read() as tx:
        return [one.details for one in servers_openings(tx, keyring=world.services.keyring, of=found_by)]


def made(eve: Colleague, path: str, **body: Any) -> dict[str, Any]:
    answer = eve.call("POST", path, json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_change_of_rules_and_stations_says_who_made_it(world: World, eve: Colleague) -> None:
    """Each of these enters one entry, and its details name her by name and identifier."""
    gallery, station, attested = world.gallery(), world.station(world.gallery()), world.station(world.gallery())
    public = attested.key.public_key().public_bytes_raw()
    purpose = world.purpose()
    ann, bob = (world.active(gallery, name, photo(name)) for name in ("ann", "bob"))
    keys = [public_text(Ed25519PrivateKey.generate()) for _ in range(2)]
    new = {"name": "side door", "gallery_id": gallery, "attended": True, "public_key": keys[0]}
    pair = {"subject_id": ann.subject_id, "other_subject_id": bob.subject_id}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/purposes", {**PURPOSE, "name": "hers"}),
        ("POST", f"/v1/purposes/{purpose}/texts", {"text": "Better."}),
        ("POST", "/v1/galleries", {"name": "hers", "purpose_id": purpose}),
        ("POST", f"/v1/purposes/{purpose}/end", {"ends_at": None}),
        ("POST", "/v1/stations", new),
        ("POST", f"/v1/stations/{station.id}/reopening", {}),
        ("PUT", f"/v1/stations/{station.id}/key", {"public_key": keys[1]}),
        ("PUT", f"/v1/stations/{attested.id}/attestation", {"chain": MAKER.chain(public).decode()}),
        ("POST", f"/v1/stations/{station.id}/pairing", {}),
        ("DELETE", f"/v1/stations/{station.id}", {}),
        ("POST", f"/v1/galleries/{gallery}/look-alikes", pair),
        ("POST", f"/v1/galleries/{gallery}/key/rotation", {}),
        ("POST", "/v1/keys/epoch/rotation", {}),
        ("POST", "/v1/keys/root/rotation", {}),
    ]
    for method, path, body in calls:
        entered, before = len(entries_of(world.services.store)), len(details(world))
        answer = eve.call(method, path, **({"json": body} if body else {}))
        assert answer.is_success, (path, answer.text)
        assert len(entries_of(world.services.store)) == entered + 1, path
        (said,) = details(world)[before:]
        assert (said["by"], said["by_id"]) == ("eve", eve.account_id), path
    (row,) = world.api("GET", f"/v1/galleries/{gallery}/look-alikes").json()["items"]
    assert eve.call("DELETE", f"/v1/look-alikes/{row['id']}").is_success
    assert details(world)[-1]["by_id"] == eve.account_id


def test_who_exchanged_a_persons_key_is_told_to_the_person(world: World, eve: Colleague) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    assert eve.call("POST", f"/v1/subjects/{ann.subject_id}/key/rotation").is_success
    newest = world.as_person(ann, "GET", "/v1/me/log").json()["items"][-1]
    assert (json.loads(newest["entry"])["of"], newest["details"]["by_id"]) == ("subject", eve.account_id)


def test_who_withdrew_for_somebody_is_kept_by_name_and_identifier(world: World, eve: Colleague) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    assert eve.call("POST", f"/v1/subjects/{ann.subject_id}/withdrawal").status_code == 204
    (said,) = details(world, found_by=ann.subject_id.encode())
    assert (said["by"], said["by_id"], said["reason"]) == ("eve", eve.account_id, "a test")


def test_who_made_rotated_and_ended_a_key_is_in_its_entries(world: World, eve: Colleague) -> None:
    key = made(eve, "/v1/api-keys", name="backup job", scopes=["operate"])
    new = made(eve, f"/v1/api-keys/{key['id']}/rotation", overlap_hours=1)
    assert eve.call("DELETE", f"/v1/api-keys/{new['id']}").status_code == 204
    found = details(world, found_by=f"keys made with {eve.account_id}".encode())
    assert [one["key"] for one in found] == [key["id"], new["id"]]
    ended = details(world)[-1]
    assert (ended["key"], {one["by_id"] for one in [*found, ended]}) == (new["id"], {eve.account_id})


def disabled(world: World, eve: Colleague) -> Any:
    answer = world.api("DELETE", f"/v1/accounts/{eve.account_id}")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["state"]) == (eve.account_id, "DISABLED")
    return answer.json()["api_keys"]


def named(keys: Any) -> list[str]:
    return [key["name"] for key in keys]


def by_key(world: World, secret: str, path: str, **body: Any) -> dict[str, Any]:
    answer = world.api("POST", path, json=body, headers={"Authorization": f"Bearer {secret}"})
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_account_that_ends_names_the_keys_that_it_made_and_that_still_work(world: World, eve: Colleague) -> None:
    """And those that were made with them, and so on: one that was revoked may have made others."""
    gallery = world.gallery()
    world.made("/v1/api-keys", {"name": "another's", "scopes": ["operate"]})
    job = made(eve, "/v1/api-keys", name="backup job", scopes=["admin", "operate"])
    world.clock.move(minutes=1)
    desk = by_key(world, job["secret"], "/v1/api-keys", name="its desk", scopes=["operate"], gallery_ids=[gallery])
    world.clock.move(minutes=1)
    by_key(world, desk["secret"], f"/v1/api-keys/{desk['id']}/rotation", overlap_hours=1)
    world.clock.move(minutes=1)
    short = made(eve, "/v1/api-keys", name="short", scopes=["operate"], expires_in_days=1)
    gone = made(eve, "/v1/api-keys", name="gone", scopes=["operate"])
    assert world.api("DELETE", f"/v1/api-keys/{gone['id']}").status_code == 204
    assert named(world.api("DELETE", f"/v1/accounts/{eve.account_id}").json()["api_keys"]) == [
        "backup job",
        "its desk",
        "its desk",
        "short",
    ]
    assert world.api("DELETE", f"/v1/api-keys/{job['id']}").status_code == 204
    world.clock.move(days=2)
    with restarted(world) as again:
        left = disabled(again, eve)
    assert named(left) == ["its desk"], "the new one: the old one's hour is over, and so is the day of another"
    assert (left[0]["scopes"], left[0]["gallery_ids"], left[0]["secret"]) == (["operate"], [gallery], None)
    assert short["id"] not in str(left)


def test_an_account_that_made_no_key_names_none(world: World, eve: Colleague) -> None:
    assert disabled(world, eve) == []


def test_keys_that_cannot_be_told_any_more_are_said_to_be_so(world: World, eve: Colleague) -> None:
    made(eve, "/v1/api-keys", name="backup job", scopes=["operate"])
    world.sql("UPDATE log_openings SET sealed = zeroblob(length(sealed))")
    assert disabled(world, eve) is None
    assert eve.call("GET", "/v1/console/me").status_code == 401, "it is over in any case"
