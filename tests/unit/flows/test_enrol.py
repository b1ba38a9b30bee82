"""Enrolling: what is refused, what is one, and what joins what."""

import pytest
from joserfc.jwk import OKPKey
from sim.faces import BROKEN, CALIBRATION, CROWD, NOBODY, photo
from support.again import dump, run, who
from support.world import World


def test_the_same_photo_twice_is_one_reference(world: World) -> None:
    gallery = world.gallery()
    first = world.enrol(gallery, "ann", photo("ann"), photo("ann")).json()
    again = world.enrol(gallery, "ann", photo("ann")).json()
    assert (first["subject_id"], first["enrolment_id"]) == (again["subject_id"], again["enrolment_id"])
    assert first["consent_link"] != again["consent_link"]
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]
    link = first["consent_link"].partition("#")[2]
    assert world.link("GET", "/v1/consent", link).json()["code"] == "link_unknown"


def test_the_same_photo_of_somebody_else_is_another_reference(world: World) -> None:
    gallery = world.gallery()
    world.pending(gallery, "ann", photo("ann"))
    world.pending(gallery, "bea", photo("ann"))
    tags = world.sql('SELECT DISTINCT photo_tag FROM "references"')
    assert len(tags) == 2


def test_new_photos_join_the_enrolment_that_waits(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.pending(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("ann", 2), photo("ann", 3))
    assert world.sql("SELECT count(*) FROM enrolments") == [(1,)]
    assert world.countersign(link).status_code == 200
    assert who(world, station, photo("ann", 4)) == "ann"
    assert world.sql('SELECT count(*) FROM "references"') == [(3,)]


def test_a_photo_of_an_agreed_enrolment_asks_for_nothing_new(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("ann"))
    assert world.link("GET", "/v1/consent", link).json()["waiting"] is False
    assert world.countersign(link).json()["code"] == "link_unknown"
    assert world.link("POST", "/v1/consent/refusal", link).json()["code"] == "link_unknown"
    assert who(world, station, photo("ann", 2)) == "ann"


def test_later_photos_wait_for_a_consent_of_their_own(world: World) -> None:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    link = world.pending(gallery, "ann", photo("ann", 2))
    with world.services.store.read() as tx:
        index = world.services.live.index(tx.galleries.get(gallery))
    assert index.count() == 1
    assert world.countersign(link, OKPKey.generate_key("Ed25519")).json()["code"] == "consent_forged"
    assert index.count() == 1
    assert world.countersign(link, ann.key).status_code == 200
    assert index.count() == 2


@pytest.mark.parametrize(
    ("photos", "code"),
    [
        ([NOBODY], "no_face"),
        ([photo("ann"), CROWD], "several_faces"),
        ([BROKEN], "image_unreadable"),
        ([b""], "image_unreadable"),
        ([photo("ann", n) for n in range(6)], "too_many_photos"),
    ],
)
def test_a_refused_enrolment_stores_nothing(world: World, photos: list[bytes], code: str) -> None:
    gallery = world.gallery()
    before = dump(world)
    assert world.enrol(gallery, "ann", *photos).json()["code"] == code
    assert dump(world) == before


@pytest.mark.parametrize("reference", ["", "   ", "x" * 201])
def test_a_person_has_a_name(world: World, reference: str) -> None:
    assert world.enrol(world.gallery(), reference, photo("ann")).json()["code"] == "request_invalid"


def test_a_person_has_ten_references_at_most(world: World) -> None:
    gallery = world.gallery()
    for start in (0, 5):
        world.pending(gallery, "ann", *(photo("ann", start + n) for n in range(5)))
    refused = world.enrol(gallery, "ann", photo("ann", 99))
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_photos")
    assert world.enrol(gallery, "ann", photo("ann", 3)).status_code == 202


def test_a_gallery_that_is_full_says_why_with_numbers(world: World) -> None:
    gallery = world.gallery(target=3e-5)
    capacity = world.api("GET", f"/v1/galleries/{gallery}").json()["capacity"]
    assert capacity == 3
    world.active(gallery, "ann", photo("ann"), photo("ann", 2))
    world.pending(gallery, "eve", photo("eve"))
    before = dump(world)
    refused = world.enrol(gallery, "new", photo("new"))
    assert (refused.status_code, refused.json()["code"]) == (409, "gallery_full")
    for part in ("FPIR 3e-05 among 4 references", "^(1/4) = 7.5e-06", "FMR 1e-05", "for 3 references", "has 3"):
        assert part in refused.json()["detail"], refused.json()["detail"]
    assert dump(world) == before
    assert world.enrol(gallery, "eve", photo("eve")).status_code == 202
    assert CALIBRATION.fmr_floor == 1e-5


def test_a_gallery_of_another_model_is_refused_at_every_door(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    run(world, "UPDATE galleries SET model_id = '{}'", "old-1")
    assert world.enrol(gallery, "bea", photo("bea")).json()["code"] == "model_changed"
    answer = world.identify(station, photo("ann", 2))
    assert (answer["decision"], answer["reason"]) == ("REFUSED", "model_changed")
    assert world.verify(station, photo("ann", 2), "ann")["reason"] == "model_changed"


def test_a_name_is_one_however_it_is_typed(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    composed, apart = "Zo\u00e9", " Zoe\u0301 "
    zoe = world.active(gallery, apart, photo("zoe"))
    for typed in (composed, apart, f"  {composed}"):
        assert world.verify(station, photo("zoe", 2), typed)["decision"] == "MATCH"
        assert world.pin(station, typed, zoe.pin)["decision"] == "MATCH"
    added = world.api("POST", f"/v1/galleries/{gallery}/without-face", json={"external_reference": composed})
    assert added.json()["code"] == "already_exists"


def test_two_galleries_know_one_name_apart(world: World) -> None:
    one, two = world.gallery(), world.gallery()
    first = world.enrol(one, "ann", photo("ann")).json()
    second = world.enrol(two, "ann", photo("ann")).json()
    assert first["subject_id"] != second["subject_id"]
    tags = world.sql("SELECT DISTINCT reference_tag FROM subjects")
    assert len(tags) == 2
