"""Sessions of accounts in browsers."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import rfc8785

from visavis.flows.accounts import is_proven, utc
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.account import IDLE, LONGEST, Account, ConsoleSession, LoginOver
from visavis.protect.keys import tag

_TOKEN_BYTES: Final = 32
_SEEN_EVERY: Final = timedelta(minutes=1)
"""How often it is written down that a session is used."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Whose session it is."""

    account: Account
    session: ConsoleSession

    @property
    def idle_until(self) -> datetime:
        """When it is over unless it is used before; up to a minute later than is told."""
        return min(self.session.seen_at + IDLE, self.session.ends_at)


class ConsoleSessions:
    """Opening, checking and ending sessions. A token is made here at each login, and never taken from a browser."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def open(self, account: Account, *, instead_of: str | None = None) -> tuple[str, LoggedIn]:
        """A new session of somebody who has just shown who they are, and its token (256 random bits).

        :param instead_of: the token that the browser had, whose session ends.
        :raises LoginOver: the account was changed since.
        """
        now = self._clock.now()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        opened = ConsoleSession(self._id(token), account.id, now, now, now + LONGEST, b"")
        with self._store.write() as tx:
            if tx.accounts.first(id=account.id) != account:
                raise LoginOver
            if instead_of is not None:
                tx.console_sessions.remove(id=self._id(instead_of))
            session = self._proven(opened)
            tx.console_sessions.add(session)
        return token, LoggedIn(account, session)

    def of(self, token: str) -> LoggedIn:
        """Whose session the token is of; it is used by this.

        1. There is such a session, as the server wrote it.
        2. Neither its time is over, nor has it been left alone for too long.
        3. The account is as the server wrote it, and not disabled.

        :raises LoginOver: any of it does not hold.
        """
        now = self._clock.now()
        with self._store.read() as tx:
            found = self._live(tx, token, now)
        if now - found.session.seen_at < _SEEN_EVERY:
            return found
        with self._store.write() as tx:
            found = self._live(tx, token, now)
            session = self._proven(replace(found.session, seen_at=now))
            tx.console_sessions.change(session)
        return LoggedIn(found.account, session)

    def end(self, token: str) -> None:
        """Log out; a token of no session is let be."""
        with self._store.write() as tx:
            tx.console_sessions.remove(id=self._id(token))

    def _live(self, tx: Transaction, token: str, now: datetime) -> LoggedIn:
        session = tx.console_sessions.first(id=self._id(token))
        # 1
        if session is None or not hmac.compare_digest(session.proof, self._proven(session).proof):
            raise LoginOver
        # 2
        if now >= session.ends_at or now >= session.seen_at + IDLE:
            raise LoginOver
        # 3
        account = tx.accounts.first(id=session.account_id)
        if account is None or account.disabled_at is not None or not is_proven(account, self._keyring):
            raise LoginOver
        return LoggedIn(account, session)

    def _id(self, token: str) -> str:
        return self._keyring.secret_tag(token, use="console sessions").hex()

    def _proven(self, session: ConsoleSession) -> ConsoleSession:
        """With a proof, so that whoever can write to the database cannot give a session to another account."""
        times = [utc(moment) for moment in (session.opened_at, session.seen_at, session.ends_at)]
        told = rfc8785.dumps([session.id, session.account_id, *times])
        return replace(session, proof=tag(self._keyring.installation, use="console sessions' rows", of=told))


def end_all(tx: Transaction) -> None:
    """End every session there is; a restored backup brings back none."""
    for session in tx.console_sessions.find():
        tx.console_sessions.remove(id=session.id)
