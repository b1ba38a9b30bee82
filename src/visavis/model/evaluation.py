"""A data set whose photos are labelled with whom they show, and why one cannot be measured on.

Nothing here is a gallery or a subject: a person is a number, and names stay with whoever read the labels.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.errors import Kind, StartupError

FEWEST_PEOPLE: Final = 10
"""People below which nothing is told of a set or of a group in it: the figures would be those of persons."""


class Meant(Enum):
    """Which face of a photo is meant, where there are several."""

    CENTRE = "centre"
    """The one nearest the centre of the picture: the photo is labelled with one person, whoever else is in it."""

    ONLY = "only"
    """The product's own rule (S2): a photo with two faces of similar size is refused, and so is a small or cut one."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """One protocol: which photos are to be compared. All arrays have one entry for each pair, in the protocol's order.

    ``first`` and ``second`` are numbers of photos, ``is_same`` says whether both show one person, ``fold`` counts the
    protocol's folds from 0.
    """

    name: str
    first: NDArray[np.int64] = field(repr=False)
    second: NDArray[np.int64] = field(repr=False)
    is_same: NDArray[np.bool_] = field(repr=False)
    fold: NDArray[np.int64] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in a data set.

    ``people`` is the number of the person on each photo, shape (photos,), from 0 without a gap. ``pairs`` is empty
    where everything is compared with everything. ``groups`` are labels, sorted, and ``group`` the place of each photo's
    among them, -1 where it has none; None where the set carries no labels.
    """

    people: NDArray[np.int64] = field(repr=False)
    pairs: tuple[Pairs, ...] = ()
    groups: tuple[str, ...] = ()
    group: NDArray[np.int64] | None = field(default=None, repr=False)
    not_photos: int = 0
    """Files that lie there and are no photos."""


class EvaluationRefused(StartupError):
    """A data set cannot be measured on. Messages name files and lines, and nobody."""

    kind = Kind.INVALID


class DataSetUnreadable(EvaluationRefused):
    """The data set, or a part of it, cannot be read."""

    code = "data_set_unreadable"
    mend = "Check that it is there and that you may read all of it."


class DataSetEmpty(EvaluationRefused):
    """There is no photo in the data set."""

    code = "data_set_empty"
    mend = "Give a folder with a folder of photos for each person, or a file of pairs with --photos FOLDER."


class DataSetTooSmall(EvaluationRefused):
    """Too few people, or too few with two photos: figures would be those of persons, and mean nothing."""

    code = "data_set_too_small"
    mend = f"Bring photos of at least {FEWEST_PEOPLE} people, and two or more of each of ten."


class PairsMalformed(EvaluationRefused):
    """A line of a file of pairs is not of its form."""

    code = "pairs_malformed"
    mend = "Correct the line that is named; the guide 'Measuring error rates' shows the three forms."


class PairsPhotoMissing(EvaluationRefused):
    """A line of a file of pairs means a photo that is not there."""

    code = "pairs_photo_missing"
    mend = "Say with --photos where the photos lie, or take the line out."


class LabelsMalformed(EvaluationRefused):
    """A line of the file of labels is not of its form, or labels nothing in the data set."""

    code = "labels_malformed"
    mend = "Give two columns, the file or the person and the group, under one line with their names."


class OutputExists(EvaluationRefused):
    """Something lies where the report is to be written."""

    code = "output_exists"
    kind = Kind.CONFLICT
    mend = "Name another folder with --output, or delete that one."


class WorkUnusable(EvaluationRefused):
    """What was kept of an earlier run cannot be used, or another run works there now."""

    code = "work_unusable"
    kind = Kind.CONFLICT
    mend = "Wait for the other run, or name another folder with --work."
