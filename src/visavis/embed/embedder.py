"""The port through which aligned faces become vectors, and what we keep of them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavis.model.template import Template, TemplateUnusable


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

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Raw vectors, shape (n, dimension), of ``crops``, each (112, 112, 3) in red, green, blue."""
        ...


def unit_templates(crops: Sequence[NDArray[np.uint8]], *, embedder: Embedder) -> list[Template]:
    """One template of length 1 per crop, in their order.

    :param crops: aligned faces, each of shape (112, 112, 3), uint8, red, green, blue.
    :raises TemplateUnusable: the model gave a vector that is not finite or has no direction.
    """
    raw = embedder.embed(crops).astype(np.float64)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    if raw.shape != (len(crops), embedder.dimension) or not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise TemplateUnusable
    unit = (raw / lengths).astype(np.float32)
    return [Template(vector=vector, model_id=embedder.model_id) for vector in unit]
