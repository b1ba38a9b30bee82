"""Models that are not the ones their cards name."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.installation import finding, settings_of

from visavis.model.calibration import CalibrationInvalid
from visavis.model.errors import VisavisError
from visavis.model.weights import ModelCardInvalid, ModelDigestMismatch, ModelMissing


def remove(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


@pytest.mark.parametrize(
    ("spoil", "name", "error"),
    [
        (remove("models/tiny-detector.onnx"), "model tiny-detector", ModelMissing),
        (
            lambda folder: (folder / "models/tiny-embedder.onnx").write_bytes(b"x"),
            "model tiny-embedder",
            ModelDigestMismatch,
        ),
        (remove("models/tiny-detector/card.toml"), "model tiny-detector", ModelCardInvalid),
        (remove("models/tiny-embedder/calibration.json"), "calibration", CalibrationInvalid),
    ],
)
def test_what_is_wrong_fails_with_its_mend(
    folder: Path, spoil: Callable[[Path], None], name: str, error: type[VisavisError]
) -> None:
    spoil(folder)
    check = finding(settings_of(folder), name)
    assert (check.state, check.mend) == ("fail", error.mend)
    assert check.message


@pytest.mark.parametrize("name", ["model tiny-detector", "model tiny-embedder", "calibration"])
def test_what_is_in_order_is_ok(folder: Path, name: str) -> None:
    assert finding(settings_of(folder), name).state == "ok"
