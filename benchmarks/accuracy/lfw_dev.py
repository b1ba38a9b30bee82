"""Templates of the labelled photos in ``../shared/faces/lfw-dev``, made by the product's own stages.

Two differences from the product, both because these are press photos with crowds behind the person: the face nearest
the centre is taken instead of the one face of rule S2, and none is refused as too small or cut. What the product would
have refused is counted beside. Nothing here is a way around rule S1: no gallery, no subject and no name is made, and
only counts and scores leave the process.
"""

import hashlib
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

import visavis
from visavis.adapters.cards import DEFAULT_DETECTOR, DEFAULT_EMBEDDER, DEFAULT_LANDMARKER, cards_folder, read_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_embedder, open_landmarker
from visavis.capture.decode import decode
from visavis.flows.templates import TemplateMaker
from visavis.model.evaluation import Meant

ROOT: Final = Path(__file__).resolve().parents[2]
PHOTOS: Final = ROOT.parent / "shared" / "faces" / "lfw-dev"
WORK: Final = ROOT / ".work"


@dataclass(frozen=True, slots=True)
class Templates:
    """One row per photo in which a face was found."""

    vectors: NDArray[np.float32]
    """Unit templates, shape (n, dimension)."""

    people: NDArray[np.int32]
    """Number of the person in each row, shape (n,)."""

    photos: int
    """Photos looked at, those without a face included."""

    refused: dict[str, int]
    """Photos that the product would have refused, by code."""

    model_id: str


def models_folder() -> Path:
    """Where weights are installed: ``$VISAVIS_MODELS``, or ``.work/models`` of the checkout."""
    return Path(os.environ.get("VISAVIS_MODELS", WORK / "models"))


def templates(*, photos: Path = PHOTOS, embedder: str = DEFAULT_EMBEDDER) -> Templates:
    """The templates of all photos, from the cache if the models, the stages and the list of photos are the same.

    :param embedder: the folder of its card, among those we ship.
    """
    if not photos.is_dir():
        sys.exit(f"The labelled photos are not there: {photos}")
    files = sorted(photos.glob("*/*.jpg"))
    cached = WORK / "lfw-dev" / f"{_key(files, embedder)}.npz"
    if not cached.is_file():
        made = _make(files, cards_folder() / embedder)
        cached.parent.mkdir(parents=True, exist_ok=True)
        counts = np.array(sorted(made.refused.items()), dtype=object).reshape(-1, 2)
        np.savez(
            cached,
            vectors=made.vectors,
            people=made.people,
            photos=made.photos,
            codes=counts[:, 0].astype(str),
            counts=counts[:, 1].astype(int),
            model_id=made.model_id,
        )
    with np.load(cached) as kept:
        return Templates(
            vectors=kept["vectors"],
            people=kept["people"],
            photos=int(kept["photos"]),
            refused=dict(zip(kept["codes"].tolist(), kept["counts"].tolist(), strict=True)),
            model_id=str(kept["model_id"]),
        )


def _key(files: list[Path], embedder: str) -> str:
    """A digest of everything the templates depend on."""
    digest = hashlib.sha256()
    for name in (DEFAULT_DETECTOR, DEFAULT_LANDMARKER, embedder):
        digest.update(read_card(cards_folder() / name).model_dump_json().encode())
    package = Path(visavis.__path__[0])
    code = [
        Path(__file__),
        package / "flows/templates.py",
        *(p for part in ("capture", "quality", "embed", "adapters/openvino") for p in (package / part).rglob("*.py")),
    ]
    for path in sorted(code):
        digest.update(path.read_bytes())
    for file in files:
        digest.update(f"{file.parent.name}/{file.name} {file.stat().st_size}\n".encode())
    return digest.hexdigest()[:32]


def _make(files: list[Path], card: Path) -> Templates:
    cores = os.cpu_count() or 1
    store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=cores)
    embedder = open_embedder(store, runtime, card_folder=card)
    maker = TemplateMaker(
        decoder=decode,
        detector=open_detector(store, runtime),
        landmarker=open_landmarker(store, runtime),
        embedder=embedder,
        meant=Meant.CENTRE,
    )
    numbers = {person: number for number, person in enumerate(sorted({file.parent.name for file in files}))}
    rows: list[tuple[NDArray[np.float32], int]] = []
    refused: Counter[str] = Counter()
    with ThreadPoolExecutor(cores) as pool:
        found = pool.map(lambda file: maker.make(file.read_bytes()), files)
        for done, (file, (vector, code)) in enumerate(zip(files, found, strict=True), start=1):
            refused.update([code] if code else [])
            if vector is not None:
                rows.append((vector, numbers[file.parent.name]))
            if done % 500 == 0:
                print(f"{done} of {len(files)} photos", file=sys.stderr)
    return Templates(
        vectors=np.stack([vector for vector, _ in rows]),
        people=np.array([person for _, person in rows], np.int32),
        photos=len(files),
        refused=dict(refused),
        model_id=embedder.model_id,
    )
