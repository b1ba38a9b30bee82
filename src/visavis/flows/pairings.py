"""One-time codes by which a device, a tablet's browser say, becomes a station."""

import hmac
import secrets
from datetime import timedelta
from typing import Final

import rfc8785

from visavis.flows.administer import Administer
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import done_by, record_act
from visavis.flows.sessions import require_in_use
from visavis.model.access import ApiKey
from visavis.model.audit import Event
from visavis.model.station import Pairing, PairingUnknown, Station
from visavis.protect.keys import tag

CODE_LIFE: Final = timedelta(minutes=10)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: what looks like another character is left out."""
_LENGTH: Final = 8
"""40 bits: who guesses at the rate that one address is let has one chance in three thousand million in its life."""
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Pairings:
    """Offers codes and takes them."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, administer: Administer) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._administer = administer

    def offer(self, station_id: str, *, by: ApiKey) -> tuple[str, Pairing]:
        """A new code for a station, in place of one that was not used.

        The station's present key stays good until the code is used. Who offers it is entered now: whoever uses it is a
        device without a name.

        :raises StationRetired: it was taken out of use.
        """
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        with self._store.write() as tx:
            require_in_use(tx.stations.get(station_id))
            pairing = self._pairing(station_id, code)
            tx.pairings.remove(id=station_id)
            tx.pairings.add(pairing)
            record_act(
                tx,
                Event.POLICY,
                now=self._clock.now(),
                fields={"act": "change", "of": "station"},
                details={"station": station_id, "pairing_until": str(pairing.expires_at), **done_by(by)},
                keyring=self._keyring,
            )
        return f"{code[:4]}-{code[4:]}", pairing

    def accept(self, code: str, *, public_key: bytes) -> Station:
        """Put the key of the device that has the code in place of the station's, once.

        :raises PairingUnknown: no such code. :raises StationInvalid: no such key. :raises AlreadyExists: another
            station's. Then the code stays good.
        """
        read = code.upper().translate(_READ_AS)
        with self._store.write() as tx:
            pairing = self._found(tx, read)
            tx.pairings.remove(id=pairing.id)
            return self._administer.enter_station_key(tx, pairing.id, public_key=public_key, by=None)

    def _found(self, tx: Transaction, code: str) -> Pairing:
        pairing = tx.pairings.first(code_tag=self._code_tag(code))
        if pairing is None or self._clock.now() >= pairing.expires_at:
            raise PairingUnknown
        if not hmac.compare_digest(pairing.proof, self._proof(pairing)):
            raise PairingUnknown
        if tx.stations.get(pairing.id).retired_at is not None:
            raise PairingUnknown
        return pairing

    def _pairing(self, station_id: str, code: str) -> Pairing:
        made = Pairing(station_id, self._code_tag(code), self._clock.now() + CODE_LIFE, b"")
        return Pairing(made.id, made.code_tag, made.expires_at, self._proof(made))

    def _code_tag(self, code: str) -> bytes:
        return self._keyring.secret_tag(code, use="pairings")

    def _proof(self, pairing: Pairing) -> bytes:
        """Keyed, so that whoever can write to the database cannot lead a code to another station, or make it last."""
        told = rfc8785.dumps([pairing.id, pairing.code_tag.hex(), pairing.expires_at.isoformat()])
        return tag(self._keyring.installation, use="pairings' rows", of=told)
