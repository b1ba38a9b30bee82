"""How far eyes are open, by a network that a card describes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.adapters.cards import EyesCard
from visavis.adapters.openvino.runtime import Runtime
from visavis.capture.cut import cut
from visavis.model.image import Frame
from visavis.model.mesh import Mesh
from visavis.model.weights import ModelUnusable

_WIDE: Final = (2.0, 2.65)
"""Sides of the squares that are shown, in widths of the eye: about 2.3, as the network was trained. The mean of two
says more than one look: of 300 blinks of rendered heads 96.3 % were found instead of 95.3 %."""
_EYES: Final = ((33, 133, False), (362, 263, True))
"""Corners of both eyes in the mesh, the picture's left one first, and whether the square is mirrored: the network knows
eyes on the left."""
_CORNERS: Final = (0, 8)
_UPPER: Final = (9, 10, 11, 12, 13, 14, 15)
_LOWER: Final = (1, 2, 3, 4, 5, 6, 7)
"""Points of the contour, by their numbers in what the network gives."""


class OpenVinoEyes:
    """A ``visavis.capture.eyes.EyeReader``."""

    def __init__(self, network: bytes, *, card: EyesCard, runtime: Runtime) -> None:
        """Compile ``network`` and check it against ``card``.

        :raises ModelUnusable: an output that the card names is missing or has another size, or it does not compile.
        """
        self._card = card
        self._network = runtime.compile(network, card=card)
        if card.output.points not in self._network.output_names:
            raise ModelUnusable(f"{card.file} has no output {card.output.points}.")
        self._seen(np.zeros((card.side, card.side, 3), np.uint8))

    def opened(self, frame: Frame, mesh: Mesh) -> float:
        """See ``EyeReader.opened``."""
        return float(np.mean([self._of(frame, mesh, eye, wide=wide) for eye in _EYES for wide in _WIDE]))

    def _of(self, frame: Frame, mesh: Mesh, eye: tuple[int, int, bool], *, wide: float) -> float:
        first, second, mirrored = eye
        left, right = (complex(float(x), float(y)) for x, y in mesh.flat[[first, second]])
        across = right - left
        turn = (across or 1.0) * wide / self._card.side
        shift = (left + right) / 2 - turn * complex(self._card.side, self._card.side) / 2
        square = cut(frame, turn=turn, shift=shift, side=self._card.side)
        points = self._seen(square[:, ::-1] if mirrored else square)[:, :2]
        width = float(np.linalg.norm(points[_CORNERS[0]] - points[_CORNERS[1]]))
        heights = np.linalg.norm(points[list(_UPPER)] - points[list(_LOWER)], axis=1)
        return float(heights.mean()) / max(width, 1e-6)

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        (points,) = self._network.run(np.ascontiguousarray(picture)[None], outputs=[self._card.output.points])
        if points.size != self._card.output.count * 3:
            raise ModelUnusable(f"{self._card.file} gives {points.size} numbers, wanted {self._card.output.count} x 3.")
        return points.reshape(-1, 3)
