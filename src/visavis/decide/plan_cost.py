"""What a gallery of a size takes: memory, disk, machines, processor time. Every number says where it comes from."""

import math
from dataclasses import dataclass
from typing import Final

from visavis.decide.plan import Wanted
from visavis.decide.plan_speech import Saying
from visavis.model.access import RequestInvalid

_HOUR_S: Final = 3_600
_FLOAT_BYTES: Final = 4
PACE_S: Final = 2.0
"""A station opens one session in so many seconds at most (rule S2)."""
STATION_LOCKS_AT: Final = 0.5
"""A station locks when more than this share of its last 50 probes matched nobody (rule S2)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that was measured, its unit and by what."""

    value: float
    unit: str
    source: str


_SIZES: Final = Saying("measured.by.sizes", names={"command": "python -m benchmarks.scale.sizes"})
_REST: Final = Saying("measured.by.rest", names={"command": "make bench-rest"})
_MEMORY: Final = "make bench-memory"

MEASURED: Final = {
    "index": Measured(405, Saying("measured.index"), _SIZES),
    "scan": Measured(39.3e-9 / 128, Saying("measured.scan"), _SIZES),
    "person": Measured(7_520, Saying("measured.person"), _SIZES),
    "reference": Measured(973, Saying("measured.reference"), _SIZES),
    "person log": Measured(682, Saying("measured.person_log"), _SIZES),
    "search": Measured(1_698, Saying("measured.search"), _SIZES),
    "search log": Measured(415, Saying("measured.search_log"), _SIZES),
    "server": Measured(373e6, Saying("measured.server"), _MEMORY),
    "decoder": Measured(40e6, Saying("measured.decoder"), _MEMORY),
    "answer": Measured(2 / 22, Saying("measured.answer"), _REST),
}
"""What this software was measured to take; ``make`` targets and modules that measure it again stand beside."""


MEASURED_UP_TO: Final = 1_000_000
"""References with which it was; beyond, it is taken to grow in proportion."""


@dataclass(frozen=True, slots=True)
class Assumed:
    """What nobody measured: the reader's machines, habits and prices.

    ``busiest_hour`` is the share of a day's searches in its busiest hour, ``memory_share`` how much of a machine's
    memory references may take. ``core_hour_price`` is in whatever money the reader pays with; None: no prices.
    """

    machine_memory_gb: float = 64.0
    machine_cores: int = 8
    memory_share: float = 0.75
    busiest_hour: float = 0.15
    days_kept: int = 30
    core_hour_price: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no machine and no day.

        :raises RequestInvalid: a number is out of its range; the message names it.
        """
        if not (1 <= self.machine_memory_gb <= 1e6 and 1 <= self.machine_cores <= 10_000):  # noqa: PLR2004 -- no machine has more
            raise RequestInvalid(Saying("invalid.machine"))
        if not (0 < self.memory_share <= 1 and 1 / 24 <= self.busiest_hour <= 1):
            raise RequestInvalid(Saying("invalid.hour"))
        if not 1 <= self.days_kept <= 36_500:  # noqa: PLR2004 -- a hundred years
            raise RequestInvalid(Saying("invalid.days_kept"))
        if self.core_hour_price is not None and not 0 <= self.core_hour_price <= 1e9:  # noqa: PLR2004 -- in any money
            raise RequestInvalid(Saying("invalid.core_hour_price"))


@dataclass(frozen=True, slots=True)
class Cost:
    """What a gallery takes. Bytes, seconds, and money where a price was given."""

    memory_bytes: float
    """Of all machines that share the references, for one copy of each."""
    templates_bytes: float
    """Of that, the vectors alone."""
    disk_bytes: float
    """Database: people, references, decisions for as long as they are kept."""
    log_bytes_a_year: float
    cpu_s_a_search: float
    searches_a_s: float
    """In the busiest hour."""
    most_searches_a_s: float
    """What so many machines answer at most."""
    parts: int
    """Machines that hold one copy of all references between them."""
    machines: int
    """Those, or more where the busiest hour needs them."""
    stations: int
    """The fewest that can ask so often."""
    price_a_search: float | None
    price_a_day: float | None

    @property
    def is_one_machine(self) -> bool:
        """Whether this release can do it: it is one process on one machine."""
        return self.machines == 1


def cost(wanted: Wanted, assumed: Assumed, *, dimension: int) -> Cost:
    """What it takes, every reference that counts being compared.

    A scan is bound by how fast memory is read, which more cores hardly speed up: so the cores of a machine share the
    work beside the scan, and not the scan.

    :param dimension: how long a template of the model is.
    """
    references = wanted.references
    each = dimension * _FLOAT_BYTES + MEASURED["index"].value
    base = MEASURED["server"].value + MEASURED["decoder"].value * assumed.machine_cores
    room = max(each, 1e9 * assumed.machine_memory_gb * assumed.memory_share - base)
    parts = math.ceil(references * each / room)
    scan_s = MEASURED["scan"].value * dimension * wanted.compared
    answer_s = MEASURED["answer"].value
    machine_s = answer_s / assumed.machine_cores + scan_s
    busiest = wanted.searches_a_day * assumed.busiest_hour / _HOUR_S
    machines = max(parts, math.ceil(busiest * machine_s))
    cpu_s = answer_s + scan_s
    price = None if assumed.core_hour_price is None else cpu_s * assumed.core_hour_price / _HOUR_S
    on_disk = MEASURED["person"].value * wanted.people + MEASURED["reference"].value * references
    on_disk += MEASURED["search"].value * wanted.searches_a_day * assumed.days_kept
    return Cost(
        memory_bytes=references * each + parts * base,
        templates_bytes=references * dimension * _FLOAT_BYTES,
        disk_bytes=on_disk,
        log_bytes_a_year=MEASURED["person log"].value * wanted.people
        + 365 * MEASURED["search log"].value * wanted.searches_a_day,
        cpu_s_a_search=cpu_s,
        searches_a_s=busiest,
        most_searches_a_s=machines / machine_s,
        parts=parts,
        machines=machines,
        stations=max(1, math.ceil(busiest * PACE_S)),
        price_a_search=price,
        price_a_day=None if price is None else price * wanted.searches_a_day,
    )
