"""Sealing a running server, entering that it was unsealed, and rehearsals of its custodians."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Final

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store
from visavis.flows.record import record_act
from visavis.model.access import ApiKey
from visavis.model.audit import Event
from visavis.model.custodians import CustodianUnknown, RehearsalFailed
from visavis.model.keys import Custodian, Custody
from visavis.protect.quorum import require_answer

REHEARSED_WITHIN: Final = timedelta(minutes=10)
_RANDOM_BYTES: Final = 16
_MOMENT_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a custodian answers to, in base64url, and until when."""

    text: str
    until: datetime


class Seal:
    """Ends this process, and knows its custodians.

    :param end: ends the process as soon as what runs is answered.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, end: Callable[[], None]) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._end = end

    def custody(self) -> Custody:
        """Who holds the root."""
        return self._keyring.keys.custody

    def unsealed(self, numbers: tuple[int, ...]) -> None:
        """So many custodians opened this server; nothing is answered before this is entered."""
        self._enter(Event.UNSEAL, {"custodians": list(numbers)})

    def seal(self, by: ApiKey) -> bool:
        """Seal the server: it is entered, and the process ends.

        A server that cannot enter it any more, since its disk is full or its log has stopped, is sealed all the same.

        :returns: whether it was entered.
        """
        try:
            self._enter(Event.SEAL, {"key": by.id, "name": by.name})
        except Exception:  # noqa: BLE001 -- whatever it is, it must not keep the server open
            return False
        finally:
            self._end()
        return True

    def challenge(self) -> Challenge:
        """Something fresh to answer; nothing is kept of it.

        :raises CustodianUnknown: there are no custodians.
        """
        if not self.custody().custodians:
            raise CustodianUnknown("The root key lies in a file.")
        until = self._clock.now() + REHEARSED_WITHIN
        said = int(until.timestamp()).to_bytes(_MOMENT_BYTES, "big") + os.urandom(_RANDOM_BYTES)
        return Challenge(_text(said + self._proof(said)), datetime.fromtimestamp(int(until.timestamp()), UTC))

    def rehearse(self, challenge: str, *, number: int, answer: str) -> Custodian:
        """Whose good share an answer was made with; the share itself was not shown.

        1. The challenge is ours, and its time is not over.
        2. There is such a custodian.
        3. The answer was made with their share.

        :raises RehearsalFailed: 1 or 3. :raises CustodianUnknown: 2.
        """
        raw = _bytes(challenge)
        said, proof = raw[: _MOMENT_BYTES + _RANDOM_BYTES], raw[_MOMENT_BYTES + _RANDOM_BYTES :]
        if not compare_digest(proof, self._proof(said)):
            raise RehearsalFailed("The challenge is not one of this server's.")
        if int.from_bytes(said[:_MOMENT_BYTES], "big") < self._clock.now().timestamp():
            raise RehearsalFailed("The challenge is too old.")
        custodian = custodian_of(self.custody(), number)
        require_answer(answer, challenge=challenge, approval_key=custodian.approval_key)
        return custodian

    def _proof(self, said: bytes) -> bytes:
        return self._keyring.secret_tag(said.hex(), use="rehearsals")

    def _enter(self, event: Event, details: dict[str, object]) -> None:
        with self._store.write() as tx:
            record_act(tx, event, now=self._clock.now(), fields={}, details=details, keyring=self._keyring)


def custodian_of(custody: Custody, number: int) -> Custodian:
    """The custodian of that number.

    :raises CustodianUnknown: there is none.
    """
    for custodian in custody.custodians:
        if custodian.number == number:
            return custodian
    raise CustodianUnknown(f"There is no custodian {number}.")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise RehearsalFailed("The challenge is not one of this server's.") from None
