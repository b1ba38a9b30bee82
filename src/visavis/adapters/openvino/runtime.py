"""OpenVINO as we use it: on the CPU, from bytes, without a word to anybody."""

import queue
from typing import Final

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import preprocess

from visavis.adapters.cards import ImageInput, ModelCard
from visavis.model.weights import ModelUnusable

_BF16: Final = "BF16"


class Network:
    """A compiled network that takes uint8 pictures. May be run from several threads at once."""

    def __init__(self, compiled: openvino.CompiledModel, *, file: str) -> None:
        self._compiled = compiled
        self._file = file
        self._idle: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        self._places = {name: place for place, output in enumerate(compiled.outputs) for name in output.names}

    @property
    def output_names(self) -> set[str]:
        """Every name an output answers to."""
        return set(self._places)

    def run(self, pictures: NDArray[np.uint8], *, outputs: list[str]) -> list[NDArray[np.float32]]:
        """The named outputs for ``pictures``.

        :param pictures: shape (n, height, width, 3), red, green, blue.
        :param outputs: names out of ``output_names``.
        :raises ModelUnusable: the network does not take pictures of this size.
        """
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        try:
            request.infer([pictures], share_inputs=True)
            # The tensors belong to the request and the next picture overwrites them: copy.
            return [np.array(request.get_output_tensor(self._places[name]).data, np.float32) for name in outputs]
        except RuntimeError as broken:
            raise ModelUnusable(f"{self._file} does not run on pictures of {pictures.shape[1:]}.") from broken
        finally:
            self._idle.put(request)


class Runtime:
    """Compiles networks.

    :param threads: CPU cores that one picture is spread over.
    :param streams: pictures computed at the same time; more wait.
    """

    def __init__(self, *, threads: int = 1, streams: int = 1) -> None:
        self._core = openvino.Core()
        self._settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": str(threads * streams),
            "INFERENCE_PRECISION_HINT": self.precision,
        }

    @property
    def precision(self) -> str:
        """``bf16`` where the CPU computes in it, else ``f32``.

        bfloat16 halves the time, and its templates stay within cosine 0.996 of the exact ones, so that both compare
        with each other and share one model id.
        """
        return "bf16" if _BF16 in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"

    def compile(self, network: bytes, *, card: ModelCard) -> Network:
        """``network``, with the card's picture handling built in, so that the runtime does it in one pass.

        :param network: an ONNX file with one input and float32 weights.
        :raises ModelUnusable: it does not parse, has other inputs than one picture, or does not compile.
        """
        try:
            model = self._core.read_model(network)
            if len(model.inputs) != 1:
                raise ModelUnusable(f"{card.file} has {len(model.inputs)} inputs, wanted one.")
            model = _take_pictures(model, card.input)
            return Network(self._core.compile_model(model, "CPU", self._settings), file=card.file)
        except RuntimeError as broken:
            raise ModelUnusable(f"{card.file} does not compile: {str(broken).strip().splitlines()[-1]}.") from broken


def _take_pictures(model: openvino.Model, how: ImageInput) -> openvino.Model:
    steps = preprocess.PrePostProcessor(model)
    picture = steps.input()
    picture.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    picture.tensor().set_color_format(preprocess.ColorFormat.RGB).set_spatial_dynamic_shape()
    picture.model().set_layout(openvino.Layout(how.layout))
    convert = picture.preprocess()
    if how.colours == "BGR":
        convert.convert_color(preprocess.ColorFormat.BGR)
    convert.convert_element_type(openvino.Type.f32)
    if any(how.mean):
        convert.mean(list(how.mean))
    if how.scale != (1.0, 1.0, 1.0):
        convert.scale([1.0 / factor for factor in how.scale])
    return steps.build()
