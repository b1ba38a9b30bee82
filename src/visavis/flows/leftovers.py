"""What time takes out beside people: decisions, sessions, records of readings, and all that was kept for a while.

How long each table is kept stands in ``flows/kept.py`` in words, and here in numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar

from visavis.flows.ended import drop_station
from visavis.flows.entries import end_import
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Rows, Store, Transaction
from visavis.flows.record import end_servers_openings
from visavis.model.access import ApiKey
from visavis.model.account import Account
from visavis.model.decision import ReviewKind
from visavis.model.purpose import Gallery
from visavis.model.station import SessionState

T = TypeVar("T")

UNUSED_SESSIONS: Final = timedelta(days=1)
"""How long the record of a session is kept in which nothing was decided."""
ENDED_KEYS: Final = timedelta(days=90)
"""How long an API key or an account is listed after its end, so that its name can still be looked up."""
AT_ONCE: Final = 200
"""Rows taken out in one transaction, so that nobody who writes waits long."""

_TIMED: Final = (
    ("nonces", "expires_at"),
    ("answered", "expires_at"),
    ("readings", "expires_at"),
    ("openings", "expires_at"),
    ("tries", "forget_at"),
    ("pairings", "expires_at"),
    ("console_sessions", "ends_at"),
    ("tombstones", "keep_until"),
)
"""Rows that have a time of their own, by the transaction's name for them."""


