"""Real models on heads and attacks made by code: somebody living passes, and what is none does not."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from attacks.film import Camera, filmed, performed
from attacks.heads import Head, Stance, room
from attacks.species import Asked, Species, Victim
from attacks.species.another_head import AnotherHead
from attacks.species.earlier import earlier_steps
from attacks.species.frozen import frozen
from attacks.species.morph import morph
from attacks.species.printed_photo import printed_photo
from attacks.species.puppet import puppet
from attacks.species.reordered import reordered
from attacks.species.replayed import replayed
from attacks.species.screen_photo import screen_photo
from attacks.species.screen_video import screen_video
from attacks.species.sped_up import sped_up
from attacks.species.spliced import spliced
from click.testing import CliRunner
from PIL import Image
from support import kept_captures
from support.kept_captures import keep

from visavis.adapters.cards import DEFAULT_EMBEDDER, cards_folder, read_calibration
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_embedder, open_eyes, open_landmarker
from visavis.capture.decode import decode
from visavis.capture.detector import Detector
from visavis.capture.eyes import EyeReader
from visavis.capture.landmarker import Landmarker
from visavis.capture.pose import pose
from visavis.cli.main import program
from visavis.client import Taken
from visavis.flows.filming import Filming
from visavis.liveness.judge import judged
from visavis.liveness.motion import motion
from visavis.liveness.steps import SHUT
from visavis.model.challenge import Done, Step
from visavis.model.errors import Refusal
from visavis.model.film import Look
from visavis.model.image import Frame
from visavis.model.mesh import Mesh, Pose
from visavis.wire.deciding import AskedStep

pytestmark = pytest.mark.faces

ASKED: Final = Asked(
    (Done(Step.LEFT, 400, 1300), Done(Step.BLINK, 1600, 2300)),
    (*range(0, 1600, 200), *range(1600, 2401, 100)),
)
"""As short as a person can be: every film here is drawn, and looked at with networks."""

DARK: Final = 80
"""Mean level of a face that shows too little to make a head of."""


@dataclass(frozen=True)
class Eyewitness:
    """The product's own models."""

    filming: Filming
    same_person: float
    detector: Detector
    landmarker: Landmarker
    eyes: EyeReader

    def mesh(self, picture: Frame) -> Mesh | None:
        faces = self.detector.detect(picture)
        return self.landmarker.find(picture, max(faces, key=lambda face: face.width)) if faces else None

    def opened(self, picture: Frame, mesh: Mesh) -> float:
        return self.eyes.opened(picture, mesh)

    def verdict(self, files: list[bytes]) -> str:
        try:
            judged(self.looks(files), steps=ASKED.steps, same_person=self.same_person)
        except Refusal as refusal:
            return refusal.code
        return "accepted"

    def looks(self, files: list[bytes]) -> list[Look]:
        return self.filming.looks(files, ASKED.at_ms)


@pytest.fixture(scope="module")
def eyewitness(weights: Path) -> Eyewitness:
    store, runtime = ModelStore(weights), Runtime(threads=1, streams=1)
    detector, landmarker = open_detector(store, runtime), open_landmarker(store, runtime)
    eyes, embedder = open_eyes(store, runtime), open_embedder(store, runtime)
    return Eyewitness(
        Filming(decoder=decode, detector=detector, landmarker=landmarker, eyes=eyes, embedder=embedder),
        read_calibration(cards_folder() / DEFAULT_EMBEDDER).threshold_at(1e-3),
        detector,
        landmarker,
        eyes,
    )


def frontal(eyewitness: Eyewitness, faces: Path) -> Iterator[Victim]:
    """People who look straight ahead with open eyes, one photo each, in light."""
    for folder in sorted(faces.iterdir()):
        for path in sorted(folder.glob("*.jpg"))[:1]:
            photo = Image.open(path).convert("RGB")
            picture = Frame(np.asarray(photo.resize((3 * photo.width, 3 * photo.height), Image.Resampling.BICUBIC)))
            mesh = eyewitness.mesh(picture)
            if mesh is None or eyewitness.opened(picture, mesh) < 0.2 or lit(picture, mesh) < DARK:
                continue
            held = pose(mesh)
            if max(abs(held.yaw), abs(held.pitch)) < 6:
                yield Victim(picture.pixels, mesh)


def lit(picture: Frame, mesh: Mesh) -> float:
    """The mean level of a face, 0 to 255."""
    columns, rows = mesh.flat.astype(int).T
    return float(picture.pixels[np.clip(rows, 0, picture.height - 1), np.clip(columns, 0, picture.width - 1)].mean())


@pytest.fixture(scope="module")
def people(eyewitness: Eyewitness, faces: Path) -> list[Victim]:
    return list(islice(frontal(eyewitness, faces), 2))


@pytest.fixture(scope="module")
def drawn_anew(people: list[Victim]) -> Victim:
    """The first of them, without the films that were drawn already."""
    return Victim(people[0].picture, people[0].mesh)


@pytest.fixture(scope="module")
def head(people: list[Victim]) -> Head:
    return people[0].head


def test_somebody_living_passes_and_the_frame_that_is_compared_looks_ahead(
    eyewitness: Eyewitness, people: list[Victim]
) -> None:
    """The edited films below are made of this one."""
    film = people[0].doing(ASKED, 3)
    looks = eyewitness.looks(film.files(Camera(seed=3)))
    still = judged(looks, steps=ASKED.steps, same_person=eyewitness.same_person)
    assert abs(looks[still].pose.yaw) < 8
    moved = motion(looks)
    assert moved.opened.min() < SHUT
    assert moved.yaw.max() > 20


