"""Folders of attack and bona fide presentations, read as a set."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from visavis.adapters.evaluation.folder import SUFFIXES, files_below, numbered
from visavis.model.evaluation import DataSetUnreadable
from visavis.model.image import MAX_BYTES
from visavis.model.presentations import Form, Presentations, PresentationsMisplaced

BONA_FIDE: Final = "bona_fide"
ATTACKS: Final = "attacks"
REFERENCE: Final = "reference"
"""What the name of a person's reference is, without its ending."""
BUNDLE: Final = ".bundle"
"""How the name of a folder ends that holds the capture of an active session. Nothing looks at those yet, and their
frames are no stills: such a folder's files are left out and counted."""


class PresentedFiles:
    """A ``PresentationSet`` of files.

    :param files: one for each entry of ``presentations``, in its order.
    """

    def __init__(self, files: Sequence[Path], presentations: Presentations) -> None:
        self._files = files
        self._presentations = presentations

    @property
    def presentations(self) -> Presentations:
        """See ``PresentationSet.presentations``."""
        return self._presentations

    def read(self, entry: int) -> tuple[Form, bytes]:
        """See ``PresentationSet.read``. Of a file larger than any photo so much is read that it is found too large."""
        try:
            with self._files[entry].open("rb") as file:
                return Form.STILL, file.read(MAX_BYTES + 1)
        except OSError as error:
            # The path would name somebody.
            raise DataSetUnreadable(f"File {entry + 1} of the set: {error.strerror}.") from None


def open_presentations(root: Path) -> PresentedFiles:
    """The set at ``root``: ``bona_fide/PERSON/…`` and ``attacks/SPECIES/TARGET/…``.

    ``bona_fide/PERSON/reference.jpg``, or another kind of photo of that name, is what that person is compared with.

    :raises DataSetUnreadable: a folder cannot be read. :raises PresentationsMisplaced: one kind is not there.
    """
    found: list[tuple[Path, str, str, bool]] = []
    left, referenced = 0, set[str]()
    for path in files_below(root, follow=True):
        placed = _placed(path.relative_to(root).parts)
        if placed is None or path.suffix.lower() not in SUFFIXES:
            left += 1
            continue
        species, person = placed
        is_reference = not species and path.stem == REFERENCE and person not in referenced
        if is_reference:
            referenced.add(person)
        found.append((path, species, person, is_reference))
    kinds = {bool(species) for _, species, _, is_reference in found if not is_reference}
    if kinds != {True, False}:
        missing = ATTACKS if True not in kinds else BONA_FIDE
        raise PresentationsMisplaced(f"There is no photo in its place below {root / missing}.")
    names = sorted({species for _, species, _, _ in found if species}, key=os.fsencode)
    presentations = Presentations(
        names=tuple(names),
        species=np.array([names.index(species) if species else -1 for _, species, _, _ in found], np.int64),
        person=np.array(numbered([person for _, _, person, _ in found]), np.int64),
        is_reference=np.array([is_reference for _, _, _, is_reference in found], np.bool_),
        left_out=left,
    )
    return PresentedFiles([path for path, _, _, _ in found], presentations)


def _placed(inside: tuple[str, ...]) -> tuple[str, str] | None:
    """The species (empty: none) and the person of a file by the folders it lies in; None where it is out of place."""
    if any(part.endswith(BUNDLE) for part in inside):
        return None
    match inside:
        case (kind, person, _, *_) if kind == BONA_FIDE:
            return "", person
        case (kind, species, person, _, *_) if kind == ATTACKS:
            return species, person
    return None
