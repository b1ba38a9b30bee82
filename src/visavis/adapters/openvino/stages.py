"""The face stages, put together from cards and installed weights."""

from pathlib import Path

from visavis.adapters.cards import (
    DEFAULT_DETECTOR,
    DEFAULT_EMBEDDER,
    DEFAULT_EYES,
    DEFAULT_LANDMARKER,
    cards_folder,
    read_detector_card,
    read_embedder_card,
    read_eyes_card,
    read_landmarker_card,
    read_pad_card,
)
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.dequantise import dequantise
from visavis.adapters.openvino.detector import OnnxDetector
from visavis.adapters.openvino.embedder import OnnxEmbedder
from visavis.adapters.openvino.eyes import OpenVinoEyes
from visavis.adapters.openvino.landmarker import OpenVinoLandmarker
from visavis.adapters.openvino.pad import OpenVinoPad
from visavis.adapters.openvino.runtime import Runtime
from visavis.capture.decode import decode
from visavis.capture.decoder import Decoder
from visavis.flows.extract import Extractor
from visavis.flows.filming import Filming
from visavis.model.weights import ModelMissing


def open_detector(store: ModelStore, runtime: Runtime, *, card_folder: Path | None = None) -> OnnxDetector:
    """The detector whose card lies in ``card_folder``; ours if none is given.

    :raises StartupError: the card, its weights or the network do not pass.
    """
    card = read_detector_card(card_folder or cards_folder() / DEFAULT_DETECTOR)
    return OnnxDetector(store.open(card, prepare=dequantise), card=card, runtime=runtime)


def open_face_finder(store: ModelStore) -> bytes | None:
    """The network that pages guide people with: always that of our own card, whose outputs they know how to read.

    :returns: an ONNX file; None where its weights are not installed, which only guidance needs.
    :raises ModelDigestMismatch: what is installed is not what the card says.
    """
    try:
        return store.open(read_detector_card(cards_folder() / DEFAULT_DETECTOR), prepare=dequantise)
    except ModelMissing:
        return None


def open_embedder(store: ModelStore, runtime: Runtime, *, card_folder: Path | None = None) -> OnnxEmbedder:
    """The embedder whose card lies in ``card_folder``; ours if none is given.

    :raises StartupError: the card, its weights or the network do not pass.
    """
    card = read_embedder_card(card_folder or cards_folder() / DEFAULT_EMBEDDER)
    return OnnxEmbedder(store.open(card, prepare=dequantise), card=card, runtime=runtime)


def open_landmarker(store: ModelStore, runtime: Runtime, *, card_folder: Path | None = None) -> OpenVinoLandmarker:
    """The landmarker whose card lies in ``card_folder``; ours if none is given.

    :raises StartupError: the card, its weights or the network do not pass.
    """
    card = read_landmarker_card(card_folder or cards_folder() / DEFAULT_LANDMARKER)
    return OpenVinoLandmarker(store.open(card, prepare=bytes), card=card, runtime=runtime)


def open_eyes(store: ModelStore, runtime: Runtime, *, card_folder: Path | None = None) -> OpenVinoEyes:
    """What sees how far eyes are open, by the card in ``card_folder``; by ours if none is given.

    :raises StartupError: the card, its weights or the network do not pass.
    """
    card = read_eyes_card(card_folder or cards_folder() / DEFAULT_EYES)
    return OpenVinoEyes(store.open(card, prepare=bytes), card=card, runtime=runtime)


def open_filming(
    store: ModelStore,
    runtime: Runtime,
    *,
    detector_card: Path | None = None,
    embedder_card: Path | None = None,
    landmarker_card: Path | None = None,
    eyes_card: Path | None = None,
    decoder: Decoder = decode,
    at_once: int = 2,
) -> Filming:
    """Everything from the frames of a film to what is seen in them; see ``open_extractor``.

    :raises StartupError: a card, its weights or its network do not pass.
    """
    return Filming(
        detector=open_detector(store, runtime, card_folder=detector_card),
        landmarker=open_landmarker(store, runtime, card_folder=landmarker_card),
        eyes=open_eyes(store, runtime, card_folder=eyes_card),
        embedder=open_embedder(store, runtime, card_folder=embedder_card),
        decoder=decoder,
        at_once=at_once,
    )


def open_extractor(
    store: ModelStore,
    runtime: Runtime,
    *,
    detector_card: Path | None = None,
    embedder_card: Path | None = None,
    landmarker_card: Path | None = None,
    pad_card: Path | None = None,
    decoder: Decoder = decode,
    at_once: int = 2,
) -> Extractor:
    """Everything from a photo to a template.

    :param pad_card: of what finds attacks in single photos, if anything does.
    :param decoder: decodes in this process if not given, which is for trusted photos.
    :param at_once: pictures held in memory at the same time.
    :raises StartupError: a card, its weights or its network do not pass.
    """
    return Extractor(
        detector=open_detector(store, runtime, card_folder=detector_card),
        landmarker=open_landmarker(store, runtime, card_folder=landmarker_card),
        embedder=open_embedder(store, runtime, card_folder=embedder_card),
        pad=None if pad_card is None else open_pad(store, runtime, card_folder=pad_card),
        decoder=decoder,
        at_once=at_once,
    )


def open_pad(store: ModelStore, runtime: Runtime, *, card_folder: Path) -> OpenVinoPad:
    """The model that finds attacks in single photos, whose card lies in ``card_folder``; we bring none.

    :raises StartupError: the card, its report, its weights or the network do not pass.
    """
    card = read_pad_card(card_folder)
    return OpenVinoPad(store.open(card, prepare=dequantise), card=card, runtime=runtime)
