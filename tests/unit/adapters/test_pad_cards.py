"""A model that finds attacks is a card with a report; without any part of either it does not start."""

import math
from pathlib import Path

import numpy as np
import pytest
from fixtures.networks import EMBEDDER_CARD, PAD_CARD, mean_embedder, pad_network, place
from numpy.typing import NDArray

from visavis.adapters.cards import PadOutput, PadSquare, read_pad_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.pad import OpenVinoPad, attack_share, square_around
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_pad
from visavis.capture.cut import cut
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import AttackSuspected
from visavis.model.weights import ModelCardInvalid, ModelUnusable

RUNTIME = Runtime()
POINTS = np.zeros((5, 2), np.float32)
FACE = Face(80, 60, 40, 60, POINTS, 0.9)
RED, BLUE = (250, 10, 10), (10, 10, 250)


def opened(folder: Path, *changes: tuple[str, str], probabilities: bool = False) -> OpenVinoPad:
    card = PAD_CARD
    for old, new in changes:
        assert old in card
        card = card.replace(old, new, 1)
    home = place(folder, card=card, network=pad_network(probabilities=probabilities))
    return open_pad(ModelStore(folder), RUNTIME, card_folder=home)


def coloured(colour: tuple[int, int, int], *, width: int = 200, height: int = 180) -> Frame:
    return Frame(np.full((height, width, 3), colour, np.uint8))


def passes(pad: OpenVinoPad, frame: Frame, face: Face = FACE) -> bool:
    try:
        pad.require_bona_fide(frame, face)
    except AttackSuspected:
        return False
    return True


def test_what_the_card_calls_an_attack_is_refused(tmp_path: Path) -> None:
    pad = opened(tmp_path)
    assert passes(pad, coloured(BLUE))
    assert not passes(pad, coloured(RED))


def test_the_report_is_told_worst_first(tmp_path: Path) -> None:
    report = opened(tmp_path).report
    assert [one.name for one in report.species] == ["screen", "paper"]
    assert (report.worst.apcer, report.bona_fide.bpcer, report.bona_fide.frr) == (0.09, 0.025, 0.04)
    assert report.iapar == 0.06
    assert report.riapar == pytest.approx(0.10)


def test_where_a_species_was_not_compared_no_rate_of_the_whole_is_known(tmp_path: Path) -> None:
    report = opened(tmp_path, ("accepted = 3\n", "")).report
    assert (report.iapar, report.riapar) == (None, None)


@pytest.mark.parametrize("probabilities", [True, False])
@pytest.mark.parametrize(
    ("says", "numbers", "blue_passes", "red_passes"),
    [("attack", "[0]", True, False), ("bona_fide", "[0]", False, True), ("bona_fide", "[1, 2]", True, False)],
)
def test_every_form_of_answer_is_read(
    tmp_path: Path, *, probabilities: bool, says: str, numbers: str, blue_passes: bool, red_passes: bool
) -> None:
    changes = [('says = "attack"', f'says = "{says}"'), ("numbers = [0]", f"numbers = {numbers}")]
    if probabilities:
        changes.append(('form = "logits"', 'form = "probabilities"'))
    pad = opened(tmp_path, *changes, probabilities=probabilities)
    assert passes(pad, coloured(BLUE)) is blue_passes
    assert passes(pad, coloured(RED)) is red_passes


@pytest.mark.parametrize(("bar", "passing"), [(0.3, False), (0.4, True)])
def test_the_bar_is_the_cards(tmp_path: Path, *, bar: float, passing: bool) -> None:
    """Of grey each channel has a third."""
    assert passes(opened(tmp_path, ("bar = 0.5", f"bar = {bar}")), coloured((90, 90, 90))) is passing


def test_what_is_no_number_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pad = opened(tmp_path)
    for broken in (math.nan, math.inf):
        monkeypatch.setattr(pad, "_seen", lambda _picture, broken=broken: np.full(3, broken))
        assert not passes(pad, coloured(BLUE))


@pytest.mark.parametrize("value", [-3.0, 0.0, 2.0])
def test_a_single_number_is_a_share_of_its_own(value: float) -> None:
    how = {"name": "x", "count": 1, "form": "logits", "numbers": (0,), "bar": 0.5}
    as_logit = PadOutput.model_validate({**how, "says": "attack"})
    other = PadOutput.model_validate({**how, "says": "bona_fide"})
    share = 1 / (1 + math.exp(-value))
    assert attack_share(np.array([value]), as_logit) == pytest.approx(share)
    assert attack_share(np.array([value]), other) == pytest.approx(1 - share)


