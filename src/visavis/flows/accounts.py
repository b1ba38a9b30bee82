"""Accounts of the console: what an administrator does with them."""

import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_act
from visavis.model.access import AdminBound, RequestInvalid
from visavis.model.account import SETUP_LIFE, Account, AccountElsewhere, AccountState, LastAdminAccount, Role
from visavis.model.audit import Event
from visavis.model.ids import new_id, new_secret
from visavis.model.keys import SealBroken
from visavis.protect.keys import tag

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
"""Names that people log in with: in small letters, and none that looks like another."""


class Accounts:
    """Adding, listing, changing, resetting and disabling accounts.

    What is stored of an account is bound together by a proof: somebody who edits roles, galleries or a password in the
    database has an account that no longer opens.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def add(
        self, *, name: str, roles: Collection[Role], gallery_ids: Collection[str] | None, by: str
    ) -> tuple[Account, str]:
        """A local account and the secret of its set-up link, which is shown once.

        :param gallery_ids: the galleries it is for; None: all.
        :param by: the identifier of the caller who adds it.
        :raises RequestInvalid: no such name. :raises AlreadyExists: there is one. :raises NotFound: no such gallery.
        :raises AdminBound: an administrator is for all galleries.
        """
        if NAME.fullmatch(name) is None:
            raise RequestInvalid("name: 1 to 64 of a-z, 0-9 and . _ @ + -, a letter or digit first.")
        with self._store.write() as tx:
            account = new_account(name, roles, self._clock.now())
            account, secret = self._invited(replace(account, gallery_ids=_bound(tx, roles, gallery_ids)))
            tx.accounts.add(account)
            enter(tx, "add", account, keyring=self._keyring, now=self._clock.now(), by=by)
        return account, secret

    def reset(self, account_id: str, *, by: str) -> tuple[Account, str | None]:
        """A new set-up link for somebody who lost password or app, or was disabled; all of their sessions end.

        Until it is used nobody can log in as them. Whoever logs in at a provider needs none: their account, if it was
        disabled, is open again at once.

        :raises NotFound: there is no such account.
        :raises AccountElsewhere: its password is with a provider, and it is not disabled.
        :raises SealBroken: somebody edited it in the database.
        """
        with self._store.write() as tx:
            account, secret = self._sound(tx, account_id), None
            if account.provider_tag is None:
                emptied = replace(account, password_hash=None, sealed_totp=None, disabled_at=None)
                account, secret = self._invited(emptied)
            elif account.disabled_at is not None:
                account = proven(replace(account, disabled_at=None), self._keyring)
            else:
                raise AccountElsewhere
            tx.accounts.change(account)
            tx.console_sessions.remove(account_id=account.id)
            enter(tx, "rotate", account, keyring=self._keyring, now=self._clock.now(), by=by)
        return account, secret

    def change_roles(
        self, account_id: str, *, roles: Collection[Role], gallery_ids: Collection[str] | None, by: str
    ) -> Account:
        """Other roles and galleries, from the next request on.

        The roles of an account of a provider are asked there anew at its next login.

        :raises NotFound: there is no such account or gallery. :raises AdminBound: an administrator is for all.
        :raises LastAdminAccount: it is one's own, and nobody else at the console could give the role again.
        :raises SealBroken: somebody edited it in the database.
        """
        with self._store.write() as tx:
            account = self._sound(tx, account_id)
            if Role.ADMIN not in roles:
                self._require_another_admin(tx, account, by=by)
            changed = replace(account, roles=_words(roles), gallery_ids=_bound(tx, roles, gallery_ids))
            account = proven(changed, self._keyring)
            tx.accounts.change(account)
            enter(tx, "rotate", account, keyring=self._keyring, now=self._clock.now(), by=by)
        return account

    def disable(self, account_id: str, *, by: str) -> None:
        """Nobody logs in with it any more, and all of its sessions end; its name can still be looked up.

        :raises NotFound: there is no such account. :raises LastAdminAccount: as ``change_roles``.
        """
        with self._store.write() as tx:
            account = tx.accounts.get(account_id)
            self._require_another_admin(tx, account, by=by)
            sound = is_proven(account, self._keyring)
            tx.console_sessions.remove(account_id=account.id)
            if account.disabled_at is not None and sound:
                return
            account = replace(
                account,
                # What somebody put there is not made good by this.
                roles=account.roles if sound else (),
                password_hash=None,
                sealed_totp=None,
                setup_tag=None,
                setup_until=None,
                disabled_at=self._clock.now(),
            )
            account = proven(account, self._keyring)
            tx.accounts.change(account)
            enter(tx, "end", account, keyring=self._keyring, now=self._clock.now(), by=by)

    def page(self, *, after: str | None, limit: int) -> Sequence[Account]:
        """A page of all accounts."""
        with self._store.read() as tx:
            return tx.accounts.page(after=after, limit=limit)

    def _require_another_admin(self, tx: Transaction, account: Account, *, by: str) -> None:
        """Whoever holds an API key can make another; whoever has only the console must not lock everybody out of it."""
        if by != account.id or not _administers(account):
            return
        if not any(
            one.id != account.id and _administers(one) and is_proven(one, self._keyring) for one in tx.accounts.find()
        ):
            raise LastAdminAccount

    def _invited(self, account: Account) -> tuple[Account, str]:
        secret = new_secret()
        invited = replace(
            account,
            setup_tag=setup_tag(secret, self._keyring),
            setup_until=self._clock.now() + SETUP_LIFE,
        )
        return proven(invited, self._keyring), secret

    def _sound(self, tx: Transaction, account_id: str) -> Account:
        account = tx.accounts.get(account_id)
        if not is_proven(account, self._keyring):
            raise SealBroken("An account was edited in the database.")
        return account


def _administers(account: Account) -> bool:
    """Whether somebody who is an administrator can log in with it."""
    return Role.ADMIN.value in account.roles and account.state is AccountState.ACTIVE


def new_account(name: str, roles: Collection[Role], now: datetime, *, provider_tag: bytes | None = None) -> Account:
    """An account that nothing opens yet, for all galleries."""
    return Account(
        id=new_id("acc"),
        name=name,
        roles=_words(roles),
        gallery_ids=None,
        password_hash=None,
        sealed_totp=None,
        totp_step=0,
        setup_tag=None,
        setup_until=None,
        provider_tag=provider_tag,
        created_at=now,
        disabled_at=None,
        proof=b"",
    )


def proven(account: Account, keyring: Keyring) -> Account:
    """The account with the proof that the server wrote it."""
    return replace(account, proof=_proof(account, keyring))


def is_proven(account: Account, keyring: Keyring) -> bool:
    """Whether the server wrote it."""
    return hmac.compare_digest(account.proof, _proof(account, keyring))


def setup_tag(secret: str, keyring: Keyring) -> bytes:
    """What is kept of a set-up link's secret."""
    return keyring.secret_tag(secret, use="accounts' set-up links")


