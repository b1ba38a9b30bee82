"""A caller's day in random order: each operation is one write, and the ledger has what was acknowledged.

``support.operations`` has the writes; each says in an ``Attempt`` what the ledger has to hold afterwards.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sim.mortal import TellingClock

from support.keys import keys_of
from support.ledger import Known, files_in
from support.lives import Life, RemoteWorld
from support.world import Device, World, settings_in
from visavis.audit.note import NoteSigner, VerifierKey
from visavis.flows.keyring import Keyring
from visavis.protect.keys import log_key

LONG, SHORT = timedelta(days=90), timedelta(days=1)
IDEMPOTENCY_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One write: what it changes in the ledger, and how it is sent.

    :param before: people as they are without it. :param after: the same people with it, in one piece or, where not
        ``together``, one by one.
    :param send: sends it to a server; the text is an ``Idempotency-Key``, or None.
    :param refused: with which code it is answered when it is sent anew although it was done; "" if it just works.
    :param erases: whether what it takes out has to be gone from the files.
    """

    what: str
    before: tuple[Known, ...]
    after: tuple[Known, ...]
    send: Callable[[World, str | None], httpx2.Response]
    key: str | None = None
    refused: str = ""
    erases: bool = False
    together: bool = True


@dataclass(frozen=True, slots=True)
class Repeat:
    """A write that was acknowledged under a key, and what it was answered."""

    attempt: Attempt
    answer: bytes
    until: datetime


@dataclass
class Story:
    """The ledger, the server it is told to, and the dice. ``open`` is what was sent and not answered yet."""

    folder: Path
    secret: str
    clock: TellingClock
    dice: random.Random
    galleries: dict[timedelta, str] = field(default_factory=dict)
    stations: dict[str, Device] = field(default_factory=dict)
    people: dict[str, Known] = field(default_factory=dict)
    decisions: set[str] = field(default_factory=set)
    repeats: list[Repeat] = field(default_factory=list)
    seen: dict[str, frozenset[bytes]] = field(default_factory=dict)
    erased: set[bytes] = field(default_factory=set)
    open: Attempt | None = None
    log: list[str] = field(default_factory=list)

    def copied(self, folder: Path, dice: random.Random) -> "Story":
        """The same past, another future; the files have to be copied too."""
        clock = self.clock.copied(folder / "clock")
        people, seen = dict(self.people), dict(self.seen)
        return replace(
            self, folder=folder, clock=clock, dice=dice, people=people, decisions=set(self.decisions), seen=seen,
            erased=set(self.erased), repeats=list(self.repeats), log=list(self.log),
        )  # fmt: skip

    @contextmanager
    def told_to(self, life: Life) -> Iterator[None]:
        """Meanwhile the story is told to this server."""
        with RemoteWorld(folder=self.folder, secret=self.secret, clock=self.clock, address=life.address) as self.world:
            yield

    def do(self, attempt: Attempt) -> dict[str, Any]:
        """Send it, and note what was acknowledged. A server that dies meanwhile leaves it ``open``."""
        self.log.append(f"{attempt.what} {' '.join(p.name for p in attempt.after)} {attempt.key or ''}")
        self.open = attempt
        response = attempt.send(self.world, attempt.key)
        assert response.is_success, (attempt.what, response.text)
        self.open = None
        answer: dict[str, Any] = response.json() if response.content else {}
        if attempt.key is not None:
            self.repeats.append(Repeat(attempt, response.content, self.clock.now() + IDEMPOTENCY_KEPT))
        for known in attempt.after:
            self.people[known.name] = learned(known, answer)
        self._note_secrets(attempt)
        return answer

    def _note_secrets(self, attempt: Attempt) -> None:
        with files_in(self.folder) as files:
            for known in attempt.after:
                now = files.secrets(self.tag(known))
                before = self.seen.get(known.name, frozenset())
                self.seen[known.name] = before | now
                if attempt.erases:
                    self.erased |= before - now

    @property
    def log_key(self) -> VerifierKey:
        """The key of the server's log."""
        settings = settings_in(self.folder)
        with files_in(self.folder) as files:
            ((origin,),) = files.rows("SELECT value FROM server WHERE name = 'log_origin'")
        return NoteSigner(origin.decode(), log_key(keys_of(settings).tree.installation)).key

    def tag(self, known: Known) -> bytes:
        """By which a person is found in the database."""
        keyring = Keyring(keys=keys_of(settings_in(self.folder)), controller=known.key)  # tags need no controller
        return keyring.reference_tag(gallery_id=known.gallery_id, external_reference=known.name)

    def some_key(self) -> str | None:
        """An ``Idempotency-Key`` for every second write."""
        return f"key-{self.dice.getrandbits(40):x}" if self.dice.random() < 0.5 else None

    def one_of(self, fits: Callable[[Known], bool]) -> Known | None:
        """Somebody of whom this is true, by the dice."""
        found = [known for known in self.people.values() if fits(known)]
        return self.dice.choice(found) if found else None

    def has_double(self, known: Known) -> bool:
        """Whether somebody else looks like them, or they like somebody else."""
        return bool(known.like) or bool(self._doubles(known))

    def has_active_double(self, known: Known) -> bool:
        """Whether one of those can be recognised."""
        return any(other.state == "ACTIVE" for other in self._doubles(known))

    def _doubles(self, known: Known) -> list[Known]:
        return [other for other in self.people.values() if other.name == known.like or other.like == known.name]

    def is_long(self, known: Known) -> bool:
        """Whether their gallery keeps people for longer than this story lasts."""
        return known.gallery_id == self.galleries[LONG]


def learned(known: Known, answer: dict[str, Any]) -> Known:
    """With what an answer tells of them."""
    other_way = answer.get("other_way") or answer
    link = answer.get("consent_link", answer.get("enrol_link"))
    return replace(
        known,
        subject_id=answer.get("subject_id", known.subject_id),
        link=known.link if link is None else link.partition("#")[2],
        pin=other_way.get("pin", known.pin),
    )
