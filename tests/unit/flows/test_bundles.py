"""What leaves in a bundle, and what becomes of it elsewhere."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import numpy as np
import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.exporting import WHY, Quorum
from support.logged import entries_of, require_sound
from support.world import Person, World, reopened_world, settings_in

from visavis.flows.erase import TOMBSTONE_LEAST
from visavis.model.export import BUNDLE_LIFE, CLOCKS_APART

TEXT: Final = {"text": "We open the door for you.", "controller": "Acme"}


@dataclass
class House:
    """Where people agreed, a copy of it from before they did, and another installation of the same controller."""

    here: World
    quorum: Quorum
    gallery: str
    ann: Person
    bob: Person
    bundle: bytes
    lines: list[bytes]
    moved: World
    elsewhere: World


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[House]:
    with ExitStack() as worlds:

        def world(folder: Path, secret: str) -> World:
            return worlds.enter_context(reopened_world(folder, settings_in(folder), secret))

        first = tmp_path_factory.mktemp("first")
        shutil.copytree(blank[0], first, dirs_exist_ok=True)
        here = world(first, blank[1])
        gallery = here.gallery(**TEXT)
        copied = tmp_path_factory.mktemp("copied")
        here.copied_to(copied)
        ann = here.active(gallery, "ann", photo("ann"), photo("ann", 2))
        here.clock.move(seconds=1)
        bob = here.active(gallery, "bob", photo("bob"))
        here.pending(gallery, "never answered", photo("cy"))
        here.api("POST", f"/v1/galleries/{gallery}/without-face", json={"external_reference": "wim"})
        gone = here.active(gallery, "gone", photo("gone"))
        quorum = Quorum.over(here)
        export = quorum.asked(gallery)
        quorum.approve(export, 1, 2, 3)
        here.as_person(gone, "POST", "/v1/me/withdrawal")
        fetched = quorum.fetch(export)
        assert fetched.status_code == 200, fetched.text
        from visavis import bootstrap  # noqa: PLC0415 -- a second installation is made for these tests alone

        second = tmp_path_factory.mktemp("second")
        secret = bootstrap.initialise(settings_in(second))
        yield House(
            here,
            quorum,
            gallery,
            ann,
            bob,
            fetched.content,
            quorum.plain(fetched.content),
            world(copied, blank[1]),
            world(second, secret),
        )


def part(house: House, world: World, gallery: str, **changed: Any) -> httpx2.Response:
    """Bring the bundle's people into a gallery."""
    imported = world.made(f"/v1/galleries/{gallery}/imports", {"name": changed.pop("name", "bundle")}, status=200)
    body = {
        "controller_key": house.quorum.controller,
        "header": house.lines[0].decode(),
        "people": [line.decode() for line in house.lines[1:-1]],
        **changed,
    }
    return world.api("POST", f"/v1/imports/{imported['id']}/bundle", json=body)


def outcomes(answer: httpx2.Response) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(row["outcome"], row["code"]) for row in answer.json()["people"]]


def counts(world: World) -> tuple[Any, ...]:
    tables = ("subjects", "enrolments", "receipts", "subject_keys", '"references"')
    return tuple(world.sql(f"SELECT count(*) FROM {table}")[0][0] for table in tables)  # noqa: S608 -- our own tables


def test_what_leaves_is_whoever_may_be_recognised_at_that_moment(house: House) -> None:
    header, *people, end = [json.loads(line) for line in house.lines]
    told = [line["person"] for line in people]
    assert [one["external_reference"] for one in told] == ["ann", "bob"]
    assert [one["number"] for one in told] == [1, 2]
    assert [len(one["references"]) for one in told] == [2, 1]
    assert (end["end"]["people"], end["end"]["references"], end["end"]["left_out"]) == (2, 3, 2)
    assert header["header"]["request"]["reason"] == WHY
    assert len(header["header"]["approvals"]) == 3


def test_templates_leave_as_the_model_made_them(house: House) -> None:
    """Not as they are stored: the gallery's transform is taken off, or nobody else could compare them."""
    from base64 import urlsafe_b64decode  # noqa: PLC0415 -- of this test alone

    told = json.loads(house.lines[1])["person"]["references"]
    vectors = [np.frombuffer(urlsafe_b64decode(one["template"] + "=="), dtype="<f4") for one in told]
    made = [house.here.faces.extract(photo("ann", turn)).vector for turn in (1, 2)]
    assert sorted(float(max(vector @ one for one in made)) for vector in vectors) == pytest.approx([1.0, 1.0], abs=1e-5)


