"""How long a decoded 640 x 480 picture takes to become a template, beside peers. Run with ``make bench-pipeline``.

* One core: this process and every peer are bound to the same one, and only one of them works at a time.
* The same pictures in interleaved rounds, so that whatever else the machine does strikes all alike.
* ``vs_opencv`` compares with OpenCV on the same weights at the same detector size; ``vs_opencv_full_size`` with OpenCV
  as its samples call it, the detector shown the whole picture. ``vs_dlib`` compares with ``face_recognition``.

The pictures are ``lfw-dev`` photos that the product takes, enlarged to 480 x 480 in the middle of grey: the face is
about a third of the picture's width, as at a kiosk. The last line printed is one JSON object.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import PHOTOS, models_folder
from numpy.typing import NDArray
from PIL import Image

from visavis.adapters.cards import DEFAULT_DETECTOR, DEFAULT_EMBEDDER, cards_folder, read_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.dequantise import dequantise
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_extractor
from visavis.flows.extract import Extractor
from visavis.model.errors import FaceRefused
from visavis.model.image import Frame

FRAMES: Final = 30
ROUNDS: Final = 7
PEERS: Final = ("opencv", "opencv_full", "dlib")


def main() -> None:
    """Measure, print."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    os.environ["OMP_NUM_THREADS"] = "1"
    store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=1)
    extractor = open_extractor(store, runtime)
    frames = kiosk_frames(extractor)
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = {name: stack.enter_context(peer(name, frames, store=store, scratch=scratch)) for name in PEERS}
        times: dict[str, list[float]] = {name: [] for name in ("visavis", *PEERS)}
        for done in range(ROUNDS):
            print(f"round {done + 1} of {ROUNDS}", file=sys.stderr)
            for number in range(len(frames)):
                times["visavis"].append(ours(extractor, frames[number]))
                for name, process in peers.items():
                    times[name].append(ask(process, number))
    median = {name: statistics.median(values) for name, values in times.items()}
    print(
        json.dumps(
            {
                "template_ms": round(median["visavis"], 2),
                "vs_opencv": round(median["opencv"] / median["visavis"], 2),
                "vs_dlib": round(median["dlib"] / median["visavis"], 2),
                "rss_mb": round(rss_mb),
                "vs_opencv_full_size": round(median["opencv_full"] / median["visavis"], 2),
                "median_ms": {name: round(value, 2) for name, value in median.items()},
                "precision": runtime.precision,
                "cpu": cpu(),
            }
        )
    )


def kiosk_frames(extractor: Extractor) -> NDArray[np.uint8]:
    """Pictures of shape (n, 480, 640, 3) that the product takes, spread over the photos in the order of their names."""
    files = sorted(PHOTOS.glob("*/*.jpg"))
    if not files:
        sys.exit(f"The labelled photos are not there: {PHOTOS}")
    frames: list[NDArray[np.uint8]] = []
    for file in files[:: len(files) // (3 * FRAMES)]:
        canvas = Image.new("RGB", (640, 480), (128, 128, 128))
        with Image.open(file) as photo:
            canvas.paste(photo.resize((480, 480), Image.Resampling.BICUBIC), (80, 0))
        pixels = np.array(canvas)
        try:
            extractor.extract_from(Frame(pixels))
        except FaceRefused:
            continue
        frames.append(pixels)
        if len(frames) == FRAMES:
            break
    return np.stack(frames)


def ours(extractor: Extractor, pixels: NDArray[np.uint8]) -> float:
    """Milliseconds from the decoded picture to the template."""
    start = time.perf_counter()
    extractor.extract_from(Frame(pixels))
    return 1e3 * (time.perf_counter() - start)


@contextmanager
def peer(name: str, frames: NDArray[np.uint8], *, store: ModelStore, scratch: Path) -> Iterator[subprocess.Popen[str]]:
    """A peer's process, ready to be asked; it inherits our one core."""
    np.save(scratch / "frames.npy", frames)
    weights = []
    for number, card in enumerate(read_card(cards_folder() / name) for name in (DEFAULT_DETECTOR, DEFAULT_EMBEDDER)):
        weights.append(scratch / f"{number}.onnx")
        weights[-1].write_bytes(store.open(card, prepare=dequantise))
    python = os.environ.get("VISAVIS_BENCH_PYTHON", sys.executable)
    command = [python, "-W", "ignore", str(Path(__file__).with_name("peers.py")), name, str(scratch / "frames.npy")]
    with subprocess.Popen(
        [*command, *map(str, weights)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        answer = process.stdout.readline().strip() if process.stdout else ""
        if answer != "ready":
            sys.exit(f"The peer {name} did not start: are the packages of requirements/bench.txt installed?")
        try:
            yield process
        finally:
            process.kill()


def ask(process: subprocess.Popen[str], number: int) -> float:
    """Milliseconds the peer takes for frame ``number``."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the peer has no pipes")
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def cpu() -> dict[str, str | bool]:
    """What decides the speed: the processor's name and the instructions it has."""
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = fields.get("flags", "").split()
    return {
        "name": fields.get("model name", "unknown"),
        "avx2": "avx2" in flags,
        "avx512": "avx512f" in flags,
        "bf16": "avx512_bf16" in flags or "amx_bf16" in flags,
    }


if __name__ == "__main__":
    main()
