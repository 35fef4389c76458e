"""Networks saved by Keras as ONNX models, layer by layer.

Only the layers that this package writes, or that SCoPe's published networks have, are known; any
other is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models.runtime.keras_files import BROKEN, check_weights, first_line, read_parts

Floats = npt.NDArray[np.float32]

MAX_INPUTS = 1_000_000  # Numbers of a row.

OPSET = 17

IR_VERSION = 8


@dataclass
class KerasFile:
    """Layers and weights of a ``.keras`` file.

    Attributes
    ----------
    layers : list of dict
        As in ``config.json``, inputs before what uses them.
    weights : dict of str to list of float32 arrays
        By layer name, in Keras' order.
    output : str
        Name of the last layer.
    """

    layers: list[dict[str, Any]]
    weights: dict[str, list[Floats]]
    output: str


def read_keras(path: str | Path) -> KerasFile:
    """Read a functional model with one output, as written by Keras 3.

    Raises
    ------
    BundleError
        If the file is not one.
    """
    import h5py

    try:
        whole, content = read_parts(path)
        config = whole["config"]
        weights = {}
        with h5py.File(content) as file:
            check_weights(file, content.getbuffer().nbytes)
            for group in file["layers"].values():
                variables = group["vars"]
                arrays = [variables[str(i)][()] for i in range(len(variables))]
                weights[str(variables.attrs["name"])] = arrays
        output = config["output_layers"]
        return KerasFile(config["layers"], weights, (output if _is_node(output) else output[0])[0])
    except BROKEN as error:
        raise BundleError(
            f"network {path} cannot be read",
            value=first_line(error),
            allowed="a functional model with one output, saved by Keras 3 as .keras",
            todo="train it again or take it from where the bundle came from",
        ) from error


def _is_node(reference: list[Any]) -> bool:
    return isinstance(reference[0], str)


@dataclass
class _Graph:
    """ONNX nodes and constants under construction; images are channels-first."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def onnx_model(path: str | Path) -> bytes:
    """Return the network of a ``.keras`` file as a serialised ONNX model.

    Inputs and the output have the names of the layers and Keras' shapes. The bytes
    depend on the file alone.

    Raises
    ------
    BundleError
        If the file cannot be read or has a layer that is not known here.
    """
    keras_file = read_keras(path)
    try:
        return _translated(keras_file, path)
    except BROKEN as error:
        raise unknown_layer(path, first_line(error), "layers that fit each other") from error


def _translated(keras_file: KerasFile, path: str | Path) -> bytes:
    from onnx import TensorProto, helper

    graph = _Graph()
    tensors: dict[str, str] = {}
    for layer in keras_file.layers:
        translate = _TRANSLATORS.get(layer["class_name"])
        if translate is None:
            raise unknown_layer(path, layer["class_name"], _TRANSLATORS)
        name = layer["config"]["name"]
        sources = [tensors[source] for source in _sources(layer)]
        tensors[name] = translate(graph, layer["config"], sources, keras_file.weights.get(name, []))
    output = graph.node("Identity", [tensors[keras_file.output]], "score")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            graph.inputs,
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["rows", 1])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="scope",
    )
    return bytes(model.SerializeToString(deterministic=True))


def unknown_layer(path: str | Path, what: object, known: Any) -> BundleError:
    return BundleError(
        f"network {path} with something that cannot be run without Keras",
        value=str(what),
        allowed=known,
        todo="train it with this package",
    )


def _sources(layer: dict[str, Any]) -> list[str]:
    """Return the names of the layers that feed a layer."""
    found: list[str] = []

    def collect(item: Any) -> None:
        if isinstance(item, dict) and item.get("class_name") == "__keras_tensor__":
            found.append(item["config"]["keras_history"][0])
        elif isinstance(item, list):
            for part in item:
                collect(part)

    for call in layer["inbound_nodes"]:
        collect(call["args"])
    return found


def _input(graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]) -> str:
    from onnx import TensorProto, helper

    name, shape = config["name"], config["batch_shape"][1:]
    graph.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", *shape]))
    if len(shape) == 1:
        return name
    height, width, channels = shape
    if channels == 1:
        # One channel: first or last is the same memory.
        target = graph.constant(f"{name}/shape", np.array([-1, 1, height, width], dtype=np.int64))
        return graph.node("Reshape", [name, target], f"{name}/image")
    return graph.node("Transpose", [name], f"{name}/image", perm=[0, 3, 1, 2])


def _activated(graph: _Graph, config: dict[str, Any], tensor: str) -> str:
    activation = config.get("activation", "linear")
    if activation == "linear":
        return tensor
    operators = {"relu": "Relu", "sigmoid": "Sigmoid"}
    if activation not in operators:
        raise unknown_layer(config["name"], f"activation {activation}", ["linear", *operators])
    return graph.node(operators[activation], [tensor], f"{config['name']}/{activation}")


def _dense(graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]) -> str:
    name = config["name"]
    kernel, bias = weights
    inputs = [
        *sources,
        graph.constant(f"{name}/kernel", kernel),
        graph.constant(f"{name}/bias", bias),
    ]
    return _activated(graph, config, graph.node("Gemm", inputs, f"{name}/sum"))


def _separable(
    graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]
) -> str:
    name = config["name"]
    for key, expected in (("strides", 1), ("dilation_rate", 1)):
        if set(config[key]) != {expected}:
            raise unknown_layer(name, f"{key} {config[key]}", [expected])
    if config["padding"] != "valid" or config["data_format"] != "channels_last":
        raise unknown_layer(
            name, (config["padding"], config["data_format"]), ["valid, channels_last"]
        )
    depthwise, pointwise, bias = weights
    height, width, channels, multiplier = depthwise.shape
    kernel = depthwise.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    spatial = graph.node(
        "Conv",
        [*sources, graph.constant(f"{name}/depthwise", kernel)],
        f"{name}/spatial",
        group=channels,
        kernel_shape=[height, width],
    )
    mixed = graph.node(
        "Conv",
        [
            spatial,
            graph.constant(f"{name}/pointwise", pointwise.transpose(3, 2, 0, 1)),
            graph.constant(f"{name}/bias", bias),
        ],
        f"{name}/mixed",
        kernel_shape=[1, 1],
    )
    return _activated(graph, config, mixed)


def _max_pool(
    graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]
) -> str:
    if config["padding"] != "valid" or config["data_format"] != "channels_last":
        raise unknown_layer(config["name"], config["padding"], ["valid, channels_last"])
    return graph.node(
        "MaxPool",
        sources,
        config["name"],
        kernel_shape=list(config["pool_size"]),
        strides=list(config["strides"]),
    )


def _global_average(
    graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]
) -> str:
    name = config["name"]
    return graph.node(
        "Flatten", [graph.node("GlobalAveragePool", sources, f"{name}/mean")], name, axis=1
    )


def _concatenate(
    graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]
) -> str:
    return graph.node("Concat", sources, config["name"], axis=1)


def _nothing(
    graph: _Graph, config: dict[str, Any], sources: list[str], weights: list[Floats]
) -> str:
    """Dropout acts in training only."""
    return sources[0]


_TRANSLATORS = {
    "InputLayer": _input,
    "Dense": _dense,
    "Dropout": _nothing,
    "SeparableConv2D": _separable,
    "MaxPooling2D": _max_pool,
    "GlobalAveragePooling2D": _global_average,
    "Concatenate": _concatenate,
}
