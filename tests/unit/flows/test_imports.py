"""Imports: what is stored, what is refused, what a second run does, and what ends them."""

from typing import Any

import pytest
from joserfc.jwk import OKPKey
from sim.faces import BROKEN, CROWD, NOBODY, photo
from support.again import dump, run, who
from support.importing import Bringing
from support.world import World

from visavis.flows import imports as flow
from visavis.model.image import DecoderUnavailable


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def staff(world: World, gallery: str) -> Bringing:
    return Bringing.opened(world, gallery)


def key_of(world: World, *scopes: str, galleries: list[str] | None = None) -> str:
    return str(world.made("/v1/api-keys", {"name": "k", "scopes": list(scopes), "gallery_ids": galleries})["secret"])


def withdraw(world: World, subject_id: str) -> None:
    assert world.api("POST", f"/v1/subjects/{subject_id}/withdrawal").status_code == 204


def test_a_name_is_one_import_of_one_gallery(world: World, gallery: str) -> None:
    first = Bringing.opened(world, gallery, name="May")
    assert Bringing.opened(world, gallery, name=" May ").id == first.id
    assert Bringing.opened(world, gallery, name="June").id != first.id
    assert Bringing.opened(world, world.gallery(), name="May").id != first.id
    assert world.api("POST", "/v1/galleries/gal_x/imports", json={"name": "x"}).status_code == 404


def test_each_photo_is_judged_by_itself(staff: Bringing) -> None:
    brought = staff.brought("ann", photo("ann"), NOBODY, CROWD, photo("ann", 2), BROKEN)
    assert (brought["outcome"], brought["stored"]) == ("PENDING", 2)
    refused = [("ann 1.jpg", "no_face"), ("ann 2.jpg", "several_faces"), ("ann 4.jpg", "image_unreadable")]
    assert [(r["photo"], r["code"]) for r in brought["refusals"]] == refused
    assert all(r["mend"] for r in brought["refusals"])
    assert staff.refusals() == {"ann": refused}
    assert staff.world.sql('SELECT count(*) FROM "references"') == [(2,)]


def test_nobody_usable_is_nobody_stored(world: World, staff: Bringing) -> None:
    before = dump(world)
    assert staff.brought("everard", NOBODY, CROWD)["outcome"] == "REFUSED"
    after = dump(world)
    assert {name for name in after if after[name] != before[name]} == {"import_entries"}
    assert staff.numbers() == {"pending": 0, "refused": 1, "erased": 0, "photos_stored": 0, "photos_refused": 2}
    assert b"everard" not in world.files()


def test_photos_beyond_the_fifth_are_left_out_and_told(staff: Bringing) -> None:
    brought = staff.brought("ann", *(photo("ann", n) for n in range(7)))
    assert brought["stored"] == 5
    assert [(r["photo"], r["code"]) for r in brought["refusals"]] == [
        ("ann 5.jpg", "photo_left_out"),
        ("ann 6.jpg", "photo_left_out"),
    ]
    assert photo("ann", 5) not in staff.world.faces.seen


def test_the_same_photo_twice_is_stored_once(staff: Bringing) -> None:
    assert staff.brought("ann", photo("ann"), photo("ann"))["stored"] == 1


def test_the_same_again_changes_nothing_and_looks_at_nothing(world: World, staff: Bringing) -> None:
    first = staff.brought("ann", photo("ann"), NOBODY)
    refused = staff.brought("everard", CROWD)
    before, seen = dump(world), len(world.faces.seen)
    assert staff.brought(" ann ", photo("ann"), NOBODY) == first
    assert staff.brought("everard", CROWD) == refused
    assert (dump(world), len(world.faces.seen)) == (before, seen)


def test_what_is_missing_can_be_asked_without_sending_photos(staff: Bringing) -> None:
    staff.brought("Zo\u00e9", photo("zoe"))
    staff.brought("everard", NOBODY)
    people = [
        (" Zoe\u0301", [photo("zoe")]),
        ("everard", [NOBODY]),
        ("everard", [NOBODY, NOBODY]),
        ("ann", [photo("zoe")]),
        ("Zo\u00e9", [photo("zoe"), photo("zoe", 2)]),
    ]
    assert staff.missing(*people[:2]) == []
    assert staff.missing(*people) == ["everard", "ann", "Zo\u00e9"]
    assert Bringing.opened(staff.world, staff.gallery, name="other").missing(people[0]) == [people[0][0]]


