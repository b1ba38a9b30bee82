"""A copy of an installation whose time the drill moves: the real flows over the real data, in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from visavis import bootstrap
from visavis.drill.place import Place
from visavis.flows.ports import Clock
from visavis.web.services import Services


class MovedClock(Clock):
    """Begins at the real time and stands still until it is moved."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The time that the drill says it is."""
        return self._now

    def move(self, delta: timedelta) -> None:
        """Ahead, or back."""
        self._now += delta


@contextmanager
def lab(place: Place, *, stages: bootstrap.Stages, clock: Clock) -> Iterator[Services]:
    """The flows over a place, as a server of this release has them.

    :raises StartupError: a server would not start on it either.
    """
    settings = place.settings()
    with bootstrap.DataDirectory(settings.data_dir):
        services = bootstrap.open_services(
            settings, clock=clock, stages=bootstrap.Stages(stages.extractor, stages.calibration), root=place.root()
        )
        try:
            services.live.load()
            yield services
        finally:
            services.close()
            services.store.close()  # type: ignore[attr-defined] # of the store that bootstrap made
