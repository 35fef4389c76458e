"""Layers of Keras as ONNX graphs, and sessions of ONNX Runtime that run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models.images.keras_sequence import Layer

OPSET = 17
IR_VERSION = 8
DROPOUTS = ("Dropout", "SpatialDropout2D")


@dataclass
class Graph:
    """ONNX nodes and constants; images are channels first."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: npt.NDArray[Any]) -> str:
        """Add a constant, an array of any shape (...), and return its name.

        `value` keeps its shape, (...), and dtype.
        """
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def unknown(what: object, allowed: Any) -> BundleError:
    """Return the error about a network that cannot be run."""
    return BundleError(
        "network with something that cannot be run without Keras",
        value=str(what),
        allowed=allowed,
        todo="load it with `tf.keras.models.load_model`, or train one with this package",
    )


def _require(config: Any, **expected: Any) -> None:
    for key, value in expected.items():
        found = config.get(key, value)
        found = tuple(found) if isinstance(found, list) else found
        if found != value:
            raise unknown(f"{key} {found} of layer {config['name']}", [str(value)])


def activated(graph: Graph, config: Any, tensor: str) -> str:
    """Add the activation of a layer."""
    activation = config.get("activation", "linear")
    if isinstance(activation, dict):
        activation = activation.get("class_name", activation)
    if activation == "linear":
        return tensor
    if activation == "softmax":
        return graph.node("Softmax", [tensor], axis=1)
    operators = {"relu": "Relu", "sigmoid": "Sigmoid", "elu": "Elu"}
    if activation not in operators:
        raise unknown(f"activation {activation}", ["linear", "softmax", *operators])
    return graph.node(operators[activation], [tensor])


def _conv(graph: Graph, layer: Layer, tensor: str) -> str:
    config = layer.config
    _require(config, data_format="channels_last", dilation_rate=(1, 1), groups=1)
    kernel, *bias = layer.weights
    inputs = [tensor, graph.constant(kernel.transpose(3, 2, 0, 1)), *map(graph.constant, bias)]
    pads = {"valid": "VALID", "same": "SAME_UPPER"}[config["padding"]]
    made = graph.node(
        "Conv",
        inputs,
        kernel_shape=list(kernel.shape[:2]),
        strides=list(config["strides"]),
        auto_pad=pads,
    )
    return activated(graph, config, made)


def _separable(graph: Graph, layer: Layer, tensor: str) -> str:
    config = layer.config
    _require(config, data_format="channels_last", dilation_rate=(1, 1), depth_multiplier=1)
    depthwise, pointwise, *bias = layer.weights
    height, width, channels, _ = depthwise.shape
    spatial = graph.node(
        "Conv",
        [tensor, graph.constant(depthwise.transpose(2, 3, 0, 1))],
        group=channels,
        kernel_shape=[height, width],
        strides=list(config["strides"]),
        auto_pad={"valid": "VALID", "same": "SAME_UPPER"}[config["padding"]],
    )
    inputs = [spatial, graph.constant(pointwise.transpose(3, 2, 0, 1))]
    mixed = graph.node("Conv", [*inputs, *map(graph.constant, bias)], kernel_shape=[1, 1])
    return activated(graph, config, mixed)


def _dense(graph: Graph, layer: Layer, tensor: str) -> str:
    kernel, *bias = layer.weights
    made = graph.node("Gemm", [tensor, graph.constant(kernel), *map(graph.constant, bias)])
    return activated(graph, layer.config, made)


def _max_pool(graph: Graph, layer: Layer, tensor: str) -> str:
    config = layer.config
    _require(config, data_format="channels_last", padding="valid")
    return graph.node(
        "MaxPool",
        [tensor],
        kernel_shape=list(config["pool_size"]),
        strides=list(config["strides"]),
    )


def _flatten(graph: Graph, layer: Layer, tensor: str) -> str:
    _require(layer.config, data_format="channels_last")
    # Keras flattens with the channels last.
    last = graph.node("Transpose", [tensor], perm=[0, 2, 3, 1])
    return graph.node("Flatten", [last], axis=1)


def _global_average(graph: Graph, layer: Layer, tensor: str) -> str:
    _require(layer.config, data_format="channels_last", keepdims=False)
    return graph.node("Flatten", [graph.node("GlobalAveragePool", [tensor])], axis=1)


def _relu(graph: Graph, layer: Layer, tensor: str) -> str:
    _require(layer.config, max_value=None, negative_slope=0, threshold=0)
    return graph.node("Relu", [tensor])


