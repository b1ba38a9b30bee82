"""Time that tests move."""

from datetime import UTC, datetime, timedelta

from visavis.flows.ports import Clock


class SimClock(Clock):
    """Stands still until it is moved. Starts at the real time, since signed requests are made with it too."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, **delta: float) -> None:
        self._now += timedelta(**delta)