def enter(tx: Transaction, act: str, account: Account, *, keyring: Keyring, now: datetime, by: str) -> None:
    """Enter into the log what was done with an account.

    :param by: the identifier of whoever did it.
    """
    bound = None if account.gallery_ids is None else list(account.gallery_ids)
    told = {"account": account.id, "name": account.name, "roles": list(account.roles), "galleries": bound, "by": by}
    record_act(tx, Event.KEY, now=now, fields={"act": act, "of": "account"}, details=told, keyring=keyring)


def _words(roles: Collection[Role]) -> tuple[str, ...]:
    return tuple(sorted({role.value for role in roles}))


def _bound(tx: Transaction, roles: Collection[Role], gallery_ids: Collection[str] | None) -> tuple[str, ...] | None:
    if gallery_ids is None:
        return None
    if Role.ADMIN in roles:
        raise AdminBound("An administrator is for all galleries.")
    return tuple(sorted({tx.galleries.get(id_).id for id_ in gallery_ids}))


def _proof(account: Account, keyring: Keyring) -> bytes:
    told: list[Any] = [
        *(account.id, account.name, list(account.roles)),
        None if account.gallery_ids is None else list(account.gallery_ids),
        account.password_hash,
        *(None if value is None else value.hex() for value in (account.sealed_totp, account.setup_tag)),
        None if account.provider_tag is None else account.provider_tag.hex(),
        account.totp_step,
        *(utc(moment) for moment in (account.setup_until, account.created_at, account.disabled_at)),
    ]
    return tag(keyring.installation, use="accounts' rows", of=rfc8785.dumps(told))


def utc(moment: datetime | None) -> str | None:
    """A moment as a proof has it."""
    return None if moment is None else moment.astimezone(UTC).isoformat()
