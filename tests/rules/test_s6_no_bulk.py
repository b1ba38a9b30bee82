"""Rule S6: nobody reads or exports references in bulk without k of n custodians: one door, and it asks them."""

import json
import struct
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import numpy as np
from sim.faces import DIMENSION, photo
from support.exporting import Quorum, peopled
from support.place import CALLS, called, furnished
from support.surface import client_names, commands, everything, operations, words
from support.world import World

from visavis.cli.main import program

DOOR = "POST /v1/exports/{export_id}/bundle"
FILES = {
    DOOR: "references, encrypted to the recipient that custodians signed",
    "POST /v1/backups": "the database as it lies on the disk: sealed, and of no use without the key store",
    "POST /v1/subjects/{subject_id}/archive": "what is held about one person, without the numbers of a template",
    "GET /v1/me/archive": "the same, for the person",
    "GET /v1/imports/{import_id}/links": "one-time links, as a table or slips to print",
    "GET /metrics": "counts of stations, galleries and doors",
    "GET /log/checkpoint": "the public log",
    "GET /log/key": "the public log",
    "GET /log/tile/{path}": "the public log",
}
"""Every door that answers with something else than JSON, which has a shape, and with what."""

KEEPERS = {"template", "templates", "embedding", "embeddings", "vector", "vectors", "descriptor", "features"}
"""Words that numbers made of a face would be named with."""


def shapes_of(answer: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """Every shape that an answer leads to."""
    found: set[str] = set()
    waiting = [json.dumps(answer)]
    while waiting:
        text = waiting.pop()
        for name in document["components"]["schemas"]:
            if f'"#/components/schemas/{name}"' in text and name not in found:
                found.add(name)
                waiting.append(json.dumps(document["components"]["schemas"][name]))
    return found


def test_s6_one_door_gives_a_bundle_and_no_other_answer_has_room_for_a_template(world: World) -> None:
    document = world.app.openapi()
    files = set()
    for method, path, operation in operations(world):
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                continue
            if set(answer.get("content", {})) - {"application/json"}:
                files.add(f"{method} {path}")
            for name in shapes_of(answer, document):
                told = words({field.lower() for field in document["components"]["schemas"][name].get("properties", {})})
                assert not KEEPERS & told, (method, path, name)
    assert files == set(FILES)


def test_s6_nothing_that_can_be_called_is_named_for_taking_references_out(world: World) -> None:
    named = words(everything(world) - {"template"})
    assert not (KEEPERS - {"template"}) & named
    assert {path for path, _ in commands(program) if "export" in path} == {
        "visavis exports", "visavis exports request", "visavis exports show", "visavis exports list",
        "visavis exports approve", "visavis exports sign",
        "visavis exports fetch", "visavis exports import",
    }  # fmt: skip
    assert {name for name in client_names() if "export" in name and name != "export_id"} == {
        "ask_for_export", "show_export", "exports", "approve_export", "fetch_export",
    }  # fmt: skip


def encodings(vector: np.ndarray[Any, np.dtype[np.float32]]) -> list[bytes]:
    """A template in the forms that an answer could carry it in: some of its numbers are enough."""
    some = vector[:6].astype("<f4")
    raw = some.tobytes()
    half = vector[:12].astype("<f2").tobytes()
    plain = b64encode(vector.astype("<f4").tobytes())[:30]
    url = urlsafe_b64encode(vector.astype("<f4").tobytes())[:30]
    return [raw, half, raw.hex().encode(), plain, url, f"{float(some[0]):.6g}".encode(), struct.pack("<d", some[0])]


def test_s6_no_answer_of_any_door_carries_a_template_plain_or_as_it_is_stored(world: World) -> None:
    """Every door that a key opens, called for real; the bundle's own bytes are encrypted to its recipient."""
    place = furnished(world)
    made = world.faces.extract(photo(f"ann-{place.gallery}")).vector
    with world.services.store.read() as tx:
        keys = world.services.keyring.gallery_keys(tx, place.gallery)
        stored = keys.moved(made, stored=0, wanted=keys.latest)
    assert abs(float(made @ stored)) < 0.9, "the gallery's transform does nothing, so that this test shows less"
    assert made.shape == (DIMENSION,)
    searched = [*encodings(made), *encodings(stored)]
    answered = 0
    for door in sorted(CALLS, key=lambda door: "withdrawal" in door):
        answer = called(world, door, place, place.key)
        answered += answer.is_success
        assert not [form for form in searched if form in answer.content], door
        if door == DOOR:
            assert answer.content.startswith(b"age-encryption.org/v1\n")
    assert answered == len(CALLS)


def test_s6_every_scope_together_opens_nothing_without_custodians(world: World) -> None:
    """The first key has every scope there is. With the root key in a file there is nobody to ask."""
    gallery = peopled(world)
    alone = Quorum(world)
    assert alone.ask(gallery).json()["code"] == "no_custodians"
    assert world.api("POST", f"/v1/exports/exp_{'a' * 26}/bundle").status_code == 404


def test_s6_one_less_than_the_quorum_gets_nothing_and_the_quorum_all(world: World) -> None:
    gallery = peopled(world)
    quorum = Quorum.over(world)
    export = quorum.asked(gallery)
    for number in (1, 2):
        quorum.approve(export, number)
        refused = quorum.fetch(export)
        assert (refused.status_code, refused.json()["code"]) == (403, "approvals_too_few")
        assert b"age-encryption.org" not in refused.content
    quorum.approve(export, 3)
    people = quorum.plain(quorum.fetch(export).content)[1:-1]
    assert len(people) == 2


def test_s6_what_is_kept_of_an_export_has_no_reference_in_it(world: World, tmp_path: Path) -> None:
    """The request stays as a record; the bundle is made on its way out and lies nowhere."""
    gallery = peopled(world, "ann")
    quorum = Quorum.over(world)
    before = {path.name for path in tmp_path.rglob("*")}
    bundle = quorum.bundle(gallery)
    assert {path.name for path in tmp_path.rglob("*")} - before <= {"visavis.db-shm", "visavis.db-wal"}
    assert bundle[:200] not in world.files()
    assert world.faces.extract(photo("ann")).vector.astype("<f4").tobytes() not in world.files()
