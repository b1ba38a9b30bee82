"""What a monitoring system may read: counts of stations and doors, in steps of ten, and nothing of anybody.

Whoever reads often sees what changed between two readings. A count that rose by one would say that somebody stood at a
door just now, or that one more person agreed (rules S3 and S5). So whatever one person's act changes is told in steps
of ten; what requests took is held back until ten of a door that ended alike can be told together, so that strangers
who are turned away do not fill up the ten of those who are let in; scores are released as ``flows.drift`` says.

Of the process only its start is told. Processor time, memory and open files move with every picture, and no step is
coarse enough: where nobody else is at the server, the next step comes earlier by what one picture took.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from visavis import __version__
from visavis.decide.drift import Tail
from visavis.flows.drift import BOUNDS, TOGETHER, Told, in_steps
from visavis.model.errors import VisavisError
from visavis.web.services import Services

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OPENMETRICS: Final = "application/openmetrics-text"
_HUNG_UP: Final = "none"
_SCORES: Final = {
    Tail.OWN: ("visavis_mated_cosine", "Cosines of people who were recognised and did not say it was not them."),
    Tail.OTHERS: ("visavis_nearest_other_cosine", "The best cosine of anybody else, where somebody was recognised."),
}


class Durations:
    """What requests took, by door and how they ended; told ten at a time."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, str], list[float]] = {}
        self._steps: dict[tuple[str, str, str], list[int]] = {}
        self._sums: dict[tuple[str, str, str], float] = {}
        self._lock = threading.Lock()

    def add(self, *, method: str, route: str, status: int | None, duration_s: float) -> None:
        """Count one request. ``status`` is None where the caller hung up."""
        sort = _HUNG_UP if status is None else f"{status // 100}xx"
        key = (method, route, sort)
        with self._lock:
            waiting = self._waiting.setdefault(key, [])
            waiting.append(duration_s)
            if len(waiting) < TOGETHER:
                return
            steps = self._steps.setdefault(key, [0] * (len(_SECONDS) + 1))
            for took in waiting:
                steps[bisect_left(_SECONDS, took)] += 1
            self._sums[key] = self._sums.get(key, 0.0) + sum(waiting)
            waiting.clear()

    def told(self) -> HistogramMetricFamily:
        """All of it, as a histogram."""
        family = HistogramMetricFamily(
            "visavis_request_duration_seconds",
            "What requests took, by the template of their door and how they ended; told ten of a kind at a time.",
            labels=["method", "route", "status"],
        )
        with self._lock:
            for key, steps in sorted(self._steps.items()):
                family.add_metric(key, _buckets(_SECONDS, tuple(accumulate(steps))), round(self._sums[key], 6))
        return family


class Metrics(Collector):
    """The metrics of one server.

    :param services: asked at each reading for the flows of the server.
    """

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self.durations = Durations()
        self._started_at = time.time()
        self._purged_at: float | None = None
        # Our own, never the library's: that one would tell what any other code of the process counts.
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def purged(self) -> None:
        """A purge has ended well."""
        self._purged_at = time.time()

    def page(self, accept: str) -> tuple[bytes, str]:
        """The page and its media type: OpenMetrics to who accepts it, else Prometheus's own text."""
        if _OPENMETRICS in accept:
            page: bytes = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call] # it has no types
            return page, openmetrics.CONTENT_TYPE_LATEST
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def collect(self) -> Iterator[Metric]:
        """Everything there is to tell."""
        services = self._services()
        services.drift.tidy(services.store)
        yield from _of_stations(services.drift.told())
        yield from _of_galleries(services)
        yield self.durations.told()
        yield from _of_the_server(services)
        yield GaugeMetricFamily(
            "visavis_start_timestamp_seconds",
            "When the server began; every count begins there.",
            round(self._started_at),
        )
        if self._purged_at is not None:
            yield GaugeMetricFamily(
                "visavis_last_purge_timestamp_seconds",
                "When everything whose time was over had been taken out last.",
                round(self._purged_at),
            )
        backup_at = services.backups.last_made_at
        if backup_at is not None:
            yield GaugeMetricFamily(
                "visavis_last_backup_timestamp_seconds",
                "When a backup was made last; a restart does not forget it.",
                round(backup_at.timestamp()),
            )


def _of_galleries(services: Services) -> Iterator[Metric]:
    held = GaugeMetricFamily(
        "visavis_gallery_references", "References, pending ones included, in steps of ten.", labels=["gallery"]
    )
    bars = GaugeMetricFamily(
        "visavis_gallery_bar", "The cosine that a match takes at that number of references.", labels=["gallery"]
    )
    with services.store.read() as tx:
        for gallery in tx.galleries.find():
            references = in_steps(tx.references_in(gallery.id))
            held.add_metric([gallery.id], references)
            purpose = tx.purposes.get(gallery.purpose_id)
            try:
                bar = services.bars.bar(purpose, gallery_id=gallery.id, references=references)
            except VisavisError:
                continue  # nobody is recognised there either; whoever tries is told why
            bars.add_metric([gallery.id], round(bar.threshold, 4))
    yield held
    yield bars


def _of_the_server(services: Services) -> Iterator[Metric]:
    build = {"version": __version__, "model": services.calibration.model_id}
    yield InfoMetricFamily("visavis_build", "The release, and the model whose templates it compares.", build)
    loaded = services.live.loaded
    yield GaugeMetricFamily("visavis_loading", "1 until every gallery is in memory.", int(not loaded.is_complete))
    yield GaugeMetricFamily(
        "visavis_left_out", "People whose stored rows did not check out at the start.", loaded.left_out
    )


def _of_stations(stations: list[Told]) -> Iterator[Metric]:
    for tail, (name, what) in _SCORES.items():
        family = HistogramMetricFamily(name, what, labels=["station", "gallery"])
        for told in stations:
            if told.gallery_id is not None and told.scores[tail][-1]:
                # Without a sum, which would be the scores' own.
                family.add_metric([told.station_id, told.gallery_id], _buckets(BOUNDS, told.scores[tail]), None)
        yield family
    alarms = GaugeMetricFamily(
        "visavis_drift_alarm", "1 while scores are outside the calibration's band.", labels=["station", "tail"]
    )
    disputed = CounterMetricFamily(
        "visavis_disputed", "Decisions of which somebody said it was not them, in steps of ten.", labels=["station"]
    )
    decisions = CounterMetricFamily(
        "visavis_decisions", "Decisions, in steps of ten.", labels=["station", "outcome", "means"]
    )
    for told in stations:
        disputed.add_metric([told.station_id], told.disputed)
        for tail, alarm in told.alarms.items():
            if told.gallery_id is not None:
                alarms.add_metric([told.station_id, tail.value], int(alarm))
        for (outcome, means), count in sorted(told.decisions.items(), key=lambda one: str(one[0])):
            decisions.add_metric([told.station_id, outcome.value, means.value], count)
    yield from (alarms, disputed, decisions)


def _buckets(bounds: tuple[float, ...], counts: tuple[int, ...]) -> list[tuple[str, float]]:
    """Counts up to each bound, and in all, as the library takes them."""
    return [*zip(map(str, bounds), map(float, counts), strict=False), ("+Inf", float(counts[-1]))]
