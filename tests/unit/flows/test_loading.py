"""Galleries on their way into memory: what is served meanwhile, and that who withdraws is not taken in after all."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from sim.faces import photo
from support.again import run, who
from support.world import Device, World

from visavis.flows.live import LiveGalleries, Loaded
from visavis.flows.loading import Opened, opened
from visavis.model.consent import SealedReference
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery, GalleryLoading
from visavis.protect.references import open_plain

WAIT_S = 20.0


class Gate:
    """Stops the load with a page that was read and opened, before it is put in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, gallery_id: str) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

        def held_up(rows: Sequence[SealedReference], *, gallery: Gallery, **rest: Any) -> Opened:
            found = opened(rows, gallery=gallery, **rest)
            if gallery.id == gallery_id:
                self.reached.set()
                assert self.go_on.wait(WAIT_S)
            return found

        monkeypatch.setattr("visavis.flows.loading.opened", held_up)

    @contextmanager
    def during(self, act: Callable[[], object]) -> Iterator[None]:
        """The block runs while ``act`` is held up; it is over when the block is left."""
        failed: list[BaseException] = []

        def work() -> None:
            try:
                act()
            except BaseException as error:  # noqa: BLE001 -- told by the main thread
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert self.reached.wait(WAIT_S)
            yield
        finally:
            self.go_on.set()
            thread.join(WAIT_S)
        assert failed == []


def in_memory(world: World, gallery_id: str) -> set[str]:
    with world.services.store.read() as tx:
        gallery = tx.galleries.get(gallery_id)
        people = [subject.id for subject in tx.subjects.find(gallery_id=gallery_id)]
    index = world.services.live.index(gallery)
    probe = world.faces.extract(photo("anybody"))
    return {one for one in people if index.nearest_of(one, probe=probe) is not None}


def held(world: World, gallery_id: str) -> int:
    with world.services.store.read() as tx:
        return world.services.live.index(tx.galleries.get(gallery_id)).count()


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


