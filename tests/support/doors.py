"""Every door at which a photo can be handed in, over HTTP. A new door is a function more, and a line in ``DOORS``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import httpx2
from sim.faces import photo

from support.world import Device, Person, World

GOOD: Final = photo("ann", 2)


@dataclass(slots=True)
class House:
    """A world with a gallery, one person in it, and stations: what the doors need."""

    world: World
    gallery: str
    ann: Person
    station: Device
    checker: Device
    imported: str
    number: Iterator[int] = field(default_factory=count)

    @classmethod
    def over(cls, world: World) -> "House":
        """Set one up."""
        gallery = world.gallery()
        checks = world.purpose(target_kind="fmr", target=0.001)
        return cls(
            world,
            gallery,
            world.active(gallery, "ann", photo("ann")),
            world.station(gallery),
            world.station(purpose_id=checks),
            str(world.made(f"/v1/galleries/{gallery}/imports", {"name": "import"}, status=200)["id"]),
        )

    def unlock(self) -> None:
        """What an operator would do over and over: strangers are all that we show the stations."""
        self.world.sql("UPDATE stations SET locked = 0")

    def session(self, kind: str) -> str:
        """A session at the station."""
        self.unlock()
        self.world.clock.move(seconds=3)
        return self.world.session(self.station, kind)


def enrolment(house: House, content: bytes) -> httpx2.Response:
    return house.world.enrol(house.gallery, f"person {next(house.number)}", content)


def one_of_an_enrolment(house: House, content: bytes) -> httpx2.Response:
    return house.world.enrol(house.gallery, f"person {next(house.number)}", GOOD, content)


def import_entry(house: House, content: bytes) -> httpx2.Response:
    return house.world.api(
        "POST",
        f"/v1/imports/{house.imported}/entries",
        data={"external_reference": f"person {next(house.number)}"},
        files=[("photos", ("photo", content, "image/jpeg"))],
    )


def identify(house: House, content: bytes) -> httpx2.Response:
    path = f"/v1/sessions/{house.session('identify')}/identify"
    return house.world.at(house.station, "POST", path, files={"photo": content})


def verify(house: House, content: bytes) -> httpx2.Response:
    path = f"/v1/sessions/{house.session('verify')}/verify"
    said: dict[str, Any] = {"external_reference": "ann"}
    return house.world.at(house.station, "POST", path, files={"photo": content}, data=said)


def personal_verify(house: House, content: bytes) -> httpx2.Response:
    world, ann = house.world, house.ann
    world.clock.move(seconds=3)
    invitation = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    secret = invitation["link"].partition("session=")[2]
    opened = world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret}).json()
    path = f"/v1/personal-sessions/{opened['session_id']}/verify"
    return world.as_person(ann, "POST", path, files={"photo": content})


def portrait(house: House, content: bytes) -> httpx2.Response:
    return _document_check(house, {"portrait": content, "document": GOOD})


def document(house: House, content: bytes) -> httpx2.Response:
    return _document_check(house, {"portrait": GOOD, "document": content})


def _document_check(house: House, pictures: dict[str, bytes]) -> httpx2.Response:
    house.unlock()
    path = f"/v1/sessions/{house.world.granted_check(house.checker)}/document-check"
    return house.world.at(house.checker, "POST", path, files=pictures)


DOORS: Final[dict[str, Callable[[House, bytes], httpx2.Response]]] = {
    "enrolment": enrolment,
    "one of an enrolment": one_of_an_enrolment,
    "import entry": import_entry,
    "identify": identify,
    "verify": verify,
    "personal verify": personal_verify,
    "portrait of a document check": portrait,
    "document of a document check": document,
}
