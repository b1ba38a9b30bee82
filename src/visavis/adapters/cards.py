"""Model cards: what a network file is, how it is fed and how its answer is read.

A card is the folder ``models/<id>`` with ``card.toml`` beside the licence and, for an embedder, its calibration. Any
ONNX detector or embedder that a card can describe runs without a line of code. ``docs/reference/model-cards.md``
explains the fields.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

import visavis
from visavis.adapters.pad_report import ReportFields, told
from visavis.capture.align import CROP_SIDE
from visavis.model.calibration import Calibration, CalibrationInvalid
from visavis.model.mesh import POINTS
from visavis.model.purpose import LivenessMode
from visavis.model.weights import ModelCardInvalid

_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_Colour = Annotated[tuple[float, float, float], Field()]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Source(_Strict):
    """The published wheel that carries the file as data; none of its code is ever imported."""

    package: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    version: str = Field(pattern=r"^[A-Za-z0-9.+!]+$")
    wheel: str = Field(pattern=r"^[A-Za-z0-9._+-]+\.whl$")
    wheel_sha256: _Sha256
    path: str


class ImageInput(_Strict):
    """How pixels are handed to the network: (value - mean) * scale, per channel in the order of ``colours``."""

    colours: Literal["RGB", "BGR"]
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    mean: _Colour = (0.0, 0.0, 0.0)
    scale: _Colour = (1.0, 1.0, 1.0)


class Sides(_Strict):
    """The picture sizes a detector is run at, tried in order until one shows the faces well enough."""

    multiple_of: int = Field(default=32, ge=1, le=128)
    longest: tuple[Annotated[int, Field(ge=32, le=4096)], ...] = Field(min_length=1)
    sure_width: float = Field(gt=0)
    """Width in network pixels from which a face, and any other half as wide, is found for certain."""

    @model_validator(mode="after")
    def _ascend(self) -> Self:
        if list(self.longest) != sorted(set(self.longest)):
            raise ValueError("longest must ascend")
        return self


class DetectorOutput(_Strict):
    """How faces are read from the outputs of an anchor-based, one-stage detector.

    A name holds ``{stride}`` or is given once per stride. Several ``scores`` are joined by their geometric mean.
    """

    strides: tuple[Annotated[int, Field(ge=1, le=256)], ...] = Field(min_length=1)
    anchors_per_cell: int = Field(default=1, ge=1, le=16)
    scores: tuple[str | tuple[str, ...], ...] = Field(min_length=1)
    boxes: str | tuple[str, ...]
    landmarks: str | tuple[str, ...]
    box_coding: Literal["centre_log_size", "edge_distances"]
    score_threshold: float = Field(gt=0, lt=1)
    nms_iou: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _one_name_per_stride(self) -> Self:
        for pattern in (*self.scores, self.boxes, self.landmarks):
            if isinstance(pattern, str) and "{stride}" not in pattern and len(self.strides) > 1:
                raise ValueError(f"{pattern!r} needs {{stride}} in it, or one name per stride")
            if not isinstance(pattern, str) and len(pattern) != len(self.strides):
                raise ValueError(f"{list(pattern)} must name one output per stride")
        return self

    def names(self, pattern: str | tuple[str, ...]) -> list[str]:
        """The output names of ``pattern``, one per stride."""
        if isinstance(pattern, str):
            return [pattern.replace("{stride}", str(stride)) for stride in self.strides]
        return list(pattern)


class LengthFields(_Strict):
    """How long vectors are before they are brought to length 1; see ``UsualLength``."""

    middle: float = Field(gt=0)
    width: float = Field(gt=0)


class EmbedderOutput(_Strict):
    """Where the vector is, and what a template is made of it."""

    name: str
    dimension: int = Field(ge=8, le=4096)
    mirrored: bool = False
    """Whether the crop's mirror image is shown as well and the mean of both vectors taken: twice the time."""
    centre: tuple[float, ...] | None = None
    """What the unit vectors of all faces have in common: their mean. It tells nobody apart and is taken away."""
    length: LengthFields | None = None
    """What the unified quality score of a photo is read from. Without it there is none, and no gate asks for one."""

    @model_validator(mode="after")
    def _centre_is_inside(self) -> Self:
        if self.centre is not None and len(self.centre) != self.dimension:
            raise ValueError(f"centre has {len(self.centre)} numbers, dimension is {self.dimension}")
        if sum(part * part for part in self.centre or ()) >= 1:
            raise ValueError("centre must be the mean of unit vectors, shorter than 1")
        return self


