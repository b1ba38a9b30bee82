"""Somebody of whom every table has something, and the archive of it."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import httpx2
from sim.faces import photo

from support.own_log import published, receipt_of
from support.world import Device, Person, World
from visavis.client import Receipt


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person with a receipt, and where they are known."""

    receipt: Receipt
    person: Person
    gallery: str
    station: Device


def somebody(world: World, name: str = "ann", *, face: str = "ann") -> Somebody:
    """Enrolled among many, agreed, recognised, invited, looked up, guessed at; and like somebody else."""
    gallery = world.gallery()
    station = world.station(gallery)
    opened = world.made(f"/v1/galleries/{gallery}/imports", {"name": "autumn"}, status=200)["id"]
    receipt, person = receipt_of(world, gallery, name, photo(face))
    brought = world.api(
        "POST",
        f"/v1/imports/{opened}/entries",
        data={"external_reference": name},
        files=[("photos", ("1.jpg", photo(face, 5), "image/jpeg")), ("photos", ("2.jpg", b"none", "image/jpeg"))],
    )
    assert brought.is_success, brought.text
    once = {"Idempotency-Key": f"once-{gallery}"}
    again = {"subject_id": person.subject_id, "attended": True}
    invited = world.api("POST", "/v1/personal-sessions", json=again, headers=once).json()
    link = {"link_secret": invited["link"].partition("session=")[2]}
    world.as_person(person, "POST", "/v1/personal-sessions/opening", json=link)
    path = f"/v1/personal-sessions/{invited['session_id']}/verify"
    assert world.as_person(person, "POST", path, files={"photo": photo("other")}).json()["decision"] == "NO_MATCH"
    assert world.identify(station, photo(face, 2))["decision"] == "MATCH"
    world.pin(station, name, "000001")
    world.api("GET", f"/v1/subjects/{person.subject_id}", headers={"Visavis-Reason": "asked at the desk"})
    world.active(gallery, "double", photo(face, 3))
    published(world)
    return Somebody(receipt, person, gallery, station)


def files_of(answer: httpx2.Response) -> dict[str, bytes]:
    """What is in an archive."""
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def own_archive(world: World, one: Somebody) -> httpx2.Response:
    """What the person gets."""
    return world.as_person(one.person, "GET", "/v1/me/archive")


def operators_archive(world: World, one: Somebody) -> httpx2.Response:
    """What an operator gets whom the person asked."""
    return world.api("POST", f"/v1/subjects/{one.person.subject_id}/archive", headers={"Visavis-Reason": "they asked"})


def document_of(answer: httpx2.Response) -> dict[str, Any]:
    """The data in an archive."""
    document: dict[str, Any] = json.loads(files_of(answer)["about-you.json"])
    return document


def packed(files: dict[str, bytes]) -> bytes:
    """Files as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
