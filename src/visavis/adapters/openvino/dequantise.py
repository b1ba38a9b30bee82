"""Turn a block-quantised ONNX file into plain float32 weights, once.

OpenCV Zoo publishes its models with weights stored as int8 blocks (``DequantizeLinear`` with
``block_size``, opset 21). Inference runtimes do not load such files as they are, so the blocks are
multiplied out here and the result is what the runtime compiles. Activations were never quantised:
the output of the graph is the original one to float32 rounding.
"""

import numpy as np
import onnx
from onnx import numpy_helper

VERSION = 1
"""Of what ``dequantise`` makes; results of another version in a cache are made anew."""

OPSET = 17
"""The newest operator set that every runtime we tried accepts; the graphs need nothing later."""


def dequantise(source: bytes) -> bytes:
    """The same network with float32 weights, a free batch axis and free image sides.

    :param source: an ONNX file, block-quantised or not.
    :returns: an ONNX file in operator set 17 in which constants are initialisers, ``Dropout`` is gone,
        and the batch axis of every input (for images that feed a fully convolutional network also
        height and width) may be anything.
    """
    model = onnx.load_from_string(source)
    graph = model.graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    kept = []
    renamed: dict[str, str] = {}
    for node in graph.node:
        folded = _fold(node, constants)
        if folded is not None:
            constants[node.output[0]] = folded
        elif node.op_type == "Dropout":
            renamed[node.output[0]] = renamed.get(node.input[0], node.input[0])
        else:
            kept.append(node)
    for node in kept:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    _replace_graph(model, kept, constants)
    return bytes(model.SerializeToString())


def _fold(node: onnx.NodeProto, constants: dict[str, np.ndarray]) -> np.ndarray | None:
    """The value of a node that depends on constants alone, or None if it has to stay."""
    if node.op_type == "Constant":
        return _constant_value(node)
    if not all(name in constants for name in node.input):
        return None
    values = [constants[name] for name in node.input]
    if node.op_type == "DequantizeLinear":
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        return _multiply_out(values, int(attributes.get("axis", 1)), int(attributes.get("block_size", 0)))
    if node.op_type == "Reshape":
        return values[0].reshape(values[1].astype(int))
    return None


def _constant_value(node: onnx.NodeProto) -> np.ndarray | None:
    for attribute in node.attribute:
        if attribute.name == "value":
            return numpy_helper.to_array(attribute.t)
    return None


def _multiply_out(values: list[np.ndarray], axis: int, block: int) -> np.ndarray:
    """(q - zero) * scale, with scale and zero repeated along the blocked axis."""
    quantised, scale = values[0], values[1]
    zero = values[2] if len(values) > 2 else np.zeros_like(scale, dtype=quantised.dtype)  # noqa: PLR2004
    if block:
        size = quantised.shape[axis]
        scale = np.repeat(scale, block, axis=axis).take(range(size), axis=axis)
        zero = np.repeat(zero, block, axis=axis).take(range(size), axis=axis)
    elif scale.ndim == 1 and quantised.ndim > 1:
        shape = [1] * quantised.ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return ((quantised.astype(np.float32) - zero.astype(np.float32)) * scale).astype(np.float32)


def _replace_graph(model: onnx.ModelProto, nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray]) -> None:
    graph = model.graph
    used = {name for node in nodes for name in node.input} | {output.name for output in graph.output}
    inputs = [value for value in graph.input if value.name in used - constants.keys()]
    convolutional = not any(node.op_type in {"Gemm", "MatMul"} for node in nodes)
    for value in inputs:
        shape = value.type.tensor_type.shape.dim
        shape[0].dim_param = "batch"
        if convolutional and len(shape) == 4:  # noqa: PLR2004
            shape[2].dim_param, shape[3].dim_param = "height", "width"
    tensors = [numpy_helper.from_array(array, name) for name, array in constants.items() if name in used]
    _replace(graph.node, nodes)
    _replace(graph.initializer, tensors)
    _replace(graph.input, inputs)
    del graph.value_info[:]
    for value in graph.output:
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            size.dim_param = f"{value.name}_{axis}"
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))


def _replace(field: object, items: list) -> None:  # type: ignore[type-arg]
    items = [type(item).FromString(item.SerializeToString()) for item in items]
    del field[:]  # type: ignore[attr-defined]
    field.extend(items)  # type: ignore[attr-defined]
