"""The bar of a gallery follows from a promise that people read, and from nothing that a caller sends or sets."""

import pytest
from sim.faces import CALIBRATION, photo
from support.surface import operations, words
from support.world import Device, World

from visavis.settings import Settings

BARS = {"bar", "threshold", "target", "fmr", "fnmr", "fpir", "calibration", "points", "floor", "strictness", "margin"}
STATES = {"POST /v1/purposes"}
"""Where a promise is stated, once, before anybody agrees to it."""


def asked(world: World) -> dict[str, set[str]]:
    """The words of everything that each door can be sent."""
    shapes = world.app.openapi()["components"]["schemas"]
    found = {}
    for method, path, operation in operations(world):
        names = {parameter["name"] for parameter in operation.get("parameters", [])}
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            names |= set(shapes.get(name, {}).get("properties", {}))
        found[f"{method} {path}"] = words({name.lower() for name in names})
    return found


def test_no_door_but_that_of_a_new_purpose_takes_a_rate(world: World) -> None:
    sent = asked(world)
    assert {"target", "fnmr"} <= sent["POST /v1/purposes"]
    assert {door for door, names in sent.items() if BARS & names} == STATES


def test_a_purpose_is_stated_once(world: World) -> None:
    purpose = world.purpose()
    for method in ("PUT", "PATCH", "POST", "DELETE"):
        assert world.api(method, f"/v1/purposes/{purpose}", json={"target": 0.4}).status_code == 405


def test_no_setting_names_a_rate() -> None:
    assert not BARS & words(set(Settings.model_fields))


@pytest.fixture
def place(world: World) -> tuple[str, Device]:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    return gallery, world.station(gallery)


def test_what_is_sent_beside_moves_nothing(world: World, place: tuple[str, Device]) -> None:
    gallery, station = place
    before = world.api("GET", f"/v1/galleries/{gallery}").json()["moves"]
    query = "&".join(f"{name}=0.0" for name in sorted(BARS))
    for name in sorted(BARS):
        world.clock.move(seconds=3)
        opened = world.at(station, "POST", "/v1/sessions", json={"kind": "identify", name: 0.0})
        assert opened.status_code == 422, opened.text
    session = world.session(station)
    told = world.at(station, "POST", f"/v1/sessions/{session}/identify?{query}", files={"photo": photo("stranger")})
    assert told.json().get("decision", "NO_MATCH") == "NO_MATCH"
    world.api("POST", f"/v1/galleries/{gallery}/own-rates", json=dict.fromkeys(BARS, 0.0))
    assert world.api("GET", f"/v1/galleries/{gallery}?{query}").json()["moves"] == before
    assert world.services.bars.calibration_of(gallery) is CALIBRATION
