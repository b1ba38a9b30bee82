"""What a face is turned into."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visavis.model.errors import FaceRefused


@dataclass(frozen=True, slots=True)
class Template:
    """A unit vector and the model that made it; vectors of two models never compare.

    ``vector`` has shape (dimension,), dtype float32 and length 1. Treat it as a photo of the person: it can be inverted
    into one (arXiv 2411.03960); so it is left out of ``repr``, which ends up in logs.
    """

    vector: NDArray[np.float32] = field(repr=False)
    model_id: str


@dataclass(frozen=True, slots=True)
class UsualLength:
    """How long a model's vectors are before they are brought to length 1; how good a picture is follows from it.

    A face whose vector has the length ``middle`` is worth 50 of 100, one longer by ``width`` 73, by three 95 (logistic
    function).
    """

    middle: float
    width: float


class TemplateUnusable(FaceRefused):
    """The model gave a vector without a direction."""

    code = "template_unusable"
    mend = "Take the photo again in even light; if it happens again, tell the operator to run visavis doctor."
