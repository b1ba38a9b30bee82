"""Answering a repeated write with what it was answered the first time."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store
from visavis.model.access import Answered, IdempotencyMismatch
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

KEPT: Final = timedelta(hours=24)
"""How long an idempotency key is remembered."""

_STRIPES: Final = 64


@dataclass(frozen=True, slots=True)
class Done:
    """What a write was answered; ``subject_id``: with whom the record of it has to go."""

    status: int
    body: dict[str, Any] | None
    subject_id: str | None = None


class Once:
    """Idempotency keys of callers. What is remembered is sealed: it may hold links and credentials."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def answer(self, *, caller: str, key: str, fingerprint: bytes, act: Callable[[], Done]) -> Done:
        """Run ``act`` once for a caller's key, and answer the same from then on.

        Two calls of one key at once are taken one after the other. A refusal is not remembered: it changed nothing.

        :raises IdempotencyMismatch: the key came before with another request.
        """
        record_id = f"{caller} {key}"
        with self._locks[hash(record_id) % _STRIPES]:
            with self._store.read() as tx:
                before = tx.answered.first(id=record_id)
            if before is not None and self._clock.now() < before.expires_at:
                if before.fingerprint != fingerprint:
                    raise IdempotencyMismatch
                return self._open(before)
            done = act()
            record = Answered(
                id=record_id,
                fingerprint=fingerprint,
                sealed_answer=self._seal(record_id, done),
                subject_id=done.subject_id,
                expires_at=self._clock.now() + KEPT,
            )
            # The write is done and its answer true: losing the record must not make it look failed.
            with suppress(Exception), self._store.write() as tx:
                tx.answered.remove(id=record_id)
                tx.answered.add(record)
            return done

    def _seal(self, record_id: str, done: Done) -> bytes:
        plaintext = json.dumps([done.status, done.body, done.subject_id]).encode()
        return seal(plaintext, key=derive(self._keyring.root, "answers"), context=Context("answer", (record_id,)))

    def _open(self, record: Answered) -> Done:
        context = Context("answer", (record.id,))
        plaintext = unseal(record.sealed_answer, key=derive(self._keyring.root, "answers"), context=context)
        return Done(*json.loads(plaintext))
