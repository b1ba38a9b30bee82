"""The keys of one gallery: each version makes a transform, and moves templates to and from it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.ids import new_id
from visavis.model.keys import GalleryKey, SealBroken
from visavis.protect.envelope import KEY_BYTES, Context, seal, unseal
from visavis.protect.keys import derive
from visavis.protect.transform import Transform

PLAIN: Final = 0
"""The version of a template that is not transformed: as a probe is, and as references were in the first release."""


class Transforms:
    """What keys make, kept for as long as their galleries are open: milliseconds each, 64 KiB at 128 dimensions."""

    def __init__(self) -> None:
        self._made: dict[tuple[bytes, int], Transform] = {}

    def of(self, key: bytes, dimension: int) -> Transform:
        """The transform of a key."""
        made = self._made.get((key, dimension))
        if made is None:
            made = self._made[key, dimension] = Transform(key, dimension=dimension)
        return made

    def forget(self, key: bytes) -> None:
        """Drop what a key made that is destroyed."""
        for kept in [kept for kept in self._made if kept[0] == key]:
            del self._made[kept]


@dataclass(frozen=True, slots=True)
class GalleryKeys:
    """Every version of a gallery's key that a stored template may need, 32 bytes each, by its number."""

    keys: Mapping[int, bytes] = field(repr=False)
    transforms: Transforms = field(default_factory=Transforms, repr=False)
    latest: int = field(init=False)
    """What is stored from now on is transformed by this version."""

    def __post_init__(self) -> None:
        """Find the latest."""
        object.__setattr__(self, "latest", max(self.keys, default=PLAIN))

    def moved(self, vectors: NDArray[np.float32], *, stored: int, wanted: int) -> NDArray[np.float32]:
        """Templates of one version as they are in another.

        :param vectors: float32 of shape (d,) or (n, d).
        :raises SealBroken: the key of a version is not held.
        """
        if stored == wanted:
            return vectors
        dimension = vectors.shape[-1]
        if stored != PLAIN:
            vectors = self._transform(stored, dimension).backward(vectors)
        return vectors if wanted == PLAIN else self._transform(wanted, dimension).forward(vectors)

    def _transform(self, version: int, dimension: int) -> Transform:
        key = self.keys.get(version)
        if key is None:
            raise SealBroken("A template names a version of its gallery's key that is not held.")
        return self.transforms.of(key, dimension)


def new_gallery_key(gallery_id: str, *, version: int, installation: bytes) -> GalleryKey:
    """A fresh key of a gallery, wrapped."""
    id_ = new_id("gky")
    wrapped = seal(
        os.urandom(KEY_BYTES),
        key=derive(installation, "wrap gallery keys"),
        context=_context(id_, gallery_id),
        key_version=version,
    )
    return GalleryKey(id_, gallery_id, version, wrapped)


def open_gallery_key(key: GalleryKey, *, installation: bytes) -> bytes:
    """The key (32 bytes).

    :raises SealBroken: the row belongs to another gallery, version or installation, or was edited.
    """
    wrapping = derive(installation, "wrap gallery keys")
    return unseal(key.wrapped, key=wrapping, context=_context(key.id, key.gallery_id), key_version=key.version)


def _context(id_: str, gallery_id: str) -> Context:
    return Context("gallery key", (id_, gallery_id))
