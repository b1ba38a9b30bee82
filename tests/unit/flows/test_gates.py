"""Which gate a picture has to pass follows from what it is to serve."""

from typing import Any

import pytest
from sim.faces import SimExtractor, photo
from support.world import World

from visavis.model.template import Template
from visavis.model.unfit import Blurred
from visavis.quality.gate import DOCUMENT, ENROLMENT, PROBE, Gate


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, str]]:
    """Each photo that was looked at, and the gate that it had to pass."""
    seen: list[tuple[bytes, str]] = []
    extract = SimExtractor.extract

    def noted(self: SimExtractor, content: bytes, *, gate: Gate = PROBE, **how: Any) -> Template:
        seen.append((content, gate.name))
        if content == photo("blurred"):
            raise Blurred
        return extract(self, content, gate=gate, **how)

    monkeypatch.setattr(SimExtractor, "extract", noted)
    return seen


def test_what_enrols_passes_the_strict_gate_and_what_is_compared_the_lenient_one(
    world: World, asked: list[tuple[bytes, str]]
) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"), photo("ann", 2))
    station = world.station(gallery)
    assert world.verify(station, photo("ann", 3), "ann")["decision"] == "MATCH"
    assert asked == [
        (photo("ann"), ENROLMENT.name),
        (photo("ann", 2), ENROLMENT.name),
        (photo("ann", 3), PROBE.name),
    ]


def test_the_picture_in_a_document_passes_a_gate_of_its_own(world: World, asked: list[tuple[bytes, str]]) -> None:
    station = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    path = f"/v1/sessions/{world.granted_check(station)}/document-check"
    world.at(station, "POST", path, files={"portrait": photo("ann"), "document": photo("ann", 2)})
    assert asked == [(photo("ann"), PROBE.name), (photo("ann", 2), DOCUMENT.name)]


def test_a_refusal_says_what_to_do_and_enrols_nobody(world: World, asked: list[tuple[bytes, str]]) -> None:
    gallery = world.gallery()
    refused = world.enrol(gallery, "ann", photo("blurred"))
    assert asked == [(photo("blurred"), ENROLMENT.name)]
    assert (refused.status_code, refused.json()["code"]) == (422, "blurred")
    assert "Hold still" in refused.json()["mend"]
    assert world.sql("SELECT * FROM subjects") == []