def test_nothing_of_a_bundle_can_be_read_by_anybody_else(house: House) -> None:
    assert house.bundle.startswith(b"age-encryption.org/v1\n-> X25519 ")
    for text in (b"ann", b"template", house.ann.subject_id.encode(), b"header"):
        assert text not in house.bundle


def test_everybody_in_it_sees_that_they_left_and_nobody_else_does(house: House) -> None:
    entries = entries_of(house.here.services.store)
    acts = [entry.fields["act"] for entry in entries if entry.event.value == "export"]
    assert acts == ["references_requested", *["references_approved"] * 3, *["references_done"] * 3]
    for person in (house.ann, house.bob):
        told = house.here.as_person(person, "GET", "/v1/me/log").json()
        (details,) = [one["details"] for one in told["items"] if "recipient" in one["details"]]
        assert details["recipient"] == house.quorum.recipient
        assert (details["reason"], details["subject"]) == (WHY, person.subject_id)
    require_sound(house.here)


def test_people_who_move_are_recognised_with_the_receipts_they_gave(house: House) -> None:
    world = house.moved
    assert outcomes(part(house, world, house.gallery)) == [("MOVED", None)] * 2
    before = counts(world)
    assert before == (2, 2, 2, 2, 3)
    station = world.station(house.gallery)
    assert world.identify(station, photo("ann", 3))["subject"]["external_reference"] == "ann"
    assert world.identify(station, photo("gone", 2))["decision"] == "NO_MATCH"
    assert world.as_person(house.ann, "GET", "/v1/me").status_code == 200, "her receipt opens what is held about her"
    assert outcomes(part(house, world, house.gallery)) == [("MOVED", None)] * 2
    assert counts(world) == before, "the same again changed something"
    require_sound(world)


def test_who_withdrew_where_they_moved_to_does_not_come_back(house: House) -> None:
    world = house.moved
    part(house, world, house.gallery)
    world.as_person(house.bob, "POST", "/v1/me/withdrawal")
    assert outcomes(part(house, world, house.gallery)) == [("MOVED", None), ("LEFT_OUT", "erased_before")]
    world.sql("CREATE TABLE kept AS SELECT * FROM tombstones")
    none = {"subject_id": "'sub_x'", "receipt_ids": "'[]'", "reference_tag": "x'00'"}
    for known_by in none:
        others = ", ".join(f"{name} = {value}" for name, value in none.items() if name != known_by)
        world.sql(f"UPDATE tombstones SET {known_by} = (SELECT {known_by} FROM kept), {others}")  # noqa: S608 -- ours
        assert outcomes(part(house, world, house.gallery))[1] == ("LEFT_OUT", "erased_before"), known_by


def test_elsewhere_everybody_is_asked_anew(house: House) -> None:
    world = house.elsewhere
    gallery = world.gallery(**TEXT)
    assert outcomes(part(house, world, gallery)) == [("PENDING", None)] * 2
    before = counts(world)
    station = world.station(gallery)
    assert world.identify(station, photo("ann", 3))["decision"] == "NO_MATCH", "nobody agreed here yet (rule S1)"
    assert world.sql("SELECT count(*) FROM receipts WHERE countersignature IS NOT NULL") == [(0,)]
    imported = world.made(f"/v1/galleries/{gallery}/imports", {"name": "bundle"}, status=200)["id"]
    links = world.api("GET", f"/v1/imports/{imported}/links").json()["items"]
    links.sort(key=lambda row: str(row["external_reference"]))
    assert [row["external_reference"] for row in links] == ["ann", "bob"]
    assert outcomes(part(house, world, gallery)) == [("PENDING", None)] * 2
    assert counts(world) == before, "the same again changed something"
    world.countersign(links[0]["consent_link"].partition("#")[2], OKPKey.generate_key("Ed25519"))
    world.clock.move(seconds=3)
    assert world.identify(station, photo("ann", 3))["subject"]["external_reference"] == "ann"
    require_sound(world)


def test_the_same_controller_in_another_gallery_asks_anew_too(house: House) -> None:
    world = house.moved
    other = world.gallery(**TEXT)
    assert outcomes(part(house, world, other)) == [("PENDING", None)] * 2