def _dropout(graph: Graph, layer: Layer, tensor: str) -> str:
    # `scope.models.images.dropout` draws a mask of a unit, or of a channel, alone.
    _require(layer.config, noise_shape=None, data_format="channels_last")
    return tensor


def _leaky(graph: Graph, layer: Layer, tensor: str) -> str:
    slope = layer.config.get("negative_slope", layer.config.get("alpha", 0.3))
    return graph.node("LeakyRelu", [tensor], alpha=float(slope))


def _elu(graph: Graph, layer: Layer, tensor: str) -> str:
    return graph.node("Elu", [tensor], alpha=float(layer.config.get("alpha", 1.0)))


_LAYERS: dict[str, Callable[[Graph, Layer, str], str]] = {
    "Conv2D": _conv,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "MaxPooling2D": _max_pool,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_average,
    "Activation": lambda graph, layer, tensor: activated(graph, layer.config, tensor),
    "ReLU": _relu,
    "LeakyReLU": _leaky,
    "ELU": _elu,
    **dict.fromkeys(DROPOUTS, _dropout),
    "ActivityRegularization": lambda graph, layer, tensor: tensor,
}


def add_layers(graph: Graph, layers: Sequence[Layer], tensor: str) -> str:
    """Add layers to a graph, and return the name of what the last one gives.

    Raises
    ------
    BundleError
        If a layer is not known here.
    """
    for layer in layers:
        if layer.kind not in _LAYERS:
            raise unknown(f"layer of kind {layer.kind}", list(_LAYERS))
        tensor = _LAYERS[layer.kind](graph, layer, tensor)
    return tensor


def layer_session(layers: Sequence[Layer], *, first: bool) -> Any:
    """Return a session of some layers, from ``x``; the first ones take stamps."""
    graph = Graph()
    tensor = "x"
    if first:
        tensor = graph.node("Transpose", [tensor], perm=[0, 3, 1, 2])
    return session_of(graph, ["x"], add_layers(graph, layers, tensor))


def add_mixing(
    graph: Graph, layers: Sequence[Layer], tensor: str, masks: str, size: tuple[int, int]
) -> str:
    """Add a convolution whose input loses channels, and what follows it.

    A convolution is linear: what each channel adds is computed once (a group of the
    convolution for each), and a sample is their sum weighted by its mask.

    Parameters
    ----------
    layers : sequence of Layer
        See `can_mix`.
    tensor : str
        The input, (1, channels, rows, columns).
    masks : str
        Weights of its channels, (samples, channels).
    size : (int, int)
        Rows and columns of the input.
    """
    conv, *others = layers
    kernel, *bias = conv.weights
    height, width, channels, filters = kernel.shape
    rows, columns = size[0] - height + 1, size[1] - width + 1
    apart = kernel.transpose(2, 3, 0, 1).reshape(channels * filters, 1, height, width)
    parts = graph.node(
        "Conv", [tensor, graph.constant(apart)], group=channels, kernel_shape=[height, width]
    )
    flat = graph.node("Reshape", [parts, graph.constant(np.array([channels, -1]))])
    every = [graph.constant(np.repeat(one, rows * columns)) for one in bias]
    # The activation before the reshape: then it is part of the sum.
    mixed = activated(graph, conv.config, graph.node("Gemm", [masks, flat, *every]))
    shape = graph.constant(np.array([-1, filters, rows, columns]))
    return add_layers(graph, others, graph.node("Reshape", [mixed, shape]))


def can_mix(layers: Sequence[Layer]) -> bool:
    """Return whether `add_mixing` takes these layers."""
    if not layers or layers[0].kind != "Conv2D":
        return False
    config = layers[0].config
    plain = config["padding"] == "valid" and list(config["strides"]) == [1, 1]
    # Along an axis of its own a softmax would not be what it is of an image.
    plain &= config.get("activation") != "softmax"
    return plain and config.get("groups", 1) == 1 and list(config["dilation_rate"]) == [1, 1]


def session_of(graph: Graph, inputs: Sequence[str], tensor: str, rows: Sequence[str] = ()) -> Any:
    """Return an ONNX Runtime session of a graph, on one thread.

    Parameters
    ----------
    inputs : sequence of str
        Of float32.
    tensor : str
        What comes out.
    rows : sequence of str
        Inputs that are row numbers, int64.
    """
    import onnxruntime
    from onnx import TensorProto, helper

    output = graph.node("Identity", [tensor])
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            [
                helper.make_tensor_value_info(name, kind, None)
                for names, kind in ((inputs, TensorProto.FLOAT), (rows, TensorProto.INT64))
                for name in names
            ],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="scope",
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(
        model.SerializeToString(deterministic=True), options, providers=["CPUExecutionProvider"]
    )
