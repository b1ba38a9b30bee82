"""Parallel sessions.

Who: a station, or whoever has its key, and a person with their receipt. What they have: as many connections as they
like. What they must not get: a second session while one is open, a session sooner than two seconds after the last, or
more than one decision from one session (rule S2).
"""

import io
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from sim.faces import photo
from support.attackers import at_once, told
from support.live_server import live_server
from support.world import PURPOSE, Device, Person, World, public_text

from visavis.wire.signature import sign

MANY = 8


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def station(world: World, gallery: str, ann: Person) -> Device:  # noqa: ARG001 -- she is the one to be recognised
    return world.station(gallery)


def opening(world: World, station: Device, kind: str = "identify") -> httpx2.Response:
    return world.at(station, "POST", "/v1/sessions", json={"kind": kind})


def test_of_many_openings_at_once_of_any_kind_one_succeeds(world: World, station: Device) -> None:
    got = at_once(MANY, lambda n: told(opening(world, station, ("identify", "verify")[n % 2])))
    assert Counter(got) == {"201": 1, "session_open": MANY - 1}
    assert world.sql("SELECT count(*) FROM sessions") == [(1,)]


def test_of_many_uses_at_once_of_one_session_through_any_door_one_succeeds(
    world: World, station: Device, ann: Person
) -> None:
    path = f"/v1/sessions/{world.session(station)}"
    doors = [
        lambda: world.at(station, "POST", f"{path}/identify", files={"photo": photo("ann", 2)}),
        lambda: world.at(station, "POST", f"{path}/pin", json={"external_reference": "ann", "pin": ann.pin}),
        lambda: world.at(station, "POST", f"{path}/qr", json={"qr": ann.qr}),
        lambda: world.at(station, "DELETE", path),
    ]
    got = Counter(at_once(MANY, lambda n: told(doors[n % len(doors)]())))
    assert got.pop("session_used") == MANY - 1
    assert list(got) in (["MATCH"], ["204"])
    assert len(world.sql("SELECT * FROM decisions")) == got["MATCH"]


def test_the_pace_holds_however_many_hands_open_and_close(world: World, station: Device) -> None:
    def open_and_close(_: int) -> bool:
        response = opening(world, station)
        if response.status_code == 201:
            world.at(station, "DELETE", f"/v1/sessions/{response.json()['session_id']}")
        return response.status_code == 201

    opened = []
    for _ in range(9):
        opened += [world.clock.now()] * sum(at_once(4, open_and_close))
        world.clock.move(seconds=0.5)
    waits = [(after - before).total_seconds() for before, after in pairwise(opened)]
    assert waits == [2.0, 2.0]


def test_one_key_is_one_station(world: World, gallery: str, station: Device) -> None:
    body = {"name": "twice", "gallery_id": gallery, "public_key": public_text(station.key), "attended": True}
    assert told(world.api("POST", "/v1/stations", json=body)) == "already_exists"


def test_sessions_of_other_stations_and_people_are_nobody_elses(
    world: World, gallery: str, station: Device, ann: Person
) -> None:
    ben = world.active(gallery, "ben", photo("ben"))
    others = [world.station(gallery), world.station(world.gallery())]
    session_id = world.session(station)
    for other in others:
        world.session(other)
        for door, body in (
            ("identify", {"files": {"photo": photo("ann", 2)}}),
            ("pin", {"json": {"external_reference": "ann", "pin": ann.pin}}),
            ("qr", {"json": {"qr": ann.qr}}),
        ):
            assert told(world.at(other, "POST", f"/v1/sessions/{session_id}/{door}", **body)) == "session_unknown"
        assert told(world.at(other, "DELETE", f"/v1/sessions/{session_id}")) == "session_unknown"
    path = f"/v1/personal-sessions/{session_id}/verify"
    assert told(world.as_person(ann, "POST", path, files={"photo": photo("ann", 2)})) == "session_unknown"
    own = personal(world, ann)
    answer = world.as_person(ben, "POST", f"/v1/personal-sessions/{own}/verify", files={"photo": photo("ben", 2)})
    assert told(answer) == "session_unknown"
    assert told(world.at(station, "POST", f"/v1/sessions/{own}/identify", files={"photo": b""})) == "session_unknown"
    assert world.sql("SELECT * FROM decisions") == []


def invitation(world: World, person: Person) -> tuple[str, str]:
    body = {"subject_id": person.subject_id, "attended": True}
    made = world.made("/v1/personal-sessions", body)
    return str(made["session_id"]), str(made["link"].partition("session=")[2])


def personal(world: World, person: Person) -> str:
    session_id, secret = invitation(world, person)
    answer = world.as_person(person, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret})
    assert answer.status_code == 200, answer.text
    return session_id


def test_one_link_opens_one_personal_session_however_often_it_is_sent_at_once(world: World, ann: Person) -> None:
    _, secret = invitation(world, ann)
    got = at_once(
        MANY,
        lambda _: told(world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret})),
    )
    assert got.count("200") == 1
    assert set(got) == {"200", "session_unknown"}


def test_of_many_invitations_opened_at_once_one_session_is_open(world: World, ann: Person) -> None:
    invited = at_once(MANY, lambda _: invitation(world, ann))
    opened = at_once(
        MANY,
        lambda n: told(
            world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": invited[n][1]})
        ),
    )
    assert opened == ["200"] * MANY
    got = at_once(
        MANY,
        lambda n: told(
            world.as_person(
                ann, "POST", f"/v1/personal-sessions/{invited[n][0]}/verify", files={"photo": photo("ann", n)}
            )
        ),
    )
    assert Counter(got) == {"MATCH": 1, "session_used": MANY - 1}
    assert len(world.sql("SELECT * FROM decisions")) == 1


def a_picture_of_nobody() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 120, 90)).save(picture, "PNG")
    return picture.getvalue()


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
def test_a_real_server_under_many_connections_keeps_to_one_session_and_one_decision(tmp_path: Path) -> None:
    """The same over sockets: uvicorn, its threads, and the database as it is set up in earnest."""
    key, picture = Ed25519PrivateKey.generate(), a_picture_of_nobody()
    with live_server(tmp_path) as server, httpx2.Client(base_url=server.url, timeout=60) as http:

        def made(path: str, body: dict[str, Any]) -> str:
            answer = http.post(path, json=body, headers={"Authorization": f"Bearer {server.api_key}"})
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        gallery = made("/v1/galleries", {"name": "staff", "purpose_id": made("/v1/purposes", PURPOSE)})
        body = {"name": "door", "gallery_id": gallery, "public_key": public_text(key), "attended": True}
        station_id = made("/v1/stations", body)

        def send(path: str, **parts: Any) -> httpx2.Response:
            request = http.build_request("POST", path, **parts)
            request.read()
            named: dict[str, Any] = {
                "method": "POST",
                "path": path,
                "body": request.content,
                "signer": station_id,
                "private_key": key,
            }
            request.headers.update(sign(**named, created=int(time.time())))
            return http.send(request)

        opened = at_once(16, lambda _: send("/v1/sessions", json={"kind": "identify"}))
        assert Counter(map(told, opened)) == {"201": 1, "session_open": 15}
        (session_id,) = [answer.json()["session_id"] for answer in opened if answer.status_code == 201]
        used = at_once(16, lambda _: told(send(f"/v1/sessions/{session_id}/identify", files={"photo": picture})))
        assert Counter(used) == {"REFUSED": 1, "session_used": 15}
