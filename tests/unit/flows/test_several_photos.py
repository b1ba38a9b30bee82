"""Several photos of a person are compared together."""

from typing import Any

import numpy as np
import pytest
from sim.faces import CALIBRATION, DIMENSION, MODEL, SimExtractor, photo
from support.world import World

from visavis.model.template import Template


def test_s1_a_score_rests_on_every_reference_and_each_is_read_again(world: World) -> None:
    """One row that the database has given up ends the match, though memory has not heard of it."""
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"), photo("ann", 2), photo("ann", 3))
    station = world.station(gallery)
    assert world.identify(station, photo("ann", 4))["decision"] == "MATCH"
    world.sql('DELETE FROM "references" WHERE id = (SELECT min(id) FROM "references")')
    assert world.identify(station, photo("ann", 4))["decision"] == "NO_MATCH"
    world.services.live.refresh(ann.subject_id)
    assert world.identify(station, photo("ann", 4))["decision"] == "MATCH"


def test_a_gallery_counts_every_reference_and_not_what_stands_for_several(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"), photo("ann", 2), photo("ann", 3))
    world.active(gallery, "bob", photo("bob"))
    with world.services.store.read() as tx:
        index = world.services.live.index(tx.galleries.get(gallery))
        assert tx.references_in(gallery) == index.count() == 4


def test_whoever_is_claimed_with_three_photos_has_to_be_nearer_so_that_the_fmr_holds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three together err more often than one does: each may err a third as often."""
    bar = CALIBRATION.threshold_at(1e-3)
    axes = np.eye(DIMENSION, dtype=np.float32)
    looks = {"ann": axes[0], "bob": axes[1]}

    def extract(_self: SimExtractor, shown: bytes, **_how: Any) -> Template:
        name = shown.decode()
        near = bar + 0.01  # of both, just above the bar for one photo
        both = np.sqrt(1 - 2 * near * near)
        vector = looks.get(name.partition(" ")[0], near * (axes[0] + axes[1]) + both * axes[2])
        return Template(np.asarray(vector, np.float32), MODEL)

    monkeypatch.setattr(SimExtractor, "extract", extract)
    gallery = world.gallery(target_kind="fmr", target=1e-3)
    world.active(gallery, "ann", b"ann 1")
    world.active(gallery, "bob", b"bob 1", b"bob 2", b"bob 3")
    station = world.station(gallery)
    assert world.verify(station, b"stranger", "ann")["decision"] == "MATCH"
    assert world.verify(station, b"stranger", "bob")["decision"] == "NO_MATCH"


def test_more_photos_of_a_person_than_an_fmr_target_can_bear_are_refused(world: World) -> None:
    gallery = world.gallery(target_kind="fmr", target=2 * CALIBRATION.fmr_floor)
    world.active(gallery, "ann", photo("ann"), photo("ann", 2))
    form = {"external_reference": "bob"}
    photos = [("photos", photo("bob", number)) for number in (1, 2, 3)]
    answer = world.api("POST", f"/v1/galleries/{gallery}/enrolments", data=form, files=photos)
    assert (answer.status_code, answer.json()["code"]) == (409, "promise_too_strict"), answer.text
    assert "with 3 photos of a person each may err at 6.67e-06" in answer.json()["detail"]
