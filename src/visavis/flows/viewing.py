"""From a face and its points to what measures of quality look at."""

from collections.abc import Sequence

import numpy as np

from visavis.capture.align import similarity
from visavis.capture.cut import cut
from visavis.capture.pose import pose
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.mesh import Mesh
from visavis.quality.view import REFERENCE, SIDE, View, anchors


def view_of(frame: Frame, *, faces: Sequence[Face], face: Face, mesh: Mesh) -> View:
    """``face``, one of ``faces``, upright and cut out by its points.

    Of points that lie nowhere, or all in one place, nothing can be cut out by; then nothing is said to be seen in them.
    """
    if not np.isfinite(mesh.points).all():
        mesh = Mesh(np.zeros_like(mesh.points), presence=0.0)
    turn, shift = similarity(REFERENCE, anchors(mesh.points))
    if not turn:
        mesh, turn = Mesh(mesh.points, presence=0.0), complex(1.0)
    across = np.arange(SIDE, dtype=np.float32)
    columns = (turn.real * across + shift.real)[None, :] - turn.imag * across[:, None]
    rows = (turn.imag * across + shift.imag)[None, :] + turn.real * across[:, None]
    inside = (columns >= 0) & (columns <= frame.width - 1) & (rows >= 0) & (rows <= frame.height - 1)
    placed = (mesh.points[:, 0] + 1j * mesh.points[:, 1].astype(np.float64) - shift) / turn
    return View(
        frame=frame,
        face=face,
        faces=faces,
        mesh=mesh,
        pose=pose(mesh),
        picture=cut(frame, turn=turn, shift=shift, side=SIDE),
        points=np.stack([placed.real, placed.imag], axis=1),
        inside=inside,
    )
