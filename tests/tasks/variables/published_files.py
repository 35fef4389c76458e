"""Models in the files of the published layout, written byte by byte as Keras 2.15 lays them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Weights = dict[str, dict[str, np.ndarray]]

OWN_NAMES = {
    "dense_fc_1": "dense_1",
    "dense_fc_2": "dense_2",
    "conv_conv_1": "conv_1",
    "conv_conv_2": "conv_2",
    "conv_conv_3": "conv_3",
    "conv_conv_4": "conv_4",
    "fc_1": "head",
    "score": "score",
}
"""Layers with weights -> the layer of this package with the same place."""


def draw_weights(n_features: int, seed: int = 0) -> Weights:
    """Draw the weights of a published network."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        fan_in = int(np.prod(shape[:-1])) if len(shape) > 1 else 1
        return (rng.normal(size=shape) / np.sqrt(fan_in)).astype(np.float32)

    weights: Weights = {}
    for name, n_in, n_out in (
        ("dense_fc_1", n_features, 256),
        ("dense_fc_2", 256, 32),
        ("fc_1", 64, 16),
        ("score", 16, 1),
    ):
        weights[name] = {"kernel": draw(n_in, n_out), "bias": 0.1 * draw(n_out)}
    for number, n_in, n_out in ((1, 1, 16), (2, 16, 16), (3, 16, 32), (4, 32, 32)):
        weights[f"conv_conv_{number}"] = {
            "depthwise_kernel": draw(3, 3, n_in, 1),
            "pointwise_kernel": draw(1, 1, n_in, n_out),
            "bias": 0.1 * draw(n_out),
        }
    return weights


def _layers(n_features: int) -> list[tuple[str, str, dict[str, Any], list[str]]]:
    """Return class, name, settings and sources of each layer, in the order of Keras 2."""

    def separable(filters: int) -> dict[str, Any]:
        return {
            "filters": filters, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid",
            "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1,
            "activation": "relu", "use_bias": True, "depth_multiplier": 1,
        }  # fmt: skip

    def dropout(rate: float) -> dict[str, Any]:
        return {"rate": rate, "noise_shape": None, "seed": None}

    def dense(units: int, activation: str = "relu") -> dict[str, Any]:
        return {"units": units, "activation": activation, "use_bias": True}

    def shape(*sizes: int) -> dict[str, Any]:
        return {"batch_input_shape": [None, *sizes], "sparse": False, "ragged": False}

    return [
        ("InputLayer", "dmdt", shape(26, 26, 1), []),
        ("SeparableConv2D", "conv_conv_1", separable(16), ["dmdt"]),
        ("SeparableConv2D", "conv_conv_2", separable(16), ["conv_conv_1"]),
        ("Dropout", "dropout_1", dropout(0.25), ["conv_conv_2"]),
        ("MaxPooling2D", "max_pooling2d", {"pool_size": [2, 2], "padding": "valid",
         "strides": [2, 2], "data_format": "channels_last"}, ["dropout_1"]),
        ("InputLayer", "features", shape(n_features), []),
        ("SeparableConv2D", "conv_conv_3", separable(32), ["max_pooling2d"]),
        ("Dense", "dense_fc_1", dense(256), ["features"]),
        ("SeparableConv2D", "conv_conv_4", separable(32), ["conv_conv_3"]),
        ("Dropout", "dropout", dropout(0.25), ["dense_fc_1"]),
        ("Dropout", "dropout_2", dropout(0.25), ["conv_conv_4"]),
        ("Dense", "dense_fc_2", dense(32), ["dropout"]),
        ("GlobalAveragePooling2D", "global_average_pooling2d",
         {"data_format": "channels_last", "keepdims": False}, ["dropout_2"]),
        ("Concatenate", "concatenate", {"axis": -1}, ["dense_fc_2", "global_average_pooling2d"]),
        ("Dropout", "dropout_3", dropout(0.4), ["concatenate"]),
        ("Dense", "fc_1", dense(16), ["dropout_3"]),
        ("Dense", "score", dense(1, "sigmoid"), ["fc_1"]),
    ]  # fmt: skip


def write_h5(
    path: Path, weights: Weights, n_features: int, *, weights_only: bool = False, **changes: Any
) -> Path:
    """Write a network as ``model.save`` of Keras 2.15 does, or its weights as ``save_weights``.

    `changes` of a layer's settings are given as ``<layer>={…}``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = _layers(n_features)
    config = {
        "class_name": "Functional",
        "config": {
            "name": "model",
            "trainable": True,
            "layers": [
                {
                    "class_name": kind,
                    "config": {
                        "name": name,
                        "trainable": True,
                        "dtype": "float32",
                        **settings,
                        **changes.get(name, {}),
                    },
                    "name": name,
                    "inbound_nodes": [[[source, 0, 0, {}] for source in sources]]
                    if sources
                    else [],
                }
                for kind, name, settings, sources in layers
            ],
            "input_layers": [["features", 0, 0], ["dmdt", 0, 0]],
            "output_layers": [["score", 0, 0]],
        },
    }
    with h5py.File(path, "w") as file:
        if not weights_only:
            file.attrs["model_config"] = json.dumps(config).encode()
        group = file if weights_only else file.create_group("model_weights")
        for root in {file, group}:
            root.attrs["backend"] = b"tensorflow"
            root.attrs["keras_version"] = b"2.15.0"
        group.attrs["layer_names"] = np.array([name.encode() for _, name, _, _ in layers])
        for _, name, _, _ in layers:
            place = group.create_group(name)
            names = [f"{name}/{key}:0" for key in weights.get(name, {})]
            place.attrs["weight_names"] = np.array([key.encode() for key in names])
            for full, value in zip(names, weights.get(name, {}).values(), strict=True):
                place[full] = value
        if not weights_only:
            # The state of the optimiser, which Keras 2 saves as well.
            file.create_group("optimizer_weights").create_dataset("iteration:0", data=7)
    return path
