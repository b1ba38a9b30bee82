"""The clock port on the machine's clock."""

from datetime import UTC, datetime

from visavis.flows.ports import Clock


class SystemClock(Clock):
    """Tells the machine's time."""

    def now(self) -> datetime:
        """See the port."""
        return datetime.now(UTC)
