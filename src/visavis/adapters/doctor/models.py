"""The networks: the files that their cards name, and what calibrates them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from visavis.adapters.cards import card_folder, read_calibration, read_card
from visavis.adapters.doctor.check import Check, made
from visavis.adapters.model_store import ModelStore
from visavis.settings import Settings


def models(settings: Settings) -> Iterator[Check]:
    """Each model's file is the one its card names, and the calibration fits."""
    for name in (settings.detector, settings.embedder, settings.landmarker, settings.eyes):
        yield from made(f"model {name}", partial(_model, folder=card_folder(settings.cards, name)), settings)
    if settings.pad_card is not None:
        yield from made("model for liveness", partial(_model, folder=settings.pad_card), settings)
    embedder = card_folder(settings.cards, settings.embedder)
    yield from made("calibration", partial(_calibration, folder=embedder), settings)


def _model(settings: Settings, *, folder: Path) -> Iterator[Check]:
    card = read_card(folder)
    ModelStore(settings.models).check(card)
    yield Check(f"model {card.id}", "ok", f"{card.file}, SHA-256 {card.sha256[:16]}…, {card.licence}.")


def _calibration(_settings: Settings, *, folder: Path) -> Iterator[Check]:
    calibration = read_calibration(folder)
    message = f"{len(calibration.points)} points, down to a false match rate of {calibration.fmr_floor:.2g}."
    yield Check("calibration", "ok", message)
