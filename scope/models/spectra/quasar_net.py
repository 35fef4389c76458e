"""QuasarNET: the weights of a network in a file, and the network run by ONNX Runtime.

Layers, weights and files are those of QuasarNET (Busca & Balland 2018, arXiv 1808.09955) and
its six-layer form, as Keras wrote them (``model_weights/<layer>/<layer>/kernel:0``): published
weights load here, and QuasarNP loads ours. No TensorFlow is needed for scoring. Batch
normalisation is folded into the layer before it, and the heads of all lines are one product.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, NotFoundError
from scope.jsontext import parse_json
from scope.models.spectra.wavelength_grid import BOXES, GRIDS, Grid

Floats = npt.NDArray[np.float32]

EPSILON = 1e-3
KERNEL, STRIDE = 10, 2
OFFSET_SCALE, OFFSET_SHIFT = 1.2, -0.1
"""Offsets within a box go from -0.1 to 1.1, so that ends of a box can be reached."""

BATCH = 64
"""Spectra per call, always: every spectrum meets the same kernels, whatever its neighbours."""

ALIGNED = 4
"""Channels that kernels of convolutions take together."""

NORM = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True)
class QuasarNet:
    """Weights of a network.

    Attributes
    ----------
    layers : dict of str to dict of str to float32 array
        Layer (``conv_1``, ``bn_1``, …, ``fc_common``, ``bn_common``, ``fc_box_0``,
        ``fc_offset_0``, …) -> ``kernel``, ``bias``, or those of `NORM`.
    padding : str
        ``valid`` or ``same``, of the convolutions.
    grid : Grid
    rescaled : bool
        Whether offsets go from -0.1 to 1.1, or from 0 to 1.
    """

    layers: dict[str, dict[str, Floats]]
    padding: str
    grid: Grid
    rescaled: bool = True

    @property
    def n_conv(self) -> int:
        """Number of convolutions: 4 or 6."""
        return sum(name.startswith("conv_") for name in self.layers)

    @property
    def n_heads(self) -> int:
        """Number of lines, broad absorption included."""
        return sum(name.startswith("fc_box_") for name in self.layers)

    @property
    def boxes(self) -> int:
        """Boxes of a line."""
        return int(self.layers["fc_box_0"]["bias"].shape[0])


def output_lengths(n_bins: int, n_conv: int, padding: str) -> list[int]:
    """Return the length of a spectrum after each convolution."""
    lengths = []
    for _ in range(n_conv):
        n_bins = -(-n_bins // STRIDE) if padding == "same" else (n_bins - KERNEL) // STRIDE + 1
        lengths.append(n_bins)
    return lengths


def load_network(path: str | Path, grid: Grid | None = None) -> QuasarNet:
    """Read the weights of a network as Keras wrote them in HDF5.

    Parameters
    ----------
    path : path
    grid : Grid, optional
        What it must be of.

    Raises
    ------
    NotFoundError
        If there is no such file.
    BundleError
        If it is no QuasarNET, or one of another grid.
    """
    import h5py

    if not Path(path).is_file():
        raise NotFoundError("no such file of weights", value=str(path), todo="check the path")
    try:
        with h5py.File(path, "r") as file:
            config = parse_json(file.attrs["model_config"])["config"]["layers"]
            weights = file["model_weights"]
            found = {
                item["config"]["name"]: _arrays(weights, item["config"]["name"]) for item in config
            }
        network = _assembled(config, found)
    except (OSError, KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise BundleError(
            f"weights {path} that are no QuasarNET",
            value=str(error).splitlines()[0][:200],
            allowed="a network of 4 or 6 convolutions, saved by Keras as HDF5",
            todo="take the file again from where it came from, or train it again",
        ) from error
    if grid is not None and network.grid != grid:
        raise BundleError(
            f"weights {path} of another grid",
            value=f"{network.grid.name}, {network.grid.n_bins} bins",
            allowed=f"{grid.name}, {grid.n_bins} bins",
            todo="score with the grid that the network was trained on",
        )
    return network


def _arrays(weights: Any, name: str) -> dict[str, Floats]:
    if name not in weights or not len(weights[name]):
        return {}
    group = weights[name][name]
    return {key.partition(":")[0]: np.asarray(group[key][()], np.float32) for key in group}


def _assembled(config: list[dict[str, Any]], found: dict[str, dict[str, Floats]]) -> QuasarNet:
    convolutions = [item["config"] for item in config if item["class_name"] == "Conv1D"]
    norms = [i["config"]["name"] for i in config if i["class_name"] == "BatchNormalization"]
    layers = {item["name"]: found[item["name"]] for item in convolutions}
    layers |= {f"bn_{number}": found[name] for number, name in enumerate(norms[:-1], 1)}
    layers |= {"bn_common": found[norms[-1]], "fc_common": found["fc_common"]}
    heads = [name for name in found if name.startswith(("fc_box_", "fc_offset_"))]
    layers |= {name: found[name] for name in sorted(heads, key=lambda n: int(n.split("_")[2]))}
    padding = convolutions[0]["padding"]
    for item in convolutions:
        if (item["kernel_size"], item["strides"], item["padding"]) != ([10], [2], padding):
            raise ValueError(f"convolution {item['name']} of another size")
    n_bins = _n_bins(config)
    length = output_lengths(n_bins, len(convolutions), padding)[-1]
    if length * layers[convolutions[-1]["name"]]["bias"].size != len(layers["fc_common"]["kernel"]):
        raise ValueError(f"layers that do not fit each other, for {n_bins} bins")
    grids = [grid for grid in GRIDS.values() if grid.n_bins == n_bins]
    if not grids:
        known = ", ".join(str(grid.n_bins) for grid in GRIDS.values())
        raise ValueError(f"{n_bins} bins, which no grid has ({known})")
    rescaled = any(item["class_name"] == "Lambda" for item in config)
    return QuasarNet(layers, padding, grids[0], rescaled)


def _n_bins(config: list[dict[str, Any]]) -> int:
    for item in config:
        if item["class_name"] == "InputLayer":
            shape = item["config"].get("batch_input_shape") or item["config"]["batch_shape"]
            return int(shape[1])
    raise ValueError("no input")


def network_bytes(network: QuasarNet) -> bytes:
    """Return a network as an HDF5 file; the bytes depend on the weights alone."""
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w", track_order=False) as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": _config(network)})
        file.attrs["backend"], file.attrs["keras_version"] = "tensorflow", "2"
        weights = file.create_group("model_weights")
        for name, arrays in sorted(_file_layers(network).items()):
            group = weights.create_group(name)
            if arrays:
                inner = group.create_group(name)
                for key in sorted(arrays):
                    inner.create_dataset(f"{key}:0", data=arrays[key], track_times=False)
    return content.getvalue()


def _file_layers(network: QuasarNet) -> dict[str, dict[str, Floats]]:
    layers = {}
    for name, arrays in network.layers.items():
        if name.startswith("bn_"):
            tail = name.removeprefix("bn_")
            number = network.n_conv + 1 if tail == "common" else int(tail)
            name = f"batch_normalization_{number}"
        layers[name] = arrays
    # QuasarNP takes a layer of this name for offsets that are rescaled.
    return layers | ({"lambda": {}} if network.rescaled else {})


def _config(network: QuasarNet) -> dict[str, Any]:
    shape = [None, network.grid.n_bins, 1]
    layers: list[dict[str, Any]] = [_item("InputLayer", "input_1", batch_input_shape=shape)]
    for number in range(1, network.n_conv + 1):
        filters = int(network.layers[f"conv_{number}"]["bias"].size)
        size = {"filters": filters, "kernel_size": [KERNEL], "strides": [STRIDE]}
        layers.append(_item("Conv1D", f"conv_{number}", padding=network.padding, **size))
        layers.append(_item("BatchNormalization", f"batch_normalization_{number}", epsilon=EPSILON))
    layers.append(_item("Dense", "fc_common"))
    name = f"batch_normalization_{network.n_conv + 1}"
    layers.append(_item("BatchNormalization", name, epsilon=EPSILON))
    for head in range(network.n_heads):
        layers += [_item("Dense", f"fc_box_{head}"), _item("Dense", f"fc_offset_{head}")]
    if network.rescaled:
        layers.append(_item("Lambda", "lambda"))
    return {"name": "QuasarNET", "layers": layers}


def _item(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, **config}}


def folded(network: QuasarNet, name: str, norm: str) -> tuple[Floats, Floats]:
    """Return kernel and bias of a layer with the normalisation after it multiplied in.

    The kernel keeps its shape, (width, channels, filters) of a convolution and (inputs, outputs)
    else; the bias is (filters,). float32.
    """
    layer, after = network.layers[name], network.layers[norm]
    gamma, beta, mean, variance = (after[key].astype(np.float64) for key in NORM)
    scale = gamma / np.sqrt(variance + EPSILON)
    kernel = layer["kernel"].astype(np.float64) * scale
    bias = (layer["bias"].astype(np.float64) - mean) * scale + beta
    return kernel.astype(np.float32), bias.astype(np.float32)


def head_weights(network: QuasarNet) -> tuple[Floats, Floats]:
    """Return kernel (width, heads x 2 x boxes) and bias of all heads: boxes, then offsets.

    The bias: (heads x 2 x boxes,). float32.
    """
    names = [f"fc_{kind}_{i}" for i in range(network.n_heads) for kind in ("box", "offset")]
    kernel = np.concatenate([network.layers[name]["kernel"] for name in names], axis=1)
    return kernel, np.concatenate([network.layers[name]["bias"] for name in names])


def _filled(kernel: Floats, bias: Floats, *, whole: bool) -> tuple[Floats, Floats]:
    """Return a convolution with filters of zeros up to a multiple of `ALIGNED`; inputs if `whole`.

    They change nothing, and ONNX Runtime has faster kernels then: half as fast again of 25.
    """
    width, more = -kernel.shape[1] % ALIGNED if whole else 0, -len(bias) % ALIGNED
    return np.pad(kernel, ((0, 0), (0, width), (0, more))), np.pad(bias, (0, more))


def _filled_rows(kernel: Floats, filters: int) -> Floats:
    """Return the kernel behind the last convolution, with rows for its filters of zeros."""
    by_position = kernel.reshape(-1, filters, kernel.shape[1])
    filled = np.pad(by_position, ((0, 0), (0, -filters % ALIGNED), (0, 0)))
    return filled.reshape(-1, kernel.shape[1])


def onnx_bytes(network: QuasarNet) -> bytes:
    """Return the network as an ONNX model: (rows, bins) -> (rows, heads, 2 x boxes)."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants = [], []

    def node(operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(name: str, value: npt.NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    n_bins, heads, boxes = network.grid.n_bins, network.n_heads, network.boxes
    x = node("Reshape", ["bins", constant("as_rows", np.array([-1, 1, 1, n_bins]))], "input")
    for number in range(1, network.n_conv + 1):
        name = f"conv_{number}"
        kernel, bias = _filled(*folded(network, name, f"bn_{number}"), whole=number > 1)
        # As images one pixel high: their kernels are half as fast again as those of series.
        weights = [
            constant(f"{name}/k", kernel.transpose(2, 1, 0)[:, :, None]),
            constant(f"{name}/b", bias),
        ]
        # As TensorFlow pads: what is odd, at the end.
        ends = [(KERNEL - 1) // 2, KERNEL // 2] if network.padding == "same" else [0, 0]
        x = node(
            "Conv",
            [x, *weights],
            name,
            strides=[1, STRIDE],
            pads=[0, ends[0], 0, ends[1]],
            kernel_shape=[1, KERNEL],
        )
        x = node("Relu", [x], f"{name}/relu")
    # Keras flattens positions first, then filters.
    x = node("Transpose", [x], "positions", perm=[0, 3, 2, 1])
    x = node("Flatten", [x], "flat", axis=1)
    kernel, bias = folded(network, "fc_common", "bn_common")
    kernel = _filled_rows(kernel, int(network.layers[f"conv_{network.n_conv}"]["bias"].size))
    x = node("Gemm", [x, constant("common/k", kernel), constant("common/b", bias)], "common")
    x = node("Relu", [x], "common/relu")
    kernel, bias = head_weights(network)
    x = node("Gemm", [x, constant("heads/k", kernel), constant("heads/b", bias)], "heads")
    x = node("Sigmoid", [x], "sigmoid")
    scale, shift = np.ones((2, heads * 2 * boxes), dtype=np.float32)
    shift[:] = 0
    if network.rescaled:
        offsets = np.arange(heads * 2 * boxes) % (2 * boxes) >= boxes
        scale[offsets], shift[offsets] = OFFSET_SCALE, OFFSET_SHIFT
    x = node("Mul", [x, constant("scale", scale)], "scaled")
    x = node("Add", [x, constant("shift", shift)], "shifted")
    node("Reshape", [x, constant("as_lines", np.array([-1, heads, 2 * boxes]))], "lines")
    graph = helper.make_graph(
        nodes,
        "QuasarNET",
        [helper.make_tensor_value_info("bins", TensorProto.FLOAT, ["rows", n_bins])],
        [helper.make_tensor_value_info("lines", TensorProto.FLOAT, ["rows", heads, 2 * boxes])],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8, producer_name="scope")
    return bytes(model.SerializeToString(deterministic=True))


@dataclass
class NetworkScorer:
    """A network that scores, on one thread.

    Attributes
    ----------
    network : QuasarNet
    """

    network: QuasarNet
    _session: Any = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            onnx_bytes(self.network), options, providers=["CPUExecutionProvider"]
        )

    def score(self, x: npt.NDArray[np.floating]) -> Floats:
        """Return the output of spectra (n, bins): (n, heads, 2 x boxes) float32.

        The first half of the last axis is the confidence of each box, the second where in the
        box the line would be.

        `x`: (n, bins) float, normalised.
        """
        x = np.asarray(x, dtype=np.float32)
        out = np.empty((len(x), self.network.n_heads, 2 * self.network.boxes), dtype=np.float32)
        for start in range(0, len(x), BATCH):
            part = x[start : start + BATCH]
            full = np.zeros((BATCH, x.shape[1]), dtype=np.float32)
            full[: len(part)] = part
            out[start : start + BATCH] = self._session.run(None, {"bins": full})[0][: len(part)]
        return out


__all__ = ["BOXES", "NetworkScorer", "QuasarNet", "load_network", "network_bytes"]
