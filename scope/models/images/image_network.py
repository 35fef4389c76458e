"""Networks on stamps, run by ONNX Runtime, with and without dropout.

Scores leave dropout out. Samples keep it in: the chain is cut at each dropout, what lies
before the first is computed once, and after that only once for each mask that differs. With
the small dropout of Bayesian networks most masks of a layer of 16 channels drop nothing, so
that 20 samples cost far less than 20 passes; the numbers are those of 20 passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, ConfigError, InputError
from scope.models.images.keras_sequence import Layer, Sequence2D, read_sequence

Floats = npt.NDArray[np.float32]

BATCH = 32
"""Rows per call, always full: every row meets the same kernels."""

OPSET = 17
IR_VERSION = 8
DROPOUTS = ("Dropout", "SpatialDropout2D")


@dataclass
class _Graph:
    """ONNX nodes and constants; images are channels first."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def node(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: npt.NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


@dataclass(frozen=True)
class _Stage:
    """Layers between two dropouts.

    Attributes
    ----------
    layers : tuple of Layer
    dropout : Layer or None
        What follows; None at the end.
    """

    layers: tuple[Layer, ...]
    dropout: Layer | None


def _unknown(what: object, allowed: Any) -> BundleError:
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
            raise _unknown(f"{key} {found} of layer {config['name']}", [str(value)])


def _activated(graph: _Graph, config: Any, tensor: str) -> str:
    activation = config.get("activation", "linear")
    if isinstance(activation, dict):
        activation = activation.get("class_name", activation)
    if activation == "linear":
        return tensor
    if activation == "softmax":
        return graph.node("Softmax", [tensor], axis=1)
    operators = {"relu": "Relu", "sigmoid": "Sigmoid", "elu": "Elu"}
    if activation not in operators:
        raise _unknown(f"activation {activation}", ["linear", "softmax", *operators])
    return graph.node(operators[activation], [tensor])


def _conv(graph: _Graph, layer: Layer, tensor: str) -> str:
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
    return _activated(graph, config, made)


def _separable(graph: _Graph, layer: Layer, tensor: str) -> str:
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
    return _activated(graph, config, mixed)


def _dense(graph: _Graph, layer: Layer, tensor: str) -> str:
    kernel, *bias = layer.weights
    made = graph.node("Gemm", [tensor, graph.constant(kernel), *map(graph.constant, bias)])
    return _activated(graph, layer.config, made)


def _max_pool(graph: _Graph, layer: Layer, tensor: str) -> str:
    config = layer.config
    _require(config, data_format="channels_last", padding="valid")
    return graph.node(
        "MaxPool",
        [tensor],
        kernel_shape=list(config["pool_size"]),
        strides=list(config["strides"]),
    )


def _flatten(graph: _Graph, layer: Layer, tensor: str) -> str:
    # Keras flattens with the channels last.
    last = graph.node("Transpose", [tensor], perm=[0, 2, 3, 1])
    return graph.node("Flatten", [last], axis=1)


def _global_average(graph: _Graph, layer: Layer, tensor: str) -> str:
    return graph.node("Flatten", [graph.node("GlobalAveragePool", [tensor])], axis=1)


def _leaky(graph: _Graph, layer: Layer, tensor: str) -> str:
    slope = layer.config.get("negative_slope", layer.config.get("alpha", 0.3))
    return graph.node("LeakyRelu", [tensor], alpha=float(slope))


def _elu(graph: _Graph, layer: Layer, tensor: str) -> str:
    return graph.node("Elu", [tensor], alpha=float(layer.config.get("alpha", 1.0)))


_LAYERS: dict[str, Callable[[_Graph, Layer, str], str]] = {
    "Conv2D": _conv,
    "SeparableConv2D": _separable,
    "Dense": _dense,
    "MaxPooling2D": _max_pool,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_average,
    "Activation": lambda graph, layer, tensor: _activated(graph, layer.config, tensor),
    "ReLU": lambda graph, layer, tensor: graph.node("Relu", [tensor]),
    "LeakyReLU": _leaky,
    "ELU": _elu,
    **dict.fromkeys(DROPOUTS, lambda graph, layer, tensor: tensor),
    "ActivityRegularization": lambda graph, layer, tensor: tensor,
}


def _session(layers: Sequence[Layer], *, first: bool) -> Any:
    """Return an ONNX Runtime session of some layers; the first ones take stamps."""
    import onnxruntime
    from onnx import TensorProto, helper

    graph = _Graph()
    tensor = "x"
    if first:
        tensor = graph.node("Transpose", [tensor], perm=[0, 3, 1, 2])
    for layer in layers:
        if layer.kind not in _LAYERS:
            raise _unknown(f"layer of kind {layer.kind}", list(_LAYERS))
        tensor = _LAYERS[layer.kind](graph, layer, tensor)
    output = graph.node("Identity", [tensor])
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "network",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
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