@pytest.mark.parametrize("digests", [["x"], ["0" * 63], ["0" * 64] * 1001, "0" * 64])
def test_what_is_asked_for_is_bounded(staff: Bringing, digests: object) -> None:
    assert staff.ask("POST", "/missing", json={"digests": digests}).json()["code"] == "request_invalid"


def test_the_digests_themselves_are_not_kept(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"))
    ((tag,),) = world.sql("SELECT tag FROM import_entries")
    other = Bringing.opened(world, staff.gallery, name="other")
    assert other.brought("ann", photo("ann"))["outcome"] == "PENDING"
    tags = {row[0] for row in world.sql("SELECT tag FROM import_entries")}
    assert len(tags) == 2, "two imports of the same person cannot be joined"
    assert tag in tags


def test_new_photos_of_somebody_who_waits_join_them_under_a_fresh_link(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"))
    first = staff.links()["ann"]
    staff.brought("ann", photo("ann"), photo("ann", 2))
    links = [row["consent_link"] for row in staff.ask("GET", "/links").json()["items"]]
    assert len(links) == 1
    assert first not in links[0]
    assert world.link("GET", "/v1/consent", first).json()["code"] == "link_unknown"
    assert world.sql("SELECT count(*) FROM subjects") == [(1,)]


def test_the_answer_is_the_same_whoever_was_there(world: World, gallery: str, staff: Bringing) -> None:
    """Rule S3: known and unknown, agreed and not, the enroller is told the same."""
    world.active(gallery, "ann", photo("ann"))
    world.pending(gallery, "bea", photo("bea"))
    answers = [staff.brought(name, photo(name)) for name in ("ann", "bea", "new")]
    assert [{**answer, "entry_id": ""} for answer in answers] == [
        {"entry_id": "", "outcome": "PENDING", "stored": 1, "refusals": []}
    ] * 3
    assert set(staff.links()) == {"ann", "bea", "new"}
    assert staff.numbers()["photos_stored"] == 3


def test_a_person_with_as_many_references_as_one_may_have_is_told_so(staff: Bringing) -> None:
    for start in (0, 5):
        staff.brought("ann", *(photo("ann", start + n) for n in range(5)))
    brought = staff.brought("ann", photo("ann", 99))
    assert (brought["outcome"], brought["stored"]) == ("REFUSED", 0)
    assert [(r["photo"], r["code"]) for r in brought["refusals"]] == [(None, "too_many_photos")]


def test_a_full_gallery_stops_and_what_was_brought_stays(world: World) -> None:
    staff = Bringing.opened(world, world.gallery(target=3e-5))
    for name in ("ann", "bea", "cec"):
        staff.brought(name, photo(name))
    before = dump(world)
    refused = staff.bring("dan", photo("dan"))
    assert (refused.status_code, refused.json()["code"]) == (409, "gallery_full")
    assert dump(world) == before
    assert staff.missing(("ann", [photo("ann")]), ("dan", [photo("dan")])) == ["dan"]
    (subject_id, *_), *_ = world.sql("SELECT id FROM subjects")
    withdraw(world, subject_id)
    assert staff.brought("dan", photo("dan"))["outcome"] == "PENDING"


def test_a_fault_of_the_machine_is_no_refusal_of_the_photo(
    world: World, staff: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(_photo: bytes, **_how: Any) -> None:
        raise DecoderUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(world.faces, "extract", unavailable)
        assert staff.bring("ann", photo("ann")).json()["code"] == "decoder_unavailable"
    assert staff.brought("ann", photo("ann"))["outcome"] == "PENDING"


def test_a_gallery_of_another_model_takes_nobody(world: World, staff: Bringing) -> None:
    run(world, "UPDATE galleries SET model_id = '{}'", "old-1")
    assert staff.bring("ann", photo("ann")).json()["code"] == "model_changed"
    opened = world.api("POST", f"/v1/galleries/{staff.gallery}/imports", json={"name": "new"})
    assert opened.json()["code"] == "model_changed"


def test_an_import_takes_so_many_people(world: World, staff: Bringing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "MAX_ENTRIES", 2)
    first = staff.brought("ann", photo("ann"))
    staff.brought("everard", NOBODY)
    before = dump(world)
    for picture in (photo("new"), NOBODY):
        refused = staff.bring("new", picture)
        assert (refused.status_code, refused.json()["code"]) == (409, "import_full")
    assert dump(world) == before
    assert staff.brought("ann", photo("ann")) == first


@pytest.mark.parametrize("reference", ["", "   ", "x" * 201])
def test_a_person_has_a_name(staff: Bringing, reference: str) -> None:
    assert staff.bring(reference, photo("ann")).json()["code"] == "request_invalid"


def test_a_person_has_a_photo(staff: Bringing) -> None:
    response = staff.ask("POST", "/entries", data={"external_reference": "ann"})
    assert response.json()["code"] == "request_invalid"


@pytest.mark.parametrize("how", ["withdraws", "declines", "review"])
def test_who_was_erased_is_not_brought_back(world: World, staff: Bringing, how: str) -> None:
    if how == "review":
        world.active(staff.gallery, "double", photo("ann", 7))
    staff.brought("ann", photo("ann"))
    link = staff.links()["ann"]
    if how == "declines":
        assert world.link("POST", "/v1/consent/refusal", link).status_code == 200
    else:
        agreed = world.countersign(link).json()
        if how == "review":
            (review,) = world.api("GET", "/v1/reviews", headers={"Visavis-Reason": "x"}).json()["items"]
            path = f"/v1/reviews/{review['id']}/resolution"
            assert world.api("POST", path, json={"resolution": "erase"}).status_code == 204
        else:
            withdraw(world, agreed["subject_id"])
    assert staff.numbers() == {"pending": 0, "refused": 0, "erased": 1, "photos_stored": 0, "photos_refused": 0}
    assert staff.missing(("ann", [photo("ann")])) == []
    before, seen = dump(world)["references"], len(world.faces.seen)
    for of in (staff, Bringing.opened(world, staff.gallery, name="again")):
        again = of.brought("ann", photo("ann"))
        assert (again["outcome"], again["stored"]) == ("ERASED", 0)
        assert [(r["photo"], r["code"]) for r in again["refusals"]] == [(None, "erased_before")]
        assert of.brought("ann", photo("ann"), photo("ann", 2))["outcome"] == "ERASED"
        assert not of.links()
        assert not of.refusals()
    assert (dump(world)["references"], len(world.faces.seen)) == (before, seen)
    assert world.sql("SELECT DISTINCT subject_id, enrolment_id, length(sealed) FROM import_entries") == [
        (None, None, 0)
    ]


def test_who_was_erased_can_be_enrolled_by_themselves(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"))
    withdraw(world, world.countersign(staff.links()["ann"]).json()["subject_id"])
    assert world.enrol(staff.gallery, "ann", photo("ann")).status_code == 202


def test_who_never_answered_is_asked_again_by_another_import_only(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"))
    world.clock.move(days=13)
    staff.brought("bea", photo("bea"))
    world.clock.move(days=1)
    world.services.withdraw.purge()
    assert staff.numbers()["erased"] == 1
    assert staff.brought("ann", photo("ann"))["outcome"] == "ERASED"
    later = Bringing.opened(world, staff.gallery, name="again")
    assert later.brought("ann", photo("ann"))["outcome"] == "PENDING"


def test_a_batch_of_photos_that_is_declined_is_erased_and_the_earlier_one_stays(world: World, staff: Bringing) -> None:
    key = OKPKey.generate_key("Ed25519")
    staff.brought("ann", photo("ann"))
    world.countersign(staff.links()["ann"], key)
    staff.brought("ann", photo("ann", 2))
    assert world.link("POST", "/v1/consent/refusal", staff.links()["ann"]).status_code == 200
    assert staff.numbers() == {"pending": 1, "refused": 0, "erased": 1, "photos_stored": 1, "photos_refused": 0}
    assert who(world, world.station(staff.gallery), photo("ann", 3)) == "ann"


def test_a_link_that_was_used_is_kept_no_longer(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"), NOBODY)
    link = staff.links()["ann"]
    before = world.sql("SELECT length(sealed) FROM import_entries")
    assert world.countersign(link).status_code == 200
    assert staff.links() == {}
    assert world.sql("SELECT length(sealed) FROM import_entries") < before
    assert staff.numbers()["pending"] == 1
    assert staff.refusals() == {"ann": [("ann 1.jpg", "no_face")]}


def test_a_link_that_a_newer_one_followed_is_not_handed_out(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"))
    newer = world.pending(staff.gallery, "ann", photo("ann"))
    assert staff.links() == {}
    assert world.countersign(newer).status_code == 200


def test_an_import_ends_when_the_last_of_its_links_does(world: World, staff: Bringing) -> None:
    staff.brought("ann", photo("ann"))
    staff.brought("everard", NOBODY)
    world.clock.move(days=10)
    staff.brought("bea", photo("bea"))
    world.clock.move(days=13, hours=23)
    world.services.withdraw.purge()
    assert set(staff.links()) == {"bea"}
    world.clock.move(hours=3)
    assert staff.ask("GET").json()["code"] == "not_found"
    for method, what in (("GET", "/links"), ("GET", "/refusals")):
        assert staff.ask(method, what).json()["code"] == "not_found"
    assert staff.bring("new", photo("new")).json()["code"] == "not_found"
    world.services.withdraw.purge()
    assert world.sql("SELECT * FROM imports") == world.sql("SELECT * FROM import_entries") == []


def test_a_name_can_be_used_again_once_its_import_is_over(world: World, staff: Bringing) -> None:
    staff.brought("everard", NOBODY)
    world.clock.move(days=15)
    again = Bringing.opened(world, staff.gallery)
    assert again.id != staff.id
    assert again.numbers()["refused"] == 0
    assert world.sql("SELECT count(*) FROM import_entries") == [(0,)]


def test_an_import_does_not_outlast_the_purposes_retention(world: World) -> None:
    staff = Bringing.opened(world, world.gallery(retention_days=2))
    staff.brought("everard", NOBODY)
    world.clock.move(days=2)
    world.services.withdraw.purge()
    assert world.sql("SELECT * FROM import_entries") == []


def test_links_are_for_the_key_that_made_the_import(world: World, gallery: str) -> None:
    maker, other = key_of(world, "enrol"), key_of(world, "enrol")
    made = Bringing.opened(world, gallery, key=maker)
    made.brought("ann", photo("ann"), NOBODY)
    theirs = Bringing(world, made.id, gallery, {"Authorization": f"Bearer {other}"})
    for what in ("/links", "/refusals"):
        refused = theirs.ask("GET", what)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        assert "ann" not in refused.text
    assert theirs.ask("GET").status_code == 200
    assert set(made.links()) == {"ann"}
    admin = Bringing(world, made.id, gallery, {})
    assert set(admin.links()) == {"ann"}


def test_an_import_of_another_gallery_is_not_there(world: World, gallery: str, staff: Bringing) -> None:
    foreign = key_of(world, "enrol", galleries=[world.gallery()])
    theirs = Bringing(world, staff.id, gallery, {"Authorization": f"Bearer {foreign}"})
    asked = [
        theirs.ask("GET"),
        theirs.ask("GET", "/links"),
        theirs.ask("GET", "/refusals"),
        theirs.ask("POST", "/missing", json={"digests": []}),
        theirs.bring("ann", photo("ann")),
    ]
    assert [response.json()["code"] for response in asked] == ["not_found"] * 5
    opened = world.api("POST", f"/v1/galleries/{gallery}/imports", json={"name": "x"}, headers=theirs.headers)
    assert opened.json()["code"] == "gallery_outside_key"
    bound = key_of(world, "enrol", galleries=[gallery])
    assert Bringing.opened(world, gallery, name="own", key=bound).brought("ann", photo("ann"))["outcome"] == "PENDING"


@pytest.mark.parametrize("what", ["/links", "/refusals"])
def test_reading_who_is_in_an_import_is_recorded(world: World, staff: Bringing, what: str) -> None:
    staff.brought("ann", photo("ann"), NOBODY)
    assert world.sql("SELECT * FROM readings") == []
    refused = staff.ask("GET", what, headers={"Visavis-Reason": " "})
    assert refused.json()["code"] == "reason_missing"
    assert staff.ask("GET", what).status_code == 200
    assert world.sql("SELECT kind, gallery_id FROM readings") == [("import", staff.gallery)]


def test_lists_go_over_pages_in_the_order_of_their_numbers(world: World, staff: Bringing) -> None:
    names = [f"p{n}" for n in range(7)]
    for name in names:
        staff.brought(name, photo(name), NOBODY)
        world.clock.move(seconds=1)
    for what in ("/links", "/refusals"):
        found, after = [], ""
        while True:
            page = staff.ask("GET", f"{what}?limit=3{after}").json()
            found += [(row["number"], row["external_reference"]) for row in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert found == list(enumerate(names, start=1))
    world.countersign(staff.links()["p3"])
    rows = staff.ask("GET", "/links").json()["items"]
    assert [row["number"] for row in rows] == [1, 2, 3, 5, 6, 7], "numbers stay when somebody answers"


def test_files_are_told_by_their_own_names_without_folders(staff: Bringing) -> None:
    files = [("photos", (name, NOBODY, "image/jpeg")) for name in ("a/b/Zo\u00e9.jpg", "c\\d.jpg", "x" * 500)]
    brought = staff.ask("POST", "/entries", data={"external_reference": "zoe"}, files=files).json()
    assert [r["photo"] for r in brought["refusals"]] == ["Zo\u00e9.jpg", "d.jpg", "x" * 200]