def test_who_withdraws_while_their_page_is_on_its_way_is_not_taken_in(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = world.station(gallery)
    ann, bea = (world.active(gallery, name, photo(name)) for name in ("ann", "bea"))
    gate = Gate(monkeypatch, gallery_id=gallery)
    with gate.during(world.services.live.load):
        assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert held(world, gallery) == 1
    assert in_memory(world, gallery) == {bea.subject_id}
    assert who(world, station, photo("ann", 2)) is None
    assert who(world, station, photo("bea", 2)) == "bea"


def test_who_agrees_again_while_their_page_is_on_its_way_is_held_as_they_are_now(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("ann", 2))
    gate = Gate(monkeypatch, gallery_id=gallery)
    with gate.during(lambda: world.services.live.rebuild(gallery)):
        assert world.countersign(link, ann.key).status_code == 200
        assert held(world, gallery) == 2
    assert held(world, gallery) == 2


def test_who_withdraws_while_a_gallery_is_exchanged_is_in_neither_index(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    gate = Gate(monkeypatch, gallery_id=gallery)
    with gate.during(lambda: world.services.live.rebuild(gallery)):
        assert held(world, gallery) == 1, "the old index serves until the new one is whole"
        assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
        assert held(world, gallery) == 0
    assert held(world, gallery) == 0


def test_a_gallery_that_is_not_whole_is_refused_by_name_and_the_others_are_served(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large, station = gallery, world.station(gallery)
    for name in ("ann", "bea"):
        world.active(large, name, photo(name))
    small = world.gallery()
    beside = world.station(small)
    cem = world.active(small, "cem", photo("cem"))
    gate = Gate(monkeypatch, gallery_id=large)
    with gate.during(world.services.live.load):
        assert who(world, beside, photo("cem", 2)) == "cem"
        world.clock.move(seconds=3)
        session = world.session(station)
        refused = world.at(station, "POST", f"/v1/sessions/{session}/identify", files={"photo": photo("ann", 2)})
        assert (refused.status_code, refused.json()["code"]) == (503, "gallery_loading")
        assert refused.headers["Retry-After"] == "5"
        health = {"status": "loading", "subjects": 1, "people": 3, "liveness": ["attended"]}
        assert world.http.get("/healthz").json() == health
        assert world.sql("SELECT * FROM decisions WHERE outcome = 'NO_MATCH'") == []
    answer = world.at(station, "POST", f"/v1/sessions/{session}/identify", files={"photo": photo("ann", 2)})
    assert answer.json()["decision"] == "MATCH", "the session was not used up"
    assert world.http.get("/healthz").json()["status"] == "ok"
    assert in_memory(world, small) == {cem.subject_id}


def verify(world: World, station: Device, session: str) -> int:
    body = {"files": {"photo": photo("ann", 2)}, "data": {"external_reference": "ann"}}
    return world.at(station, "POST", f"/v1/sessions/{session}/verify", **body).status_code


def test_neither_verifying_nor_agreeing_looks_into_half_a_gallery(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "bea", photo("bea", twin_of="ann"))
    world.clock.move(seconds=3)
    session = world.session(station, "verify")
    gate = Gate(monkeypatch, gallery_id=gallery)
    with gate.during(world.services.live.load):
        assert verify(world, station, session) == 503
        assert world.countersign(link).json()["code"] == "gallery_loading"
    assert verify(world, station, session) == 200
    assert world.countersign(link).status_code == 200
    assert len(world.sql("SELECT * FROM reviews")) == 1, "she looks like Ann, whom half a gallery had not shown"


def test_a_person_is_served_without_a_face_while_the_gallery_loads(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    gate = Gate(monkeypatch, gallery_id=gallery)
    with gate.during(world.services.live.load):
        assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"


def fresh(world: World) -> LiveGalleries:
    """Memory of a server that has just started."""
    live = world.services.live
    return LiveGalleries(
        store=world.services.store, keyring=world.services.keyring, clock=world.clock, new_index=live._new_index
    )


def test_before_anything_was_loaded_a_gallery_with_people_is_not_empty(world: World, gallery: str) -> None:
    world.active(gallery, "ann", photo("ann"))
    live, new = fresh(world), world.gallery()
    with world.services.store.read() as tx:
        full, empty = tx.galleries.get(gallery), tx.galleries.get(new)
    assert live.index(empty).count() == 0
    with pytest.raises(GalleryLoading):
        live.index(full)
    live.load()
    assert live.index(full).count() == 1


def test_a_load_that_is_stopped_leaves_the_gallery_unsearched(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.active(gallery, "ann", photo("ann"))
    gate, live = Gate(monkeypatch, gallery_id=gallery), fresh(world)
    with gate.during(live.load):
        live.stop_loading()
    assert not live.load().is_complete
    with pytest.raises(GalleryLoading):
        live.require_loaded(gallery)


def test_what_is_told_adds_up(world: World, gallery: str) -> None:
    for name in ("ann", "bea", "cem"):
        world.active(gallery, name, photo(name))
    world.pending(gallery, "dot", photo("dot"))
    eve = world.active(world.gallery(), "eve", photo("eve"))
    run(world, "DELETE FROM subject_keys WHERE id = '{}'", eve.subject_id)
    assert world.services.live.load() == Loaded(subjects=3, left_out=1, people=4, is_complete=True)


def test_a_gallery_whose_own_key_is_damaged_is_left_out_and_told(world: World, gallery: str) -> None:
    world.active(gallery, "ann", photo("ann"))
    other = world.gallery()
    station = world.station(other)
    world.active(other, "bea", photo("bea"))
    run(world, "UPDATE gallery_keys SET wrapped = zeroblob(length(wrapped)) WHERE gallery_id = '{}'", gallery)
    assert world.services.live.load() == Loaded(subjects=1, left_out=1, people=2, is_complete=True)
    assert who(world, station, photo("bea", 2)) == "bea"
    with world.services.store.read() as tx:
        damaged = tx.galleries.get(gallery)
    with pytest.raises(SealBroken):
        world.services.live.index(damaged)


@pytest.mark.parametrize("page", [2, 3])
def test_pages_of_any_size_hold_everybody(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr("visavis.flows.loading.PAGE", page)
    people = [world.active(gallery, name, photo(name), photo(name, 2)) for name in ("ann", "bea", "cem", "dot")]
    assert world.services.live.load().subjects == len(people)
    assert in_memory(world, gallery) == {person.subject_id for person in people}
    assert held(world, gallery) == 2 * len(people)


def test_one_reference_that_is_no_unit_vector_keeps_its_person_out(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = world.active(gallery, "ann", photo("ann"), photo("ann", 2))
    bea = world.active(gallery, "bea", photo("bea"))
    seen: list[bytes] = []

    def halved(sealed: bytes, **rest: Any) -> bytes:
        plain = open_plain(sealed, **rest)
        seen.append(plain)
        if len(seen) > 1:
            return plain
        floats = np.frombuffer(plain[4:], dtype="<f4") / 2
        return plain[:4] + floats.astype("<f4").tobytes()

    monkeypatch.setattr("visavis.flows.loading.open_plain", halved)
    assert world.services.live.load() == Loaded(subjects=1, left_out=1, people=2, is_complete=True)
    assert in_memory(world, gallery) == {bea.subject_id}
    assert ann.subject_id not in in_memory(world, gallery)
