"""How fast a folder of people is enrolled: the real server, the real command line, kills included.

The 832 people of ``lfw-dev`` with two or more photos, at most five photos each, every photo cropped around the face
nearest its centre, since the product refuses photos that somebody else stands in. Three parts:

1. ``photos_per_s``: ``visavis import run`` brings all of them into an empty gallery. Photos that were stored or
   refused, over the seconds from the start of the command to its end, the interpreter's start included.
2. The server is killed (SIGKILL) while a client brings people, and started again: everybody whose answer had come is
   there, once, with as many photos as were told. Then the command is killed, and a second run of it finishes.
3. ``alone_per_s``: the same photos through the face stages in this process, without a server, a client or a disk.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.filled_server import last_line
from demo.server import VISAVIS, running
from PIL import Image

from visavis import bootstrap
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.detector import OnnxDetector
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector
from visavis.capture.decode import decode
from visavis.client import NamedPhoto, Visavis, VisavisProblem, every
from visavis.model.consent import MAX_PHOTOS
from visavis.model.errors import Refusal
from visavis.settings import Settings
from visavis.wire.setup import PurposeRequest

ROOT = Path(__file__).parents[2]
FACES = ROOT.parent / "shared" / "faces" / "lfw-dev"
CROPPED = ROOT / ".work" / "enrol-faces"
PORT = 8644
URL = f"http://127.0.0.1:{PORT}"
AT_ONCE = 4
ALONE = 300
"""Photos that are timed without a server."""

SERVER_AT = 200
"""Answers after which the server is killed."""

CLIENT_AT = 200
"""People that the command brings before it is killed."""

_WIDTHS = 2.0
"""Side of a crop in widths of the face: what the product wants around it, and little more."""


def cropped_people() -> Path:
    """The folder of people, made once."""
    done = CROPPED / ".done"
    if done.exists():
        return CROPPED
    detector = open_detector(ModelStore(Path(os.environ["VISAVIS_MODELS"])), Runtime(threads=2))
    for person in sorted(FACES.iterdir()):
        photos = sorted(person.glob("*.jpg"))
        if len(photos) > 1:
            (CROPPED / person.name).mkdir(parents=True, exist_ok=True)
            for photo in photos[:MAX_PHOTOS]:
                (CROPPED / person.name / photo.name).write_bytes(_around_centre_face(photo, detector))
    done.touch()
    return CROPPED


def _around_centre_face(photo: Path, detector: OnnxDetector) -> bytes:
    frame = decode(photo.read_bytes())
    centre = frame.width / 2, frame.height / 2

    def off_centre(face: object) -> float:
        left, top, width, height = (getattr(face, name) for name in ("left", "top", "width", "height"))
        return float((left + width / 2 - centre[0]) ** 2 + (top + height / 2 - centre[1]) ** 2)

    face = min(detector.detect(frame), key=off_centre, default=None)
    picture = Image.fromarray(frame.pixels)
    if face is not None:
        half = _WIDTHS * face.width / 2
        x, y = face.left + face.width / 2, face.top + face.height / 2
        box = (max(0, x - half), max(0, y - half), min(frame.width, x + half), min(frame.height, y + half))
        picture = picture.crop(tuple(round(side) for side in box))  # type: ignore[arg-type] # four of them
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def alone_per_s(settings: Settings, folder: Path) -> float:
    """Photos a second through the face stages, as many at once as the machine has cores."""
    photos = [path.read_bytes() for path in sorted(folder.glob("*/*.jpg"))[: ALONE + 20]]
    extractor = bootstrap.open_stages(settings).extractor

    def extract(photo: bytes) -> None:
        with suppress(Refusal):
            extractor.extract(photo)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(extract, photos[:20]))
        begun = time.perf_counter()
        list(pool.map(extract, photos[20:]))
        return (len(photos) - 20) / (time.perf_counter() - begun)


@dataclass
class Bench:
    """A scratch installation."""

    settings: Settings
    api_key: str
    folder: Path

    @contextmanager
    def server(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the server."""
        given = self.settings.model_dump(
            mode="json", exclude_none=True, include={"data_dir", "key_file", "models", "port"}
        )
        with running({f"VISAVIS_{name.upper()}": str(value) for name, value in given.items()}, url=URL) as process:
            yield process

    def operator(self) -> Visavis:
        """Its operator."""
        return Visavis(base_url=URL, api_key=self.api_key)

    def command(self, gallery_id: str, *more: str) -> subprocess.Popen[bytes]:
        """Start ``visavis import run``."""
        line = [VISAVIS, "--json", "import", "run", str(self.folder), "--gallery", gallery_id, *more]
        environment = {**os.environ, "VISAVIS_URL": URL, "VISAVIS_API_KEY": self.api_key}
        return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE)


def uninterrupted(bench: Bench) -> dict[str, float]:
    """Part 1."""
    with bench.server(), bench.operator() as operator:
        gallery = _gallery(operator, "uninterrupted")
        begun = time.perf_counter()
        told = _finished(bench.command(gallery))
        took = time.perf_counter() - begun
    done = told["import"]
    photos = done["photos_stored"] + done["photos_refused"]
    return {
        "photos_per_s": round(photos / took, 1),
        "people": done["pending"] + done["refused"],
        "people_refused": done["refused"],
        "photos": photos,
        "photos_refused": done["photos_refused"],
        "seconds": round(took, 1),
    }


