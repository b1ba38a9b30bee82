"""How often a caller may call, and how often somebody may fail to prove who they are."""

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from visavis.model.access import LockedOut, RateLimited

_WINDOW_S: Final = 60.0
_FIRST_WAIT_S: Final = 2.0
_LONGEST_WAIT_S: Final = 900.0
_FORGOTTEN_S: Final = 3600.0
"""A claim's failures are forgotten after so long without another; longer than any wait, so that sitting out does not
help."""

_KNOWN_S: Final = 24 * 3600.0
_SHARE: Final = 6
"""Of an address's failures one claimed identity has a sixth before it waits: 5 of 30."""

_MOST: Final = 10_000
"""Entries of a kind that are kept at most, so that nobody fills the memory by inventing identities."""

V = TypeVar("V")


@dataclass(slots=True)
class _Failures:
    count: int
    last: float
    until: float


class _Latest(OrderedDict[str, V]):
    """The entries that were put last."""

    def put(self, name: str, value: V) -> None:
        self[name] = value
        self.move_to_end(name)
        if len(self) > _MOST:
            self.popitem(last=False)


class Rates:
    """Counts of one process; SQLite means that there is one. By a clock that nobody sets.

    Failed proofs are counted twice:

    - by address and claimed identity. After a few that claim has to wait: 2 s, then twice as long with each further
      failure, up to 15 minutes. What comes meanwhile is not looked at, and not counted.
    - by address, whatever is claimed: so many in a minute, then who is not known there has to wait. Who proved from
      there within a day who they are is not held up by others behind the same router.
    """

    def __init__(
        self, *, calls_per_minute: int, failures_per_minute: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._calls_per_minute = calls_per_minute
        self._failures_per_minute = failures_per_minute
        self._free = max(1, failures_per_minute // _SHARE)
        self._now = monotonic
        self._lock = threading.Lock()
        self._calls: _Latest[deque[float]] = _Latest()
        self._addresses: _Latest[deque[float]] = _Latest()
        self._claims: _Latest[_Failures] = _Latest()
        self._known: _Latest[float] = _Latest()

    def count_call(self, caller: str, *, times: int = 1, share: int = 1) -> None:
        """One more call of a caller who proved who they are.

        :param times: by how much more calls of this sort there may be.
        :param share: which part of all calls those of this sort may be: one in so many.
        :raises RateLimited: there were too many.
        """
        with self._lock:
            now = self._now()
            calls = self._calls.get(caller) or deque(maxlen=max(1, self._calls_per_minute * times // share))
            wait = _wait(calls, now)
            if wait > 0:
                raise RateLimited(retry_after_s=wait)
            calls.append(now)
            self._calls.put(caller, calls)

    def require_patience(self, address: str, claimed: str) -> None:
        """Refuse who failed too often, before their proof is looked at.

        :raises LockedOut: they have to wait.
        """
        with self._lock:
            now, claim = self._now(), f"{address} {claimed}"
            failures = self._claims.get(claim)
            wait = 0.0 if failures is None else failures.until - now
            if now - self._known.get(claim, -math.inf) >= _KNOWN_S:
                wait = max(wait, _wait(self._addresses.get(address), now))
        if wait > 0:
            raise LockedOut(retry_after_s=math.ceil(wait * 10) / 10)

    def count_failure(self, address: str, claimed: str) -> None:
        """One more failed proof from an address."""
        with self._lock:
            now, claim = self._now(), f"{address} {claimed}"
            window = self._addresses.get(address) or deque(maxlen=self._failures_per_minute)
            window.append(now)
            self._addresses.put(address, window)
            before = self._claims.get(claim)
            count = 1 if before is None or now - before.last >= _FORGOTTEN_S else before.count + 1
            self._claims.put(claim, _Failures(count, now, now + self._wait_after(count)))

    def count_proof(self, address: str, claimed: str) -> None:
        """Somebody proved who they are: their failures are forgotten."""
        with self._lock:
            claim = f"{address} {claimed}"
            self._claims.pop(claim, None)
            self._known.put(claim, self._now())

    def _wait_after(self, failures: int) -> float:
        over = failures - self._free
        if over <= 0:
            return 0.0
        return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(over - 1, 20))


def _wait(moments: "deque[float] | None", now: float) -> float:
    """Seconds until another one fits into the minute; a full deque drops its oldest."""
    if not moments or len(moments) < (moments.maxlen or 0):
        return 0.0
    return max(0.0, round(moments[0] + _WINDOW_S - now, 3))
