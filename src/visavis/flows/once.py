"""Answering a repeated write with what it was answered the first time."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.access import Answered, IdempotencyMismatch, IdempotencyUnfinished
from visavis.model.errors import Refusal
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

KEPT: Final = timedelta(hours=24)
"""How long an idempotency key is remembered."""

_STRIPES: Final = 64
_NOT_YET: Final = b""
"""In place of an answer while there is none."""


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

        1. The key is taken before anything is done, so that whatever goes wrong the write is done at most once.
        2. The write is done. A refusal changed nothing, and gives the key back.
        3. Its answer is kept beside the key, unless it speaks of somebody who withdrew meanwhile.

        Two calls of one key at once are taken one after the other; where they reach two servers the second is told
        that it came before.

        :raises IdempotencyMismatch: the key came before with another request.
        :raises IdempotencyUnfinished: it came before, and how that ended is not known.
        """
        record_id = f"{caller} {key}"
        with self._locks[hash(record_id) % _STRIPES]:
            # 1
            taken = Answered(record_id, fingerprint, _NOT_YET, None, self._clock.now() + KEPT)
            with self._store.read() as tx:
                before = self._before(tx, record_id)
            if before is None:
                with self._store.write() as tx:
                    before = self._before(tx, record_id)  # another process may have had it meanwhile
                    if before is None:
                        tx.answered.remove(id=record_id)
                        tx.answered.add(taken)
            if before is not None:
                return self._repeated(before, fingerprint)
            # 2
            try:
                done = act()
            except Refusal:
                with self._store.write() as tx:
                    tx.answered.remove(id=record_id)
                raise
            # 3
            # The write is done and its answer true: losing the record must not make it look failed.
            with suppress(Exception), self._store.write() as tx:
                if done.subject_id is None or tx.subjects.first(id=done.subject_id) is not None:
                    answer = self._seal(record_id, done)
                    tx.answered.change(replace(taken, sealed_answer=answer, subject_id=done.subject_id))
            return done

    def _before(self, tx: Transaction, record_id: str) -> Answered | None:
        found = tx.answered.first(id=record_id)
        return found if found is not None and self._clock.now() < found.expires_at else None

    def _repeated(self, before: Answered, fingerprint: bytes) -> Done:
        if before.fingerprint != fingerprint:
            raise IdempotencyMismatch
        if before.sealed_answer == _NOT_YET:
            raise IdempotencyUnfinished
        return self._open(before)

    def _seal(self, record_id: str, done: Done) -> bytes:
        plaintext = json.dumps([done.status, done.body, done.subject_id]).encode()
        sealing = derive(self._keyring.installation, "answers")
        return seal(plaintext, key=sealing, context=Context("answer", (record_id,)))

    def _open(self, record: Answered) -> Done:
        context = Context("answer", (record.id,))
        plaintext = unseal(record.sealed_answer, key=derive(self._keyring.installation, "answers"), context=context)
        return Done(*json.loads(plaintext))
