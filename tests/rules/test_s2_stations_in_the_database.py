"""Rule S2: a station is what the server registered; who can write to the database makes none."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.faces import photo
from support.again import run
from support.world import Device, World, public_text

from visavis.flows.stations import prove_all


@pytest.fixture
def door(world: World) -> Device:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    return world.station(gallery)


def refused(world: World, door: Device) -> bool:
    world.clock.move(seconds=3)
    answer = world.at(door, "POST", "/v1/sessions", json={"kind": "identify"})
    return bool(answer.json().get("code") == "seal_broken")


def test_s2_a_key_that_was_exchanged_in_the_database_opens_nothing(world: World, door: Device) -> None:
    other = Ed25519PrivateKey.generate()
    raw = other.public_key().public_bytes_raw()
    run(world, "UPDATE stations SET public_key = x'{}' WHERE id = '{}'", raw.hex(), door.id)
    assert refused(world, Device(door.id, other))


@pytest.mark.parametrize("edit", ["attended = 1 - attended", "gallery_id = NULL", "retired_at = '2020-01-01 00:00:00'"])
def test_s2_a_station_that_was_edited_opens_nothing(world: World, door: Device, edit: str) -> None:
    run(world, "UPDATE stations SET {} WHERE id = '{}'", edit, door.id)
    world.clock.move(seconds=3)
    assert not world.at(door, "POST", "/v1/sessions", json={"kind": "identify"}).is_success


def test_s2_a_retired_station_is_not_brought_back(world: World, door: Device) -> None:
    assert world.api("DELETE", f"/v1/stations/{door.id}").status_code == 204
    run(world, "UPDATE stations SET retired_at = NULL WHERE id = '{}'", door.id)
    assert refused(world, door)


def test_s2_a_station_that_was_copied_into_the_database_opens_nothing(world: World, door: Device) -> None:
    other = Ed25519PrivateKey.generate()
    raw = other.public_key().public_bytes_raw()
    new_id = f"sta_{'a' * 26}"
    ((columns,),) = world.sql("SELECT group_concat(name) FROM pragma_table_info('stations')")
    values = columns.replace("id,name,", f"'{new_id}','x',", 1).replace("public_key", f"x'{raw.hex()}'")
    run(world, "INSERT INTO stations ({}) SELECT {} FROM stations WHERE id = '{}'", columns, values, door.id)
    assert refused(world, Device(new_id, other))


def test_s2_a_station_with_a_new_key_works_and_so_do_those_of_the_first_release(world: World, door: Device) -> None:
    fresh = Ed25519PrivateKey.generate()
    assert world.api("PUT", f"/v1/stations/{door.id}/key", json={"public_key": public_text(fresh)}).is_success
    assert world.identify(Device(door.id, fresh), photo("ann"))["decision"] == "MATCH"
    world.sql("UPDATE stations SET proof = x''")
    assert refused(world, Device(door.id, fresh))
    prove_all(world.services.store, world.services.keyring)
    assert world.identify(Device(door.id, fresh), photo("ann"))["decision"] == "MATCH"
