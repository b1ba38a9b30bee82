"""A tablet becomes a station by a one-time code."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from httpx2 import Response
from sim.faces import photo
from support.world import Device, World, public_text

from visavis.web.rates import Rates


def unpaired(world: World, gallery: str) -> str:
    body = {"name": "Tablet", "gallery_id": gallery, "attended": True}
    return str(world.made("/v1/stations", body)["id"])


def code_for(world: World, station: str) -> str:
    return str(world.made(f"/v1/stations/{station}/pairing", {})["code"])


def pair(world: World, code: str, key: Ed25519PrivateKey) -> Response:
    return world.http.post("/v1/pairing", json={"code": code, "public_key": public_text(key)})


def refused(response: Response) -> str:
    assert not response.is_success
    return str(response.json()["code"])


def test_a_tablet_with_the_code_is_the_station_and_recognises_people(world: World) -> None:
    gallery, key = world.gallery(), Ed25519PrivateKey.generate()
    world.active(gallery, "ann", photo("ann"))
    station = unpaired(world, gallery)
    answer = pair(world, code_for(world, station), key)
    assert answer.status_code == 201
    told = answer.json()
    assert (told["station_id"], told["kinds"], told["locked"]) == (station, ["identify", "verify"], False)
    assert told["notice"]["retention_days"] == 90
    device = Device(station, key)
    assert world.identify(device, photo("ann", 2))["decision"] == "MATCH"
    assert world.at(device, "GET", "/v1/station").json() == told


@pytest.mark.parametrize("typed", ["{}", "{} ", " {}"])
def test_how_a_code_is_typed_does_not_matter(world: World, typed: str) -> None:
    station = unpaired(world, world.gallery())
    code = code_for(world, station).lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert pair(world, typed.format(code), Ed25519PrivateKey.generate()).status_code == 201


def test_a_code_works_once_and_only_the_newest(world: World) -> None:
    station = unpaired(world, world.gallery())
    older, newer = code_for(world, station), code_for(world, station)
    assert refused(pair(world, older, Ed25519PrivateKey.generate())) == "pairing_unknown"
    assert pair(world, newer, Ed25519PrivateKey.generate()).is_success
    assert refused(pair(world, newer, Ed25519PrivateKey.generate())) == "pairing_unknown"


def test_a_code_is_over_after_ten_minutes_and_the_purge_takes_it(world: World) -> None:
    station = unpaired(world, world.gallery())
    code = code_for(world, station)
    world.clock.move(seconds=600)
    assert refused(pair(world, code, Ed25519PrivateKey.generate())) == "pairing_unknown"
    world.services.withdraw.purge()
    assert world.sql("SELECT count(*) FROM pairings") == [(0,)]


def test_the_old_key_is_good_until_the_code_is_used_and_nothing_afterwards(world: World) -> None:
    gallery = world.gallery()
    before = world.station(gallery)
    code = code_for(world, before.id)
    assert world.at(before, "GET", "/v1/station").is_success
    assert pair(world, code, Ed25519PrivateKey.generate()).is_success
    assert refused(world.at(before, "GET", "/v1/station")) == "signature_refused"


def test_a_key_that_another_station_has_leaves_the_code_good(world: World) -> None:
    gallery = world.gallery()
    other = world.station(gallery)
    code = code_for(world, unpaired(world, gallery))
    assert refused(pair(world, code, other.key)) == "already_exists"
    assert pair(world, code, Ed25519PrivateKey.generate()).is_success


def test_a_retired_station_gets_no_code_and_its_code_opens_nothing(world: World) -> None:
    station = unpaired(world, world.gallery())
    code = code_for(world, station)
    assert world.api("DELETE", f"/v1/stations/{station}").is_success
    assert refused(pair(world, code, Ed25519PrivateKey.generate())) == "pairing_unknown"
    assert refused(world.api("POST", f"/v1/stations/{station}/pairing", json={})) == "station_retired"


@pytest.mark.parametrize("column", ["id", "expires_at"])
def test_who_can_write_to_the_database_cannot_lead_a_code_elsewhere_nor_make_it_last(world: World, column: str) -> None:
    gallery = world.gallery()
    code = code_for(world, unpaired(world, gallery))
    other = world.station(gallery)
    with world.services.store.write() as tx:
        (row,) = tx.pairings.find()
        tx.pairings.remove(id=row.id)
        later = row.expires_at + timedelta(days=1)
        tx.pairings.add(replace(row, id=other.id) if column == "id" else replace(row, expires_at=later))
    assert refused(pair(world, code, Ed25519PrivateKey.generate())) == "pairing_unknown"


def test_who_guesses_is_locked_out_and_the_code_is_not_among_what_is_stored(world: World) -> None:
    code = code_for(world, unpaired(world, world.gallery()))
    assert code.encode() not in world.files()
    assert code.replace("-", "").encode() not in world.files()
    object.__setattr__(world.services, "rates", Rates(calls_per_minute=100, failures_per_minute=3))
    tries = [refused(pair(world, f"0000-000{n}", Ed25519PrivateKey.generate())) for n in range(4)]
    assert tries == [*["pairing_unknown"] * 3, "locked_out"]
    assert refused(pair(world, code, Ed25519PrivateKey.generate())) == "locked_out"


def test_a_station_for_verifying_says_so(world: World) -> None:
    station = world.station(world.gallery(target_kind="fmr", target=1e-3))
    assert world.at(station, "GET", "/v1/station").json()["kinds"] == ["verify"]
