"""Somebody who looks at what the log says about them, and servers that lie to them."""

import itertools
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from joserfc.jwk import OKPKey

from support.log_builder import LogBuilder, Story
from support.world import BASE, Person, World
from visavis.audit.commitment import Opened
from visavis.audit.leaf import write_entry
from visavis.client import Person as PersonClient
from visavis.client import Receipt
from visavis.consent.receipt import countersign
from visavis.model.audit import Event

ANN: Final = "sub_" + "a" * 26
BOB: Final = "sub_" + "b" * 26
DAY: Final = date(2026, 1, 1)
_KEY: Final = OKPKey.generate_key("Ed25519")
_PATIENCE_S: Final = 20.0


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
    pytest.fail("the log was not published")


def receipt_of(world: World, gallery: str, name: str, *photos: bytes) -> tuple[Receipt, Person]:
    """Enrol somebody, let them agree, and give them their receipt."""
    secret, key = world.pending(gallery, name, *photos), OKPKey.generate_key("Ed25519")
    terms = world.link("GET", "/v1/consent", secret).json()
    signed = countersign(terms["offer"], subject_key=key, now=world.clock.now())
    agreed = world.link("POST", "/v1/consent/countersignature", secret, json={"countersignature": signed}).json()
    receipt = Receipt(
        BASE, agreed["subject_id"], agreed["receipt_id"], terms["offer"], signed, _jwk(key), terms["log_key"]
    )
    way = agreed["other_way"]
    return receipt, Person(agreed["subject_id"], name, key, way["pin"], way["qr"])


@pytest.fixture
def at_simulated_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people sign with the client carries the server's time."""
    monkeypatch.setattr("visavis.client.credentials.time.time", lambda: world.clock.now().timestamp())


def looking(world: World, receipt: Receipt) -> PersonClient:
    """The client of somebody with a receipt."""
    return PersonClient(receipt, transport=world.transport)


@dataclass
class Shown:
    """What a server shows Ann: ``said`` is its own answers, ``tiles`` what lies in its log."""

    said: dict[str, Any]
    receipt: Receipt
    log: LogBuilder
    bobs: list[dict[str, Any]]
    tiles: Callable[[str], bytes | None]
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as this server does; for a client in place of the network."""
        self.asked.append(request)
        path = request.url.path
        if path == "/log/checkpoint":
            return _bytes_or_404(None if self.said["checkpoint"] is None else self.said["checkpoint"].encode())
        if path.startswith("/v1/me/log"):
            after = path.removeprefix("/v1/me/log").strip("/")
            pages = self.said["pages"]
            turn = [None, *(page["next"] for page in pages)].index(after or None)
            return httpx2.Response(200, json=pages[turn])
        return _bytes_or_404(self.tiles(path.removeprefix("/log/")))

    @property
    def items(self) -> list[dict[str, Any]]:
        """The entries of the first page, to be changed."""
        items: list[dict[str, Any]] = self.said["pages"][0]["items"]
        return items

    def look(self, **whom: Any) -> Any:
        """What the Python client makes of it."""
        with PersonClient(self.receipt, transport=httpx2.MockTransport(self)) as person:
            return person.log(**whom)


def shown(folder: Path, *, waiting: int = 1, more: int = 300) -> Shown:
    """A log with entries of Ann and of Bob among those of many others; the last ``waiting`` of Ann's not published."""
    log, story = LogBuilder(folder), Story()
    log.add(itertools.islice(story.entries(), 20))
    own: dict[str, list[tuple[int, bytes, Opened]]] = {ANN: [], BOB: []}
    for number, whom in enumerate([ANN, BOB, ANN, BOB, ANN]):
        own[whom].append(_added(log, whom, number))
        log.add(itertools.islice(story.entries(), more // 5))
    note = log.publish()
    items = {whom: [_item(log, *one) for one in mine] for whom, mine in own.items()}
    for number in range(waiting):
        items[ANN].append({**_item(log, *_added(log, ANN, 9 + number), proven=False)})
    receipt = Receipt(BASE, ANN, "rec_" + "a" * 26, "a.b.c", "a.b.c", _jwk(_KEY), str(log.signer.key))
    page = {"items": items[ANN], "next": None, "log_key": str(log.signer.key)}
    said = {"checkpoint": note.decode(), "pages": [page]}
    return Shown(said, receipt, log, items[BOB], _lying_in(folder))


def remembering(one: Shown, size: int) -> Shown:
    """Let Ann remember the tree as it was at a size."""
    one.receipt = replace(one.receipt, log_checkpoint=one.log.note(size).decode())
    return one


def _added(log: LogBuilder, whom: str, number: int) -> tuple[int, bytes, Opened]:
    opened = Opened(bytes([number]) * 32, {"at": f"{DAY}T08:00:{number:02}+00:00", "subject": whom, "reason": None})
    session = urlsafe_b64encode(bytes([number]) * 16).rstrip(b"=").decode()
    entry = write_entry(
        Event.DECISION,
        day=DAY,
        commitment=opened.commitment(),
        kind="identify",
        means="face",
        outcome="MATCH",
        session=session,
    )
    log.add([entry])
    return log.tree.size - 1, entry, opened


def _item(log: LogBuilder, index: int, entry: bytes, opened: Opened, *, proven: bool = True) -> dict[str, Any]:
    return {
        "index": index,
        "entry": entry.decode(),
        "salt": urlsafe_b64encode(opened.salt).rstrip(b"=").decode(),
        "details": dict(opened.details),
        "proof": bytes(log.proof(index)).decode() if proven else None,
    }


def _lying_in(folder: Path) -> Callable[[str], bytes | None]:
    return lambda path: (folder / path).read_bytes() if (folder / path).is_file() else None


def _bytes_or_404(found: bytes | None) -> httpx2.Response:
    if found is not None:
        return httpx2.Response(200, content=found)
    problem = {
        "type": "/docs#not_found", "title": "Nothing", "status": 404, "code": "not_found", "detail": "x", "mend": "x",
        "request_id": "0" * 16,
    }  # fmt: skip
    return httpx2.Response(404, json=problem)


def _jwk(key: OKPKey) -> dict[str, str]:
    return {name: str(value) for name, value in key.as_dict(private=True).items()}
