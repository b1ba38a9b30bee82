"""Every word in which a plan is told. English is here; a page brings those of another language under the same names."""

from collections.abc import Mapping
from typing import Final, Self

Speech = Mapping[str, str]
"""Texts by name; ``{name}`` in them is filled in."""

ENGLISH: Final[Speech] = {
    "thousands": ",",
    "decimal": ".",
    "million": "{n} million",
    "billion": "{n} billion",
    "trillion": "{n} trillion",
    "a_million": "1 million",
    "a_billion": "1 billion",
    "a_trillion": "1 trillion",
    "bytes": "{n} bytes",
    "hours": "{n} hours",
    "once": "{rate}, once in {many}",
    "one_in_days": "{rate}, one in {many} days",
    "band": "{value} ({low} to {high})",
    "almost_all": "almost 100 %",
    "none": "none",
    "less_than_one": "less than one",
    "not_known": "not known",
    "headline.promised": "This can be promised.",
    "headline.missed": "This is known, and such a gallery is refused: too many people would be missed.",
    "headline.not_known": "Not known. Such a gallery is refused, because nobody has measured what it needs.",
    "headline.claim": "This is arithmetic with a claim. Nothing here is promised, and nothing of it was measured.",
    "mend": "What helps: {some}, or {last}.",
    "mend.smaller": "a smaller gallery (up to {people} people)",
    "mend.rate": "a higher rate",
    "mend.photos": "{photos} photos of each where too many are missed",
    "mend.named": "people who say who they are (1:1)",
    "mend.model": "a model that was measured on more people",
    "because.not_known": "beyond, the calibration knows no threshold",
    "because.missed": "beyond, more people would be missed than is bearable",
    "origin.worked_out": "worked out",
    "origin.sure": "{origin}, 95 % sure of what is in brackets",
    "origin.calibration": "calibration",
    "origin.claim": "a claim, not a promise",
    "origin.measured": "measured",
    "origin.in_proportion": "in proportion to what was measured with a million references",
    "origin.assumed": "assumed: change it",
    "origin.several": "{origin}, measured with {photos} references each",
    "origin.single": "{origin}, measured with one reference each",
    "origin.pace": "one session every two seconds",
    "origin.price": "your price of a core for an hour",
    "origin.locks": "rule S2, the last 50 probes",
    "row.compared": "references compared with somebody who comes",
    "row.fmr": "one comparison may err",
    "row.passes": "a stranger passes for whom they name (1:1)",
    "row.taken": "a stranger is taken for somebody (FPIR)",
    "row.false_accepts": "false accepts a day",
    "row.fnmr": "enrolled people who are missed (FNMR)",
    "row.missed": "missed people a day",
    "row.doubtful": "enrolled people a day whom a person must tell apart",
    "row.threshold": "threshold",
    "row.most": "most people for whom this can be promised",
    "row.memory": "memory",
    "row.memory.says": "{all}, of which templates {templates}",
    "row.disk": "disk",
    "row.log": "the log in a year",
    "row.cpu": "processor time a search",
    "row.searches": "searches a second in the busiest hour",
    "row.machines": "machines",
    "row.machines.parts": "{machines} ({parts} for one copy of all references); this release runs on one",
    "row.answered": "searches a second that so many machines answer",
    "row.stations": "stations, at least",
    "row.price": "cost of a search",
    "row.price_a_day": "cost of a day's searches",
    "row.runs": "will it run",
    "row.runs.locks": "stations lock: most people who come are not enrolled",
    "claim.searches": "If {right} % of searches end right",
    "claim.wrong": "wrong answers a day",
    "claim.wrong_once": "wrong answers when each of them is looked for once",
    "claim.fmr": "one comparison may then err, among {people}",
    "claim.comparisons": "If {right} % of comparisons end right",
    "claim.found": "wrong people that each search finds",
    "claim.show": "What it would take to show the first",
    "claim.show.searches": "searches without one error (rule of three)",
    "claim.show.days": "days of all searches, each checked by a person",
    "claim.show.never": "never: nobody is looked for",
    "claim.show.people": "or people, one photo each, no two of them ever confused",
    "picture.title": "Errors over the size of the gallery",
    "picture.told": "Near {people} people: strangers taken for somebody {stays} {taken}; enrolled people missed if the "
    "target is kept {missed}.",
    "picture.told.strictest": "with the strictest known threshold",
    "picture.told.stays": "at this threshold",
    "picture.claim": "a claim: nobody here measured it",
    "picture.not_known": "missed people not known",
    "picture.people": "people in the gallery",
    "picture.taken": "strangers taken for somebody, {stays}",
    "picture.taken.strictest": "at the strictest known threshold",
    "picture.taken.stays": "if the threshold stays",
    "picture.missed": "enrolled people missed, {kept}",
    "picture.missed.claimed": "as claimed",
    "picture.missed.kept": "if the target is kept",
    "reason.fmr": "One comparison may err at most once in {asked}; the calibration of {model} knows rates down to "
    "once in {known}.",
    "reason.fpir": "To see that one stranger in {strangers} is taken for somebody, the calibration needs at least "
    "{needed} people (rule of three); it has {people}.",
    "reason.missed": "Of people who are enrolled {missed} would be missed; at most {bearable} was said to be bearable.",
    "reason.score": "False match rates are known from a score of {low} to {high}.",
    "reason.misses": "Misses are known up to a threshold of {most}.",
    "invalid.number": "{field}: a number, such as 1000, 1.3e9 or 5%.",
    "invalid.whole": "{field}: a whole number, without a point.",
    "invalid.aim": "aim: one of {some}.",
    "invalid.claimed": "{field}: says nothing without {other}.",
    "invalid.claimed_fmr": "A claimed rate of one comparison is above 0: nobody has measured that nothing errs.",
    "invalid.people": "people: from 1 to {most}.",
    "invalid.references_each": "references each: from 1 to {most}.",
    "invalid.searches_a_day": "searches a day: from 0 to 1e12.",
    "invalid.shares": "Shares and claimed rates lie between 0 and 1.",
    "invalid.threshold": "threshold: a cosine, from -1 to 1.",
    "invalid.rate": "{rate}: above 0 and below {most}.",
    "invalid.machine": "A machine has 1 to 1,000,000 GB of memory and 1 to 10,000 cores.",
    "invalid.hour": "The busiest hour has from 1/24 of a day to all of it, memory from more than 0 to 1.",
    "invalid.days_kept": "days kept: from 1 to 36,500.",
    "invalid.core_hour_price": "core hour price: from 0 to 1e9.",
    "invalid.claim": "A claim lies above 0 and below 100 %: nothing is always right.",
    "measured.index": "bytes a reference beside its vector",
    "measured.scan": "seconds a reference and dimension, one core",
    "measured.person": "bytes on disk a person, with receipt, PIN, sealed name and keys",
    "measured.reference": "bytes on disk a sealed reference",
    "measured.person_log": "bytes of published log a person who is enrolled",
    "measured.search": "bytes on disk a search, for as long as decisions are kept",
    "measured.search_log": "bytes of published log a search, for good",
    "measured.server": "bytes of memory without any reference",
    "measured.decoder": "bytes of memory a process that decodes photos",
    "measured.answer": "processor seconds an answer, photo to signed log",
    "measured.by.sizes": "{command}, two cores of an AMD EPYC with AVX2, November 2026",
    "measured.by.rest": "{command}: 22 a second keep two cores busy",
}


