"""Keys that programs call with."""

import hashlib
import hmac
import os
from dataclasses import replace

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store
from visavis.model.access import ApiKey, LastAdminKey, Scope
from visavis.model.ids import new_id, new_secret

KEY_PREFIX = "vv1"
"""Tells scanners of leaked secrets, and us, what a text is."""


class ApiKeys:
    """Making, ending and checking keys."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def make(self, *, name: str, scopes: frozenset[Scope]) -> tuple[ApiKey, str]:
        """A new API key and its secret, which is shown once."""
        key_id, secret = new_id("key"), new_secret()
        granted = tuple(sorted(scope.value for scope in scopes))
        key = ApiKey(
            id=key_id,
            name=name,
            secret_hash=self._hash(secret, key_id, granted),
            scopes=granted,
            created_at=self._clock.now(),
            revoked_at=None,
        )
        with self._store.write() as tx:
            tx.api_keys.add(key)
        return key, f"{KEY_PREFIX}.{key_id}.{secret}"

    def revoke(self, key_id: str) -> None:
        """End a key's use at once. Its hash is overwritten, so that no edit of the database revives it.

        :raises LastAdminKey: nobody could make another.
        """
        with self._store.write() as tx:
            key = tx.api_keys.get(key_id)
            admins = [k for k in tx.api_keys.find(revoked_at=None) if Scope.ADMIN.value in k.scopes]
            if [k.id for k in admins] == [key.id]:
                raise LastAdminKey
            nothing = hashlib.sha256(os.urandom(32)).digest()
            revoked_at = key.revoked_at or self._clock.now()
            tx.api_keys.change(replace(key, revoked_at=revoked_at, secret_hash=nothing))

    def of(self, presented: str) -> ApiKey | None:
        """The key that was presented, or None if it is unknown or revoked."""
        prefix, _, rest = presented.partition(".")
        key_id, _, secret = rest.partition(".")
        if prefix != KEY_PREFIX or not secret:
            return None
        with self._store.read() as tx:
            key = tx.api_keys.first(id=key_id, revoked_at=None)
        if key is None or not hmac.compare_digest(key.secret_hash, self._hash(secret, key.id, key.scopes)):
            return None
        return key

    def _hash(self, secret: str, key_id: str, scopes: tuple[str, ...]) -> bytes:
        """Bound to the key's scopes: somebody who edits them in the database has a key that no longer fits."""
        return self._keyring.secret_tag(f"{secret} {key_id} {' '.join(scopes)}", use="API keys")