class ImageNetwork:
    """A network on stamps, ready to score.

    Parameters
    ----------
    network : Sequence2D

    Raises
    ------
    BundleError
        If it has layers that are not known here.
    """

    def __init__(self, network: Sequence2D) -> None:
        self.input_shape = network.input_shape
        self._layers = network.layers
        self._stages = _cut(network.layers)
        self._sessions: dict[str, Any] = {}
        try:
            self._score(np.zeros((BATCH, *self.input_shape), np.float32))
        except BundleError:
            raise
        except Exception as error:
            # ONNX Runtime has an exception of its own for each kind of fault.
            raise _unknown(str(error).splitlines()[0], "layers that fit each other") from error

    @classmethod
    def load(cls, path: str | Path, architecture: str | Path | None = None) -> ImageNetwork:
        """Read a network of a file, see `read_sequence`."""
        return cls(read_sequence(path, architecture))

    @property
    def has_dropout(self) -> bool:
        """Whether samples of it differ."""
        return len(self._stages) > 1

    def scores(self, stamps: Floats) -> Floats:
        """Return the score of normalised stamps, (n,) float32, dropout left out.

        Of a network with two outputs, that of the second: real.
        """
        outputs = _batched(self._checked(stamps), self._score)
        return np.asarray(_real(outputs), dtype=np.float32)

    def latent(self, stamps: Floats) -> Floats:
        """Return what the flatten layer gives, (n, k) float32."""
        kinds = [layer.kind for layer in self._layers]
        if "Flatten" not in kinds:
            raise _unknown("network without a flatten layer", ["Flatten"])
        session = self._of("latent", self._layers[: kinds.index("Flatten") + 1], first=True)
        return _batched(self._checked(stamps), _runner(session))

    def samples(self, stamps: Floats, n_samples: int, *, seed: int = 0) -> Floats:
        """Return scores with dropout left on, (n, n_samples) float32.

        The masks of a row follow from the seed and its number: they do not depend on how
        many rows there are.
        """
        if isinstance(n_samples, bool) or n_samples < 1:
            raise ConfigError("number of dropout samples", value=n_samples, allowed="1 or more")
        stamps = self._checked(stamps)
        result = np.empty((len(stamps), n_samples), dtype=np.float32)
        for start in range(0, len(stamps), BATCH):
            part = stamps[start : start + BATCH]
            rngs = [np.random.default_rng([seed, start + row]) for row in range(len(part))]
            result[start : start + len(part)] = self._sampled(part, n_samples, rngs)
        return result

    def _sampled(self, part: Floats, n: int, rngs: list[np.random.Generator]) -> Floats:
        """Run the stages, each on the distinct ones of its inputs."""
        values = part
        # Which of the values each sample of each row comes from, (rows, n).
        origin = np.repeat(np.arange(len(part))[:, None], n, axis=1)
        for number, stage in enumerate(self._stages):
            session = self._of(f"stage {number}", stage.layers, first=number == 0)
            values = _batched(values, _runner(session))
            if stage.dropout is None:
                break
            rate = float(stage.dropout.config["rate"])
            shape = _mask_shape(stage.dropout, values)
            keep = np.stack([rng.random((n, *shape)) >= rate for rng in rngs])
            values, origin = _dropped(values, origin, keep, rate)
        return np.asarray(_real(values)[origin])

    def _score(self, part: Floats) -> Floats:
        session = self._of("score", self._layers, first=True)
        return np.asarray(session.run(None, {"x": part})[0])

    def _of(self, name: str, layers: Sequence[Layer], *, first: bool) -> Any:
        if name not in self._sessions:
            self._sessions[name] = _session(layers, first=first)
        return self._sessions[name]

    def _checked(self, stamps: Floats) -> Floats:
        if stamps.shape[1:] != self.input_shape:
            raise InputError(
                "stamps of another shape than the network's",
                value=stamps.shape[1:],
                allowed=str(self.input_shape),
            )
        return np.ascontiguousarray(stamps, dtype=np.float32)


def _runner(session: Any) -> Callable[[Floats], Floats]:
    return lambda rows: np.asarray(session.run(None, {"x": rows})[0])


def _cut(layers: Sequence[Layer]) -> list[_Stage]:
    stages: list[_Stage] = []
    begin = 0
    for number, layer in enumerate(layers):
        if layer.kind in DROPOUTS and float(layer.config["rate"]) > 0:
            stages.append(_Stage(tuple(layers[begin:number]), layer))
            begin = number + 1
    return [*stages, _Stage(tuple(layers[begin:]), None)]


def _mask_shape(dropout: Layer, values: Floats) -> tuple[int, ...]:
    if dropout.kind == "SpatialDropout2D":
        return (values.shape[1], 1, 1)
    return values.shape[1:]


def _dropped(
    values: Floats, origin: npt.NDArray[np.intp], keep: npt.NDArray[np.bool_], rate: float
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return the values times their masks, those that are equal once.

    Parameters
    ----------
    values : (m, …) float32
    origin : (rows, n) int
        Row of `values` that each sample comes from.
    keep : (rows, n, …) bool
    """
    rows, n = origin.shape
    masks = keep.reshape(rows * n, *keep.shape[2:])
    parents = origin.ravel()
    packed = np.packbits(masks.reshape(rows * n, -1), axis=1)
    named = np.concatenate([parents.astype(">i8").view(np.uint8).reshape(rows * n, 8), packed], 1)
    keys = np.ascontiguousarray(named).view(np.dtype((np.void, named.shape[1]))).ravel()
    _, first, back = np.unique(keys, return_index=True, return_inverse=True)
    scale = np.float32(1 / (1 - rate))
    made = values[parents[first]] * (masks[first] * scale)
    return made.astype(np.float32, copy=False), back.reshape(rows, n)


def _real(outputs: Floats) -> Floats:
    return outputs[:, -1]


def _batched(rows: Floats, function: Callable[[Floats], Floats]) -> Floats:
    """Apply a function to full batches, the last one filled up with zeros."""
    parts = []
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        n = len(part)
        if n < BATCH:
            part = np.concatenate([part, np.zeros((BATCH - n, *rows.shape[1:]), np.float32)])
        parts.append(function(part)[:n])
    if not parts:
        return function(np.zeros((BATCH, *rows.shape[1:]), np.float32))[:0]
    return np.concatenate(parts)
