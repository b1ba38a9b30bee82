"""The pictures of a report (SVG): error trade-offs, scores and galleries. They need no script and suit dark pages.

Colours are those of the page's style; each picture has a title and a description, and the page a table with the same.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final

_WIDTH: Final = 720
_HEIGHT: Final = 400
_LEFT: Final = 74
_RIGHT: Final = 18
_TOP: Final = 40
_FOOT: Final = 56
_LEAST: Final = 1e-4
"""The lowest miss rate that the trade-off has room for."""
_BAR: Final = 34

Rows = Sequence[Mapping[str, Any]]
_Place = Callable[[float], float]


def trade_off(curves: Mapping[str, Rows], *, called: str, id_: str) -> str:
    """A detection error trade-off, both axes logarithmic, with the band of the first curve.

    :param curves: by name, rows with ``fmr``, ``fnmr``, ``low`` and ``high``; at most three.
    """
    every = [row for rows in curves.values() for row in rows]
    if not every:
        return ""
    across = _decades([row["fmr"] for row in every])
    lowest = min(max(row["fnmr"], _LEAST) for row in every)
    up = _decades([lowest, max(max(row["fnmr"], _LEAST) for row in every)])
    x, y = _log(across, _LEFT, _WIDTH - _RIGHT), _log(up, _HEIGHT - _FOOT, _TOP)
    parts = [*_grid(across, up, x=x, y=y), *_named("false match rate (FMR)", "false non-match rate (FNMR)")]
    for place, (name, rows) in enumerate(curves.items()):
        shown = [(x(row["fmr"]), y(_within(row["fnmr"], up)), row) for row in rows]
        if not place:
            upper = [(left, y(_within(row["high"], up))) for left, _, row in shown]
            lower = [(left, y(_within(row["low"], up))) for left, _, row in reversed(shown)]
            parts.append(f'<polygon class="band" points="{_points([*upper, *lower])}"/>')
        line = _points([(left, top) for left, top, _ in shown])
        parts.append(f'<polyline class="line s{place}" points="{line}"/>')
        parts += _key(place, name, column=place, of=len(curves))
    ends = [f"{name}: FNMR {rows[0]['fnmr']:.3g} at FMR {rows[0]['fmr']:.0e}" for name, rows in curves.items() if rows]
    return _picture(parts, called=called, told="; ".join(ends) + ". The table below has the numbers.", id_=id_)


def scores(counts: Mapping[str, Any], *, id_: str) -> str:
    """How many comparisons have which score, as shares of all of their sort on a logarithmic axis."""
    starts, width = counts["starts"], counts["width"]
    sums = {sort: max(1, sum(counts[sort])) for sort in ("non_mated", "mated")}
    least = min((count / sums[sort] for sort in sums for count in counts[sort] if count), default=0.1)
    used = [place for place in range(len(starts)) if any(counts[sort][place] for sort in sums)] or [0]
    first, last = starts[used[0]], starts[used[-1]] + width
    up = _decades([least, 1.0])
    x, y = _linear((first, last), _LEFT, _WIDTH - _RIGHT), _log(up, _HEIGHT - _FOOT, _TOP)
    ticks = [tenth / 10 for tenth in range(-10, 11) if first <= tenth / 10 <= last]
    parts = [*_rows(up, y=y), *_columns(ticks, x=x, shown=lambda value: f"{value:.1f}")]
    parts += _named("score (cosine)", "share of comparisons")
    for place, (sort, name) in enumerate({"non_mated": "two people", "mated": "one person"}.items()):
        foot = _HEIGHT - _FOOT
        path = f"M{x(first):.1f} {foot}"
        for bin_ in range(used[0], used[-1] + 1):
            share = counts[sort][bin_] / sums[sort]
            top = y(share) if share else foot
            path += f"V{top:.1f}H{x(starts[bin_] + width):.1f}"
        parts.append(f'<path class="line area s{place}" d="{path}V{foot}"/>')
        parts += _key(place, name, column=place, of=2)
    told = f"{sums['mated']} comparisons of one person and {sums['non_mated']} of two, in bins of {width}."
    return _picture(parts, called="Scores", told=told, id_=id_)


def galleries(rows: Rows, *, fpir: float, id_: str) -> str:
    """How many members are missed in galleries of each size, at a false-positive rate of strangers (``fpir``)."""
    bars = [
        (row["enrolled"], row["photos_each"], found["fnir"])
        for row in rows
        if row.get("known")
        for found in row["at_fpir"]
        if found["known"] and found["asked"] == fpir
    ]
    if not bars:
        return ""
    sizes = sorted({size for size, _, _ in bars})
    photos = sorted({each for _, each, _ in bars})
    most = max(found["high"] for _, _, found in bars) or 1e-3
    top = _round_up(most)
    y = _linear((0, top), _HEIGHT - _FOOT, _TOP)
    step = (_WIDTH - _LEFT - _RIGHT) / len(sizes)
    parts = _rows_at([top * part / 4 for part in range(5)], y=y, shown=lambda value: f"{100 * value:.3g} %")
    parts += _named("people enrolled", "members missed (FNIR)")
    for place, size in enumerate(sizes):
        middle = _LEFT + step * (place + 0.5)
        parts.append(f'<text class="mid" x="{middle:.1f}" y="{_HEIGHT - _FOOT + 18}">{size}</text>')
    for size, each, found in bars:
        order = photos.index(each)
        left = _LEFT + step * (sizes.index(size) + 0.5) + (order - len(photos) / 2) * (_BAR + 6) + 3
        high, low, value = (y(found[end]) for end in ("high", "low", "value"))
        parts.append(
            f'<rect class="bar s{order}" x="{left:.1f}" y="{value:.1f}" width="{_BAR}" '
            f'height="{_HEIGHT - _FOOT - value:.1f}"/>'
            f'<path class="whisker" d="M{left + _BAR / 2:.1f} {high:.1f}V{low:.1f}'
            f'M{left + _BAR / 2 - 5:.1f} {high:.1f}h10M{left + _BAR / 2 - 5:.1f} {low:.1f}h10"/>'
        )
    for order, each in enumerate(photos):
        parts += _key(order, f"{each} photo{'s' * (each > 1)} each", column=order, of=len(photos))
    told = (
        f"Where {100 * fpir:g} % of strangers are taken for somebody. Bars end at the mean, whiskers at its interval."
    )
    return _picture(parts, called="Members missed, by the size of the gallery", told=told, id_=id_)


def _picture(parts: Sequence[str], *, called: str, told: str, id_: str) -> str:
    return "\n".join(
        [
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="{id_}-t {id_}-d">',
            f'<title id="{id_}-t">{escape(called)}</title><desc id="{id_}-d">{escape(told)}</desc>',
            *parts,
            "</svg>",
        ]
    )


def _grid(across: tuple[int, int], up: tuple[int, int], *, x: _Place, y: _Place) -> list[str]:
    decades = [10.0**power for power in range(across[0], across[1] + 1)]
    return [*_rows(up, y=y), *_columns(decades, x=x, shown=_power)]


def _rows(up: tuple[int, int], *, y: _Place) -> list[str]:
    return _rows_at([10.0**power for power in range(up[0], up[1] + 1)], y=y, shown=_power)


def _rows_at(values: Sequence[float], *, y: _Place, shown: Callable[[float], str]) -> list[str]:
    return [
        f'<line class="grid" x1="{_LEFT}" y1="{y(value):.1f}" x2="{_WIDTH - _RIGHT}" y2="{y(value):.1f}"/>'
        f'<text class="end" x="{_LEFT - 8}" y="{y(value) + 4:.1f}">{shown(value)}</text>'
        for value in values
    ]


def _columns(values: Sequence[float], *, x: _Place, shown: Callable[[float], str]) -> list[str]:
    return [
        f'<line class="grid" x1="{x(value):.1f}" y1="{_TOP}" x2="{x(value):.1f}" y2="{_HEIGHT - _FOOT}"/>'
        f'<text class="mid" x="{x(value):.1f}" y="{_HEIGHT - _FOOT + 18}">{shown(value)}</text>'
        for value in values
    ]


def _named(across: str, up: str) -> list[str]:
    middle, high = (_LEFT + _WIDTH - _RIGHT) / 2, (_TOP + _HEIGHT - _FOOT) / 2
    return [
        f'<text class="mid dim" x="{middle:.0f}" y="{_HEIGHT - 14}">{across}</text>',
        f'<text class="mid dim" transform="translate(16 {high:.0f}) rotate(-90)">{up}</text>',
    ]


def _key(place: int, name: str, *, column: int, of: int) -> list[str]:
    left = _LEFT + column * (_WIDTH - _LEFT - _RIGHT) / of
    return [
        f'<line class="line s{place}" x1="{left:.0f}" y1="20" x2="{left + 28:.0f}" y2="20"/>',
        f'<text x="{left + 36:.0f}" y="24">{escape(name)}</text>',
    ]


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Powers of ten around the values, one apart at least; they are more than 0."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    return low, max(low + 1, math.ceil(math.log10(max(values)) - 1e-9))


def _log(decades: tuple[int, int], start: float, end: float) -> _Place:
    return lambda value: start + (end - start) * (math.log10(value) - decades[0]) / (decades[1] - decades[0])


def _linear(ends: tuple[float, float], start: float, end: float) -> _Place:
    return lambda value: start + (end - start) * (value - ends[0]) / (ends[1] - ends[0])


def _within(value: float, decades: tuple[int, int]) -> float:
    return float(min(max(value, 10.0 ** decades[0]), 10.0 ** decades[1]))


def _round_up(value: float) -> float:
    digit = 10.0 ** math.floor(math.log10(value))
    return next(part * digit for part in (1, 2, 4, 8, 10) if part * digit >= value)


def _power(value: float) -> str:
    power = round(math.log10(value))
    if power >= -2:  # noqa: PLR2004 -- a percent and more read better in full
        return f"{value:g}"
    return f'10<tspan class="power" dy="-6">\N{MINUS SIGN}{-power}</tspan>'


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
