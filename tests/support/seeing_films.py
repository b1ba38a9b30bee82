"""Films of a real browser on simulated models, which are told what they see."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from attacks.heads import Stance
from sim.faces import SimExtractor
from sim.films import SimFilming, film, frame

from visavis.flows import probing
from visavis.liveness import manifest
from visavis.model.challenge import Done, Manifest
from visavis.model.film import Look


class SeeingFilming(SimFilming):
    """Takes real frames for somebody who stands still, or, where ``does`` says so, who does what is asked.

    ``given`` has how many frames each film had.
    """

    def __init__(self, extractor: SimExtractor) -> None:
        super().__init__(extractor)
        self.given: list[int] = []
        self.does = False
        self._asked: Sequence[Done] = ()

    def looks(self, frames: Sequence[bytes], at_ms: Sequence[int]) -> list[Look]:
        assert all(one.startswith(b"\xff\xd8\xff") for one in frames)
        self.given.append(len(frames))
        still = [frame("ann", Stance(), number=number) for number in range(len(frames))]
        return super().looks(film("ann", self._asked, at_ms) if self.does else still, at_ms)

    @contextmanager
    def told(self) -> Iterator[None]:
        """While this lasts, what was asked is known from the manifests, once they have been checked."""
        checked = manifest.checked

        def heard(*given: Any, **named: Any) -> Manifest:
            found = checked(*given, **named)
            self._asked = found.steps
            return found

        with patch.object(probing, "checked", heard):
            yield
