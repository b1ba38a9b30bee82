"""Keys are exchanged while the server serves; nothing is lost, and nobody goes unrecognised."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sim.faces import photo
from support.keys import keys_of
from support.logged import require_sound
from support.world import Device, Person, World, reopened_world, settings_in

from visavis.flows.live import open_references
from visavis.model.access import NotFound
from visavis.model.keys import KeyFileForeign, SealBroken
from visavis.protect.key_store import open_store


@pytest.fixture
def ann(world: World) -> tuple[Device, Person]:
    gallery = world.gallery()
    return world.station(gallery), world.active(gallery, "ann", photo("ann"))


def gallery_of(world: World, person: Person) -> str:
    with world.services.store.read() as tx:
        return tx.subjects.get(person.subject_id).gallery_id


def recognised(world: World, station: Device) -> bool:
    world.clock.move(seconds=5)
    return bool(world.identify(station, photo("ann"))["decision"] == "MATCH")


def sealed_of(world: World, person: Person) -> list[bytes]:
    with world.services.store.read() as tx:
        return [reference.sealed for reference in tx.references.find(subject_id=person.subject_id)]


def test_a_gallerys_key_is_exchanged_and_the_old_one_is_gone(world: World, ann: tuple[Device, Person]) -> None:
    station, person = ann
    gallery, before = gallery_of(world, person), sealed_of(world, person)
    answer = world.api("POST", f"/v1/galleries/{gallery}/key/rotation")
    assert answer.json() == {"gallery_id": gallery, "subjects": 1}
    with world.services.store.read() as tx:
        assert [key.version for key in tx.gallery_keys.find(gallery_id=gallery)] == [2]
    assert sealed_of(world, person) != before
    assert recognised(world, station)
    world.services.live.load()
    assert recognised(world, station)
    assert not world.services.rotate.look()
    require_sound(world)


def test_somebody_who_enrols_in_the_middle_of_an_exchange_is_recognised(
    world: World, ann: tuple[Device, Person]
) -> None:
    station, person = ann
    gallery = gallery_of(world, person)
    with world.services.store.write() as tx:
        world.services.rotate._next_version(tx, gallery)
    world.active(gallery, "ben", photo("ben"))
    assert recognised(world, station)
    world.clock.move(seconds=5)
    assert world.identify(station, photo("ben"))["decision"] == "MATCH"
    assert world.services.rotate.look() == 2
    assert recognised(world, station)
    world.clock.move(seconds=5)
    assert world.identify(station, photo("ben"))["decision"] == "MATCH"


def test_a_persons_key_is_exchanged_with_everything_under_it(world: World, ann: tuple[Device, Person]) -> None:
    station, person = ann
    world.api("GET", f"/v1/subjects/{person.subject_id}")  # somebody looked, and why is sealed for the person
    with world.services.store.read() as tx:
        old = tx.subject_keys.get(person.subject_id)
    entries = len(world.services.log.own(person.subject_id))
    assert world.api("POST", f"/v1/subjects/{person.subject_id}/key/rotation").status_code == 204
    with world.services.store.read() as tx:
        subject, row = tx.subjects.get(person.subject_id), tx.subject_keys.get(person.subject_id)
        secret = world.services.keyring.open_subject_key(row, subject=subject)
        former = world.services.keyring.open_subject_key(old, subject=subject)
        (looked, *_) = tx.readings.find(subject_id=person.subject_id)
        assert world.services.readings._open(tx, looked).reason == "a test"
    assert (secret.version, secret.tagging) == (former.version + 1, former.tagging)
    assert secret.sealing != former.sealing
    assert recognised(world, station)
    shown = world.api("GET", f"/v1/subjects/{person.subject_id}")
    assert shown.json()["external_reference"] == "ann"
    assert len(world.services.log.own(person.subject_id)) > entries
    again = world.enrol(gallery_of(world, person), "ann", photo("ann"))
    assert again.status_code == 202
    with world.services.store.read() as tx:
        assert len(tx.references.find(subject_id=person.subject_id)) == 1, "the same photo is known as before"
    require_sound(world)


def test_nothing_of_a_person_opens_with_their_former_key(world: World, ann: tuple[Device, Person]) -> None:
    _, person = ann
    with world.services.store.read() as tx:
        subject, row = tx.subjects.get(person.subject_id), tx.subject_keys.get(person.subject_id)
        former = world.services.keyring.open_subject_key(row, subject=subject)
    world.services.rotate.subject(person.subject_id)
    with world.services.store.read() as tx:
        names = [subject.sealed_personal for subject in [tx.subjects.get(person.subject_id)]]
        versions = {sealed[4] for sealed in (*names, *sealed_of(world, person))}
    assert versions == {former.version + 1}


def test_the_root_is_exchanged_in_its_file(world: World, ann: tuple[Device, Person]) -> None:
    station, _ = ann
    settings = settings_in(world.folder)
    before, old = settings.key_file.read_text(), keys_of(settings).tree
    store = (settings.key_store_folder / "keys.json").read_bytes()
    shown = world.api("POST", "/v1/keys/root/rotation").json()
    assert shown["mode"] == "keyfile"
    assert settings.key_file.read_text() != before
    assert keys_of(settings).tree.epochs == old.epochs
    with pytest.raises(KeyFileForeign):
        open_store((settings.key_store_folder / "keys.json").read_bytes(), root=bytes.fromhex(before))
    assert (settings.key_store_folder / "keys.json").read_bytes() != store
    kept = [path.name for path in settings.key_store_folder.iterdir() if path.suffix != ".lock"]
    assert kept == ["keys.json"], "nothing of the former is left"
    assert recognised(world, station)
    require_sound(world)


@pytest.mark.parametrize("renamed", [False, True])
def test_an_exchange_of_the_root_that_was_cut_short_is_finished_at_the_start(
    tmp_path: Path, blank: tuple[Path, str], *, renamed: bool
) -> None:
    shutil.copytree(blank[0], tmp_path, dirs_exist_ok=True)
    settings, fresh = settings_in(tmp_path), bytes(range(32))
    beside = settings.key_file.with_name(f".{settings.key_file.name}.new")
    beside.write_text(fresh.hex())
    beside.chmod(0o600)
    keys_of(settings).change(lambda store: store.with_seat(fresh))
    if renamed:
        beside.replace(settings.key_file)
    with reopened_world(tmp_path, settings, blank[1]) as opened:
        assert opened.api("GET", "/v1/keys").status_code == 200
    assert not beside.exists()
    told = json.loads((settings.key_store_folder / "keys.json").read_text())
    assert len(told["seats"]) == 1
    assert (settings.key_file.read_text().strip() == fresh.hex()) == renamed


def test_who_is_not_there_has_no_key_to_exchange(world: World) -> None:
    for path in ("/v1/galleries/gal_x/key/rotation", "/v1/subjects/sub_x/key/rotation"):
        assert world.api("POST", path).status_code == 404
    with pytest.raises(NotFound):
        world.services.rotate.subject("sub_x")


def test_a_reference_that_was_edited_does_not_keep_the_others_from_the_next_version(
    world: World, ann: tuple[Device, Person]
) -> None:
    station, person = ann
    gallery = gallery_of(world, person)
    ben = world.active(gallery, "ben", photo("ben"), photo("ben", 2))
    with world.services.store.write() as tx:
        broken, whole = tx.references.find(subject_id=ben.subject_id)
        tx.references.change(replace(broken, sealed=broken.sealed[:-1] + bytes([broken.sealed[-1] ^ 1])))
    world.services.rotate.gallery(gallery)
    assert recognised(world, station)
    with world.services.store.read() as tx:
        subject = tx.subjects.get(ben.subject_id)
        moved = tx.references.get(whole.id)
        assert open_references(tx, [moved], subject, keyring=world.services.keyring)
        with pytest.raises(SealBroken):
            open_references(tx, [tx.references.get(broken.id)], subject, keyring=world.services.keyring)


def test_a_key_whose_exchange_fails_half_way_is_not_exchanged(world: World, ann: tuple[Device, Person]) -> None:
    station, person = ann
    world.api("GET", f"/v1/subjects/{person.subject_id}")
    with world.services.store.write() as tx:
        (looked,) = tx.readings.find(subject_id=person.subject_id)
        tx.readings.change(replace(looked, sealed_reason=looked.sealed_reason[:-1]))
    before = sealed_of(world, person)
    assert world.api("POST", f"/v1/subjects/{person.subject_id}/key/rotation").json()["code"] == "seal_broken"
    assert sealed_of(world, person) == before
    assert recognised(world, station)


def test_a_key_that_is_added_in_the_middle_of_an_exchange_takes_none_out_that_is_needed(
    world: World, ann: tuple[Device, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    station, person = ann
    gallery, rotate = gallery_of(world, person), world.services.rotate
    rebuild = world.services.live.rebuild

    def meanwhile(gallery_id: str) -> None:
        with world.services.store.write() as tx:
            rotate._next_version(tx, gallery_id)
        rebuild(gallery_id)

    monkeypatch.setattr(world.services.live, "rebuild", meanwhile)
    rotate.gallery(gallery)
    monkeypatch.undo()
    world.services.live.load()
    assert recognised(world, station)
    assert rotate.look() == 1
    assert recognised(world, station)
