"""Following what other server processes on the same database change, so that memory is as the database is."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from visavis.flows.bars import Bars
from visavis.flows.live import LiveGalleries

POLL_S: Final = 0.5
"""Changes are told; where one was not, it is seen after so long."""
_KEPT_S: Final = 3600.0
_TOO_LONG_S: Final = _KEPT_S / 2
"""Who could not look for so long may have missed what was dropped meanwhile, and begins anew."""
_MOST: Final = 1000


class Changed(StrEnum):
    """What a change is of."""

    PERSON = "person"
    KEYS = "keys"
    RATES = "rates"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the person's identifier, or the gallery's whose keys or rates are others now."""

    number: int
    of: Changed
    id: str
    is_own: bool


class Changes(Protocol):
    """What all processes changed, in the order in which it was committed."""

    def newest(self) -> int:
        """The number of the last change."""

    def after(self, number: int, *, most: int) -> Sequence[Change]:
        """The changes after this one, up to so many."""

    def drop_older(self, kept_s: float) -> None:
        """Forget changes that everybody has seen."""

    def wait(self, timeout_s: float) -> None:
        """Back when there may be more, or after so many seconds."""

    def close(self) -> None:
        """Nobody will wait any more."""


class Following:
    """Takes into memory what others committed.

    ``begin`` comes before the galleries are loaded: what is committed from then on is taken in after it, and what was
    committed before is read from the database.
    """

    def __init__(
        self,
        changes: Changes,
        *,
        live: LiveGalleries,
        bars: Bars,
        failed: Callable[[Exception], None] = lambda _: None,
        poll_s: float = POLL_S,
    ) -> None:
        """:param failed: told of a look that failed; the next one makes up for it."""
        self._changes = changes
        self._live = live
        self._bars = bars
        self.failed = failed
        self._poll_s = poll_s
        self._seen = 0
        self._looked_at = time.monotonic()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def behind_s(self) -> float:
        """Seconds since it was last known that there is nothing more."""
        return time.monotonic() - self._looked_at

    def begin(self) -> None:
        """Remember where the database is, and follow it from there."""
        self._seen = self._changes.newest()
        self._looked_at = time.monotonic()
        self._thread = threading.Thread(target=self._follow, name="changes of others", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Follow no longer."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._changes.close()

    def look(self) -> None:
        """Take in what there is."""
        if self.behind_s > _TOO_LONG_S:
            seen = self._changes.newest()
            self._live.load()
            self._seen, self._looked_at = seen, time.monotonic()
        while True:
            began = time.monotonic()
            found = self._changes.after(self._seen, most=_MOST)
            # Each once, however often they changed: what is taken in is what the database has now.
            for change in {(one.of, one.id): one for one in found if not one.is_own}.values():
                self._take_in(change)
            if found:
                self._seen = found[-1].number
            if len(found) < _MOST:
                self._looked_at = began
                return

    def tidy(self) -> None:
        """Drop what everybody has seen; one process does it for all."""
        self._changes.drop_older(_KEPT_S)

    def _follow(self) -> None:
        while not self._over.is_set():
            try:
                self._changes.wait(self._poll_s)
                self.look()
            except Exception as error:  # noqa: BLE001 -- one look that failed must not end all later ones
                self.failed(error)
                self._over.wait(self._poll_s)

    def _take_in(self, change: Change) -> None:
        if change.of is Changed.PERSON:
            self._live.refresh(change.id)
        elif change.of is Changed.KEYS:
            self._live.rebuild(change.id)
        else:
            self._bars.forget(change.id)