class _Card(_Strict):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")
    title: str
    file: _FileName
    size: int = Field(alias="bytes", ge=1)
    sha256: _Sha256
    licence: str
    licence_note: str
    training_data: str
    source: Source | None = None
    input: ImageInput


class DetectorCard(_Card):
    """A network that finds faces with five landmarks."""

    role: Literal["detector"]
    sides: Sides
    output: DetectorOutput


class EmbedderCard(_Card):
    """A network that turns an aligned 112 x 112 face into a vector."""

    role: Literal["embedder"]
    side: Literal[112] = CROP_SIDE
    output: EmbedderOutput
    calibration: _FileName


class LandmarkerOutput(_Strict):
    """Where the points of the mesh are, and how sure the network is that there is a face."""

    points: str
    presence: str
    count: Literal[468] = POINTS


class LandmarkerCard(_Card):
    """A network that finds the 468 points of the canonical face in a square picture of one face."""

    role: Literal["landmarker"]
    side: int = Field(default=192, ge=64, le=512)
    output: LandmarkerOutput


class EyesOutput(BaseModel):
    """What the network gives: the contour of one eye, x, y and z in pixels of its picture."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    points: str
    count: Literal[71]


class EyesCard(_Card):
    """A network that finds the contour of an eye in a square picture of it."""

    role: Literal["eyes"]
    side: int = Field(default=64, ge=32, le=256)
    output: EyesOutput


class PadSquare(_Strict):
    """The upright square of a picture that the network is shown.

    Its middle is that of the face's box, and it is ``wide`` times as large as the box's longer side. Where it would
    reach beyond the picture it is filled with black, or moved inside and, where it is larger, shrunk to fit.
    """

    side: int = Field(ge=32, le=512)
    """Width and height of what is shown, pixels."""
    wide: float = Field(ge=1, le=8)
    beyond: Literal["black", "inside"]


class PadOutput(_Strict):
    """Which numbers of which output say that it is an attack, or that it is not, and from where on it is one."""

    name: str
    count: int = Field(ge=1, le=64)
    form: Literal["probabilities", "logits"]
    says: Literal["attack", "bona_fide"]
    numbers: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    """Places among the ``count`` numbers, from 0; what they say is added up."""
    bar: float = Field(gt=0, lt=1)
    """From this share for an attack on the face is refused."""

    @model_validator(mode="after")
    def _numbers_are_there(self) -> Self:
        there = set(self.numbers)
        if len(there) != len(self.numbers) or max(there) >= self.count or (self.count > 1 and len(there) == self.count):
            raise ValueError(f"numbers must be some, and not all, of 0 to {self.count - 1}, each once")
        return self


class PadCard(_Card):
    """A network that tells a living face from a picture or a mask of one. None comes with us; see ``PassivePad``."""

    role: Literal["pad"]
    square: PadSquare
    output: PadOutput
    report: ReportFields

    @model_validator(mode="after")
    def _report_is_of_this_mode(self) -> Self:
        if self.report.mode != LivenessMode.PASSIVE.value:
            raise ValueError("report.mode must be passive: a model looks at single photos")
        return self


ModelCard = DetectorCard | EmbedderCard | LandmarkerCard | EyesCard | PadCard

_ANY_CARD: TypeAdapter[ModelCard] = TypeAdapter(Annotated[ModelCard, Field(discriminator="role")])

DEFAULT_DETECTOR = "yunet-2023mar"
DEFAULT_EMBEDDER = "sface-2021dec-centred"
DEFAULT_LANDMARKER = "face-mesh-468"
DEFAULT_EYES = "eye-contour-71"


def cards_folder() -> Path:
    """The folder of the cards we ship: inside an installed package, or ``models/`` of a checkout."""
    package = Path(visavis.__path__[0])
    installed = package / "cards"
    return installed if installed.is_dir() else package.parents[1] / "models"


def read_card(folder: Path) -> ModelCard:
    """The card in ``folder``.

    :raises ModelCardInvalid: it is missing, is not TOML, or a field is wrong; the message names the field.
    """
    path = folder / "card.toml"
    try:
        fields: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        return _ANY_CARD.validate_python(fields)
    except ValidationError as wrong:
        raise ModelCardInvalid(f"{path}: {told(wrong)}.") from wrong
    except (OSError, ValueError) as wrong:
        raise ModelCardInvalid(f"{path}: {wrong}.") from wrong


def read_detector_card(folder: Path) -> DetectorCard:
    """The card in ``folder``, which must be a detector's.

    :raises ModelCardInvalid: it is not, or ``read_card`` refuses it.
    """
    card = read_card(folder)
    if not isinstance(card, DetectorCard):
        raise ModelCardInvalid(f"{folder}: role is {card.role}, wanted detector.")
    return card


def read_embedder_card(folder: Path) -> EmbedderCard:
    """The card in ``folder``, which must be an embedder's.

    :raises ModelCardInvalid: it is not, or ``read_card`` refuses it.
    """
    card = read_card(folder)
    if not isinstance(card, EmbedderCard):
        raise ModelCardInvalid(f"{folder}: role is {card.role}, wanted embedder.")
    return card


def card_folder(cards: Path | None, name: str) -> Path:
    """Where the card of that name lies: in the folder of somebody's own cards, or among ours.

    :param cards: the folder of their own, if there is one; it need not have a card for every model.
    """
    if cards is not None and (cards / name).is_dir():
        return cards / name
    return cards_folder() / name


def read_landmarker_card(folder: Path) -> LandmarkerCard:
    """The card in ``folder``, which must be a landmarker's.

    :raises ModelCardInvalid: it is not, or ``read_card`` refuses it.
    """
    card = read_card(folder)
    if not isinstance(card, LandmarkerCard):
        raise ModelCardInvalid(f"{folder}: role is {card.role}, wanted landmarker.")
    return card


def read_eyes_card(folder: Path) -> EyesCard:
    """The card in ``folder``, which must be of a network that looks at eyes.

    :raises ModelCardInvalid: it is not, or ``read_card`` refuses it.
    """
    card = read_card(folder)
    if not isinstance(card, EyesCard):
        raise ModelCardInvalid(f"{folder}: role is {card.role}, wanted eyes.")
    return card


def read_pad_card(folder: Path) -> PadCard:
    """The card in ``folder``, which must be one of a model that finds attacks.

    :raises ModelCardInvalid: it is not, or ``read_card`` refuses it: it lacks the report, for one.
    """
    card = read_card(folder)
    if not isinstance(card, PadCard):
        raise ModelCardInvalid(f"{folder}: role is {card.role}, wanted pad.")
    return card


def read_calibration(folder: Path) -> Calibration:
    """The calibration beside the embedder's card in ``folder``.

    :raises ModelCardInvalid: the card does not pass.
    :raises CalibrationInvalid: the file is missing, is for another model or makes no sense.
    """
    card = read_embedder_card(folder)
    path = folder / card.calibration
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        raise CalibrationInvalid(f"{path}: {wrong}.") from wrong
    calibration = Calibration.from_fields(fields)
    if calibration.model_id != card.id:
        raise CalibrationInvalid(f"{path} is for the model {calibration.model_id}, the card is {card.id}.")
    return calibration
