"""What ``/enrol`` says of a photo that was refused is in the person's own language."""

from collections.abc import Iterator

import pytest

from visavis.model import leaves_loaded
from visavis.model.consent import PhotosExchanged, PhotosFull, PhotosMissing
from visavis.model.errors import FaceRefused, ImageRefused, Kind, Refusal
from visavis.web.texts import OFFERED, Catalogue


def of_photos() -> Iterator[type[Refusal]]:
    """Everything that can be wrong with a photo, and not with the machine."""
    yield from (PhotosExchanged, PhotosFull, PhotosMissing)
    leaves = (leaf for leaf in leaves_loaded() if issubclass(leaf, FaceRefused | ImageRefused))
    yield from (leaf for leaf in leaves if leaf.kind is not Kind.UNAVAILABLE)


@pytest.mark.parametrize("language", OFFERED, ids=lambda one: one.code)
@pytest.mark.parametrize("leaf", list(of_photos()), ids=lambda leaf: leaf.code)
def test_each_refusal_of_a_photo_has_words_and_a_mend(leaf: type[Refusal], language: Catalogue) -> None:
    for part in ("detail", "mend"):
        assert language.t(f"problem.{leaf.code}.{part}")
