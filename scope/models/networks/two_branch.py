"""The two-branch network: its options, its layers, its file. Only training imports TensorFlow.

Architecture of the ZTF Source Classification Project (van Roestel et al. 2021, AJ 161,
267): a dense branch for the features, a convolutional one for the magnitude-time
histogram (Mahabal et al. 2017, arXiv:1709.06257), joined for one score.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.errors import ConfigError
from scope.jsontext import parse_json

if TYPE_CHECKING:
    import keras

DMDT_SHAPE = (26, 26, 1)
DROPOUT = 0.25
CALLBACKS = ("early_stopping", "reduce_lr_on_plateau")


@dataclass(frozen=True)
class NetworkOptions:
    """Options that all networks of a training share.

    Attributes
    ----------
    dense_branch, conv_branch : bool
        Which inputs the network looks at; at least one.
    loss : {"binary_crossentropy"}
    optimizer : {"adam", "sgd"}
        Adam with the settings of each class, or stochastic gradient descent with Nesterov
        momentum and the learning rate of each class.
    momentum : float
        Of stochastic gradient descent.
    decay : float
        After n steps the learning rate has fallen to 1 / (1 + `decay` n) of its start.
    monitor : {"val_loss", "loss"}
        What the callbacks look at.
    callbacks : tuple of {"early_stopping", "reduce_lr_on_plateau"}
        Early stopping restores the best weights; without it those of the last epoch stay.
    plateau_patience : int or None
        Epochs without a better `monitor` after which the learning rate falls to a tenth.
        None: half of the class's patience, so that it acts before training stops.
    shuffle_buffer_size : int or None
        Rows among which the next one is drawn at random; None: all.
    run_eagerly : bool
        Compute step by step, for looking at what goes wrong; many times slower.

    Raises
    ------
    ConfigError
        If there is no branch, or the learning rate would have two masters.
    """

    dense_branch: bool = True
    conv_branch: bool = True
    loss: str = "binary_crossentropy"
    optimizer: str = "adam"
    momentum: float = 0.9
    decay: float = 0.0
    monitor: str = "val_loss"
    callbacks: tuple[str, ...] = CALLBACKS
    plateau_patience: int | None = None
    shuffle_buffer_size: int | None = None
    run_eagerly: bool = False

    def __post_init__(self) -> None:
        choices = {
            "loss": ("binary_crossentropy",),
            "optimizer": ("adam", "sgd"),
            "monitor": ("val_loss", "loss"),
        }
        wrong = [name for name, allowed in choices.items() if getattr(self, name) not in allowed]
        wrong += [name for name in self.callbacks if name not in CALLBACKS][:1]
        if wrong:
            name = wrong[0]
            raise ConfigError(
                "setting of networks that is unknown",
                value=f"{name} {getattr(self, name, '')}".strip(),
                allowed=choices.get(name, CALLBACKS),
                todo="correct training.dnn",
            )
        if not (self.dense_branch or self.conv_branch):
            raise ConfigError(
                "network without branches",
                value="dense_branch false, conv_branch false",
                allowed="one or both true",
                todo="correct training.dnn",
            )
        if self.decay and "reduce_lr_on_plateau" in self.callbacks:
            raise ConfigError(
                "learning rate with a decay and a plateau to lower it",
                value=f"decay {self.decay}, callbacks {', '.join(self.callbacks)}",
                allowed="one of both",
                todo="set decay to 0, or leave reduce_lr_on_plateau out of the callbacks",
            )


def dense_layers(dropout_rate: float = DROPOUT) -> list[Any]:
    """Return the layers that features go through."""
    from keras import layers

    return [
        layers.Dense(256, activation="relu", name="dense_1"),
        layers.Dropout(dropout_rate, name="dense_dropout"),
        layers.Dense(32, activation="relu", name="dense_2"),
    ]


def conv_layers(dropout_rate: float = DROPOUT) -> list[Any]:
    """Return the layers that the histogram goes through."""
    from keras import layers

    return [
        layers.SeparableConv2D(16, 3, activation="relu", name="conv_1"),
        layers.SeparableConv2D(16, 3, activation="relu", name="conv_2"),
        layers.Dropout(dropout_rate, name="conv_dropout_1"),
        layers.MaxPooling2D(2, name="conv_pool"),
        layers.SeparableConv2D(32, 3, activation="relu", name="conv_3"),
        layers.SeparableConv2D(32, 3, activation="relu", name="conv_4"),
        layers.Dropout(dropout_rate, name="conv_dropout_2"),
        layers.GlobalAveragePooling2D(name="conv_mean"),
    ]


def head_layers() -> list[Any]:
    """Return the layers that make one score of what both branches found."""
    from keras import layers

    return [
        layers.Dropout(0.4, name="joined_dropout"),
        layers.Dense(16, activation="relu", name="head"),
        layers.Dense(1, activation="sigmoid", name="score"),
    ]


def build_network(n_features: int, options: NetworkOptions | None = None) -> keras.Model:
    """Return an untrained network with inputs ``features`` and ``dmdt``.

    Parameters
    ----------
    n_features : int
        Length of the feature vector.

    Returns
    -------
    keras.Model
        Inputs (n, `n_features`) and (n, 26, 26, 1), output (n, 1) from 0 to 1. An input
        without its branch is not there.
    """
    from keras import Input, Model, layers

    options = options or NetworkOptions()
    inputs, branches = [], []
    if options.dense_branch:
        inputs.append(Input((n_features,), name="features"))
        branches.append(_through(dense_layers(), inputs[-1]))
    if options.conv_branch:
        inputs.append(Input(DMDT_SHAPE, name="dmdt"))
        branches.append(_through(conv_layers(), inputs[-1]))
    x = layers.Concatenate(name="joined")(branches) if len(branches) > 1 else branches[0]
    return Model(inputs, _through(head_layers(), x), name="network")


def _through(steps: list[Any], x: Any) -> Any:
    for step in steps:
        x = step(x)
    return x


def network_bytes(network: keras.Model) -> bytes:
    """Return a network as a ``.keras`` file whose bytes depend on its weights alone.

    Keras writes the time, its own addresses in memory and the state of the optimiser;
    none of it is kept.
    """
    import keras

    bare = keras.Model.from_config(network.get_config())
    bare.set_weights(network.get_weights())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.keras"
        bare.save(path)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in sorted(archive.namelist())}
    config = _without_addresses(parse_json(parts["config.json"]))
    parts["config.json"] = json.dumps(config).encode()
    version = parse_json(parts["metadata.json"])["keras_version"]
    parts["metadata.json"] = json.dumps({"keras_version": version, "date_saved": ""}).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _without_addresses(item: Any) -> Any:
    if isinstance(item, dict):
        return {k: _without_addresses(v) for k, v in item.items() if k != "shared_object_id"}
    if isinstance(item, list):
        return [_without_addresses(part) for part in item]
    return item
