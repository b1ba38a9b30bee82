"""How long a call may take, and when one that failed is sent again: both clients share it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from secrets import SystemRandom
from typing import Final

import httpx2

from visavis.client.problem import VisavisProblem
from visavis.client.raising import problem_here

_TOO_MANY: Final = 429
_UNAVAILABLE: Final = 503
_LEAST_SHARE: Final = 0.5
_RANDOM: Final = SystemRandom()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait, each for one step of one try; ``total_s`` is for a whole call with its tries and pauses.

    Enrolling five large photos takes a few seconds. ``total_s`` is looked at between steps, and no step is begun
    with more time than what is left: a call can overrun it by a step, not by more. ``pool_s`` is the wait for one of
    this client's own connections.
    """

    connect_s: float = 5.0
    write_s: float = 30.0
    read_s: float = 30.0
    pool_s: float = 10.0
    total_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """When a call that may be repeated is sent again: a reading, or a write with an idempotency key.

    Nothing else is ever sent twice, whatever stands here: no decision, no session, no write without such a key. It is
    repeated where no connection came about or one broke, and where the server said when to come back (429 and 503
    with ``retry_after_s``); not after a time-out, since asking twice makes no server faster.

    :param most_tries: how often a call is sent in all; 1 is never again.
    :param first_pause_s: before the second try; each further pause is twice as long, less up to a half by chance.
    :param longest_pause_s: no pause is longer, and where the server asks for a longer one the call fails at once.
    """

    most_tries: int = 3
    first_pause_s: float = 0.2
    longest_pause_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Connections:
    """How many connections one client keeps to its server."""

    most: int = 20
    most_idle: int = 10
    idle_s: float = 4.0
    """Shorter than the five seconds after which servers tend to close: what is being closed is not used again."""

    def limits(self) -> httpx2.Limits:
        """The same for the pool."""
        return httpx2.Limits(
            max_connections=self.most, max_keepalive_connections=self.most_idle, keepalive_expiry=self.idle_s
        )


class Tries:
    """The tries of one call.

    :param repeatable: whether the call may be sent again at all.
    """

    def __init__(
        self,
        *,
        timeouts: Timeouts,
        retries: Retries,
        repeatable: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeouts = timeouts
        self._retries = retries
        self._left = retries.most_tries if repeatable else 1
        self._pause_s = retries.first_pause_s
        self._clock = clock
        self._until = clock() + timeouts.total_s

    def next(self) -> httpx2.Timeout:
        """Begin a try: what each of its steps may take.

        :raises VisavisProblem: ``timed_out``.
        """
        self.require_time()
        self._left -= 1
        left_s = self._until - self._clock()
        return httpx2.Timeout(
            connect=min(self._timeouts.connect_s, left_s),
            write=min(self._timeouts.write_s, left_s),
            read=min(self._timeouts.read_s, left_s),
            pool=min(self._timeouts.pool_s, left_s),
        )

    def require_time(self) -> None:
        """Refuse to go on once the call has taken its time.

        :raises VisavisProblem: ``timed_out``.
        """
        if self._clock() >= self._until:
            raise problem_here("timed_out", f"There was no whole answer within {self._timeouts.total_s:g} s.")

    def pause_after(self, problem: VisavisProblem) -> float:
        """Seconds to wait before the call is sent again.

        1. The call may be sent again, and a try is left.
        2. The failure is one that passes: no connection, or a server that said when to come back.
        3. The wait is within bounds, and ends before the call's time does.

        :raises VisavisProblem: ``problem`` itself, where the call is not to be sent again.
        """
        asked_s = problem.retry_after_s if problem.status in {_TOO_MANY, _UNAVAILABLE} else None
        passes = problem.code == "unreachable" or asked_s is not None
        # 1, 2
        if self._left < 1 or not passes:
            raise problem
        pause_s = self._pause_s * _RANDOM.uniform(_LEAST_SHARE, 1)
        self._pause_s *= 2
        if asked_s is None:
            pause_s = min(pause_s, self._retries.longest_pause_s)
        else:
            # Later than asked by a little: those who were told the same do not come at once.
            pause_s = asked_s + min(pause_s, self._retries.first_pause_s)
        # 3
        if (asked_s or 0) > self._retries.longest_pause_s or self._clock() + pause_s >= self._until:
            raise problem
        return pause_s


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


async def async_pause(seconds: float) -> None:
    """Wait, and let others run."""
    await asyncio.sleep(seconds)
