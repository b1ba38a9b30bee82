"""Another ONNX detector or embedder is a model card, not code."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fixtures.networks import (
    DETECTOR_CARD,
    EMBEDDER_CARD,
    LANDMARKER_CARD,
    blocked_embedder,
    edge_distance_detector,
    left_embedder,
    mean_embedder,
    place,
    points_network,
)
from numpy.typing import NDArray

from visavis.adapters.cards import read_embedder_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.dequantise import dequantise
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_embedder, open_extractor
from visavis.model.image import Frame
from visavis.model.weights import ModelCardInvalid, ModelUnusable
from visavis.quality.gate import Gate

RUNTIME = Runtime(threads=1, streams=2)


def black_with_red(*cells: tuple[int, int], width: int = 320, height: int = 240, cell: int = 16) -> Frame:
    pixels = np.zeros((height, width, 3), np.uint8)
    for x, y in cells:
        pixels[y * cell : (y + 1) * cell, x * cell : (x + 1) * cell, 0] = 255
    return Frame(pixels)


def test_a_detector_with_two_anchors_and_edge_distances(tmp_path: Path) -> None:
    home = place(tmp_path, card=DETECTOR_CARD, network=edge_distance_detector())
    detector = open_detector(ModelStore(tmp_path), RUNTIME, card_folder=home)
    first, second = sorted(detector.detect(black_with_red((5, 6), (12, 3))), key=lambda face: face.left)
    assert (first.left, first.top, first.width, first.height) == ((5 - 1) * 16, (6 - 2) * 16, 4 * 16, 6 * 16)
    assert first.landmarks.tolist() == [[(5 + n) * 16, 6 * 16] for n in range(5)]
    # (255 - 127.5) / 128: the card's mean and scale were applied.
    assert first.score == pytest.approx(0.99609375)
    assert second.left == (12 - 1) * 16


def test_places_are_those_of_the_original_picture(tmp_path: Path) -> None:
    home = place(tmp_path, card=DETECTOR_CARD, network=edge_distance_detector())
    detector = open_detector(ModelStore(tmp_path), RUNTIME, card_folder=home)
    (face,) = detector.detect(black_with_red((5, 6), width=1280, height=720, cell=64))
    assert (face.left, face.width, face.height) == (4 * 64 + 1.5, 4 * 64, 6 * 64)


@pytest.mark.parametrize(("sure_width", "width"), [(64, 4 * 64), (65, 64)])
def test_a_larger_pass_is_made_only_while_faces_are_small(tmp_path: Path, sure_width: int, width: int) -> None:
    card = DETECTOR_CARD.replace("[320]", "[64, 256]").replace("sure_width = 32", f"sure_width = {sure_width}")
    home = place(tmp_path, card=card, network=edge_distance_detector())
    detector = open_detector(ModelStore(tmp_path), RUNTIME, card_folder=home)
    faces = detector.detect(black_with_red((1, 1), width=256, height=256, cell=64))
    assert {face.width for face in faces} == {width}


@pytest.mark.parametrize("size", [(1, 1), (5, 3000), (3000, 5), (31, 33)])
def test_a_picture_of_any_shape_that_shows_nobody_gives_no_face(tmp_path: Path, size: tuple[int, int]) -> None:
    home = place(tmp_path, card=DETECTOR_CARD, network=edge_distance_detector())
    detector = open_detector(ModelStore(tmp_path), RUNTIME, card_folder=home)
    assert detector.detect(Frame(np.zeros((*size, 3), np.uint8))) == []


def test_an_embedder_of_another_dimension_colour_order_mean_and_scale(tmp_path: Path) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    embedder = open_embedder(ModelStore(tmp_path), RUNTIME, card_folder=home)
    crop = np.zeros((112, 112, 3), np.uint8)
    crop[...] = (100, 60, 50)
    vectors = embedder.embed([crop, np.zeros_like(crop)])
    assert vectors.shape == (2, 9)
    assert vectors[0] == pytest.approx([50 - 10, (60 - 20) / 2, (100 - 30) / 4] * 3)
    assert vectors[1] == pytest.approx([-10, -10, -7.5] * 3)
    assert embedder.embed([]).shape == (0, 9)
    assert embedder.model_id == "tiny-embedder"


def half_and_half() -> NDArray[np.uint8]:
    crop = np.zeros((112, 112, 3), np.uint8)
    crop[:, :56] = (200, 60, 50)
    crop[:, 56:] = (20, 120, 90)
    return crop


def test_a_card_may_ask_for_the_mirror_image_as_well(tmp_path: Path) -> None:
    plain = place(tmp_path / "plain", card=EMBEDDER_CARD, network=left_embedder())
    card = EMBEDDER_CARD.replace("dimension = 9", "dimension = 9\nmirrored = true")
    mirrored = place(tmp_path / "mirrored", card=card, network=left_embedder())
    once = open_embedder(ModelStore(tmp_path / "plain"), RUNTIME, card_folder=plain)
    both = open_embedder(ModelStore(tmp_path / "mirrored"), RUNTIME, card_folder=mirrored)
    crop = half_and_half()
    turned = np.ascontiguousarray(crop[:, ::-1])
    (one,), (other,) = once.embed([crop]), once.embed([turned])
    assert np.abs(one - other).max() > 1, "the network must see the difference"
    others = [np.full_like(crop, level) for level in (0, 100)]
    found = both.embed([others[0], crop, turned, others[1]])
    assert found[1] == pytest.approx((one + other) / 2, rel=1e-5)
    assert found[2] == pytest.approx((one + other) / 2, rel=1e-5)
    assert found[[0, 3]] == pytest.approx(once.embed(others), rel=1e-5)


def test_what_all_faces_have_in_common_is_taken_from_the_unit_vector(tmp_path: Path) -> None:
    centre = [0.1, -0.2, 0.3, 0.0, 0.05, 0.0, 0.1, 0.0, -0.1]
    plain = place(tmp_path / "plain", card=EMBEDDER_CARD, network=mean_embedder())
    card = EMBEDDER_CARD.replace("dimension = 9", f"dimension = 9\ncentre = {centre}")
    less = place(tmp_path / "less", card=card, network=mean_embedder())
    crops = [half_and_half(), np.full((112, 112, 3), 130, np.uint8)]
    raw = open_embedder(ModelStore(tmp_path / "plain"), RUNTIME, card_folder=plain).embed(crops)
    found = open_embedder(ModelStore(tmp_path / "less"), RUNTIME, card_folder=less).embed(crops)
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    assert found / lengths == pytest.approx(raw / lengths - np.array(centre), abs=1e-6)


def test_block_quantised_weights_are_multiplied_out(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    weights = random.integers(-128, 128, (9, 3, 1, 1), np.int8)
    scale = random.random((9, 2, 1, 1), np.float32)
    zero = random.integers(-5, 6, (9, 2, 1, 1), np.int8)
    home = place(tmp_path, card=EMBEDDER_CARD, network=blocked_embedder(weights, scale, zero))
    crop = np.full((112, 112, 3), (200, 100, 50), np.uint8)
    found = open_embedder(ModelStore(tmp_path), RUNTIME, card_folder=home).embed([crop])
    block = [0, 0, 1]
    kernel = (weights.astype(np.float32) - zero[:, block]) * scale[:, block]
    fed = np.array([50 - 10, (100 - 20) / 2, (200 - 30) / 4])
    # bfloat16, in which some processors compute, keeps 8 bits of each weight.
    fits = 1e-3 if RUNTIME.precision == "f32" else 2**-6
    assert found[0] == pytest.approx(kernel[:, :, 0, 0] @ fed, rel=fits)


def test_both_together_make_templates(tmp_path: Path) -> None:
    detector = place(tmp_path, card=DETECTOR_CARD, network=edge_distance_detector())
    embedder = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    points = place(tmp_path, card=LANDMARKER_CARD, network=points_network({"points": 468 * 3, "presence": 1}))
    store = ModelStore(tmp_path)
    extractor = open_extractor(store, RUNTIME, detector_card=detector, embedder_card=embedder, landmarker_card=points)
    picture = black_with_red((5, 6), width=640, height=480, cell=32)
    template = extractor.extract_from(picture, gate=Gate("anything", {}))
    assert template.model_id == "tiny-embedder"
    assert template.vector.shape == (9,)


def test_threads_do_not_mix_their_answers(tmp_path: Path) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    embedder = open_embedder(ModelStore(tmp_path), RUNTIME, card_folder=home)
    crops = [np.full((112, 112, 3), value, np.uint8) for value in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda crop: embedder.embed([crop])[0, 0], crops))
    assert found == pytest.approx([value - 10 for value in range(200)])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('boxes = ["468"]', 'boxes = ["469"]'),
        ("strides = [16]", "strides = [8]"),
        ("anchors_per_cell = 2", "anchors_per_cell = 1"),
    ],
)
def test_a_detector_that_is_not_what_its_card_says_does_not_start(tmp_path: Path, old: str, new: str) -> None:
    home = place(tmp_path, card=DETECTOR_CARD.replace(old, new), network=edge_distance_detector())
    with pytest.raises(ModelUnusable):
        open_detector(ModelStore(tmp_path), RUNTIME, card_folder=home)


@pytest.mark.parametrize(("old", "new"), [("dimension = 9", "dimension = 12"), ('"embedding"', '"embeddings"')])
def test_an_embedder_that_is_not_what_its_card_says_does_not_start(tmp_path: Path, old: str, new: str) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD.replace(old, new), network=mean_embedder())
    with pytest.raises(ModelUnusable):
        open_embedder(ModelStore(tmp_path), RUNTIME, card_folder=home)


def test_a_file_that_is_no_network_does_not_start(tmp_path: Path) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=b"not a network")
    with pytest.raises(ModelUnusable):
        open_embedder(ModelStore(tmp_path), RUNTIME, card_folder=home)
    with pytest.raises(ModelUnusable):
        RUNTIME.compile(b"not a network", card=read_embedder_card(home))


def test_a_card_of_the_other_role_does_not_start(tmp_path: Path) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    with pytest.raises(ModelCardInvalid, match="role is embedder"):
        open_detector(ModelStore(tmp_path), RUNTIME, card_folder=home)


def test_de_quantising_twice_gives_the_same_bytes() -> None:
    network = edge_distance_detector()
    assert dequantise(network) == dequantise(network)
