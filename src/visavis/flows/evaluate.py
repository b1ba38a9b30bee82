"""How often a model errs on labelled photos: from a data set to the figures of a report (ISO/IEC 19795-1).

For measuring only. No gallery, subject, session or receipt is made, read or changed, so that rule S1 has nothing to ask
for; and there is no way from here into any of them. What leaves is aggregates: no name, no pair, no score of a person.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.calibrate import calibration_fields
from visavis.evaluate.comparisons import Comparisons, TooFewPeople, compare_all
from visavis.evaluate.doubt import THIRTY
from visavis.evaluate.groups import largest_ratios, measure_groups
from visavis.evaluate.histogram import histogram
from visavis.evaluate.open_set import GalleryTooLarge, Size, measure_size
from visavis.evaluate.paired import PairScores, measure_pairs
from visavis.evaluate.rates import Weighing
from visavis.evaluate.several import Mated
from visavis.evaluate.verification import Verification, verification
from visavis.flows import evaluation_fields as told_as
from visavis.flows.data_set import DataSet, MadeTemplates
from visavis.flows.templates import Made, TemplateMaker
from visavis.model.calibration import SEVERAL, CalibrationTooSmall
from visavis.model.evaluation import FEWEST_PEOPLE, DataSetTooSmall, Listing, Meant, Pairs

SCHEMA: Final = "visavis.evaluation/1"
GALLERIES: Final = (100, 500, 1000)
PHOTOS_EACH: Final = (1, SEVERAL)
FPIRS: Final = (1e-1, 1e-2, 1e-3)
_GROUPED_AT: Final = (1e-2, 1e-3, 1e-4)

Told = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured. ``about`` says in words what the photos are."""

    meant: Meant = Meant.CENTRE
    galleries: tuple[int, ...] = GALLERIES
    seed: int = 0
    about: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was found. ``calibration`` is None where the set cannot give one; the report says why."""

    report: dict[str, Any]
    calibration: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Templates:
    """Unit templates with the person of each, from 0 without a gap, and the group of each, if there are any."""

    vectors: NDArray[np.float32] = field(repr=False)
    people: NDArray[np.int32] = field(repr=False)
    group: NDArray[np.int64] | None = field(repr=False)


class Evaluate:
    """Measures one model.

    :param maker: makes the templates. :param models: what is told of the networks: id and digest, by role.
    """

    def __init__(self, *, maker: TemplateMaker, models: Mapping[str, Mapping[str, str]]) -> None:
        self._maker = maker
        self._models = models

    def run(
        self, data: DataSet, *, before: MadeTemplates, asked: Asked, told: Told = lambda _what, _done, _of: None
    ) -> Evaluation:
        """The whole way from photos to figures.

        1. There are people enough that no figure is about one of them.
        2. Every photo becomes a template, or is counted with the reason.
        3. Pairs that a protocol names are compared, or else everything with everything.

        :raises DataSetTooSmall: check 1, before or after 2. :raises DataSetUnreadable: a photo cannot be read.
        """
        # 1
        listing = data.listing
        _require_people(listing.people)
        # 2
        photos = len(listing.people)
        made = self._maker.make_all(data, before=before, told=lambda done: told("Photos", done, photos))
        _require_people(listing.people[made.photos])
        report = self._begun(listing, made, asked)
        # 3
        if listing.pairs:
            report["protocols"] = self._protocols(listing, made, asked=asked, told=told)
            report["calibration"] = {"made": False, "why": "Pairs that were chosen are no sample of all of them."}
            return Evaluation(report, None)
        templates = _templates(listing, made)
        return self._everything(templates, listing, asked=asked, told=told, report=report)

    def _begun(self, listing: Listing, made: Made, asked: Asked) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "about": asked.about,
            "seed": asked.seed,
            "face": asked.meant.value,
            "models": {role: dict(card) for role, card in self._models.items()},
            "photos": len(listing.people),
            "people": int(listing.people.max()) + 1,
            "templates": len(made.photos),
            "not_photos": listing.not_photos,
            **told_as.acquisition(listing.people, made, seed=asked.seed),
        }

    def _everything(
        self, templates: Templates, listing: Listing, *, asked: Asked, told: Told, report: dict[str, Any]
    ) -> Evaluation:
        rows = len(templates.vectors)
        try:
            found = compare_all(templates.vectors, templates.people, told=lambda done: told("Comparisons", done, rows))
        except TooFewPeople:
            raise DataSetTooSmall("Nobody has two photos that gave a template.") from None
        _require_people(found.owner, "with two photos that gave a template")
        drawn = [(size, each) for size in asked.galleries for each in PHOTOS_EACH]
        # What takes longest begins first.
        (calibration, why), counted, *rest = _side_by_side(
            [
                partial(self._calibration, found, templates, report, asked),
                partial(histogram, templates.vectors, templates.people),
                *(partial(verification, found, weighing=weighing, seed=asked.seed) for weighing in Weighing),
                *(
                    partial(_gallery, templates, size=size, each=each, seed=asked.seed)
                    for size, each in reversed(drawn)
                ),
            ],
            told=told,
        )
        measured = dict(zip(Weighing, rest, strict=False))
        report["verification"] = told_as.compared(found, measured)
        report["histogram"] = told_as.histogram(counted)
        report["identification"] = [
            told_as.gallery(one, enrolled=size, each=each)
            for one, (size, each) in zip(reversed(rest[len(measured) :]), drawn, strict=True)
        ]
        if templates.group is not None:
            report["groups"] = _groups(templates, listing, measured[Weighing.PEOPLE], seed=asked.seed)
        report["calibration"] = {"made": True} if calibration else {"made": False, "why": why}
        return Evaluation(report, calibration)

    def _calibration(
        self, found: Comparisons, templates: Templates, report: Mapping[str, Any], asked: Asked
    ) -> tuple[dict[str, object] | None, str]:
        several = Mated.of(templates.vectors, templates.people, photos=SEVERAL, seed=asked.seed)
        embedder = self._models["embedder"]
        try:
            fields = calibration_fields(
                found,
                model_id=embedder["id"],
                model_sha256=embedder["sha256"],
                data=asked.about or "A set of labelled photos that nothing was said about.",
                seed=asked.seed,
                several=several if several.people >= THIRTY else None,
                remarks={"photos": report["photos"], "templates": report["templates"], "face": asked.meant.value},
            )
        except CalibrationTooSmall as refusal:
            return None, refusal.detail
        return fields, ""

    def _protocols(self, listing: Listing, made: Made, *, asked: Asked, told: Told) -> list[dict[str, Any]]:
        found = []
        for number, pairs in enumerate(listing.pairs, start=1):
            scores, missing = _scores_of(pairs, listing, made)
            _require_people(scores.first[scores.is_same], f"whose photos {pairs.name} compares with each other")
            _require_people(scores.first[~scores.is_same], f"whom {pairs.name} compares with others")
            found.append(told_as.protocol(pairs.name, measure_pairs(scores, seed=asked.seed), missing=missing))
            told("Protocols", number, len(listing.pairs))
        return found


def _side_by_side(work: Sequence[Callable[[], Any]], *, told: Told) -> list[Any]:
    """What each part of the work gives, in its order, with every core."""
    pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
    try:
        parts = [pool.submit(part) for part in work]
        for number, _ in enumerate(as_completed(parts), start=1):
            told("Figures", number, len(parts))
        return [part.result() for part in parts]
    finally:
        pool.shutdown(cancel_futures=True)


def _require_people(people: NDArray[np.integer], which: str = "in it") -> None:
    there = len(np.unique(people))
    if there < FEWEST_PEOPLE:
        raise DataSetTooSmall(f"There are {there} people {which}.")


def _templates(listing: Listing, made: Made) -> Templates:
    people = np.unique(listing.people[made.photos], return_inverse=True)[1].astype(np.int32)
    group = None if listing.group is None else listing.group[made.photos]
    return Templates(made.vectors, people, group)


def _gallery(templates: Templates, *, size: int, each: int, seed: int) -> Size | str:
    """The figures, or why there are none."""
    try:
        return measure_size(
            templates.vectors, templates.people, enrolled=size, photos_each=each, fpirs=FPIRS, seed=seed
        )
    except GalleryTooLarge as refusal:
        return str(refusal)


def _groups(templates: Templates, listing: Listing, measured: Verification, *, seed: int) -> dict[str, Any]:
    group = templates.group if templates.group is not None else np.full(len(templates.people), -1)
    at = [one for one in measured.at if one.asked in _GROUPED_AT]
    groups = measure_groups(
        templates.vectors, templates.people, group, thresholds=[one.threshold for one in at], seed=seed
    )
    return told_as.grouped(
        groups,
        largest_ratios(groups, len(at)),
        names=listing.groups,
        at=at,
        without=int(np.count_nonzero(group < 0)),
    )


def _scores_of(pairs: Pairs, listing: Listing, made: Made) -> tuple[PairScores, int]:
    """Scores of the pairs both of whose photos gave a template, and how many others there are."""
    row = np.full(len(listing.people), -1, np.int64)
    row[made.photos] = np.arange(len(made.photos))
    there = (row[pairs.first] >= 0) & (row[pairs.second] >= 0)
    first, second = pairs.first[there], pairs.second[there]
    scores = np.einsum("ij,ij->i", made.vectors[row[first]], made.vectors[row[second]])
    people = np.unique(listing.people[np.concatenate([first, second])], return_inverse=True)[1]
    found = PairScores(
        scores=scores,
        is_same=pairs.is_same[there],
        fold=pairs.fold[there],
        first=people[: len(first)].astype(np.int64),
        second=people[len(first) :].astype(np.int64),
        people=int(people.max(initial=-1)) + 1,
    )
    return found, int(np.count_nonzero(~there))
