"""How often a caller may call."""

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from visavis.model.access import RateLimited


class Rates:
    """Counts calls of one process; SQLite means that there is one."""

    def __init__(self, *, calls_per_minute: int, failures_per_minute: int) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._calls = RateLimitItemPerMinute(calls_per_minute)
        self._failures = RateLimitItemPerMinute(failures_per_minute)

    def count_call(self, caller: str) -> None:
        """One more call of a caller who proved who they are.

        :raises RateLimited: there were too many.
        """
        self._count(self._calls, f"call {caller}")

    def count_failure(self, address: str) -> None:
        """One more failed proof from an address.

        :raises RateLimited: there were too many.
        """
        self._count(self._failures, f"failure {address}")

    def require_patience(self, address: str) -> None:
        """Refuse an address that failed too often, before its proof is looked at.

        :raises RateLimited: it has to wait.
        """
        if not self._limiter.test(self._failures, f"failure {address}"):
            raise RateLimited(retry_after_s=self._wait(self._failures, f"failure {address}"))

    def _count(self, limit: RateLimitItemPerMinute, key: str) -> None:
        if not self._limiter.hit(limit, key):
            raise RateLimited(retry_after_s=self._wait(limit, key))

    def _wait(self, limit: RateLimitItemPerMinute, key: str) -> float:
        return round(max(0.0, self._limiter.get_window_stats(limit, key).reset_time - time.time()), 1)