class Saying(str):
    """A sentence of a plan in English, as programs and the terminal have it; ``told`` says it in another language.

    ``figures`` and ``names`` are what is filled in: numbers, as English writes them, and what no language changes.
    """

    __slots__ = ("figures", "name", "names")

    name: str
    figures: Mapping[str, str]
    names: Mapping[str, str]

    def __new__(
        cls, name: str, *, figures: Mapping[str, str] | None = None, names: Mapping[str, str] | None = None
    ) -> Self:
        """The sentence of this name in ``ENGLISH``."""
        figures, names = dict(figures or {}), dict(names or {})
        made = super().__new__(cls, ENGLISH[name].format(**figures, **names))
        made.name, made.figures, made.names = name, figures, names
        return made

    def __deepcopy__(self, _: object) -> Self:
        """Nothing of it changes."""
        return self


def told(text: str, say: Speech, *, instead: Mapping[str, str] | None = None) -> str:
    """A sentence in another language; what is none of a plan's own stays as it is.

    :param instead: what to call a name in it: the label of a field.
    """
    if not isinstance(text, Saying):
        return text
    figures = {name: written(value, say) for name, value in text.figures.items()}
    names = {name: (instead or {}).get(value, value) for name, value in text.names.items()}
    return say[text.name].format(**figures, **names)


def written(figures: str, say: Speech) -> str:
    """A number as its language writes it.

    :param figures: as English does.
    """
    return figures.translate(str.maketrans(",.", say["thousands"] + say["decimal"]))
