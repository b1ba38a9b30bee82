"""The composition root of the models: which there are, and the stages that they run in."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from visavis.adapters.attestation import read_roots
from visavis.adapters.cards import (
    ModelCard,
    card_folder,
    cards_folder,
    read_calibration,
    read_card,
    read_embedder_card,
    read_pad_card,
)
from visavis.adapters.decoding.pool import DecodingPool
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_extractor, open_face_finder, open_filming
from visavis.adapters.pad_report import read_active_report
from visavis.flows.extract import Extractor
from visavis.flows.filming import Filming
from visavis.liveness.attestation import Roots
from visavis.liveness.modes import Checkable
from visavis.model.calibration import Calibration
from visavis.model.pad import PadReport
from visavis.settings import Settings


@dataclass(frozen=True, slots=True)
class Stages:
    """The face stages and what calibrates them."""

    extractor: Extractor
    calibration: Calibration
    face_finder: bytes | None = None
    """What pages find faces with, if they can."""
    filming: Filming | None = None
    """What looks at films, where the models for it are installed."""
    active_report: PadReport | None = None
    """What others measured of the active mode."""
    roots: Roots | None = None
    """Who vouches for stations' devices, if anybody's word is taken."""
    close: Callable[[], None] = field(default=lambda: None)
    """Ends the processes that they work with, if there are any."""

    @property
    def checkable(self) -> Checkable:
        """Which liveness modes can be checked with them."""
        passive = self.extractor.pad_report
        reports = [report for report in (passive, self.active_report) if report is not None]
        return Checkable.by(
            active=self.filming is not None, passive=passive is not None, reports=reports, roots=self.roots
        )


def install_models(settings: Settings, from_path: Path | None = None) -> Sequence[ModelCard]:
    """Install the weights that the settings name, from their published package or from a path."""
    cards = chosen_cards(settings)
    ModelStore(settings.models).install(cards, from_path=from_path)
    return cards


def chosen_cards(settings: Settings) -> list[ModelCard]:
    """The cards of all models that the settings name."""
    names = (settings.detector, settings.embedder, settings.landmarker, settings.eyes)
    ours = [read_card(card_folder(settings.cards, name)) for name in names]
    return ours if settings.pad_card is None else [*ours, read_pad_card(settings.pad_card)]


def open_stages(settings: Settings) -> Stages:
    """Load the models and start the processes that decode; what does not check out refuses to start."""
    own = settings.cards
    with ExitStack() as undo:
        decoder = DecodingPool()
        undo.callback(decoder.close)
        store = ModelStore(settings.models)
        runtime = Runtime(threads=settings.cores_per_inference, streams=settings.inferences_at_once)
        extractor = open_extractor(
            store,
            runtime,
            detector_card=card_folder(own, settings.detector),
            embedder_card=card_folder(own, settings.embedder),
            landmarker_card=card_folder(own, settings.landmarker),
            pad_card=settings.pad_card,
            decoder=decoder,
            # While some are being decoded, others can be looked at.
            at_once=decoder.at_once + settings.inferences_at_once,
        )
        filming = open_filming(
            store,
            runtime,
            detector_card=card_folder(own, settings.detector),
            embedder_card=card_folder(own, settings.embedder),
            landmarker_card=card_folder(own, settings.landmarker),
            eyes_card=card_folder(own, settings.eyes),
            decoder=decoder,
            at_once=settings.inferences_at_once,
        )
        calibration = read_calibration(card_folder(own, settings.embedder))
        return Stages(
            extractor,
            calibration,
            open_face_finder(store),
            filming,
            active_report=None if settings.pad_report is None else read_active_report(settings.pad_report),
            roots=None if settings.attestation_roots is None else read_roots(settings.attestation_roots),
            close=undo.pop_all().close,
        )


def planned_model(settings: Settings) -> tuple[Calibration, int]:
    """What the planner knows of the embedder that the settings name: its calibration, and how long its templates are.

    :raises StartupError: the card or the calibration does not pass.
    """
    folder = card_folder(settings.cards, settings.embedder)
    return read_calibration(folder), read_embedder_card(folder).output.dimension


def cards_of(settings: Settings) -> Path:
    """The folder of model cards that the settings name, or ours."""
    return settings.cards or cards_folder()
