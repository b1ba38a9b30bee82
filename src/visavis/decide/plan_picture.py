"""The curves of a plan as a picture (SVG): errors over the size of the gallery, both axes logarithmic."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from visavis.decide.plan import MOST_PEOPLE, AtSize, Plan, Standing
from visavis.decide.plan_speech import ENGLISH, Speech
from visavis.decide.plan_words import count, percent

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 72, 56
_DECADES: Final = round(math.log10(MOST_PEOPLE))
_LOWEST: Final = 1e-4
_RATES: Final = (1.0, 0.1, 0.01, 0.001, 0.0001)
_SIZES: Final = (0, 3, 6, 9, 10)
"""Powers of ten."""

STYLE: Final = (
    ".plan-page{fill:#fff}.plan-text{font:13px system-ui,sans-serif;fill:#17211f}.plan-dim{fill:#52605c}"
    ".plan-end{text-anchor:end}.plan-middle{text-anchor:middle}.plan-grid{stroke:#d5dcd9}"
    ".plan-zone{fill:#fdf1dd}.plan-here{stroke:#52605c;stroke-dasharray:4 4}"
    ".plan-wrong,.plan-missed{fill:none;stroke-width:2.5}.plan-wrong{stroke:#8c1d18}"
    ".plan-missed{stroke:#0b5d52;stroke-dasharray:9 4}"
    "@media(prefers-color-scheme:dark){.plan-page{fill:#18201e}.plan-text{fill:#e9efed}.plan-dim{fill:#a8b6b1}"
    ".plan-grid{stroke:#2f3b38}.plan-zone{fill:#33270f}.plan-here{stroke:#a8b6b1}.plan-wrong{stroke:#ffb9b3}"
    ".plan-missed{stroke:#7fd3c3}}"
)
"""How the picture looks where no style sheet says it."""


def picture(planned: Plan, sizes: Iterable[AtSize], *, style: bool, say: Speech = ENGLISH) -> str:
    """Draw.

    :param sizes: the plan's curve.
    :param style: whether the picture brings its looks along, as a file does; a page has them in its style sheet.
    :param say: what is written in it.
    """
    points = list(sizes)
    title, told = escape(say["picture.title"]), escape(_told(planned, points, say), quote=True)
    known = [point.people for point in points if point.missed is not None]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{told}">',
        f"<title>{title}</title><desc>{told}</desc>",
        f"<style>{STYLE}</style>" if style else "",
        f'<rect class="plan-page" width="{_WIDTH}" height="{_HEIGHT}"/>',
        *_zone(planned, max(known, default=0), say),
        *_grid(say),
        _line("plan-wrong", [(point.people, point.fpir) for point in points]),
        _line("plan-missed", [(p.people, p.missed) for p in points if p.missed is not None]),
        _here(planned.wanted.people),
        *_legend(planned, say),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _told(planned: Plan, points: Sequence[AtSize], say: Speech) -> str:
    here = min(points, key=lambda point: abs(math.log(point.people / planned.wanted.people)))
    stays = "strictest" if planned.standing is Standing.NOT_KNOWN else "stays"
    return say["picture.told"].format(
        people=count(planned.wanted.people, say),
        stays=say[f"picture.told.{stays}"],
        taken=percent(here.fpir, say),
        missed=say["not_known"] if here.missed is None else percent(here.missed, say),
    )


def _x(people: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log10(max(1.0, people)) / _DECADES


def _y(share: float) -> float:
    part = math.log10(min(1.0, max(_LOWEST, share)) / _LOWEST) / -math.log10(_LOWEST)
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * part


def _line(kind: str, points: Sequence[tuple[int, float]]) -> str:
    # What is lower than the picture is left out: at its edge it would look like a rate.
    path = " ".join(f"{_x(people):.1f},{_y(share):.1f}" for people, share in points if share >= _LOWEST)
    if not path:
        return ""
    return f'<polyline class="{kind}" points="{path}"/>'


def _zone(planned: Plan, most: int, say: Speech) -> list[str]:
    """Where nothing is known, or all of it for a claim."""
    words = escape(say["picture.claim" if planned.standing is Standing.CLAIM else "picture.not_known"])
    left = _LEFT if planned.standing is Standing.CLAIM else _x(most)
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    if right - left < 1:
        return []
    return [
        f'<rect class="plan-zone" x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{bottom - _TOP}"/>',
        f'<text class="plan-text plan-dim plan-end" x="{right - 6}" y="{bottom - 8}">{words}</text>',
    ]


def _grid(say: Speech) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for share in _RATES:
        y, text = _y(share), percent(share, say)
        parts.append(f'<line class="plan-grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        parts.append(f'<text class="plan-text plan-dim plan-end" x="{_LEFT - 8}" y="{y + 4:.1f}">{text}</text>')
    for decade in _SIZES:
        x, text = _x(10**decade), escape(count(10**decade, say))
        end = " plan-end" if decade == _DECADES else " plan-middle"
        parts.append(f'<line class="plan-grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}"/>')
        y = bottom + (38 if decade == _DECADES else 20)
        parts.append(f'<text class="plan-text plan-dim{end}" x="{x:.1f}" y="{y}">{text}</text>')
    parts.append(
        f'<text class="plan-text plan-dim" x="{_LEFT}" y="{bottom + 42}">{escape(say["picture.people"])}</text>'
    )
    return parts


def _here(people: int) -> str:
    x = _x(people)
    return f'<line class="plan-here" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}"/>'


def _legend(planned: Plan, say: Speech) -> list[str]:
    stays = say[f"picture.taken.{'strictest' if planned.standing is Standing.NOT_KNOWN else 'stays'}"]
    kept = say[f"picture.missed.{'claimed' if planned.standing is Standing.CLAIM else 'kept'}"]
    taken, missed = say["picture.taken"].format(stays=stays), say["picture.missed"].format(kept=kept)
    return [
        f'<line class="plan-wrong" x1="{_LEFT}" y1="20" x2="{_LEFT + 34}" y2="20"/>',
        f'<text class="plan-text" x="{_LEFT + 44}" y="25">{escape(taken)}</text>',
        f'<line class="plan-missed" x1="{_LEFT}" y1="44" x2="{_LEFT + 34}" y2="44"/>',
        f'<text class="plan-text" x="{_LEFT + 44}" y="49">{escape(missed)}</text>',
    ]
