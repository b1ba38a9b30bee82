"""Attacks found in a single photo, by a network that a card describes."""

import math

import numpy as np
from numpy.typing import NDArray

from visavis.adapters.cards import PadCard, PadOutput, PadSquare
from visavis.adapters.openvino.runtime import Runtime
from visavis.capture.cut import cut
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import AttackSuspected, PadReport
from visavis.model.weights import ModelUnusable

_SUM = 0.02
"""How far from 1 what a network calls probabilities may add up to: bfloat16 keeps 8 bits of each."""


class OpenVinoPad:
    """A ``visavis.liveness.passive.PassivePad``."""

    def __init__(self, network: bytes, *, card: PadCard, runtime: Runtime) -> None:
        """Compile ``network`` and check it against ``card``.

        :raises ModelUnusable: the output that the card names is missing or of another size, what it gives are no
            probabilities where the card says so, or it does not compile.
        """
        self._card = card
        self._network = runtime.compile(network, card=card)
        if card.output.name not in self._network.output_names:
            raise ModelUnusable(f"{card.file} has no output {card.output.name}.")
        side = card.square.side
        found = self._seen(np.full((side, side, 3), 128, np.uint8))
        if card.output.form == "probabilities" and not _are_probabilities(found):
            raise ModelUnusable(f"{card.file}: what {card.output.name} gives are no probabilities.")

    @property
    def report(self) -> PadReport:
        """What the card says was measured of it."""
        return self._card.report.report()

    def require_bona_fide(self, frame: Frame, face: Face) -> None:
        """Let ``face`` pass as a living person's; see ``PassivePad.require_bona_fide``.

        :raises AttackSuspected: the share for an attack is at the card's bar, above it, or no number.
        """
        turn, shift = square_around(face, frame=frame, how=self._card.square)
        share = attack_share(
            self._seen(cut(frame, turn=turn, shift=shift, side=self._card.square.side)), self._card.output
        )
        if not share < self._card.output.bar:  # nan is below nothing
            raise AttackSuspected

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        (found,) = self._network.run(picture[None], outputs=[self._card.output.name])
        if found.size != self._card.output.count:
            raise ModelUnusable(
                f"{self._card.file} gives {found.size} numbers, the card says {self._card.output.count}."
            )
        return found.reshape(-1).astype(np.float64)


def attack_share(found: NDArray[np.float64], how: PadOutput) -> float:
    """The share for an attack, 0 to 1, of what a network gave; nan where it gave something that is no number."""
    if not np.isfinite(found).all():
        return math.nan
    shares = found
    if how.form == "logits" and how.count == 1:
        shares = 1.0 / (1.0 + np.exp(-np.clip(found, -80.0, 80.0)))
    elif how.form == "logits":
        powers = np.exp(found - found.max())
        shares = powers / powers.sum()
    said = float(shares[list(how.numbers)].sum())
    return said if how.says == "attack" else 1.0 - said


def square_around(face: Face, *, frame: Frame, how: PadSquare) -> tuple[complex, complex]:
    """The square that a card asks for, as ``cut`` takes it: pixel centres count from 0."""
    size = how.wide * max(face.width, face.height)
    middle_x, middle_y = face.left + face.width / 2, face.top + face.height / 2
    if how.beyond == "inside":
        size = min(size, frame.width, frame.height)
        middle_x = min(max(middle_x, size / 2), frame.width - size / 2)
        middle_y = min(max(middle_y, size / 2), frame.height - size / 2)
    scale = size / how.side
    # With places that count from the picture's corner; half a pixel less in both, where they count pixel centres.
    corner = complex(middle_x - size / 2, middle_y - size / 2)
    return complex(scale), corner + complex(scale, scale) / 2 - complex(0.5, 0.5)


def _are_probabilities(found: NDArray[np.float64]) -> bool:
    if not np.isfinite(found).all() or found.min() < -_SUM or found.max() > 1 + _SUM:
        return False
    return len(found) == 1 or abs(float(found.sum()) - 1) <= _SUM