def test_who_declined_elsewhere_is_not_asked_again(house: House) -> None:
    world = house.elsewhere
    gallery = world.gallery(**TEXT)
    world.link("POST", "/v1/consent/refusal", world.pending(gallery, "ann", photo("ann")))
    assert outcomes(part(house, world, gallery)) == [("LEFT_OUT", "erased_before"), ("PENDING", None)]


def test_what_people_agreed_to_has_to_be_what_is_asked_here(house: House) -> None:
    world = house.elsewhere
    before = counts(world)
    other_words = world.gallery(controller="Acme", text="We also sell it.")
    assert outcomes(part(house, world, other_words)) == [("LEFT_OUT", "text_foreign")] * 2
    other_controller = world.gallery(text=TEXT["text"], controller="Bcme")
    refused = part(house, world, other_controller)
    assert (refused.status_code, refused.json()["code"]) == (409, "bundle_foreign")
    assert counts(world) == before


def test_a_bundle_that_is_not_the_named_controllers_stores_nothing(house: House) -> None:
    world = house.elsewhere
    gallery = world.gallery(**TEXT)
    before = counts(world)
    ann, bob = (line.decode() for line in house.lines[1:3])
    swapped = json.loads(ann)
    swapped["person"]["references"][0] = json.loads(bob)["person"]["references"][0]
    header = house.lines[0].decode()
    own = str(world.http.get("/.well-known/jwks.json").json()["keys"][0]["x"])
    for changed, code in (
        ({"controller_key": own}, "bundle_forged"),
        ({"controller_key": "A" * 43}, "bundle_forged"),
        ({"header": header.replace('"Acme"', '"Bcme"')}, "bundle_forged"),
        ({"header": ann}, "bundle_malformed"),
        ({"people": [bob, json.dumps(swapped, sort_keys=True, separators=(",", ":"))]}, "bundle_forged"),
        ({"people": [bob, ann.replace('"number":1', '"number":3')]}, "bundle_forged"),
        ({"people": [bob, "{}"]}, "bundle_malformed"),
        ({"people": [bob, header]}, "bundle_malformed"),
    ):
        refused = part(house, world, gallery, **changed)
        assert refused.json().get("code") == code, (changed, refused.text)
        assert counts(world) == before


def test_a_line_of_another_bundle_is_refused(house: House) -> None:
    """A person's line fits only beside the header of its own bundle, so that no two exports are mixed."""
    world = house.elsewhere
    gallery = world.gallery(**TEXT)
    other = house.quorum.plain(house.quorum.bundle(house.gallery))
    before = counts(world)
    refused = part(house, world, gallery, people=[other[1].decode()])
    assert (refused.status_code, refused.json()["code"]) == (403, "bundle_forged")
    assert counts(world) == before


def test_a_bundle_is_over_before_tombstones_are_forgotten(house: House) -> None:
    assert BUNDLE_LIFE + CLOCKS_APART < TOMBSTONE_LEAST
    world = house.elsewhere
    gallery = world.gallery(**TEXT)
    before = counts(world)
    for days in (BUNDLE_LIFE.days + 1, -CLOCKS_APART.days - 1):
        world.clock.move(days=days)
        refused = part(house, world, gallery)
        world.clock.move(days=-days)
        assert (refused.status_code, refused.json()["code"]) == (409, "bundle_over"), days
    assert counts(world) == before


def test_who_is_not_live_any_more_does_not_leave_and_whose_time_is_over_is_not_taken(house: House) -> None:
    here, elsewhere = house.here, house.elsewhere
    gallery = here.gallery(**TEXT, retention_days=5)
    here.active(gallery, "dee", photo("dee"))
    lines = house.quorum.plain(house.quorum.bundle(gallery))
    mine = elsewhere.gallery(**TEXT)
    changed = {"header": lines[0].decode(), "people": [lines[1].decode()]}
    elsewhere.clock.move(days=6)
    assert outcomes(part(house, elsewhere, mine, **changed)) == [("LEFT_OUT", "consent_expired")]
    elsewhere.clock.move(days=-6)
    here.clock.move(days=6)
    over = [json.loads(line) for line in house.quorum.plain(house.quorum.bundle(gallery))]
    assert [set(line) - {"signature"} for line in over] == [{"header"}, {"end"}]
    assert (over[-1]["end"]["people"], over[-1]["end"]["left_out"]) == (0, 1)
    here.clock.move(days=-6)
