"""What everything that finds attacks in a single photo promises (visavis.liveness.passive)."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fixtures.networks import PAD_CARD, pad_network, place
from sim.pad import SimPad

from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_pad
from visavis.liveness.passive import PassivePad
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import AttackSuspected
from visavis.model.purpose import LivenessMode

FACE = Face(60, 50, 40, 60, np.zeros((5, 2), np.float32), 0.9)


@pytest.fixture(scope="module", params=["network", "simulated"])
def pad(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PassivePad:
    if request.param == "simulated":
        return SimPad()
    folder = tmp_path_factory.mktemp("pad")
    home = place(folder, card=PAD_CARD, network=pad_network())
    return open_pad(ModelStore(folder), Runtime(threads=1, streams=2), card_folder=home)


def shown(colour: tuple[int, int, int]) -> Frame:
    return Frame(np.full((160, 160, 3), colour, np.uint8))


LIVING, ATTACK = (10, 120, 240), (240, 120, 10)


def test_a_report_says_how_often_it_errs(pad: PassivePad) -> None:
    report = pad.report
    assert report.mode is LivenessMode.PASSIVE
    rates = [one.apcer for one in report.species]
    assert rates == sorted(rates, reverse=True)
    assert report.worst.apcer == max(rates)


def test_the_living_pass_and_attacks_do_not(pad: PassivePad) -> None:
    pad.require_bona_fide(shown(LIVING), FACE)
    with pytest.raises(AttackSuspected):
        pad.require_bona_fide(shown(ATTACK), FACE)


def test_nobody_is_told_how_near_to_the_bar_it_was(pad: PassivePad) -> None:
    told = set()
    for red in (180, 220, 255):
        with pytest.raises(AttackSuspected) as refused:
            pad.require_bona_fide(shown((red, 20, 10)), FACE)
        told.add((str(refused.value), refused.value.detail))
    assert told == {(AttackSuspected.mend, "")}


@pytest.mark.parametrize("face", [(0, 0, 50, 70), (120, 110, 60, 70), (-20, -20, 90, 90)], ids=str)
def test_a_face_at_the_border_is_looked_at_like_any_other(pad: PassivePad, face: tuple[int, int, int, int]) -> None:
    at = Face(*face, FACE.landmarks, 0.9)
    pad.require_bona_fide(shown(LIVING), at)
    with pytest.raises(AttackSuspected):
        pad.require_bona_fide(shown(ATTACK), at)


def test_the_picture_stays_as_it_was(pad: PassivePad) -> None:
    frame = shown(LIVING)
    pad.require_bona_fide(frame, FACE)
    assert np.array_equal(frame.pixels, shown(LIVING).pixels)


def test_threads_do_not_mix_their_answers(pad: PassivePad) -> None:
    def passes(number: int) -> bool:
        try:
            pad.require_bona_fide(shown(LIVING if number % 3 else ATTACK), FACE)
        except AttackSuspected:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(passes, range(60))) == [bool(number % 3) for number in range(60)]
