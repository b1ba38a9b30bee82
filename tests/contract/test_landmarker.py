"""What everything that finds the points of a face keeps to: the network we install, any other by a card, the simulated.

A card's network that knows nothing of faces is held to the form alone; what the points mean is asked of the others.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fixtures.networks import LANDMARKER_CARD, place, points_network
from fixtures.painted import FixedLandmarker, box_of, mesh_of, painted

from visavis.adapters.cards import read_landmarker_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_landmarker
from visavis.capture.landmarker import Landmarker
from visavis.capture.pose import pose
from visavis.model.image import Frame
from visavis.model.mesh import POINTS, Mesh
from visavis.model.weights import ModelCardInvalid, ModelUnusable

RUNTIME = Runtime(threads=1, streams=2)
NEAR = 0.15
"""Distances between the eyes: how far a point may lie from where the mean face has it."""


@pytest.fixture(scope="module")
def installed(weights: Path) -> Landmarker:
    return open_landmarker(ModelStore(weights), RUNTIME)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Landmarker:
    folder = tmp_path_factory.mktemp("landmarker")
    home = place(folder, card=LANDMARKER_CARD, network=points_network({"points": POINTS * 3, "presence": 1}))
    return open_landmarker(ModelStore(folder), RUNTIME, card_folder=home)


@pytest.fixture(params=["installed", "tiny", "simulated"])
def any_landmarker(request: pytest.FixtureRequest) -> Landmarker:
    return FixedLandmarker() if request.param == "simulated" else request.getfixturevalue(request.param)


@pytest.fixture(params=["installed", "simulated"])
def landmarker(request: pytest.FixtureRequest) -> Landmarker:
    return FixedLandmarker() if request.param == "simulated" else request.getfixturevalue(request.param)


@pytest.mark.parametrize("middle", [(320.0, 210.0), (5.0, 5.0), (900.0, -300.0)])
def test_all_points_are_there_wherever_the_face_is(any_landmarker: Landmarker, middle: tuple[float, float]) -> None:
    found = any_landmarker.find(painted(), box_of(mesh_of(middle=middle)))
    assert found.points.shape == (POINTS, 3)
    assert found.points.dtype == np.float32
    assert np.isfinite(found.points).all()
    assert 0.0 <= found.presence <= 1.0


@pytest.mark.parametrize(
    "made", [mesh_of, lambda: mesh_of(between=60, middle=(200.0, 150.0)), lambda: mesh_of(roll=40)]
)
def test_points_lie_where_the_face_is_in_pixels_of_the_picture(
    landmarker: Landmarker, made: Callable[[], Mesh]
) -> None:
    mesh = made()
    found = landmarker.find(painted(mesh), box_of(mesh))
    between = float(np.linalg.norm(mesh.flat[[33, 133]].mean(axis=0) - mesh.flat[[362, 263]].mean(axis=0)))
    assert np.linalg.norm(found.flat - mesh.flat, axis=1).max() < NEAR * between
    assert found.presence > 0.95


def test_depth_grows_away_from_the_camera(landmarker: Landmarker) -> None:
    mesh = mesh_of()
    depth = landmarker.find(painted(mesh), box_of(mesh)).points[:, 2]
    assert depth[4] < depth[[33, 263]].mean() < depth[[234, 454]].mean(), "nose, eyes, ears"


def test_a_turned_head_is_seen_to_be_turned(installed: Landmarker) -> None:
    for yaw in (-20.0, 20.0):
        mesh = mesh_of(yaw=yaw)
        assert pose(installed.find(painted(mesh), box_of(mesh))).yaw == pytest.approx(yaw, abs=8)


@pytest.mark.parametrize("shown", ["grey", "noise"])
def test_where_there_is_no_face_it_says_so_and_raises_nothing(installed: Landmarker, shown: str) -> None:
    pixels = np.full((480, 640, 3), 120, np.uint8)
    if shown == "noise":
        pixels = np.random.default_rng(0).integers(0, 255, pixels.shape).astype(np.uint8)
    assert installed.find(Frame(pixels), box_of(mesh_of())).presence < 0.1


def test_threads_do_not_mix_their_answers_and_nothing_is_kept(any_landmarker: Landmarker) -> None:
    meshes = [mesh_of(middle=(150.0 + 40 * number, 200.0)) for number in range(8)]
    shown = [(painted(mesh), box_of(mesh)) for mesh in meshes]
    alone = [any_landmarker.find(*one).points for one in shown]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: any_landmarker.find(*one).points, shown * 3))
    for one, again in zip(alone * 3, together, strict=True):
        assert np.array_equal(one, again)


@pytest.mark.parametrize(
    "outputs",
    [{"points": POINTS * 3}, {"points": POINTS * 2, "presence": 1}, {"points": POINTS * 3, "presence": 2}],
    ids=["no presence", "no depth", "two presences"],
)
def test_a_network_that_is_not_what_its_card_says_does_not_start(tmp_path: Path, outputs: dict[str, int]) -> None:
    home = place(tmp_path, card=LANDMARKER_CARD, network=points_network(outputs))
    with pytest.raises(ModelUnusable):
        open_landmarker(ModelStore(tmp_path), RUNTIME, card_folder=home)


@pytest.mark.parametrize(
    ("old", "new"), [("count = 468", "count = 478"), ('presence = "presence"\n', ""), ('"landmarker"', '"detector"')]
)
def test_a_card_of_another_mesh_or_role_does_not_start(tmp_path: Path, old: str, new: str) -> None:
    network = points_network({"points": POINTS * 3, "presence": 1})
    home = place(tmp_path, card=LANDMARKER_CARD, network=network)
    (home / "card.toml").write_text((home / "card.toml").read_text("utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ModelCardInvalid):
        read_landmarker_card(home)
