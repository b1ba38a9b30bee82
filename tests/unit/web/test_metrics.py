"""The metrics: counts of ten and more, of stations, galleries and doors; nobody is in them, and one key reads them."""

import re

import httpx2
import pytest
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from sim.faces import photo
from support.again import restarted
from support.place import furnished
from support.world import World

from visavis.flows.drift import CONFIRMED_AFTER, TOGETHER
from visavis.web.metrics import Durations

NAMES = [f"kunigunde{number}" for number in range(TOGETHER + 1)]
LABELS = {
    "station", "gallery", "tail", "outcome", "means", "method", "route", "status", "le", "version", "model",
}  # fmt: skip
"""Every label that there is."""


@pytest.fixture
def key(world: World) -> str:
    return str(world.made("/v1/api-keys", {"name": "prometheus", "scopes": ["metrics"]})["secret"])


def page(world: World, key: str, accept: str = "text/plain") -> httpx2.Response:
    response = world.http.get("/metrics", headers={"Authorization": f"Bearer {key}", "Accept": accept})
    assert response.status_code == 200, response.text
    return response


def samples(text: str) -> list[Sample]:
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def values(text: str, name: str, **labels: str) -> list[float]:
    return [s.value for s in samples(text) if s.name == name and labels.items() <= s.labels.items()]


def test_a_morning_at_a_door_is_told_as_counts_and_names_nobody(world: World, key: str) -> None:
    gallery = world.gallery()
    people = [world.active(gallery, name, photo(name)) for name in NAMES]
    station = world.station(gallery)
    for name in NAMES[:-2]:
        assert world.identify(station, photo(name, 2))["decision"] == "MATCH"
    world.clock.move(seconds=CONFIRMED_AFTER.total_seconds())
    early = page(world, key).text
    assert station.id not in early, "nine are not told"
    for name in NAMES[-2:]:
        world.identify(station, photo(name, 2))
    world.clock.move(seconds=CONFIRMED_AFTER.total_seconds())
    text = page(world, key).text
    at = {"station": station.id, "gallery": gallery}
    assert values(text, "visavis_mated_cosine_bucket", le="+Inf", **at) == [len(NAMES)]
    assert values(text, "visavis_nearest_other_cosine_bucket", le="+Inf", **at) == [len(NAMES)]
    assert values(text, "visavis_decisions_total", station=station.id, outcome="MATCH", means="face") == [TOGETHER]
    assert values(text, "visavis_gallery_references", gallery=gallery) == [TOGETHER]
    assert values(text, "visavis_drift_alarm", station=station.id) == [0, 0]
    requests = sum(values(text, "visavis_request_duration_seconds_count", route="/v1/sessions"))
    assert requests >= TOGETHER
    assert requests % TOGETHER == 0
    told = [person.subject_id for person in people] + NAMES + [name[:6] for name in NAMES]
    assert not [(word, line) for word in told for line in text.splitlines() if word in line]
    assert not re.search(r"\b(sub|ses|dec|key|pur|enr|rec)_[a-z2-7]{26}", text)


def test_there_is_no_label_and_no_score_that_could_be_somebody_s(world: World, key: str) -> None:
    furnished(world)
    for sample in samples(page(world, key).text):
        assert set(sample.labels) <= LABELS, sample
        assert sample.name.startswith("visavis_"), sample
        assert not re.search(r"cosine_(sum|count)$", sample.name), "a sum of scores tells the last one"


@pytest.mark.slow
def test_both_formats_say_the_same(world: World, key: str) -> None:
    plain, other = page(world, key), page(world, key, accept="application/openmetrics-text; version=1.0.0")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert other.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name: family for family in openmetrics(other.text)}  # type: ignore[no-untyped-call] # it has no types
    assert {"visavis_build", "visavis_loading", "visavis_drift_alarm", "visavis_mated_cosine"} <= set(families)
    assert [s.value for s in families["visavis_loading"].samples] == values(plain.text, "visavis_loading") == [0]
    assert families["visavis_build"].samples[0].labels["model"] == "sim-1"
    for odd in ("application/openmetrics-text; version=x", "*/*", "application/openmetrics-text;version=", ""):
        assert page(world, key, accept=odd).text


