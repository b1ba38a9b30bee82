"""Films without pictures: a frame says whom it shows, and how the head is held; everything else follows from that.

A frame begins as a JPEG does, goes on as ``sim.faces.photo`` and ends with the stance: ``ann 1 |yaw=12,eyes=0``.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from attacks.film import performed
from attacks.heads import Stance, rotation
from numpy.typing import NDArray

from sim.faces import SimExtractor, photo
from visavis.capture import pose as pose_table
from visavis.capture.pose import pose
from visavis.flows.filming import Filming
from visavis.model.challenge import Done, FaceLost
from visavis.model.film import Look
from visavis.model.mesh import POINTS, Mesh
from visavis.model.template import Template

HEAD: Final = b"\xff\xd8\xff"
_MIDDLE: Final = np.array([320.0, 220.0, 0.0])
_EYES: Final = 72.0


def shape(depth: float = 1.0) -> NDArray[np.float64]:
    """A head looking straight ahead: the mean one where it is known, an ellipsoid elsewhere; shape (468, 3)."""
    drawn = np.random.default_rng(468)
    flat = drawn.uniform(-1.0, 1.0, (POINTS, 2)) * (1.05, 0.95)
    back = 0.9 * (flat**2).sum(axis=1) - 0.4
    points = np.concatenate([flat, back[:, None]], axis=1)
    for number, place in _known().items():
        points[number] = place
    points[:, 2] *= depth
    return points


def frame(name: str, stance: Stance, *, number: int = 1, depth: float = 1.0, still: bool = False) -> bytes:
    """A frame of somebody.

    :param number: tells frames apart that show the same. :param depth: 0 of a flat picture.
    :param still: whether nothing beside the face differs from other frames.
    """
    held = ",".join(f"{key}={getattr(stance, key):.4f}" for key in ("yaw", "pitch", "roll", "size", "x", "y", "eyes"))
    return HEAD + photo(name) + f"|{held},number={number},depth={depth},still={int(still)}".encode()


def film(
    name: str,
    steps: Sequence[Done],
    at_ms: Sequence[int],
    *,
    motion: Callable[[float], Stance] | None = None,
    **more: Any,
) -> list[bytes]:
    """The frames of somebody who does what is asked."""
    held = motion or performed(steps)
    return [frame(name, held(at), number=number, **more) for number, at in enumerate(at_ms)]


class SimFilming(Filming):
    """Looks at such frames. ``seen`` counts films."""

    def __init__(self, extractor: SimExtractor) -> None:
        self._extractor = extractor
        self.seen = 0

    def looks(self, frames: Sequence[bytes], at_ms: Sequence[int]) -> list[Look]:
        self.seen += 1
        return [look(one, at, template=self._template(one)) for one, at in zip(frames, at_ms, strict=True)]

    def _template(self, one: bytes) -> Template:
        return SimExtractor().extract(one)


def look(one: bytes, at_ms: int, *, template: Template) -> Look:
    """What is seen in a frame."""
    if b"|" not in one:
        raise FaceLost
    told = dict(pair.split("=") for pair in one.partition(b"|")[2].decode().split(","))
    values = {key: float(value) for key, value in told.items()}
    stance = Stance(**{key: values[key] for key in ("yaw", "pitch", "roll", "size", "x", "y", "eyes")})
    points = shape(values["depth"]) @ rotation(stance).T * _EYES * stance.size + _MIDDLE + (stance.x, stance.y, 0.0)
    mesh = Mesh(points.astype(np.float32), 1.0)
    seed = 0 if values["still"] else int.from_bytes(hashlib.sha256(one).digest()[:8], "big")
    drawn = np.random.default_rng(seed)
    left, top = points[:, :2].min(axis=0)
    right, bottom = points[:, :2].max(axis=0)
    return Look(
        at_ms=at_ms,
        grey=(120 + drawn.integers(-4, 5, (480, 640))).astype(np.uint8),
        scene=(120 + drawn.integers(-2, 3, (30, 40, 3))).astype(np.uint8),
        box=(float(left), float(top), float(right), float(bottom)),
        mesh=mesh,
        pose=pose(mesh),
        opened=0.12 + 0.16 * stance.eyes,
        template=template,
    )


def _known() -> dict[int, tuple[float, float, float]]:
    return pose_table._HEAD
