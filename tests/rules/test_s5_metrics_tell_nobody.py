"""Rules S3 and S5 at the metrics: who reads them before and after what one person did sees no difference."""

import re
from collections.abc import Callable

import pytest
from sim.faces import photo
from support.surface import routes
from support.world import Device, Person, World

from visavis.flows.drift import CONFIRMED_AFTER, TOGETHER

OF_THE_READER = re.compile(r'^.*route="/metrics".*\n', re.MULTILINE)
"""What reading itself changes."""

Act = Callable[[World, Device, str, Person], object]

ACTS: dict[str, Act] = {
    "recognised": lambda world, station, _gallery, _ann: world.identify(station, photo("ann", 2)),
    "verified": lambda world, station, _gallery, _ann: world.verify(station, photo("ann", 2), "ann"),
    "a stranger": lambda world, station, _gallery, _ann: world.identify(station, photo("stranger")),
    "a PIN": lambda world, station, _gallery, ann: world.pin(station, "ann", ann.pin),
    "enrolled": lambda world, _station, gallery, _ann: world.pending(gallery, "eve", photo("eve")),
    "agreed": lambda world, _station, gallery, _ann: world.active(gallery, "eve", photo("eve")),
    "withdrawn": lambda world, _station, _gallery, ann: world.as_person(ann, "POST", "/v1/me/withdrawal"),
    "disputed": lambda world, station, _gallery, _ann: world.services.drift.disputed(
        world.identify(station, photo("ann", 2))["decision_id"], station_id=station.id
    ),
}


def read(world: World, key: str) -> str:
    answer = world.http.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    return OF_THE_READER.sub("", answer.text)


def nine_turned_away_at_every_door(world: World) -> None:
    """What strangers can bring about without a key: they send until ten are told, which they see, and nine more."""
    durations = world.app.state.metrics.durations
    for waiting in durations._waiting.values():
        waiting.clear()
    for method, path, _ in sorted(routes(world)) * (TOGETHER - 1):
        durations.add(method=method, route=path, status=401, duration_s=0.001)


@pytest.mark.parametrize("name", ACTS)
def test_s5_what_one_person_does_does_not_show(world: World, name: str) -> None:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    world.active(gallery, "bea", photo("bea"))
    station = world.station(gallery)
    for _ in range(TOGETHER):
        world.identify(station, photo("bea", 2))
    key = str(world.made("/v1/api-keys", {"name": "prometheus", "scopes": ["metrics"]})["secret"])
    nine_turned_away_at_every_door(world)
    before = read(world, key)
    assert station.id in before
    assert "visavis_request_duration_seconds_count" in before
    ACTS[name](world, station, gallery, ann)
    entered = {key[:2] for key, waiting in world.app.state.metrics.durations._waiting.items() if waiting}
    assert entered <= {(method, path) for method, path, _ in routes(world)}, "strangers were at every door of the act"
    assert read(world, key) == before
    world.clock.move(seconds=CONFIRMED_AFTER.total_seconds())
    assert read(world, key) == before
    assert ann.subject_id not in before
