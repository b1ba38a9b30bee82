"""The composition root of measuring on labelled photos.

There is no data directory, database, key or server here, and nothing that could open one: a data set is no gallery.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from visavis import __version__
from visavis.adapters.cards import card_folder, read_calibration, read_card
from visavis.adapters.decoding.pool import DecodingPool
from visavis.adapters.evaluation.open import open_data_set
from visavis.adapters.evaluation.output import as_json, require_new, require_new_file, write_json, write_report
from visavis.adapters.evaluation.presentations import open_presentations
from visavis.adapters.evaluation.work import work_file
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_embedder, open_extractor, open_filming, open_landmarker
from visavis.flows.evaluate import GALLERIES, Asked, Evaluate, Evaluation, Told
from visavis.flows.evaluate_pad import AskedPad, EvaluatePad
from visavis.flows.presenting import Look, look_at_captures, look_at_stills
from visavis.flows.probing import same_person_bar
from visavis.flows.templates import TemplateMaker
from visavis.model.presentations import Form
from visavis.quality.gate import PROBE
from visavis.settings import Settings

__all__ = ["GALLERIES", "WORK", "PadPlace", "Place", "as_json", "evaluate", "evaluate_pad"]

WORK: Final = Path(".cache", "visavis", "evaluate")
"""Where a run keeps what it made, below the home directory, if it is not told."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything lies. See ``visavis evaluate --help``."""

    data_set: Path
    photos: Path | None = None
    labels: Path | None = None
    output: Path | None = None
    work: Path = field(default_factory=lambda: Path.home() / WORK)
    keep: bool = False


def evaluate(settings: Settings, place: Place, asked: Asked, *, told: Told) -> Evaluation:
    """Measure the models that the settings name on a data set, and write the report where it is wanted.

    :raises EvaluationRefused: the leaf says what is wrong with the data set, or with where its report goes.
    :raises StartupError: a model is missing or not the one its card names.
    """
    if place.output is not None:
        require_new(place.output)
    data = open_data_set(place.data_set, photos=place.photos, labels=place.labels)
    cores = len(os.sched_getaffinity(0))
    store, runtime = ModelStore(settings.models), Runtime(threads=1, streams=cores)
    names = (settings.detector, settings.landmarker, settings.embedder)
    folders = [card_folder(settings.cards, name) for name in names]
    cards = [read_card(folder) for folder in folders]
    detector = open_detector(store, runtime, card_folder=folders[0])
    landmarker = open_landmarker(store, runtime, card_folder=folders[1])
    embedder = open_embedder(store, runtime, card_folder=folders[2])
    models: dict[str, dict[str, str]] = {
        card.role: {"id": card.id, "sha256": card.sha256, "precision": runtime.precision} for card in cards
    }
    key = _key([card.model_dump_json() for card in cards], models, asked.meant.value)
    with (
        closing(DecodingPool(at_once=cores)) as decoder,
        work_file(place.work.expanduser(), key=key, dimension=embedder.dimension, keep=place.keep) as before,
    ):
        maker = TemplateMaker(
            decoder=decoder,
            detector=detector,
            landmarker=landmarker,
            embedder=embedder,
            meant=asked.meant,
            gate=PROBE,
        )
        found = Evaluate(maker=maker, models=models).run(data, before=before, asked=asked, told=told)
        if place.output is not None:
            write_report(place.output, found.report, found.calibration)
    return found


@dataclass(frozen=True, slots=True)
class PadPlace:
    """Where everything lies. See ``visavis evaluate pad --help``."""

    data_set: Path
    output: Path | None = None
    work: Path = field(default_factory=lambda: Path.home() / WORK)
    keep: bool = False


def evaluate_pad(settings: Settings, place: PadPlace, *, fmr: float, about: str, told: Told) -> dict[str, Any]:
    """Measure what finds attacks, and what the comparison lets pass beside it, on a set of presentations.

    :param fmr: the comparison's bar is the one of this rate.
    :raises EvaluationRefused: the leaf says what is wrong with the set, or with where its report goes.
    :raises StartupError: a model is missing or not the one its card names. :raises PromiseTooStrict: the calibration
        does not know such a rate.
    """
    if place.output is not None:
        require_new_file(place.output)
    data = open_presentations(place.data_set)
    cores = len(os.sched_getaffinity(0))
    store, runtime = ModelStore(settings.models), Runtime(threads=1, streams=cores)
    captures = data.presentations.form is Form.CAPTURE
    names = (settings.detector, settings.embedder, settings.landmarker, *([settings.eyes] if captures else []))
    folders = [card_folder(settings.cards, name) for name in names]
    pad_card = None if captures else settings.pad_card
    cards = [read_card(folder) for folder in (*folders, *([pad_card] if pad_card else []))]
    models: dict[str, dict[str, str]] = {
        card.role: {"id": card.id, "sha256": card.sha256, "precision": runtime.precision} for card in cards
    }
    calibration = read_calibration(folders[1])
    asked = AskedPad(fmr=fmr, threshold=calibration.threshold_at(fmr), about=about)
    with closing(DecodingPool(at_once=cores)) as decoder:
        extractor = open_extractor(
            store,
            runtime,
            detector_card=folders[0],
            embedder_card=folders[1],
            landmarker_card=folders[2],
            pad_card=pad_card,
            decoder=decoder,
            at_once=cores + 1,
        )
        looks: dict[Form, Look] = {Form.STILL: look_at_stills(extractor)}
        if captures:
            filming = open_filming(
                store,
                runtime,
                detector_card=folders[0],
                embedder_card=folders[1],
                landmarker_card=folders[2],
                eyes_card=folders[3],
                decoder=decoder,
            )
            looks[Form.CAPTURE] = look_at_captures(filming, extractor, same_person=same_person_bar(calibration))
        key = _key([card.model_dump_json() for card in cards], models, "presentations")
        with work_file(place.work.expanduser(), key=key, dimension=extractor.dimension, keep=place.keep) as before:
            measure = EvaluatePad(looks=looks, models=models)
            report = measure.run(data, before=before, asked=asked, told=told)
            if place.output is not None:
                write_json(place.output, report)
    return report


def _key(cards: Sequence[str], models: Mapping[str, Any], how: str) -> str:
    """A digest of everything but the photo that a template depends on."""
    return hashlib.sha256("\n".join([__version__, repr(models), how, *cards]).encode()).hexdigest()[:32]