@dataclass
class Answers:
    """What a client was told was stored, by whose name."""

    stored: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def kill_both(bench: Bench) -> dict[str, int]:
    """Part 2; ends the program where anything that was reported stored is not there, or is there twice."""
    answers = Answers()
    with bench.server() as process, bench.operator() as operator:
        gallery = _gallery(operator, "killed")
        import_id = operator.open_import(gallery, name="killed").id
        _bring_until_killed(bench, operator, import_id, answers, process)
    with bench.server(), bench.operator() as operator:
        found = _there(operator, import_id)
        lost = {name for name, stored in answers.stored.items() if found.get(name) != stored}
        _require(not lost, f"{len(lost)} of {len(answers.stored)} people whose answer had come are lost")
        first = bench.command(gallery, "--name", "killed")
        begun = operator.show_import(import_id).pending
        while operator.show_import(import_id).pending < begun + CLIENT_AT:
            time.sleep(0.1)
        first.send_signal(signal.SIGKILL)
        first.wait()
        at_kill = operator.show_import(import_id)
        _require(at_kill.pending < begun + 2 * CLIENT_AT, "the command was killed too late to tell anything")
        _finished(bench.command(gallery, "--name", "killed"))
        _verify(operator, gallery, import_id, people=len(list(bench.folder.glob("*/"))))
    return {"answered_before_server_kill": len(answers.stored), "there_at_client_kill": at_kill.pending}


def _bring_until_killed(
    bench: Bench, operator: Visavis, import_id: str, answers: Answers, process: subprocess.Popen[bytes]
) -> None:
    def bring(person: Path) -> None:
        photos = [NamedPhoto(path.name, path.read_bytes()) for path in sorted(person.glob("*.jpg"))]
        try:
            answer = operator.bring(import_id, external_reference=person.name, photos=photos)
        except VisavisProblem:
            return
        with answers.lock:
            answers.stored[person.name] = answer.stored
            if len(answers.stored) == SERVER_AT:
                process.send_signal(signal.SIGKILL)

    people = sorted(path for path in bench.folder.iterdir() if path.is_dir())[: SERVER_AT + 100]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(bring, people))
    _require(process.wait(timeout=20) == -signal.SIGKILL, "the server was not killed")


def _there(operator: Visavis, import_id: str) -> dict[str, int]:
    """How many photos of each person are there: of those who wait, and of those who were refused."""
    found = {}
    waiting = list(every(operator.import_links, import_id, reason="benchmark", limit=500))
    refused = list(every(operator.import_refusals, import_id, reason="benchmark", limit=200))
    _require(len(waiting) == len({row.external_reference for row in waiting}), "somebody is there twice")
    partly = {row.external_reference: row.stored for row in refused}
    for row in waiting:
        sent = len(list((CROPPED / row.external_reference).glob("*.jpg")))
        found[row.external_reference] = partly.get(row.external_reference, sent)
    return found | {name: 0 for name in partly if name not in found}


def _verify(operator: Visavis, gallery: str, import_id: str, *, people: int) -> None:
    after = operator.show_import(import_id)
    _require(after.pending + after.refused == people, f"{after.pending} + {after.refused} people of {people}")
    _require(len(_there(operator, import_id)) == people, "not everybody is told")
    references = operator.gallery(gallery).references
    _require(references == after.photos_stored, f"{references} references of {after.photos_stored} photos")


def _gallery(operator: Visavis, name: str) -> str:
    purpose = PurposeRequest(
        name=name, controller="Benchmark", contact="none", jurisdiction="NL", text="Photographs that are enrolled.",
        retention_days=30, target_kind="fpir", target=0.1,
    )  # fmt: skip
    return operator.open_gallery(name=name, purpose_id=operator.state_purpose(purpose).id).id


def _finished(command: subprocess.Popen[bytes]) -> dict[str, dict[str, int]]:
    output, _ = command.communicate(timeout=900)
    _require(command.returncode in {0, 11}, f"the command ended with {command.returncode}")
    told: dict[str, dict[str, int]] = json.loads(output)
    return told


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- reads like an assertion, which -O would remove
    if not holds:
        sys.exit(f"FAILED: {otherwise}.")


def main(arguments: Sequence[str] = ()) -> None:
    """Measure, and print the figures."""
    folder = cropped_people()
    with tempfile.TemporaryDirectory(dir=ROOT / ".work") as scratch:
        place = Path(scratch)
        settings = Settings(
            data_dir=place / "data",
            key_file=place / "keys" / "root.key",
            models=Path(os.environ["VISAVIS_MODELS"]),
            port=PORT,
        )
        bench = Bench(settings, bootstrap.initialise(settings), folder)
        alone = alone_per_s(settings, folder)
        figures = uninterrupted(bench)
        kills = {} if "--no-kills" in arguments else kill_both(bench)
    limit = {"alone_per_s": round(alone, 1), "vs_limit": round(figures["photos_per_s"] / alone, 2)}
    last_line({**figures, **limit, **kills})


if __name__ == "__main__":
    main(sys.argv[1:])
