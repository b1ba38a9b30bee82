"""Folders of attack and bona fide presentations, read as a set."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from visavis.adapters.evaluation.folder import SUFFIXES, files_below, numbered
from visavis.model.challenge import FRAMES, MAX_FRAME_BYTES, MAX_MANIFEST
from visavis.model.evaluation import DataSetUnreadable
from visavis.model.image import MAX_BYTES
from visavis.model.presentations import Form, Presentations, PresentationsMisplaced, PresentationsMixed

BONA_FIDE: Final = "bona_fide"
ATTACKS: Final = "attacks"
REFERENCE: Final = "reference"
"""What the name of a person's reference is, without its ending."""
BUNDLE: Final = ".bundle"
"""How the name of a folder ends that holds the capture of an active session: ``MANIFEST``, ``ASKED``, and the frames as
JPEG, in the order of their names."""
MANIFEST: Final = "manifest.json"
ASKED: Final = "asked.json"
_FRAMES: Final = (".jpg", ".jpeg")


class PresentedFiles:
    """A ``PresentationSet`` of files.

    :param files: one for each entry of ``presentations``, in its order; of a capture its folder.
    """

    def __init__(self, files: Sequence[Path], presentations: Presentations) -> None:
        self._files = files
        self._presentations = presentations

    @property
    def presentations(self) -> Presentations:
        """See ``PresentationSet.presentations``."""
        return self._presentations

    def read(self, entry: int) -> tuple[Form, Sequence[bytes]]:
        """See ``PresentationSet.read``. Of what is larger than any so much is read that it is found too large."""
        path = self._files[entry]
        try:
            if not _is_capture(path):
                return Form.STILL, [_read(path, most=MAX_BYTES)]
            frames = [file for file in files_below(path) if file.suffix.lower() in _FRAMES][: FRAMES[1] + 1]
            content = [_read(path / name, most=MAX_MANIFEST) for name in (MANIFEST, ASKED)]
            return Form.CAPTURE, [*content, *(_read(frame, most=MAX_FRAME_BYTES) for frame in frames)]
        except OSError as error:
            # The path would name somebody.
            raise DataSetUnreadable(f"Entry {entry + 1} of the set: {error.strerror}.") from None


def open_presentations(root: Path) -> PresentedFiles:
    """The set at ``root``: ``bona_fide/PERSON/…`` and ``attacks/SPECIES/TARGET/…``, photos or captures.

    ``bona_fide/PERSON/reference.jpg``, or another kind of photo of that name, is what that person is compared with.

    :raises DataSetUnreadable: a folder cannot be read. :raises PresentationsMisplaced: one kind is not there.
    :raises PresentationsMixed: there are both photos and captures.
    """
    found: list[tuple[Path, str, str, bool]] = []
    left, referenced = 0, set[str]()
    for path in files_below(root, follow=True, whole=BUNDLE):
        capture, placed = _is_capture(path) and path.is_dir(), _placed(path.relative_to(root).parts)
        if placed is None or not (capture or path.suffix.lower() in SUFFIXES):
            left += len(list(files_below(path))) if capture else 1
            continue
        species, person = placed
        is_reference = not species and path.stem == REFERENCE and not capture and person not in referenced
        if is_reference:
            referenced.add(person)
        found.append((path, species, person, is_reference))
    kinds = {bool(species) for _, species, _, is_reference in found if not is_reference}
    if kinds != {True, False}:
        missing = ATTACKS if True not in kinds else BONA_FIDE
        raise PresentationsMisplaced(f"There is no photo or capture in its place below {root / missing}.")
    captures = {_is_capture(path) for path, _, _, is_reference in found if not is_reference}
    if len(captures) > 1:
        raise PresentationsMixed
    names = sorted({species for _, species, _, _ in found if species}, key=os.fsencode)
    presentations = Presentations(
        names=tuple(names),
        species=np.array([names.index(species) if species else -1 for _, species, _, _ in found], np.int64),
        person=np.array(numbered([person for _, _, person, _ in found]), np.int64),
        is_reference=np.array([is_reference for _, _, _, is_reference in found], np.bool_),
        form=Form.CAPTURE if captures == {True} else Form.STILL,
        left_out=left,
    )
    return PresentedFiles([path for path, _, _, _ in found], presentations)


def _is_capture(path: Path) -> bool:
    """Of what is in a set, whether it is one: its photos have other endings."""
    return path.name.lower().endswith(BUNDLE)


def _read(path: Path, *, most: int) -> bytes:
    with path.open("rb") as file:
        return file.read(most + 1)


def _placed(inside: tuple[str, ...]) -> tuple[str, str] | None:
    """The species (empty: none) and the person of a file by the folders it lies in; None where it is out of place."""
    match inside:
        case (kind, person, _, *_) if kind == BONA_FIDE:
            return "", person
        case (kind, species, person, _, *_) if kind == ATTACKS:
            return species, person
    return None