@pytest.mark.parametrize(
    ("species", "codes"),
    [
        (printed_photo, {"challenge_not_done", "face_flat"}),
        pytest.param(screen_photo, {"challenge_not_done", "face_flat"}, marks=pytest.mark.slow),  # flat as well
        (puppet, {"frames_unlike_sensor"}),
        (spliced, {"face_changed"}),
        (replayed, {"challenge_not_done"}),
        pytest.param(screen_video, {"challenge_not_done"}, marks=pytest.mark.slow),  # another session's as well
        (sped_up, {"challenge_not_done"}),
        (reordered, {"challenge_not_done"}),
        (frozen, {"frames_unlike_sensor"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_none_does_not(eyewitness: Eyewitness, people: list[Victim], species: Species, codes: set[str]) -> None:
    assert eyewitness.verdict(species(people[0], ASKED, 3).files()) in codes


@pytest.mark.parametrize("species", [replayed, screen_video, sped_up, reordered, frozen], ids=lambda one: one.__name__)
def test_an_edited_film_is_the_same_each_time_and_none_of_what_was_asked(
    people: list[Victim], drawn_anew: Victim, species: Species
) -> None:
    short = Asked(ASKED.steps, ASKED.at_ms[4:7])
    genuine = people[0].doing(short, 3).files(Camera(seed=3))
    edited = species(people[0], short, 3).files()
    assert edited == species(drawn_anew, short, 3).files()
    assert len(edited) == len(genuine)
    assert edited != genuine


@pytest.mark.parametrize("seed", range(5))
def test_an_earlier_session_asked_for_something_else(seed: int) -> None:
    drawn_first = earlier_steps(ASKED.steps, seed)
    drawn_instead = earlier_steps(drawn_first, seed)
    assert [done.step for done in drawn_instead] != [done.step for done in drawn_first]


def test_whoever_does_the_steps_for_somebody_else_is_somebody_else(
    eyewitness: Eyewitness, people: list[Victim]
) -> None:
    assert eyewitness.verdict(AnotherHead(people[1])(people[0], ASKED, 3).files()) == "face_changed"


@pytest.mark.parametrize(
    ("stance", "turn", "nod"),
    [(Stance(yaw=20), 20, 0), (Stance(yaw=-20), -20, 0), (Stance(pitch=12), 0, 12), (Stance(pitch=-12), 0, -12)],
    ids=["left", "right", "up", "down"],
)
def test_how_a_head_is_turned_is_seen(
    eyewitness: Eyewitness, head: Head, stance: Stance, turn: float, nod: float
) -> None:
    behind = room(1)
    rest, seen = (_held(eyewitness, head.seen(one, behind)) for one in (Stance(), stance))
    assert abs(seen.yaw - rest.yaw - turn) < 6
    assert abs(seen.pitch - rest.pitch - nod) < 6


def test_a_film_is_the_same_each_time_and_another_with_another_seed(head: Head) -> None:
    film = filmed(head, performed(ASKED.steps, seed=1), ASKED.at_ms[:3], room(1))
    again = filmed(head, performed(ASKED.steps, seed=1), ASKED.at_ms[:3], room(1))
    assert film.files(Camera(seed=1)) == again.files(Camera(seed=1))
    assert film.files(Camera(seed=1)) != film.files(Camera(seed=2))


def test_a_morph_is_like_both(eyewitness: Eyewitness, people: list[Victim]) -> None:
    one, other = people
    mixed = morph(one, other)
    assert np.abs(mixed.astype(int) - one.picture).mean() > 3
    assert eyewitness.mesh(Frame(mixed)) is not None
    assert np.array_equal(morph(one, other, share=0.0), one.picture)


def test_kept_captures_are_judged_as_by_a_server(people: list[Victim], weights: Path, tmp_path: Path) -> None:
    genuine = people[0].doing(ASKED, 3).files(Camera(seed=3))
    keep(tmp_path / "set", "bona_fide/A", shot(genuine))
    keep(tmp_path / "set", "attacks/print/A", shot(printed_photo(people[0], ASKED, 3).files()))
    Image.fromarray(people[0].picture).save(tmp_path / "set/bona_fide/A/reference.png")
    words = ["evaluate", "pad", str(tmp_path / "set"), "--json", "--work", str(tmp_path / "work")]
    result = CliRunner(env={"VISAVIS_MODELS": str(weights)}).invoke(program, words)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["bona_fide"]["bpcer"]["errors"], found["bona_fide"]["frr"]["errors"]) == (0, 0)
    (flat,) = found["attacks"]
    assert (flat["apcer"]["errors"], flat["apcer"]["of"], flat["iapar"]["errors"]) == (0, 1, 0)


def shot(files: list[bytes]) -> Taken:
    """What a device took."""
    steps = [AskedStep(do=done.step.value, pause_ms=300, within_ms=4000) for done in ASKED.steps]
    asked = kept_captures.ASKED.model_copy(update={"steps": steps})
    times = [(done.shown_ms, done.done_ms) for done in ASKED.steps]
    return Taken(asked, 0, times, list(zip(ASKED.at_ms, files, strict=True)))


def _held(eyewitness: Eyewitness, picture: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> Pose:
    mesh = eyewitness.mesh(Frame(picture))
    assert mesh is not None
    return pose(mesh)
