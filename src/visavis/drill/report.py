"""The drill's report: one page that carries everything it shows, for somebody who was not there."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from visavis import __version__
from visavis.drill.attack import Mode, Result, Verdict
from visavis.drill.run import GROUPS, passed

_PAGES: Final = Environment(
    loader=PackageLoader("visavis.drill", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip

_ORDER: Final = (Verdict.BREACH, Verdict.BLUNT, Verdict.LOSS, Verdict.NOT_TRIED, Verdict.NOTHING)
_COUNTED: Final = {
    Verdict.BREACH: ("breach", "breaches"),
    Verdict.BLUNT: ("proves nothing", "prove nothing"),
    Verdict.LOSS: ("expected loss", "expected losses"),
    Verdict.NOT_TRIED: ("not tried", "not tried"),
    Verdict.NOTHING: ("got nothing", "got nothing"),
}


def page(results: Sequence[Result], *, mode: Mode, at: datetime) -> str:
    """The report as HTML, without scripts and without anything from elsewhere."""
    counts = Counter(result.verdict for result in results)
    counted = [(verdict, _COUNTED[verdict][counts[verdict] != 1], counts[verdict]) for verdict in _ORDER]
    played = {result.attack.name: result for result in results}
    groups = [
        (called, [played[attack.name] for attack in attacks if attack.name in played]) for called, attacks in GROUPS
    ]
    return _PAGES.get_template("report.html").render(
        results=results,
        groups=[(called, members) for called, members in groups if members],
        counted=[row for row in counted if row[2]],
        passed=passed(results),
        mode=mode,
        at=at,
        version=__version__,
        took_s=sum(result.took_s for result in results),
        Verdict=Verdict,
    )
