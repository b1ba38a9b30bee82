"""Sessions whose purposes ask for a challenge: drawing it, doing it, and sending what was filmed."""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
from attacks.film import timed
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.films import film

from support.world import Device, Person, World
from visavis.model.challenge import Asked, Challenge, Step
from visavis.wire.capture import Taken, manifest
from visavis.wire.deciding import ChallengeAnswer
from visavis.wire.signing import SigningKey


def drawn(world: World, station: Device, session_id: str, **body: Any) -> ChallengeAnswer:
    response = world.at(station, "POST", f"/v1/sessions/{session_id}/challenge", json=body)
    assert response.status_code == 201, response.text
    return ChallengeAnswer.model_validate(response.json())


def taken(world: World, asked: ChallengeAnswer, who: str = "ann", **more: Any) -> Taken:
    """Somebody does what is asked; the time that it takes passes."""
    challenge = Challenge(
        asked.nonce,
        tuple(Asked(Step(one.do), one.pause_ms, one.within_ms) for one in asked.steps),
        datetime.now(UTC),
    )
    steps, at_ms = timed(challenge)
    world.clock.move(seconds=at_ms[-1] / 1000 + 1)
    frames = film(who, steps, at_ms, **more)
    return Taken(
        asked,
        began_ms=int(world.clock.now().timestamp() * 1000) - at_ms[-1] - 500,
        steps=[(done.shown_ms, done.done_ms) for done in steps],
        frames=list(zip(at_ms, frames, strict=True)),
    )


def private_key(person: Person) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(str(person.key.as_dict(private=True)["d"]) + "="))


def body_of(shown: Taken, device: Device | Person, signer: str, *, key: SigningKey | None = None) -> dict[str, Any]:
    private = key or (device.key if isinstance(device, Device) else private_key(device))
    stills: Sequence[tuple[str, tuple[str, bytes, str]]] = [
        ("stills", ("still", frame, "image/jpeg")) for _, frame in shown.frames
    ]
    return {"files": stills, "data": {"manifest": manifest(shown, signer=signer, private_key=private)}}


def sent(world: World, station: Device, session_id: str, shown: Taken, act: str = "identify") -> httpx2.Response:
    body = body_of(shown, station, station.id)
    if act == "verify":
        body["data"]["external_reference"] = "ann"
    return world.at(station, "POST", f"/v1/sessions/{session_id}/{act}", **body)


def told(response: httpx2.Response) -> tuple[str, str | None]:
    """Decision and reason."""
    assert response.status_code == 200, response.text
    return response.json()["decision"], response.json()["reason"]
