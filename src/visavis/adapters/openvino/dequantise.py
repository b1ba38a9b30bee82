"""Turn a block-quantised ONNX file into plain float32 weights, once.

OpenCV Zoo publishes its models with weights stored as int8 blocks (``DequantizeLinear`` with ``block_size``, operator
set 21). Inference runtimes do not load such files as they are, so the blocks are multiplied out here and the result is
what the runtime compiles. Activations were never quantised: the output of the graph is the original one to float32
rounding.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from visavis.model.weights import ModelUnusable

OPSET: Final = 17
"""The newest operator set that every runtime we tried accepts for these graphs."""

_FIRST_BLOCKED: Final = 21
"""The operator set that brought ``block_size``; files of an older one keep their operator set."""

_IMAGE_RANK: Final = 4

Array = NDArray[Any]


def dequantise(source: bytes) -> bytes:
    """The same network with float32 weights and a free batch axis.

    :param source: an ONNX file, block-quantised or not.
    :returns: an ONNX file in which what depends on constants alone is an initialiser, ``Dropout`` is gone, and the
        batch axis of the inputs may be anything; so may height and width if the network is fully convolutional.
    :raises ModelUnusable: it is not an ONNX file.
    """
    try:
        model = onnx.load_from_string(source)
    except Exception as broken:
        raise ModelUnusable("It is not an ONNX file.") from broken
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    kept: list[onnx.NodeProto] = []
    passed_on: dict[str, str] = {}
    for node in model.graph.node:
        value = _value(node, constants)
        if value is not None:
            constants[node.output[0]] = value
        elif node.op_type == "Dropout":
            passed_on[node.output[0]] = passed_on.get(node.input[0], node.input[0])
        else:
            kept.append(node)
    for node in kept:
        node.input[:] = [passed_on.get(name, name) for name in node.input]
    return bytes(_rebuilt(model, kept, constants).SerializeToString())


def _value(node: onnx.NodeProto, constants: Mapping[str, Array]) -> Array | None:
    """What ``node`` always gives, if it depends on constants alone and is of a kind that hides weights."""
    fold = _FOLDS.get(node.op_type)
    if fold is None or not all(name in constants for name in node.input):
        return None
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return fold([constants[name] for name in node.input], attributes)


def _constant(_: list[Array], attributes: Mapping[str, Any]) -> Array | None:
    tensor = attributes.get("value")
    return None if tensor is None else np.asarray(numpy_helper.to_array(tensor))


def _reshape(values: list[Array], _: Mapping[str, Any]) -> Array:
    return values[0].reshape(values[1].astype(int))


def _multiply_out(values: list[Array], attributes: Mapping[str, Any]) -> Array:
    """(q - zero) * scale, with scale and zero repeated along the blocked axis (ONNX ``DequantizeLinear``)."""
    quantised, scale, *rest = values
    zero = rest[0] if rest else np.zeros_like(scale)
    axis, block = int(attributes.get("axis", 1)), int(attributes.get("block_size", 0))
    if block:
        size = range(quantised.shape[axis])
        scale, zero = (np.repeat(part, block, axis=axis).take(size, axis=axis) for part in (scale, zero))
    elif scale.ndim == 1 and quantised.ndim > 1:
        shape = [1] * quantised.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return ((quantised.astype(np.float32) - zero.astype(np.float32)) * scale).astype(np.float32)


_FOLDS: Final[dict[str, Callable[[list[Array], Mapping[str, Any]], Array | None]]] = {
    "Constant": _constant,
    "Reshape": _reshape,
    "DequantizeLinear": _multiply_out,
}


def _rebuilt(model: onnx.ModelProto, nodes: list[onnx.NodeProto], constants: Mapping[str, Array]) -> onnx.ModelProto:
    """A model of ``nodes`` alone, with the constants they use as initialisers."""
    old = model.graph
    used = {name for node in nodes for name in node.input} | {output.name for output in old.output}
    inputs = [value for value in old.input if value.name in used - constants.keys()]
    _free_sizes(inputs, convolutional=not any(node.op_type in {"Gemm", "MatMul"} for node in nodes))
    for value in old.output:
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            size.dim_param = f"{value.name}_{axis}"
    weights = [numpy_helper.from_array(array, name) for name, array in constants.items() if name in used]
    graph = onnx.helper.make_graph(nodes, old.name or "network", inputs, list(old.output), initializer=weights)
    blocked = any(s.domain in {"", "ai.onnx"} and s.version >= _FIRST_BLOCKED for s in model.opset_import)
    opsets = [onnx.helper.make_opsetid("", OPSET)] if blocked else list(model.opset_import)
    return onnx.helper.make_model(graph, ir_version=model.ir_version, opset_imports=opsets)


def _free_sizes(inputs: Iterable[onnx.ValueInfoProto], *, convolutional: bool) -> None:
    for value in inputs:
        shape = value.type.tensor_type.shape.dim
        if len(shape) != _IMAGE_RANK:
            continue
        shape[0].dim_param = "batch"
        if convolutional:
            shape[2].dim_param, shape[3].dim_param = "height", "width"
