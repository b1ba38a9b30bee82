"""Photos of ``../shared/faces/lfw-dev`` made worse in known ways, with what the product measures of each.

Every photo that the product would take is looked at twice: as it is, and made worse in one way, drawn with its strength
from the photo's name. What was made is kept in ``.work``.
"""

import hashlib
import io
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.accuracy.lfw_dev import PHOTOS, WORK, models_folder
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

import visavis
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_embedder, open_landmarker
from visavis.capture.align import align
from visavis.capture.decode import decode
from visavis.capture.one_face import the_one_face
from visavis.capture.second_look import look_again
from visavis.flows.viewing import view_of
from visavis.model.errors import FaceRefused
from visavis.model.image import Frame
from visavis.model.mesh import Mesh
from visavis.quality.assess import MEASURES, assess

CLEAN: Final = "as it is"

_MASK: Final = (*(234, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379), *(365, 397, 288, 361, 323))
_MASK_TOP: Final = (454, 347, 280, 195, 50, 118)
_GLASSES: Final = (
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 446, 448, 449, 450, 451, 452, 453, 6),
    *(233, 232, 231, 230, 229, 228, 226),
)
_COVERS: Final = (
    (_GLASSES, (20, 20, 22)),
    (_GLASSES, (60, 45, 35)),
    ((*_MASK, *_MASK_TOP), (120, 160, 190)),
    ((*_MASK, *_MASK_TOP), (25, 25, 28)),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One photo, and how it is made worse: ``strength`` goes from 0 (little) to 1 (much)."""

    pixels: NDArray[np.uint8]
    mesh: Mesh
    strength: float
    draw: np.random.Generator


def _light(pixels: NDArray[np.uint8], gain: NDArray[np.float64] | float) -> NDArray[np.uint8]:
    """With ``gain`` times as much light, as a camera would write it."""
    linear = (pixels / 255.0) ** 2.2 * gain
    return np.asarray(np.clip(linear, 0, 1) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)


def _blurred(one: Sample) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(one.pixels).filter(ImageFilter.GaussianBlur(0.5 + 3.5 * one.strength)))


def _dark(one: Sample) -> NDArray[np.uint8]:
    noise = one.draw.normal(0, 3, one.pixels.shape)
    return np.clip(_light(one.pixels, 2.0 ** -(1 + 5 * one.strength)) + noise, 0, 255).astype(np.uint8)


def _bright(one: Sample) -> NDArray[np.uint8]:
    return _light(one.pixels, 2.0 ** (0.5 + 3 * one.strength))


def _uneven(one: Sample) -> NDArray[np.uint8]:
    left, right = one.mesh.flat[:, 0].min(), one.mesh.flat[:, 0].max()
    way = np.clip((np.arange(one.pixels.shape[1]) - left) / (right - left), 0, 1)
    gain = 2.0 ** (-(1 + 5 * one.strength) * np.clip((way - 0.4) / 0.2, 0, 1))
    return _light(one.pixels, gain[None, :, None])


def _compressed(one: Sample) -> NDArray[np.uint8]:
    file = io.BytesIO()
    Image.fromarray(one.pixels).save(file, "JPEG", quality=round(30 - 27 * one.strength))
    return np.asarray(Image.open(file).convert("RGB"))


def _noisy(one: Sample) -> NDArray[np.uint8]:
    noise = one.draw.normal(0, 8 + 52 * one.strength, one.pixels.shape)
    return np.clip(one.pixels + noise, 0, 255).astype(np.uint8)


def _small(one: Sample) -> NDArray[np.uint8]:
    """Fewer pixels, and as many again: a face that was too far away, enlarged."""
    side = round(250 / (1.5 + 4.5 * one.strength))
    picture = Image.fromarray(one.pixels)
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC))


def _turned(one: Sample) -> NDArray[np.uint8]:
    """Squeezed, as a turning head is seen, and tilted."""
    middle = one.mesh.flat.mean(axis=0)
    picture = Image.fromarray(one.pixels)
    squeeze = 1.0 / (1 - 0.4 * one.strength)
    squeezed = picture.transform(
        picture.size, Image.Transform.AFFINE, (squeeze, 0, middle[0] * (1 - squeeze), 0, 1, 0), Image.Resampling.BICUBIC
    )
    centre = (float(middle[0]), float(middle[1]))
    return np.asarray(squeezed.rotate(70 * one.strength, Image.Resampling.BICUBIC, center=centre))


def _covered(one: Sample) -> NDArray[np.uint8]:
    outline, colour = _COVERS[int(one.strength * 0.999 * len(_COVERS))]
    picture = Image.fromarray(one.pixels)
    ImageDraw.Draw(picture).polygon([(float(x), float(y)) for x, y in one.mesh.flat[list(outline)]], fill=colour)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)))


WAYS: Final[dict[str, Callable[[Sample], NDArray[np.uint8]]]] = {
    "blurred": _blurred,
    "dark": _dark,
    "bright": _bright,
    "uneven light": _uneven,
    "compressed": _compressed,
    "noisy": _noisy,
    "few pixels": _small,
    "turned": _turned,
    "covered": _covered,
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What was made: a row for each face that was found.

    ``values`` and ``raws`` have a column for each measure, nan where it failed; ``lengths`` are of the vectors before
    they were brought to length 1.
    """

    people: NDArray[np.int64]
    photos: NDArray[np.int64]
    ways: NDArray[np.str_]
    strengths: NDArray[np.float64]
    values: NDArray[np.float64]
    raws: NDArray[np.float64]
    presences: NDArray[np.float64]
    lengths: NDArray[np.float64]
    vectors: NDArray[np.float32]
    refused: NDArray[np.int64]
    """How many photos the product refuses as they are, and how many more when made worse, before quality is asked."""


def looked(*, photos: Path = PHOTOS, most: int | None = None) -> Looked:
    """Every photo twice, from ``.work`` if nothing that matters has changed."""
    if not photos.is_dir():
        sys.exit(f"The labelled photos are not there: {photos}")
    files = sorted(photos.glob("*/*.jpg"))[:most]
    kept = WORK / "lfw-dev" / f"degraded-{_key(files)}.npz"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(kept, **_made(files))
    with np.load(kept) as found:
        return Looked(**{name: found[name] for name in Looked.__slots__})


def _key(files: list[Path]) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    package = Path(visavis.__path__[0])
    parts = ("capture", "quality", "embed", "adapters/openvino")
    for path in sorted(p for part in parts for p in (package / part).rglob("*.py")):
        if path.name not in {"assess.py", "gate.py", "unified_quality_score.py"}:
            digest.update(path.read_bytes())
    digest.update("\n".join(f"{file.parent.name}/{file.name}" for file in files).encode())
    return digest.hexdigest()[:32]


def _made(files: list[Path]) -> dict[str, Any]:
    store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=os.cpu_count() or 1)
    detector, landmarker, embedder = (
        open_detector(store, runtime),
        open_landmarker(store, runtime),
        open_embedder(store, runtime),
    )
    numbers = {person: number for number, person in enumerate(sorted({file.parent.name for file in files}))}

    def look(frame: Frame) -> tuple[Mesh, tuple[Any, ...]]:
        faces = detector.detect(frame)
        face = the_one_face(faces, frame=frame)
        mesh = landmarker.find(frame, face)
        quality = assess(view_of(frame, faces=faces, face=face, mesh=mesh))
        found = [quality[measure.component] for measure in MEASURES]
        values = [one.value if isinstance(one.value, int) else np.nan for one in found]
        raws = [np.nan if one.raw is None else one.raw for one in found]
        vector = embedder.embed([align(frame, look_again(frame, face, detector=detector))])[0]
        length = float(np.linalg.norm(vector))
        return mesh, (values, raws, mesh.presence, length, vector / length)

    def both(number: int) -> tuple[list[tuple[Any, ...]], int]:
        file = files[number]
        draw = np.random.default_rng(int.from_bytes(hashlib.sha256(file.name.encode()).digest()[:8]))
        who = (numbers[file.parent.name], number)
        try:
            frame = decode(file.read_bytes())
            mesh, found = look(frame)
        except FaceRefused:
            return [], 0
        rows = [(*who, CLEAN, 0.0, *found)]
        way, strength = str(draw.choice(list(WAYS))), float(draw.random())
        try:
            _, found = look(Frame(WAYS[way](Sample(frame.pixels, mesh, strength, draw))))
        except FaceRefused:
            return rows, 1
        return [*rows, (*who, way, strength, *found)], 2

    rows, refused = [], [0, 0]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done, (more, seen) in enumerate(pool.map(both, range(len(files))), start=1):
            rows += more
            refused[0] += seen == 0
            refused[1] += seen == 1
            if done % 500 == 0:
                print(f"{done} of {len(files)} photos", file=sys.stderr)
    names = [name for name in Looked.__slots__ if name != "refused"]
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)} | {
        "refused": np.array(refused)
    }
