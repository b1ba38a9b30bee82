"""The report of an evaluation for somebody to read: one page that carries everything it shows, without scripts."""

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from visavis.adapters.evaluation.plots import galleries, scores, trade_off

_PAGES: Final = Environment(
    loader=PackageLoader("visavis.adapters.evaluation", "."), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_WEIGHED: Final = {"people": "every person the same", "pairs": "every pair the same"}
_PERCENT_FROM: Final = 1e-4


def page(report: Mapping[str, Any]) -> str:
    """The report as HTML; the same report gives the same page."""
    pictures: dict[str, Any] = {}
    if "verification" in report:
        curves = {_WEIGHED[name]: one["det"] for name, one in report["verification"]["weighing"].items()}
        pictures["det"] = trade_off(curves, called="Detection error trade-off", id_="det")
        pictures["scores"] = scores(report["histogram"], id_="scores")
        fpir = next((fpir for fpir in (1e-2, 1e-1) if galleries(report["identification"], fpir=fpir, id_="n")), 1e-2)
        pictures["galleries"] = galleries(report["identification"], fpir=fpir, id_="galleries")
        pictures["fpir"] = fpir
    for number, one in enumerate(report.get("protocols", ())):
        called = f"Detection error trade-off of {one['name']}"
        pictures[one["name"]] = trade_off({"every pair the same": one["det"]}, called=called, id_=f"det-{number}")
    return _PAGES.get_template("report.html").render(
        report=report, pictures=pictures, weighed=_WEIGHED, share=share, count=count
    )


def share(value: float | None) -> str:
    """A rate for people: percent where that reads well."""
    if value is None:
        return "no bound"
    if value == 0:
        return "0"
    return f"{100 * value:.3g} %" if value >= _PERCENT_FROM else f"{value:.1e}"


def count(value: int) -> str:
    """A number in groups of three."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