def test_a_key_that_reads_the_metrics_opens_no_other_door_and_no_other_key_opens_this(world: World, key: str) -> None:
    for path in ("/v1/galleries", "/v1/stations", "/v1/decisions", "/v1/api-keys"):
        refused = world.http.get(path, headers={"Authorization": f"Bearer {key}"})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    scopes = ["admin", "enrol", "operate", "export", "seal", "backup"]
    others = world.made("/v1/api-keys", {"name": "all the rest", "scopes": scopes})["secret"]
    refused = world.http.get("/metrics", headers={"Authorization": f"Bearer {others}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert world.http.get("/metrics").status_code == 401
    one = world.made("/v1/api-keys", {"name": "one", "scopes": ["metrics"], "gallery_ids": [world.gallery()]})["secret"]
    assert world.http.get("/metrics", headers={"Authorization": f"Bearer {one}"}).json()["code"] == (
        "gallery_outside_key"
    )


@pytest.mark.slow
def test_the_bar_that_is_told_is_that_of_the_number_that_is_told(world: World, key: str) -> None:
    """Else it would tell each person who joins."""
    gallery = world.gallery()
    before = values(page(world, key).text, "visavis_gallery_bar", gallery=gallery)
    for name in NAMES[:3]:
        world.active(gallery, name, photo(name))
    after = values(page(world, key).text, "visavis_gallery_bar", gallery=gallery)
    assert after == before
    assert len(before) == 1


def test_requests_are_told_ten_of_a_door_and_an_outcome_at_a_time() -> None:
    durations = Durations()

    def counts() -> dict[tuple[str, str], float]:
        told = durations.told().samples
        return {(s.labels["route"], s.labels["status"]): s.value for s in told if s.name.endswith("_count")}

    for status in (200, 401, 500, None):
        for _ in range(TOGETHER - 1):
            durations.add(method="GET", route="/a", status=status, duration_s=0.02)
    for other in ({"method": "POST", "route": "/a"}, {"method": "GET", "route": "/b"}):
        durations.add(**other, status=200, duration_s=9.0)
    assert counts() == {}, "what others are refused does not make up the ten of who is let in"
    durations.add(method="GET", route="/a", status=204, duration_s=0.02)
    durations.add(method="GET", route="/a", status=None, duration_s=0.02)
    assert counts() == {("/a", "2xx"): TOGETHER, ("/a", "none"): TOGETHER}
    durations.add(method="GET", route="/a", status=200, duration_s=0.02)
    assert counts() == {("/a", "2xx"): TOGETHER, ("/a", "none"): TOGETHER}
    (bucket,) = [
        s.value for s in durations.told().samples if s.labels.get("le") == "0.025" and s.labels["status"] == "2xx"
    ]
    assert bucket == TOGETHER


def test_of_the_process_nothing_is_told_that_one_picture_moves(world: World, key: str) -> None:
    names = {sample.name for sample in samples(page(world, key).text)}
    assert not [name for name in names if re.search(r"process|cpu|memory|bytes|_fds", name)]
    assert values(page(world, key).text, "visavis_start_timestamp_seconds")[0] > 1.7e9


def test_the_purge_is_told_once_it_has_ended_well(world: World, key: str) -> None:
    world.app.state.metrics.purged()
    assert values(page(world, key).text, "visavis_last_purge_timestamp_seconds")[0] > 1.7e9


def test_the_last_backup_is_told_once_there_is_one(world: World, key: str) -> None:
    name = "visavis_last_backup_timestamp_seconds"
    assert values(page(world, key).text, name) == []
    assert world.api("POST", "/v1/backups").is_success
    assert values(page(world, key).text, name) == [pytest.approx(world.clock.now().timestamp(), abs=1)]


def test_the_last_backup_is_told_by_a_server_that_did_not_make_it(world: World, key: str) -> None:
    name = "visavis_last_backup_timestamp_seconds"
    world.api("POST", "/v1/backups")
    world.clock.move(hours=3)
    made_at = world.clock.now().timestamp()
    assert world.api("POST", "/v1/backups").is_success
    with restarted(world) as again:
        again.clock.move(hours=1)
        assert values(page(again, key).text, name) == [pytest.approx(made_at, abs=1)]
        again.sql("UPDATE log_openings SET sealed = zeroblob(length(sealed))")
    with restarted(world) as again:
        assert values(page(again, key).text, name) == [], "what was edited is not told"


def test_operators_see_what_is_said_of_a_station_and_stations_do_not(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    shown = {one["id"]: one["drift"] for one in world.api("GET", "/v1/stations").json()["items"]}
    assert shown == {station.id: "not_enough", checker.id: None}
    world.active(gallery, "ann", photo("ann"))
    assert "drift" not in str(world.identify(station, photo("ann", 2)))
    assert world.api("GET", f"/v1/stations/{station.id}").json()["drift"] == "not_enough"


def test_no_registry_is_shared(world: World) -> None:
    assert not [name for name in REGISTRY._names_to_collectors if name.startswith("visavis")]
    assert world.app.state.metrics._registry is not REGISTRY
