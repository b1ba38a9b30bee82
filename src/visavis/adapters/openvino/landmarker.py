"""The points of a face, by a network that a card describes."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.adapters.cards import LandmarkerCard
from visavis.adapters.openvino.runtime import Runtime
from visavis.capture.cut import cut
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.mesh import Mesh
from visavis.model.weights import ModelUnusable

_WIDE: Final = 3.88
"""Side of the square that is shown first, in distances between the eyes (or eyes and mouth, where that is longer): the
one that the points then ask for was so large in the median of 300 photos."""
_ROOM: Final = 1.5
"""How much larger a square the network wants than its own points are wide or high."""
_EYE_CORNERS: Final = (33, 263)


class OpenVinoLandmarker:
    """A ``visavis.capture.landmarker.Landmarker``."""

    def __init__(self, network: bytes, *, card: LandmarkerCard, runtime: Runtime) -> None:
        """Compile ``network`` and check it against ``card``.

        :raises ModelUnusable: an output that the card names is missing or has another size, or it does not compile.
        """
        self._card = card
        self._network = runtime.compile(network, card=card)
        wanted = [card.output.points, card.output.presence]
        missing = sorted(set(wanted) - self._network.output_names)
        if missing:
            raise ModelUnusable(f"{card.file} has no output {', '.join(missing)}.")
        self._names = wanted
        self._seen(np.zeros((card.side, card.side, 3), np.uint8))

    def find(self, frame: Frame, face: Face) -> Mesh:
        """The points of ``face``; see ``Landmarker.find``."""
        # Eyes and mouth of a head that is turned lie well aside of its middle. Heads rendered at 30 degrees seemed
        # turned by 25 (s 4) in one look, by 29 (s 2) in a second at the square that the points of the first ask for.
        first = self._look(frame, *_around(face, side=self._card.side))
        turn, shift = _around_points(first, side=self._card.side)
        if not 0.0 < abs(turn) < math.inf:
            return first  # points that have no extent, or are none, ask for nothing that could be shown
        second = self._look(frame, turn, shift)
        # A face is there where either look shows one: of heads that are turned in poor light one of them misses some.
        return Mesh(second.points, max(first.presence, second.presence))

    def _look(self, frame: Frame, turn: complex, shift: complex) -> Mesh:
        points, presence = self._seen(cut(frame, turn=turn, shift=shift, side=self._card.side))
        placed = (points[:, 0] + 1j * points[:, 1]) * turn + shift
        found = np.stack([placed.real, placed.imag, points[:, 2] * abs(turn)], axis=1).astype(np.float32)
        return Mesh(found, presence)

    def _seen(self, picture: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        points, presence = self._network.run(picture[None], outputs=self._names)
        if points.size != self._card.output.count * 3 or presence.size != 1:
            raise ModelUnusable(f"{self._card.file} gives {points.size} numbers, wanted {self._card.output.count} x 3.")
        # The logit is cut off where its exponential would be: nothing is surer than that.
        return points.reshape(-1, 3), 1.0 / (1.0 + math.exp(-max(-80.0, min(80.0, float(presence.flat[0])))))


def _around(face: Face, *, side: int) -> tuple[complex, complex]:
    """The square that shows ``face``, upright, as ``cut`` takes it."""
    left, right, _, *mouth = (complex(x, y) for x, y in face.landmarks.astype(np.float64))
    eyes, lips = (left + right) / 2, sum(mouth) / 2
    across = right - left
    scale = _WIDE * max(abs(across), abs(lips - eyes)) / side
    turn = across / abs(across) * scale if across else complex(scale)
    return turn, (eyes + lips) / 2 - turn * complex(side, side) / 2


def _around_points(mesh: Mesh, *, side: int) -> tuple[complex, complex]:
    """The square that the network's own points ask for, upright by the corners of the eyes."""
    flat = mesh.flat.astype(np.float64)
    points = flat[:, 0] + 1j * flat[:, 1]
    across = complex(points[_EYE_CORNERS[1]] - points[_EYE_CORNERS[0]])
    upright = across / abs(across) if across else complex(1)
    level = points / upright
    low, high = (complex(end(level.real), end(level.imag)) for end in (np.min, np.max))
    turn = upright * (_ROOM * max((high - low).real, (high - low).imag) / side)
    return turn, (low + high) / 2 * upright - turn * complex(side, side) / 2
