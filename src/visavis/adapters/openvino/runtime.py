"""OpenVINO as we use it: on the CPU, from bytes, without a word to anybody."""

import queue
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import preprocess

from visavis.adapters.cards import ImageInput, ModelCard
from visavis.model.weights import ModelUnusable

_BF16: Final = "BF16"
_LITE: Final = b"TFL3"
_LITE_AT: Final = slice(4, 8)
"""How a TensorFlow Lite file is known: its schema's identifier, after the first four bytes."""
_SHAPES: Final = 12
"""Shapes of pictures that have requests of their own: some 10 MB each for a detector of faces."""


class _Requests:
    """Infer requests of one compiled network: as many as ever ran at once, used again and again.

    A request that is shown pictures of another shape than before makes itself ready for it first, which takes as long
    as half a small detection. So each keeps to a shape, until that is the one that was asked for longest ago: then the
    next new shape takes its requests over, those that are at work as well when they come back.
    """

    def __init__(self, compiled: openvino.CompiledModel) -> None:
        self._compiled = compiled
        self._idle: OrderedDict[tuple[int, ...], queue.SimpleQueue[openvino.InferRequest]] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, shape: tuple[int, ...]) -> Iterator[openvino.InferRequest]:
        """A request for pictures of this shape that nobody else has meanwhile."""
        with self._lock:
            if shape not in self._idle:
                full = len(self._idle) >= _SHAPES
                self._idle[shape] = self._idle.popitem(last=False)[1] if full else queue.SimpleQueue()
            self._idle.move_to_end(shape)
            idle = self._idle[shape]
        try:
            request = idle.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        try:
            yield request
        finally:
            idle.put(request)


class _Load:
    """How many pictures are being computed, whatever the network."""

    def __init__(self) -> None:
        self._running = 0
        self._lock = threading.Lock()

    @contextmanager
    def one_more(self) -> Iterator[bool]:
        """Count a picture while the block lasts; whether it is the only one."""
        with self._lock:
            self._running += 1
            alone = self._running == 1
        try:
            yield alone
        finally:
            with self._lock:
                self._running -= 1


class Network:
    """A compiled network that takes uint8 pictures. May be run from several threads at once.

    A picture on its own is spread over several cores, because a person waits for it. While others wait too, each gets
    one core: two pictures side by side take two thirds of the time that one after the other takes on two cores.
    """

    def __init__(
        self, alone: openvino.CompiledModel, *, among_others: openvino.CompiledModel, load: _Load, file: str
    ) -> None:
        self._file = file
        self._alone, self._among_others = _Requests(alone), _Requests(among_others)
        self._load = load
        self._places = {name: place for place, output in enumerate(alone.outputs) for name in output.names}

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
        with (
            self._load.one_more() as alone,
            (self._alone if alone else self._among_others).one(pictures.shape) as request,
        ):
            try:
                request.infer([pictures], share_inputs=True)
            except RuntimeError as broken:
                raise ModelUnusable(f"{self._file} does not run on pictures of {pictures.shape[1:]}.") from broken
            # The tensors belong to the request and the next picture overwrites them: copy.
            return [np.array(request.get_output_tensor(self._places[name]).data, np.float32) for name in outputs]


class Runtime:
    """Compiles networks.

    :param threads: CPU cores that a picture is spread over while no other is computed.
    :param streams: pictures that get as many cores at the same time.
    """

    def __init__(self, *, threads: int = 1, streams: int = 1) -> None:
        self._core = openvino.Core()
        self._streams, self._threads = streams, threads
        self._load = _Load()

    @property
    def precision(self) -> str:
        """``bf16`` where the CPU computes in it, else ``f32``.

        bfloat16 halves the time, and its templates stay within cosine 0.996 of the exact ones, so that both compare
        with each other and share one model id.
        """
        return "bf16" if _BF16 in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"

    def compile(self, network: bytes, *, card: ModelCard) -> Network:
        """``network``, with the card's picture handling built in, so that the runtime does it in one pass.

        :param network: an ONNX or TensorFlow Lite file with one input and float weights.
        :raises ModelUnusable: it does not parse, has other inputs than one picture, or does not compile.
        """
        try:
            model = self._read(network)
            if len(model.inputs) != 1:
                raise ModelUnusable(f"{card.file} has {len(model.inputs)} inputs, wanted one.")
            model = _take_pictures(model, card.input)
            alone = self._compiled(model, streams=self._streams)
            among_others = alone if self._threads == 1 else self._compiled(model, streams=self._streams * self._threads)
            return Network(alone, among_others=among_others, load=self._load, file=card.file)
        except RuntimeError as broken:
            raise ModelUnusable(f"{card.file} does not compile: {str(broken).strip().splitlines()[-1]}.") from broken

    def _read(self, network: bytes) -> openvino.Model:
        if network[_LITE_AT] != _LITE:
            return self._core.read_model(network)
        # OpenVINO knows such a file by its name only. The folder is ours alone, and what is in it was checked before.
        with tempfile.TemporaryDirectory(prefix="visavis-network-") as folder:
            path = Path(folder) / "network.tflite"
            path.write_bytes(network)
            return self._core.read_model(path)

    def _compiled(self, model: openvino.Model, *, streams: int) -> openvino.CompiledModel:
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": str(self._threads * self._streams),
            "INFERENCE_PRECISION_HINT": self.precision,
        }
        return self._core.compile_model(model, "CPU", settings)


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
