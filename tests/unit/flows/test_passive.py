"""Where a purpose asks for it, attacks are looked for in every probe, and in nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sim.faces import ATTACK, SimExtractor, photo
from sim.pad import REPORT
from support.world import PURPOSE, World, reopened_world, settings_in

from visavis import bootstrap


@pytest.fixture
def passive(tmp_path: Path) -> Iterator[World]:
    """A server with a model that finds attacks."""
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    with reopened_world(tmp_path, settings, secret, faces=SimExtractor(pad_report=REPORT)) as world:
        yield world


FMR = {"target_kind": "fmr", "target": 1e-3}


def test_an_attack_at_a_station_is_refused_with_words_for_people(passive: World) -> None:
    station = passive.station(gallery := passive.gallery(liveness="passive"))
    passive.active(gallery, "ann", photo("ann"))
    assert passive.identify(station, photo("ann", 2))["decision"] == "MATCH"
    refused = passive.identify(station, photo("ann", 2) + ATTACK)
    assert (refused["decision"], refused["reason"]) == ("REFUSED", "attack_suspected")
    assert "your own face" in refused["guidance"]
    verified = passive.verify(station, photo("ann", 2) + ATTACK, "ann")
    assert (verified["decision"], verified["reason"]) == ("REFUSED", "attack_suspected")


def test_an_unattended_station_serves_where_a_machine_looks(passive: World) -> None:
    body = {"name": "door", "attended": False}
    asked = passive.api("POST", "/v1/stations", json={**body, "gallery_id": passive.gallery(liveness="passive")})
    assert asked.status_code == 201
    refused = passive.api("POST", "/v1/stations", json={**body, "gallery_id": passive.gallery()})
    assert (refused.status_code, refused.json()["code"]) == (409, "liveness_unavailable")


def test_of_a_document_only_the_portrait_is_a_living_person(passive: World) -> None:
    station = passive.station(purpose_id=passive.purpose(liveness="passive", **FMR))
    assert passive.document_check(station, photo("ann"), photo("ann", 2) + ATTACK)["decision"] == "MATCH"
    refused = passive.document_check(station, photo("ann") + ATTACK, photo("ann", 2))
    assert refused["reason"] == "attack_suspected"


def test_photos_that_people_enrol_with_are_not_probes(passive: World) -> None:
    gallery = passive.gallery(liveness="passive")
    passive.active(gallery, "ann", photo("ann") + ATTACK)


def test_where_a_person_watches_no_machine_looks(passive: World) -> None:
    station = passive.station(gallery := passive.gallery())
    passive.active(gallery, "ann", photo("ann"))
    assert passive.identify(station, photo("ann", 2) + ATTACK)["decision"] == "MATCH"


def test_without_the_model_no_session_opens_any_more(passive: World, tmp_path: Path) -> None:
    gallery = passive.gallery(liveness="passive")
    station = passive.station(gallery)
    passive.active(gallery, "ann", photo("ann"))
    settings = settings_in(tmp_path / "copy")
    passive.copied_to(tmp_path / "copy")
    with reopened_world(tmp_path / "copy", settings, passive.secret, clock=passive.clock) as bare:
        refused = bare.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
        assert (refused.status_code, refused.json()["code"]) == (409, "liveness_unavailable")
        assert "'attended' can be checked" in refused.json()["detail"]
        stated = bare.api("POST", "/v1/purposes", json={**PURPOSE, "name": "x", "liveness": "passive"})
        assert stated.json()["code"] == "liveness_unavailable"


def test_whoever_asks_how_it_is_learns_the_modes(passive: World) -> None:
    assert passive.http.get("/healthz").json()["liveness"] == ["attended", "passive"]


@pytest.mark.parametrize(
    ("report", "status", "why"),
    [
        (REPORT, 201, ""),
        (replace(REPORT, independent=False), 409, "independently"),
        (replace(REPORT, species=tuple(replace(one, accepted=None) for one in REPORT.species)), 409, "IAPAR"),
    ],
)
def test_the_preset_asks_for_a_report_that_says_enough(tmp_path: Path, report: object, status: int, why: str) -> None:
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    faces = SimExtractor(pad_report=report)  # type: ignore[arg-type] # one of the three above
    rest = {name: value for name, value in PURPOSE.items() if name not in {"target_kind", "target"}}
    with reopened_world(tmp_path, settings, secret, faces=faces) as world:
        stated = world.api("POST", "/v1/purposes", json={**rest, "preset": "63b", "liveness": "passive"})
        assert stated.status_code == status
        if status == 201:
            assert stated.json()["presets_met"] == ["63b"]
        else:
            assert stated.json()["code"] == "pad_report_missing"
            assert why in stated.json()["detail"]
