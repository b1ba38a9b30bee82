"""Somebody who looks at what the log says about them, and servers that lie to them."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
from joserfc.jwk import OKPKey

from support.world import BASE, Person, World
from visavis.client import Person as PersonClient
from visavis.client import Receipt
from visavis.consent.receipt import countersign

_PATIENCE_S = 20.0


def published(world: World) -> int:
    """Wait until everything is published that was committed; how large the tree is."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        with world.services.store.read() as tx:
            head = tx.log.head()
        shown = world.services.publisher.published
        if head is not None and shown is not None and shown.checkpoint.size == head.size:
            return head.size
        time.sleep(0.02)
    raise AssertionError("the log was not published")


def receipt_of(world: World, gallery: str, name: str, *photos: bytes) -> tuple[Receipt, Person]:
    """Enrol somebody, let them agree, and give them their receipt."""
    secret, key = world.pending(gallery, name, *photos), OKPKey.generate_key("Ed25519")
    terms = world.link("GET", "/v1/consent", secret).json()
    signed = countersign(terms["offer"], subject_key=key, now=world.clock.now())
    agreed = world.link(
        "POST", "/v1/consent/countersignature", secret, json={"countersignature": signed}
    ).json()
    private = {name: str(value) for name, value in key.as_dict(private=True).items()}
    receipt = Receipt(
        BASE, agreed["subject_id"], agreed["receipt_id"], terms["offer"], signed, private, terms["log_key"]
    )
    way = agreed["other_way"]
    return receipt, Person(agreed["subject_id"], name, key, way["pin"], way["qr"])


Lie = Callable[[str, dict[str, Any]], dict[str, Any] | None]
"""``lie(path, answer)``: another answer than the true one, or None for the true one."""


class Liar(httpx2.BaseTransport):
    """The way to a server of which somebody changes what it answers."""

    def __init__(self, world: World, *, json: dict[str, Callable[[Any], Any]] | None = None,
                 raw: dict[str, Callable[[bytes], httpx2.Response | bytes]] | None = None) -> None:
        self._world = world
        self._json = json or {}
        self._raw = raw or {}
        self.asked: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        true = self._world.transport.handle_request(request)
        true.read()
        path = request.url.path
        if path in self._json:
            return httpx2.Response(true.status_code, json=self._json[path](true.json()))
        if path in self._raw:
            said = self._raw[path](true.content)
            return said if isinstance(said, httpx2.Response) else httpx2.Response(200, content=said)
        return true


def looking(world: World, receipt: Receipt, transport: httpx2.BaseTransport | None = None) -> PersonClient:
    """The client of somebody with a receipt."""
    return PersonClient(receipt, transport=transport or world.transport)


def at_clock(world: World, monkeypatch: Any) -> None:
    """Let what people sign carry the simulated time."""
    monkeypatch.setattr("visavis.client.credentials.time.time", lambda: world.clock.now().timestamp())


__all__ = ["Liar", "Path", "at_clock", "looking", "published", "receipt_of", "replace"]
