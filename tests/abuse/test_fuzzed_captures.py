"""Captures that are noise, or almost right: nothing is accepted, nothing breaks, every refusal has a name."""

import base64
import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785
from attacks.film import timed
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey
from sim.faces import SimExtractor, photo
from sim.films import SimFilming, film
from support.world import Device, World, reopened_world, settings_in

from visavis import bootstrap
from visavis.model.challenge import Asked, Challenge, Step
from visavis.wire.capture import Taken, manifest
from visavis.wire.deciding import ChallengeAnswer

FEW: Final = 150
MANY: Final = 10_000

Change = Callable[[random.Random, dict[str, Any], list[bytes]], None]


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("active")
    settings = settings_in(folder)
    faces = SimExtractor()
    with reopened_world(
        folder, settings, bootstrap.initialise(settings), faces=faces, filming=SimFilming(faces)
    ) as world:
        yield world


@pytest.fixture(scope="module")
def station(active: World) -> Device:
    gallery = active.gallery(liveness="active")
    active.active(gallery, "ann", photo("ann"))
    return active.station(gallery, attended=True)


def some_value(drawn: random.Random) -> Any:
    return drawn.choice(
        [None, True, -1, 0, 1, 7, 2**31, 2**53, 2**53 + 2, 0.5, "", "left", "x" * 300, [], {}, [[]], {"do": 1}, "\x00"]
    )


def other_member(drawn: random.Random, payload: dict[str, Any], _frames: list[bytes]) -> None:
    payload[drawn.choice([*payload, "more"])] = some_value(drawn)


def other_names(drawn: random.Random, payload: dict[str, Any], _frames: list[bytes]) -> None:
    payload[drawn.choice(["session_id", "nonce", "signer"])] = drawn.choice(["", "ses_x", payload["nonce"][::-1]])


def no_member(drawn: random.Random, payload: dict[str, Any], _frames: list[bytes]) -> None:
    del payload[drawn.choice(list(payload))]


def other_row(drawn: random.Random, payload: dict[str, Any], _frames: list[bytes]) -> None:
    rows = payload[drawn.choice(["steps", "frames"])]
    row = drawn.choice(rows)
    row[drawn.choice(list(row))] = some_value(drawn)


def rows_moved(drawn: random.Random, payload: dict[str, Any], frames: list[bytes]) -> None:
    drawn.choice([payload["steps"], payload["frames"], frames]).reverse()


def rows_dropped(drawn: random.Random, payload: dict[str, Any], frames: list[bytes]) -> None:
    rows: list[Any] = drawn.choice([payload["steps"], payload["frames"], frames])
    del rows[drawn.randrange(len(rows)) :]


def other_times(drawn: random.Random, payload: dict[str, Any], _frames: list[bytes]) -> None:
    factor = drawn.choice([0.1, 0.5, 1.7, 4])
    for row in payload["frames"]:
        row["at_ms"] = int(row["at_ms"] * factor)


def noise_in_a_frame(drawn: random.Random, payload: dict[str, Any], frames: list[bytes]) -> None:
    number = drawn.randrange(len(frames))
    frames[number] = drawn.choice(
        [b"", b"\xff\xd8\xff", drawn.randbytes(drawn.randrange(1, 400)), frames[number] * 9000]
    )
    if drawn.random() < 0.7:
        payload["frames"][number]["sha256"] = hashlib.sha256(frames[number]).hexdigest()


CHANGES: Final[list[Change]] = [
    other_member, other_names, no_member, other_row, rows_moved, rows_dropped, other_times, noise_in_a_frame,
]  # fmt: skip


def signed(payload: Any, key: Ed25519PrivateKey, drawn: random.Random) -> str:
    def text(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    jwk: dict[str, str | list[str]] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": text(key.public_key().public_bytes_raw()),
        "d": text(key.private_bytes_raw()),
    }
    try:
        body = rfc8785.dumps(payload)
    except rfc8785.CanonicalizationError:
        body = json.dumps(payload).encode()
    if drawn.random() < 0.1:
        body = body[: drawn.randrange(len(body))] + drawn.randbytes(3)
    header: dict[str, Any] = {"alg": "Ed25519", "typ": drawn.choice(["visavis-capture+jws"] * 9 + ["JWT"])}
    return jws.serialize_compact(header, body, OKPKey.import_key(jwk), algorithms=["Ed25519"])


def one(world: World, station: Device, drawn: random.Random) -> tuple[str, str]:
    """One session with one fuzzed capture: the status, and the reason."""
    world.clock.move(seconds=3)
    session_id = world.session(station)
    answer = world.at(station, "POST", f"/v1/sessions/{session_id}/challenge", json={})
    asked = ChallengeAnswer.model_validate(answer.json())
    steps, at_ms = timed(
        Challenge(
            asked.nonce,
            tuple(Asked(Step(step.do), step.pause_ms, step.within_ms) for step in asked.steps),
            world.clock.now(),
        )
    )
    world.clock.move(seconds=at_ms[-1] / 1000 + 1)
    frames = film("ann", steps, at_ms)
    times = [(done.shown_ms, done.done_ms) for done in steps]
    began_ms = int(world.clock.now().timestamp() * 1000) - at_ms[-1] - 500
    taken = Taken(asked, began_ms, times, list(zip(at_ms, frames, strict=True)))
    token = manifest(taken, signer=station.id, private_key=station.key)
    if drawn.random() < 0.15:
        place = drawn.randrange(len(token))
        token = token[:place] + drawn.choice(["", "A", ".", "=", "é", "\n"]) + token[place + 1 :]
        token = token if token != manifest(taken, signer=station.id, private_key=station.key) else token[1:]
    else:
        body = token.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        before = json.dumps(payload), list(frames)
        while (json.dumps(payload), frames) == before:
            drawn.choice(CHANGES)(drawn, payload, frames)
        token = signed(payload, station.key, drawn)
    stills = [("stills", ("still", frame, "image/jpeg")) for frame in frames]
    sent = world.at(
        station, "POST", f"/v1/sessions/{session_id}/identify", files=stills or None, data={"manifest": token}
    )
    if sent.status_code == 200:
        return sent.json()["decision"], sent.json()["reason"]
    world.at(station, "DELETE", f"/v1/sessions/{session_id}")
    return str(sent.status_code), sent.json()["code"]


def refused(world: World, station: Device, count: int, seed: int) -> Counter[tuple[str, str]]:
    drawn = random.Random(seed)  # noqa: S311 -- the same noise every time
    return Counter(one(world, station, drawn) for _ in range(count))


def require_nothing_accepted(told: Counter[tuple[str, str]]) -> None:
    assert {outcome for outcome, _ in told} <= {"REFUSED", "422", "413"}, told
    assert not {code for outcome, code in told if outcome != "REFUSED"} - {"request_invalid", "body_too_large"}, told


def test_a_few_fuzzed_captures_are_refused_by_name(active: World, station: Device) -> None:
    told = refused(active, station, FEW, 1)
    require_nothing_accepted(told)
    assert {code for _, code in told} >= {"capture_malformed", "capture_forged", "capture_retimed", "capture_spliced"}


@pytest.mark.slow
def test_ten_thousand_fuzzed_captures_are_refused_by_name(active: World, station: Device) -> None:
    told = refused(active, station, MANY, 2)
    require_nothing_accepted(told)
    assert told.total() == MANY