@pytest.mark.parametrize("beyond", ["black", "inside"])
def test_the_square_lies_around_the_face(beyond: str) -> None:
    """The box's longer side is 60, so the square is 120 wide, and its middle that of the box."""
    pixels = np.zeros((180, 200, 3), np.uint8)
    pixels[30:150, 40:160] = 255
    shown = _shown(Frame(pixels), FACE, beyond)
    assert shown.min() == 255
    assert _shown(Frame(255 - pixels), FACE, beyond).max() == 0


def _shown(frame: Frame, face: Face, beyond: str) -> NDArray[np.uint8]:
    how = PadSquare.model_validate({"side": 60, "wide": 2.0, "beyond": beyond})
    turn, shift = square_around(face, frame=frame, how=how)
    return cut(frame, turn=turn, shift=shift, side=how.side)


def test_beyond_the_picture_it_is_black_or_moved_inside() -> None:
    frame, corner = coloured((200, 200, 200)), Face(0, 0, 50, 60, POINTS, 0.9)
    assert (_shown(frame, corner, "black") == 0).any()
    assert (_shown(frame, corner, "inside") == 200).all()


def test_a_square_larger_than_the_picture_is_shrunk_to_fit() -> None:
    frame = coloured((200, 200, 200), width=90, height=70)
    assert (_shown(frame, Face(20, 5, 50, 60, POINTS, 0.9), "inside") == 200).all()


REQUIRED = [
    "title", "licence", "licence_note", "training_data", "sha256", "colours", "side", "wide", "beyond", "count", "form",
    "says", "numbers", "bar", "mode", "data", "measured_by", "measured_on", "standard", "independent", "instruments",
    "level", "presentations", "errors",
]  # fmt: skip


@pytest.mark.parametrize("name", REQUIRED)
def test_a_card_that_lacks_anything_is_refused_and_says_what(tmp_path: Path, name: str) -> None:
    lines = PAD_CARD.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{name} = "))
    home = place(tmp_path, card="\n".join([*lines[:first], *lines[first + 1 :]]), network=pad_network())
    with pytest.raises(ModelCardInvalid, match=rf"\b{name}: Field required"):
        read_pad_card(home)


@pytest.mark.parametrize("part", ["[report]", "[[report.species]]", "[report.bona_fide]", "[square]", "[output]"])
def test_a_card_that_lacks_a_whole_part_is_refused_and_says_which(tmp_path: Path, part: str) -> None:
    blocks = PAD_CARD.split("\n\n")
    left = [block for block in blocks if part not in block]
    if part == "[report]":
        left = [block for block in blocks if "report" not in block]
    home = place(tmp_path, card="\n\n".join(left), network=pad_network())
    with pytest.raises(ModelCardInvalid, match=part.strip("[]").split(".")[-1]):
        read_pad_card(home)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("errors = 4", "errors = 201", "more than the 200"),
        ("accepted = 3", "accepted = 201", "more than the 200"),
        ("rejected = 8", "rejected = 201", "more than the 200"),
        ("presentations = 200", "presentations = 0", "presentations"),
        ("errors = 4", "errors = -1", "errors"),
        ('name = "screen"', 'name = "paper"', "told twice"),
        ('mode = "passive"', 'mode = "active"', "must be passive"),
        ('level = "A"', 'level = "D"', "level"),
        ('standard = "ISO/IEC 30107-3:2023"', 'standard = "our own"', "standard"),
        ('measured_by = "A test"', 'measured_by = " "', "measured_by"),
        ("numbers = [0]", "numbers = [3]", "numbers"),
        ("numbers = [0]", "numbers = [0, 1, 2]", "numbers"),
        ("numbers = [0]", "numbers = []", "numbers"),
        ("bar = 0.5", "bar = 1.0", "bar"),
        ("bar = 0.5", "bar = nan", "bar"),
        ("bar = 0.5", "bar = 0.5\nlenient = 0.9", "lenient"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused_and_says_where(tmp_path: Path, old: str, new: str, why: str) -> None:
    home = place(tmp_path, card=PAD_CARD.replace(old, new, 1), network=pad_network())
    with pytest.raises(ModelCardInvalid, match=why):
        read_pad_card(home)


@pytest.mark.parametrize(
    ("old", "new"),
    [("count = 3", "count = 2"), ('name = "says"', 'name = "tells"'), ('form = "logits"', 'form = "probabilities"')],
)
def test_a_network_that_is_not_what_its_card_says_does_not_start(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ModelUnusable):
        opened(tmp_path, (old, new))


def test_a_card_of_another_role_does_not_start(tmp_path: Path) -> None:
    home = place(tmp_path, card=EMBEDDER_CARD, network=mean_embedder())
    with pytest.raises(ModelCardInvalid, match="wanted pad"):
        open_pad(ModelStore(tmp_path), RUNTIME, card_folder=home)