class Leftovers:
    """Sweeps, in many small transactions: what stops it leaves the rest to the next time."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def sweep(self, *, thorough: bool) -> tuple[int, int]:
        """Take out what is over, and say how many decisions and how many imports that were.

        :param thorough: also what is rare, and would have to be looked for.
        """
        decisions = self._decisions()
        self._sessions(thorough=thorough)
        for name, field in _TIMED:
            self._timed(name, field)
        imports = self._imports()
        if thorough:
            self._exports()
            self._reviews()
            self._stations()
            self._api_keys()
            self._accounts()
            with self._store.write() as tx:
                end_servers_openings(tx, keyring=self._keyring, now=self._clock.now())
        return decisions, imports

    def _decisions(self) -> int:
        """With the session that each was made in."""
        old = self._seen(lambda tx: tx.decisions.before("expires_at", self._clock.now()))

        def forget(tx: Transaction, id_: str) -> None:
            decision = tx.decisions.first(id=id_)
            if decision is not None:
                tx.decisions.remove(id=id_)
                tx.sessions.remove(id=decision.session_id)

        self._in_turns((decision.id for decision in old), forget)
        return len(old)

    def _sessions(self, *, thorough: bool) -> None:
        """Those that were never used; and those used up, but never decided since the server stopped between the two."""
        latest = self._clock.now() - UNUSED_SESSIONS
        states = [SessionState.OPEN, SessionState.AWAITING, SessionState.CLOSED]
        unused = self._seen(lambda tx: [s for state in states for s in tx.sessions.find(state=state)])
        over = [session.id for session in unused if session.expires_at <= latest]
        if thorough:
            with self._store.read() as tx:
                used = [s.id for s in tx.sessions.find(state=SessionState.USED) if s.expires_at <= latest]
                over += [id_ for id_ in used if not tx.decisions.count(session_id=id_)]
        self._in_turns(over, lambda tx, id_: tx.sessions.remove(id=id_))

    def _timed(self, name: str, field: str) -> None:
        now = self._clock.now()
        over = self._seen(lambda tx: _rows(tx, name).before(field, now))

        def forget(tx: Transaction, id_: str) -> None:
            # Read again: a count of wrong tries may have gone on meanwhile.
            row = _rows(tx, name).first(id=id_)
            if row is not None and getattr(row, field) <= now:
                _rows(tx, name).remove(id=id_)

        self._in_turns((row.id for row in over), forget)

    def _imports(self) -> int:
        """Those whose links are over, with what they tell of people who were refused."""
        over = self._seen(lambda tx: tx.imports.before("expires_at", self._clock.now()))
        for ended in over:
            with self._store.write() as tx:
                again = tx.imports.first(id=ended.id)
                if again is not None and again.expires_at <= self._clock.now():
                    end_import(tx, again)
        return len(over)

    def _exports(self) -> None:
        """Requests for an export, as long after their end as the purpose's retention."""
        over = self._seen(
            lambda tx: [
                export
                for export in tx.exports.before("expires_at", self._clock.now())
                if self._clock.now() >= export.expires_at + _retention(tx, export.gallery_id)
            ]
        )
        self._in_turns((export.id for export in over), lambda tx, id_: tx.exports.remove(id=id_))

    def _reviews(self) -> None:
        """Notices of two people who look alike that nobody looked at; the others go with what they hold up."""

        def old(tx: Transaction, gallery: Gallery) -> list[Any]:
            latest = self._clock.now() - _retention(tx, gallery.id)
            notices = tx.reviews.find(gallery_id=gallery.id, kind=ReviewKind.LOOK_ALIKE)
            return [review for review in notices if review.created_at <= latest]

        over = self._seen(lambda tx: [review for gallery in tx.galleries.find() for review in old(tx, gallery)])
        self._in_turns((review.id for review in over), lambda tx, id_: tx.reviews.remove(id=id_))

    def _stations(self) -> None:
        """Retired ones, when everything that was decided there is over too."""
        retired = [one for one in self._seen(lambda tx: tx.stations.find()) if one.retired_at is not None]

        def forget(tx: Transaction, id_: str) -> None:
            station = tx.stations.first(id=id_)
            if station is not None:
                drop_station(tx, station, now=self._clock.now())

        self._in_turns((station.id for station in retired), forget)

    def _api_keys(self) -> None:
        """Those that ended long ago and that nothing names any more."""

        def is_over(tx: Transaction, key: ApiKey) -> bool:
            if key.revoked_at is None or self._clock.now() < key.revoked_at + ENDED_KEYS:
                return False
            return not tx.readings.count(read_by=key.id) and not tx.imports.count(made_by=key.id)

        over = self._seen(lambda tx: [key for key in tx.api_keys.find() if is_over(tx, key)])
        self._in_turns((key.id for key in over), lambda tx, id_: tx.api_keys.remove(id=id_))

    def _accounts(self) -> None:
        """Those that were disabled long ago and that nothing names any more."""

        def is_over(tx: Transaction, account: Account) -> bool:
            if account.disabled_at is None or self._clock.now() < account.disabled_at + ENDED_KEYS:
                return False
            named = tx.readings.count(read_by=account.id) or tx.imports.count(made_by=account.id)
            return not named and not tx.console_sessions.count(account_id=account.id)

        over = self._seen(lambda tx: [account for account in tx.accounts.find() if is_over(tx, account)])
        self._in_turns((account.id for account in over), lambda tx, id_: tx.accounts.remove(id=id_))

    def _seen(self, find: Callable[[Transaction], Sequence[T]]) -> Sequence[T]:
        """What there is to do, looked up where nobody has to wait for it."""
        with self._store.read() as tx:
            return find(tx)

    def _in_turns(self, ids: Iterable[str], act: Callable[[Transaction, str], object]) -> None:
        for some in in_turns(ids, AT_ONCE):
            with self._store.write() as tx:
                for id_ in some:
                    act(tx, id_)


def in_turns(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    """The same, so many at a time."""
    waiting = list(ids)
    for first in range(0, len(waiting), size):
        yield waiting[first : first + size]


def _rows(tx: Transaction, name: str) -> Rows[Any]:
    found: Rows[Any] = getattr(tx, name)
    return found


def _retention(tx: Transaction, gallery_id: str) -> timedelta:
    return tx.purposes.get(tx.galleries.get(gallery_id).purpose_id).retention
