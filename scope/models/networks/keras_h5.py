"""Networks in the HDF5 files of Keras 2, as TensorFlow 2.14 and 2.15 write them.

The file is read as HDF5 and not by Keras: the loader of another version may refuse
arguments that have gone, and what is needed stands in the file as it is: the layers as
JSON, and their weights. A file with weights alone is taken to be of the published
architecture (van Roestel et al. 2021, AJ 161, 267).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.jsontext import parse_json
from scope.models.networks.two_branch import DMDT_SHAPE, network_bytes
from scope.models.runtime.keras_files import BROKEN, check_settings, check_weights, first_line

if TYPE_CHECKING:
    import keras

Arrays = list[npt.NDArray[np.float32]]

KEPT: Mapping[str, tuple[str, ...]] = {
    "InputLayer": (),
    "Dense": ("units", "activation"),
    "Dropout": ("rate",),
    "SeparableConv2D": ("filters", "kernel_size", "strides", "padding", "activation"),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "GlobalAveragePooling2D": (),
    "Concatenate": ("axis",),
}
"""Layers of the published networks, and which of their settings decide a score."""

PUBLISHED_NAMES: Mapping[str, str] = {
    "dense_fc_1": "dense_1",
    "dense_fc_2": "dense_2",
    "conv_conv_1": "conv_1",
    "conv_conv_2": "conv_2",
    "conv_conv_3": "conv_3",
    "conv_conv_4": "conv_4",
    "fc_1": "head",
    "score": "score",
}
"""Names of layers with weights in the published networks -> in those of this package."""


@dataclass(frozen=True)
class H5Network:
    """Layers and weights of such a file.

    Attributes
    ----------
    layers : list of dict or None
        Inputs before what uses them; None in a file of weights alone.
    output : str or None
        Name of the last layer.
    weights : dict of str to list of float32 arrays
        By the name of the layer, in Keras' order.
    """

    layers: list[dict[str, Any]] | None
    output: str | None
    weights: Mapping[str, Arrays]


def read_h5(path: str | Path) -> H5Network:
    """Read a file.

    Raises
    ------
    BundleError
        If it is no network that Keras 2 wrote, or not whole.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            check_weights(file, Path(path).stat().st_size)
            group = file.get("model_weights", file)
            weights = {
                _text(name): [
                    np.asarray(group[_text(name)][_text(weight)][()], dtype=np.float32)
                    for weight in group[_text(name)].attrs["weight_names"]
                ]
                for name in group.attrs["layer_names"]
            }
            text = file.attrs.get("model_config")
        if text is None:
            return H5Network(None, None, weights)
        config = parse_json(_text(text))["config"]
        output = config["output_layers"][0]
        return H5Network(
            config["layers"], output[0] if isinstance(output, list) else output, weights
        )
    except BROKEN as error:
        raise _unreadable(path, first_line(error)) from error


def _unreadable(path: str | Path, value: str) -> BundleError:
    return BundleError(
        f"network {path} cannot be read",
        value=value.strip().splitlines()[0] if value.strip() else "",
        allowed="a whole functional network, or its weights, saved by Keras 2 as .h5",
        todo="take the file again from where it came from",
    )


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def keras_bytes_of_h5(path: str | Path, n_features: int) -> bytes:
    """Return the network of an old file as a ``.keras`` file that gives the same scores.

    Parameters
    ----------
    n_features : int
        Features that the network is to be given.

    Raises
    ------
    BundleError
        If the file cannot be read, has other layers than the published networks, or takes
        another number of features.
    """
    found = read_h5(path)
    try:
        if found.layers is None:
            return network_bytes(_published(found.weights, n_features))
        return network_bytes(_rebuilt(found, n_features))
    except BROKEN as error:
        raise _unreadable(path, first_line(error)) from error


def _published(weights: Mapping[str, Arrays], n_features: int) -> keras.Model:
    """Return a network of the published architecture with some weights."""
    from scope.models.networks.two_branch import NetworkOptions, build_network

    there = {name for name, arrays in weights.items() if arrays}
    dense, conv = "dense_fc_1" in there, "conv_conv_1" in there
    network = build_network(n_features, NetworkOptions(dense_branch=dense, conv_branch=conv))
    for name in there:
        network.get_layer(PUBLISHED_NAMES[name]).set_weights(weights[name])
    missing = [new for old, new in PUBLISHED_NAMES.items() if old not in there]
    present = {layer.name for layer in network.layers}
    if present & set(missing):
        raise ValueError(f"no weights of {', '.join(sorted(present & set(missing)))}")
    return network


def _rebuilt(found: H5Network, n_features: int) -> keras.Model:
    """Build the layers of a file in today's Keras and put the weights in."""
    from keras import Model

    tensors: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    above: dict[str, set[str]] = {}
    for layer in found.layers or ():
        name, kind = layer["config"]["name"], layer["class_name"]
        if kind not in KEPT:
            raise ValueError(f"layer {name} of kind {kind}; known are {', '.join(KEPT)}")
        if kind == "InputLayer":
            tensors[name] = inputs[name] = _input(layer["config"], n_features)
            above[name] = {name}
            continue
        sources = _sources(layer["inbound_nodes"])
        above[name] = set().union(*(above[source] for source in sources))
        made = _layer(kind, layer["config"])
        fed = [tensors[source] for source in sources]
        tensors[name] = made(fed if len(fed) > 1 else fed[0])
        made.set_weights(found.weights.get(name, []))
    last = str(found.output)
    # Old networks list both inputs, whether a branch uses them or not.
    used = [tensor for name, tensor in inputs.items() if name in above[last]]
    return Model(used, tensors[last], name="network")


def _input(config: Mapping[str, Any], n_features: int) -> Any:
    """Return an input by the name that this package has for its shape."""
    from keras import Input

    shape = tuple(config.get("batch_input_shape") or config["batch_shape"])[1:]
    if len(shape) == 1 and shape != (n_features,):
        raise ValueError(f"{shape[0]} features, and {n_features} are to be given")
    if len(shape) != 1 and shape != DMDT_SHAPE:
        raise ValueError(f"input {config['name']} of shape {shape}")
    return Input(shape, name="features" if len(shape) == 1 else "dmdt")


def _layer(kind: str, config: Mapping[str, Any]) -> Any:
    from keras import layers

    for key, only in (("data_format", "channels_last"), ("dilation_rate", (1, 1))):
        value = config.get(key, only)
        if (tuple(value) if isinstance(value, list) else value) != only:
            raise ValueError(f"{key} {value} of layer {config['name']}")
    settings = {key: config[key] for key in KEPT[kind]}
    # Keras makes what a setting names, such as an activation that is a program.
    check_settings(settings)
    return getattr(layers, kind)(**settings, name=config["name"])


def _sources(nodes: Sequence[Any]) -> list[str]:
    """Return what feeds a layer, from ``[[[name, 0, 0, {}], …]]``."""
    return [reference[0] for reference in nodes[0]]
