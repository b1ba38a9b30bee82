"""The port through which aligned faces become vectors, and what we keep of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavis.model.template import Template, TemplateUnusable, UsualLength


class Embedder(Protocol):
    """Turns aligned faces into vectors whose directions compare by cosine.

    Every implementation

    * gives each crop a vector that does not depend on the other crops of the call;
    * returns them in the order of the crops, and shape (0, dimension) for none;
    * does not normalise: the length of the raw vector tells of the sample's quality;
    * keeps nothing of the crops and may be called from several threads at once.
    """

    @property
    def model_id(self) -> str:
        """Names the model; vectors of two ids never compare."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def usual_length(self) -> UsualLength | None:
        """How long its raw vectors are; None where that is not known."""
        ...

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Raw vectors, shape (n, dimension), of ``crops``, each (112, 112, 3) in red, green, blue."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """A template, and how long its vector was before it was brought to length 1."""

    template: Template
    length: float


def embedded(crops: Sequence[NDArray[np.uint8]], *, embedder: Embedder) -> list[Embedded]:
    """What each crop is embedded to, in their order.

    :param crops: aligned faces, each of shape (112, 112, 3), uint8, red, green, blue.
    :raises TemplateUnusable: the model gave a vector that is not finite or has no direction.
    """
    raw = embedder.embed(crops).astype(np.float64)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    if raw.shape != (len(crops), embedder.dimension) or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise TemplateUnusable
    unit = (raw / lengths).astype(np.float32)
    return [
        Embedded(Template(vector=vector, model_id=embedder.model_id), float(length))
        for vector, length in zip(unit, lengths[:, 0], strict=True)
    ]


def unit_templates(crops: Sequence[NDArray[np.uint8]], *, embedder: Embedder) -> list[Template]:
    """The templates alone; see ``embedded``.

    :raises TemplateUnusable: as there.
    """
    return [one.template for one in embedded(crops, embedder=embedder)]
