"""What the drill is played with: the installed models, and photos of three people."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import structlog
from numpy.typing import NDArray

from visavis import bootstrap
from visavis.capture.decode import decode
from visavis.drill.people import ASKED, GONE, KEPT, Equipment
from visavis.drill.server import Program
from visavis.settings import Settings

_COMMAND: Final = (sys.executable, "-c", "from visavis.cli.main import main; main()", "serve")


class PhotosUnusable(Exception):
    """The folder does not have what a drill takes; the text says what is missing."""


def photos_in(folder: Path) -> dict[str, tuple[bytes, ...]]:
    """The photos of three people: a folder of each, and in it their photos, the last one for the station.

    :raises PhotosUnusable: there are fewer people, or one without a photo.
    """
    people = sorted(path for path in folder.iterdir() if path.is_dir())
    if len(people) < len((KEPT, GONE, ASKED)):
        raise PhotosUnusable(
            f"{folder} has to have a folder with photos of each of three people; it has {len(people)}."
        )
    found = {}
    for name, person in zip((KEPT, GONE, ASKED), people, strict=False):
        photos = sorted(path for path in person.iterdir() if path.is_file())
        if not photos:
            raise PhotosUnusable(f"There is no photo in {person}.")
        found[name] = tuple(path.read_bytes() for path in photos)
    return found


@contextmanager
def real_equipment(settings: Settings, photos: dict[str, tuple[bytes, ...]]) -> Iterator[Equipment]:
    """The release that is installed here, with its models.

    :raises StartupError: the models are not installed, or not the ones we know.
    """
    # What the flows would tell an operator's log is in the way of what a drill tells.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    stages = bootstrap.open_stages(settings)
    try:
        yield Equipment(program=Program(lambda _: _COMMAND), photos=photos, stages=stages, decode=_decoded)
    finally:
        stages.close()


def _decoded(photo: bytes) -> NDArray[np.uint8]:
    return decode(photo).pixels
