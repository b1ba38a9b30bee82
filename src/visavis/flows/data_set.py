"""What measuring on labelled photos needs from the outside; each comment is the contract of its adapters."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavis.model.evaluation import Listing
from visavis.model.presentations import Form, Presentations


class DataSet(Protocol):
    """Labelled photos, which are read and never changed."""

    @property
    def listing(self) -> Listing:
        """What is in it. The same folder gives the same listing, photo by photo, on every machine."""

    def read(self, photo: int) -> bytes:
        """The bytes of one photo, by its number in the listing.

        :raises DataSetUnreadable: it cannot be read; a photo that no decoder takes is no such case.
        """


class MadeTemplates(Protocol):
    """What was made of photos before, so that a run that was killed goes on where it was.

    What is stored is there for the next run even if the process dies right after; a torn entry is no entry.
    """

    def get(self, photo: bytes) -> tuple[NDArray[np.float32] | None, str] | None:
        """What was made of the photo with this SHA-256, or None if nothing was yet.

        :returns: the template, None where there is none; and the code of the product's refusal, or "".
        """

    def put(self, photo: bytes, vector: NDArray[np.float32] | None, code: str) -> None:
        """Keep what was made of a photo."""


class PresentationSet(Protocol):
    """Attack and bona fide presentations, which are read and never changed."""

    @property
    def presentations(self) -> Presentations:
        """What is in it. The same folder gives the same, entry by entry, on every machine."""

    def read(self, entry: int) -> tuple[Form, Sequence[bytes]]:
        """What one entry was kept as, and its bytes: a photo's, or a manifest's and then those of each frame.

        :raises DataSetUnreadable: it cannot be read; a photo that no decoder takes is no such case.
        """
