"""Model cards."""

import json
from pathlib import Path

import pytest
from fixtures.networks import DETECTOR_CARD, EMBEDDER_CARD, edge_distance_detector, mean_embedder, place
from support.installation import CALIBRATION

from visavis.adapters.cards import (
    DEFAULT_DETECTOR,
    DEFAULT_EMBEDDER,
    EmbedderCard,
    cards_folder,
    read_calibration,
    read_card,
    read_detector_card,
    read_embedder_card,
)
from visavis.model.calibration import CalibrationInvalid
from visavis.model.weights import ModelCardInvalid


def test_the_cards_we_ship_are_in_order() -> None:
    detector = read_detector_card(cards_folder() / DEFAULT_DETECTOR)
    embedder = read_embedder_card(cards_folder() / DEFAULT_EMBEDDER)
    for card, name in ((detector, DEFAULT_DETECTOR), (embedder, DEFAULT_EMBEDDER)):
        assert card.id == name
        assert card.source is not None
        assert card.source.path.endswith(card.file)
        assert (cards_folder() / name / "LICENSE").is_file()
    assert "not state" in embedder.training_data


def test_the_calibration_we_ship_is_of_the_embedder_we_ship() -> None:
    folder = cards_folder() / DEFAULT_EMBEDDER
    calibration = read_calibration(folder)
    fields = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
    assert fields["model_sha256"] == read_embedder_card(folder).sha256
    assert 0.2 < calibration.threshold_at(1e-3) < calibration.threshold_at(1e-5) < 0.6


def test_every_embedder_we_ship_has_its_own_calibration() -> None:
    embedders = [folder for folder in cards_folder().iterdir() if isinstance(read_card(folder), EmbedderCard)]
    assert len(embedders) == 2
    for folder in embedders:
        fields = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
        assert read_calibration(folder).model_id == read_card(folder).id == folder.name
        assert fields["model_sha256"] == read_card(folder).sha256


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('role = "embedder"', 'role = "classifier"', "role"),
        ('role = "embedder"', "", "role"),
        ("dimension = 9", "dimension = 0", "dimension"),
        ("dimension = 9", "dimension = 9\ncentre = [0.1, 0.2]", "centre has 2 numbers"),
        ("dimension = 9", f"dimension = 9\ncentre = {[0.5] * 9}", "shorter than 1"),
        ("dimension = 9", 'dimension = 9\nage = "head"', "age"),
        ('licence = "Apache-2.0"', "", "licence"),
        ('training_data = "None."', "", "training_data"),
        ('"tiny-embedder.onnx"', '"../tiny-embedder.onnx"', "file"),
        ('sha256 = "', 'sha256 = "0', "sha256"),
        ('colours = "BGR"', 'colours = "GREY"', "colours"),
        ("mean = [10.0, 20.0, 30.0]", "mean = [10.0]", "mean"),
        ("mean = [10.0, 20.0, 30.0]", "mean = [10.0, nan, 30.0]", "mean"),
        ('id = "tiny-embedder"', 'id = "Tiny Embedder"', "id"),
        ("[output]", "[output", "line"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in EMBEDDER_CARD
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    path = home / "card.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ModelCardInvalid, match=field):
        read_card(home)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strides = [16]", "strides = [8, 16]"),
        ('boxes = ["468"]', 'boxes = ["468", "469"]'),
        ("longest = [320]", "longest = [640, 320]"),
        ("longest = [320]", "longest = []"),
        ("score_threshold = 0.5", "score_threshold = 1.5"),
        ('"edge_distances"', '"corners"'),
    ],
)
def test_a_detector_s_outputs_must_fit_its_strides(tmp_path: Path, old: str, new: str) -> None:
    assert old in DETECTOR_CARD
    with pytest.raises(ModelCardInvalid):
        read_card(place(tmp_path, card=DETECTOR_CARD.replace(old, new), network=edge_distance_detector()))


def test_one_name_for_all_strides_holds_the_stride(tmp_path: Path) -> None:
    named = DETECTOR_CARD.replace("strides = [16]", "strides = [8, 16]").replace('[["443"]]', '["score_{stride}"]')
    named = named.replace('["468"]', '"box_{stride}"').replace('["493"]', '"points_{stride}"')
    card = read_detector_card(place(tmp_path, card=named, network=edge_distance_detector()))
    assert card.output.names(card.output.scores[0]) == ["score_8", "score_16"]
    with pytest.raises(ModelCardInvalid, match="stride"):
        read_card(place(tmp_path / "b", card=named.replace("box_{stride}", "box"), network=edge_distance_detector()))


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelCardInvalid, match=r"card\.toml"):
        read_card(tmp_path)


def test_an_embedder_s_calibration_is_read(tmp_path: Path) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    (home / "calibration.json").write_text(json.dumps(CALIBRATION), encoding="utf-8")
    assert read_calibration(home).threshold_at(0.01) == pytest.approx(0.3)


@pytest.mark.parametrize("content", [None, "not json", json.dumps(CALIBRATION | {"model_id": "another"}), "[]"])
def test_a_calibration_of_another_model_or_none_does_not_start(tmp_path: Path, content: str | None) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    if content is not None:
        (home / "calibration.json").write_text(content, encoding="utf-8")
    with pytest.raises(CalibrationInvalid):
        read_calibration(home)
