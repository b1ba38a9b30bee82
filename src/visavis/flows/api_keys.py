"""Keys that programs call with."""

import hmac
import json
import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import done_by, record_act, servers_openings
from visavis.model.access import AdminBound, ApiKey, KeyEnded, LastAdminKey, Scope
from visavis.model.audit import Event
from visavis.model.ids import new_id, new_secret
from visavis.model.keys import SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

KEY_PREFIX = "vv1"
"""Tells scanners of leaked secrets, and us, what a text is."""

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Rotated:
    """A new key with its secret, which is shown once, and when the one ends that it takes the place of."""

    key: ApiKey
    secret: str
    replaced_ends_at: datetime


class ApiKeys:
    """Making, rotating, ending and checking keys.

    What is stored of a key is bound to its scopes and galleries, and to its end if it has one: somebody who edits them
    in the database has a key that no longer fits.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._used: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def make(
        self,
        *,
        name: str,
        scopes: Collection[Scope],
        gallery_ids: Collection[str] | None = None,
        lasts: timedelta | None = None,
        by: ApiKey | None,
    ) -> tuple[ApiKey, str]:
        """A new API key and its secret, which is shown once.

        :param gallery_ids: the galleries it is for; None: all.
        :param lasts: how long it can be used; None: until it is revoked.
        :param by: who makes it, which is entered; None: nobody yet, since it is a server's first key.
        :raises AdminBound: a key that makes keys is for all galleries. :raises NotFound: there is no such gallery.
        """
        if gallery_ids is not None and Scope.ADMIN in scopes:
            raise AdminBound
        now = self._clock.now()
        with self._store.write() as tx:
            bound = None if gallery_ids is None else tuple(sorted({tx.galleries.get(id_).id for id_ in gallery_ids}))
            granted = tuple(sorted({scope.value for scope in scopes}))
            return self._add(tx, name, granted, bound, None if lasts is None else now + lasts, act="add", by=by)

    def rotate(self, key_id: str, *, overlap: timedelta, by: ApiKey) -> Rotated:
        """A new key in the place of another, which goes on working for a while.

        1. The old key works. 2. The new one has its name, scopes and galleries, and its end if it has one: a key cannot
        make itself last longer. 3. The old one ends after ``overlap``, or at its own end if that is sooner.

        :raises NotFound: there is no such key. :raises KeyEnded: it was revoked, or has run out.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            # 1
            old = tx.api_keys.get(key_id)
            if self._is_over(old):
                raise KeyEnded
            # 2
            key, secret = self._add(tx, old.name, old.scopes, old.gallery_ids, old.expires_at, act="rotate", by=by)
            # 3
            end = (now + overlap).replace(microsecond=0)
            if end <= now:
                tx.api_keys.change(_ended(old, now))
            elif old.expires_at is None or end < old.expires_at:
                kept = self._bind(self._unbind(old), old.id, end)
                tx.api_keys.change(replace(old, expires_at=end, secret_hash=kept))
            else:
                end = old.expires_at
        return Rotated(key, secret, end)

    def revoke(self, key_id: str, *, by: ApiKey) -> None:
        """End a key's use at once. Its hash is overwritten, so that no edit of the database revives it.

        :raises LastAdminKey: nobody could make another, sooner or later.
        """
        with self._store.write() as tx:
            key = tx.api_keys.get(key_id)
            lasting = [k.id for k in tx.api_keys.find(revoked_at=None) if _is_lasting_admin(k)]
            if lasting == [key.id]:
                raise LastAdminKey
            tx.api_keys.change(_ended(key, key.revoked_at or self._clock.now()))
            if key.revoked_at is None:
                self._record(tx, "end", key, by=by)

    def of(self, presented: str) -> ApiKey | None:
        """The key that was presented, or None if it is unknown, revoked or has run out."""
        prefix, _, rest = presented.partition(".")
        key_id, _, secret = rest.partition(".")
        if prefix != KEY_PREFIX or not secret:
            return None
        with self._store.read() as tx:
            key = tx.api_keys.first(id=key_id, revoked_at=None)
        if key is None or self._is_over(key):
            return None
        try:
            kept = self._unbind(key)
        except SealBroken:
            return None
        if not hmac.compare_digest(kept, self._hash(secret, key.id, key.scopes, key.gallery_ids)):
            return None
        self._note_use(key)
        return key

    def page(self, *, after: str | None, limit: int) -> Sequence[ApiKey]:
        """A page of all keys, with their last uses up to now."""
        with self._store.read() as tx:
            keys = tx.api_keys.page(after=after, limit=limit)
        with self._lock:
            return [replace(key, last_used_at=self._used.get(key.id, key.last_used_at)) for key in keys]

    def made_with(self, caller_id: str) -> list[ApiKey]:
        """The keys that somebody made with an account or a key and that still work, the oldest first.

        With those that were made or rotated with one of them, and so on. They are found by what opens the log's
        entries: those of the last three years, and none that was made with an earlier release.

        :raises SealBroken: an entry was edited in the database, and some would be missing.
        """
        found: dict[str, ApiKey] = {}
        asked, callers = set[str](), [caller_id]
        with self._store.read() as tx:
            while callers:
                caller = callers.pop()
                if caller in asked:
                    continue
                asked.add(caller)
                for entry in servers_openings(tx, keyring=self._keyring, of=_made_with(caller)):
                    key = tx.api_keys.first(id=str(entry.details["key"]))
                    if key is not None:
                        found[key.id] = key
                        callers.append(key.id)
        return sorted((key for key in found.values() if not self._is_over(key)), key=lambda key: key.created_at)

    def tidy(self) -> None:
        """Store when keys were last used, and overwrite the hashes of those that have run out."""
        now = self._clock.now()
        with self._lock:
            used = dict(self._used)
        with self._store.read() as tx:
            over = [key.id for key in tx.api_keys.before("expires_at", now) if key.revoked_at is None]
            known = {id_: key for id_ in used if (key := tx.api_keys.first(id=id_)) is not None}
            stale = [id_ for id_, key in known.items() if key.last_used_at != used[id_]]
        if not over and not stale:
            return
        with self._store.write() as tx:
            for id_ in stale:
                tx.api_keys.change(replace(tx.api_keys.get(id_), last_used_at=used[id_]))
            for id_ in over:
                key = tx.api_keys.get(id_)
                tx.api_keys.change(_ended(key, key.expires_at or now))

    def _note_use(self, key: ApiKey) -> None:
        """Remember the hour. ``tidy`` stores it later: a call that only reads must not wait for a write."""
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        if key.last_used_at != hour:
            with self._lock:
                self._used[key.id] = hour

    def _add(
        self,
        tx: Transaction,
        name: str,
        scopes: tuple[str, ...],
        gallery_ids: tuple[str, ...] | None,
        expires_at: datetime | None,
        *,
        act: str,
        by: ApiKey | None,
    ) -> tuple[ApiKey, str]:
        key_id, secret = new_id("key"), new_secret()
        expires_at = None if expires_at is None else expires_at.replace(microsecond=0)
        key = ApiKey(
            id=key_id,
            name=name,
            secret_hash=self._bind(self._hash(secret, key_id, scopes, gallery_ids), key_id, expires_at),
            scopes=scopes,
            created_at=self._clock.now(),
            revoked_at=None,
            gallery_ids=gallery_ids,
            expires_at=expires_at,
        )
        tx.api_keys.add(key)
        self._record(tx, act, key, by=by)
        return key, f"{KEY_PREFIX}.{key_id}.{secret}"

    def _record(self, tx: Transaction, act: str, key: ApiKey, *, by: ApiKey | None) -> None:
        bound = None if key.gallery_ids is None else list(key.gallery_ids)
        details = {"key": key.id, "name": key.name, "scopes": list(key.scopes), "galleries": bound}
        record_act(
            tx,
            Event.KEY,
            now=self._clock.now(),
            fields={"act": act, "of": "api_key"},
            details={**details, **done_by(by)},
            keyring=self._keyring,
            found_by=b"" if by is None or act == "end" else _made_with(by.id),
        )

    def _is_over(self, key: ApiKey) -> bool:
        return key.revoked_at is not None or (key.expires_at is not None and self._clock.now() >= key.expires_at)

    def _hash(self, secret: str, key_id: str, scopes: tuple[str, ...], gallery_ids: tuple[str, ...] | None) -> bytes:
        """Of a secret, its key's scopes and its galleries; the two uses keep one from being read as the other."""
        if gallery_ids is None:
            return self._keyring.secret_tag(f"{secret} {key_id} {' '.join(scopes)}", use="API keys")
        bound = json.dumps([secret, key_id, scopes, gallery_ids])
        return self._keyring.secret_tag(bound, use="API keys for galleries")

    def _bind(self, hashed: bytes, key_id: str, expires_at: datetime | None) -> bytes:
        """What is stored: the hash, sealed for the key's end where it has one.

        Sealed, not hashed once more: ``rotate`` moves an end without knowing the secret.
        """
        if expires_at is None:
            return hashed
        sealing = derive(self._keyring.installation, "API keys that end")
        return seal(hashed, key=sealing, context=_ends(key_id, expires_at))

    def _unbind(self, key: ApiKey) -> bytes:
        """The hash behind what is stored.

        :raises SealBroken: somebody edited the end.
        """
        if key.expires_at is None:
            return key.secret_hash
        sealing = derive(self._keyring.installation, "API keys that end")
        return unseal(key.secret_hash, key=sealing, context=_ends(key.id, key.expires_at))


def _made_with(caller_id: str) -> bytes:
    """Under what the entries of keys are found that somebody made."""
    return f"keys made with {caller_id}".encode()


def _ends(key_id: str, expires_at: datetime) -> Context:
    return Context("API key", (key_id, expires_at.astimezone(UTC).isoformat()))


def _ended(key: ApiKey, at: datetime) -> ApiKey:
    return replace(key, revoked_at=at, secret_hash=os.urandom(_HASH_BYTES))


def _is_lasting_admin(key: ApiKey) -> bool:
    return Scope.ADMIN.value in key.scopes and key.expires_at is None
