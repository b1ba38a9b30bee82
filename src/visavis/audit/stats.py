"""How often what happened: counts of a log's entries, by day or month."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import escape
from typing import Final, Literal, NamedTuple

from visavis.audit.leaf import Entry
from visavis.model.audit import Event

By = Literal["day", "month", "all"]
WHAT: Final = ("kind", "means", "outcome", "act", "of")
"""What entries tell beside their event, by the names of their fields."""

_LENGTH: Final[dict[By, int]] = {"day": 10, "month": 7, "all": 0}

_WIDTH: Final = 1000
_LEFT: Final = 165
_RIGHT: Final = 245
_TOP: Final = 56
_ROW: Final = 30
_HIGH: Final = 22
_FOOT: Final = 36
_MOST_BARS: Final = 180
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1b1f24}.title{font-size:16px;font-weight:600}"
    ".dim{fill:#59636e}.end{text-anchor:end}.bar{fill:#1f6feb}.line{stroke:#d1d9e0}.page{fill:#ffffff}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.dim{fill:#9198a1}.bar{fill:#4493f8}.line{stroke:#3d444d}"
    ".page{fill:#0d1117}}"
)


class Row(NamedTuple):
    """How many entries of one sort there are in one stretch of time. What such an entry does not tell is empty."""

    when: str
    event: str
    kind: str
    means: str
    outcome: str
    act: str
    of: str
    entries: int


@dataclass(slots=True)
class Counts:
    """Counts entries as they are seen."""

    _found: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def see(self, entry: Entry) -> None:
        """One more."""
        told = entry.fields.get
        self._found[(entry.day, entry.event.value, *(told(name, "") for name in WHAT))] += 1

    def rows(self, by: By = "day") -> list[Row]:
        """Counts by day (``2026-01-31``), month (``2026-01``) or in all, in the order of time and of events."""
        order = {event.value: place for place, event in enumerate(Event)}
        found: Counter[tuple[str, ...]] = Counter()
        for (day, *rest), entries in self._found.items():
            found[(day[: _LENGTH[by]], *rest)] += entries
        keys = sorted(found, key=lambda key: (key[0], order[key[1]], key[2:]))
        return [Row(key[0], key[1], key[2], key[3], key[4], key[5], key[6], found[key]) for key in keys]


def chart(rows: Iterable[Row], *, origin: str) -> str:
    """A picture of daily counts (SVG): a line of bars for each event, and for each outcome of decisions.

    Every line has a scale of its own, which ends at its highest bar. It can be read on light and on dark pages.
    """
    days, first, last = _days_of(rows)
    total = sum(sum(found.values()) for found in days.values())
    span = (last - first).days + 1
    each = -(-span // _MOST_BARS)
    height = _TOP + _ROW * len(days) + _FOOT
    told = f"{_number(total)} entries" + (f", {first} to {last}" if total else "")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(origin)}</title><desc id="d">{told}</desc><style>{_STYLE}</style>',
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
        f'<text class="title" x="16" y="26">{escape(origin)}</text>',
        f'<text class="dim" x="16" y="45">{told}; a bar is {"a day" if each == 1 else f"{each} days"}</text>',
    ]
    for place, (name, found) in enumerate(days.items()):
        parts += _line(name, found, bottom=_TOP + _ROW * (place + 1), first=first, span=span, each=each)
    foot = height - _FOOT + 20
    parts += [
        f'<text class="dim" x="{_LEFT}" y="{foot}">{first}</text>',
        f'<text class="dim end" x="{_WIDTH - _RIGHT}" y="{foot}">{last}</text>',
    ]
    return "\n".join([*parts[: -2 if not total else None], "</svg>", ""])


def _days_of(rows: Iterable[Row]) -> tuple[dict[str, Counter[date]], date, date]:
    """Counts by day of every line of the picture, and the first and last day."""
    days: dict[str, Counter[date]] = {}
    for row in rows:
        name = f"{row.event} {row.outcome}".strip()
        days.setdefault(name, Counter())[date.fromisoformat(row.when)] += row.entries
    order = {event.value: place for place, event in enumerate(Event)}
    ordered = dict(sorted(days.items(), key=lambda item: (order[item[0].split(" ", 1)[0]], item[0])))
    every = [day for found in days.values() for day in found] or [date.min]
    return ordered, min(every), max(every)


def _line(name: str, found: Counter[date], *, bottom: int, first: date, span: int, each: int) -> list[str]:
    bars: Counter[int] = Counter()
    for day, entries in found.items():
        bars[(day - first).days // each] += entries
    highest, slots = max(bars.values()), -(-span // each)
    slot = (_WIDTH - _LEFT - _RIGHT) / slots
    width = min(24.0, slot * 0.8)
    path = "".join(
        f"M{_LEFT + slot * (place + 0.5) - width / 2:.1f} {bottom}"
        f"v{-max(1.0, _HIGH * entries / highest):.1f}h{width:.1f}V{bottom}z"
        for place, entries in sorted(bars.items())
    )
    peak = first + timedelta(days=each * min(place for place, entries in bars.items() if entries == highest))
    right = _WIDTH - _RIGHT
    return [
        f'<text class="end" x="{_LEFT - 12}" y="{bottom - 5}">{name}</text>',
        f'<line class="line" x1="{_LEFT}" y1="{bottom + 0.5}" x2="{right}" y2="{bottom + 0.5}"/>',
        f'<path class="bar" d="{path}"/>',
        f'<text class="end" x="{right + 84}" y="{bottom - 5}">{_number(sum(found.values()))}</text>',
        f'<text class="dim" x="{right + 94}" y="{bottom - 5}">most {_number(highest)} on {peak:%m-%d}</text>',
    ]


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\N{THIN SPACE}")
