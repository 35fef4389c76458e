"""The network as a class, for those who train it themselves. Importing it loads TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from scope.models.networks.two_branch import (
    DMDT_SHAPE,
    DROPOUT,
    NetworkOptions,
    conv_layers,
    dense_layers,
    head_layers,
)


@keras.saving.register_keras_serializable(package="scope")
class ScopeNet(keras.Model):
    """The two-branch network of the ZTF Source Classification Project.

    The layers of `scope.models.networks.two_branch.build_network`, as a subclass of
    ``keras.Model``.

    Parameters
    ----------
    dense_branch : bool
        Look at the features.
    conv_branch : bool
        Look at the magnitude-time histogram.
    dropout_rate : float
        Of both branches.
    **kwargs
        Of ``keras.Model``.

    Raises
    ------
    ConfigError
        If there is no branch.
    """

    def __init__(
        self,
        dense_branch: bool = True,
        conv_branch: bool = True,
        dropout_rate: float = DROPOUT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        NetworkOptions(dense_branch=dense_branch, conv_branch=conv_branch)
        self.dense_branch = dense_branch
        self.conv_branch = conv_branch
        self.dropout_rate = dropout_rate
        self.dense_part = dense_layers(dropout_rate) if dense_branch else []
        self.conv_part = conv_layers(dropout_rate) if conv_branch else []
        self.head_part = head_layers()

    def call(self, inputs: Mapping[str, Any], training: bool | None = None) -> Any:
        """Return the scores, (n, 1), from 0 to 1.

        Parameters
        ----------
        inputs : mapping
            ``features``, (n, k), and ``dmdt``, (n, 26, 26, 1); a branch that is off needs none.
        training : bool, optional
            Whether dropout acts.
        """
        branches = []
        if self.dense_branch:
            branches.append(_through(self.dense_part, inputs["features"], training))
        if self.conv_branch:
            branches.append(_through(self.conv_part, inputs["dmdt"], training))
        x = keras.ops.concatenate(branches, axis=-1) if len(branches) > 1 else branches[0]
        return _through(self.head_part, x, training)

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of these shapes, a mapping as of `call`."""
        shapes = dict(input_shape)
        joined = 0
        for name, part in (("features", self.dense_part), ("dmdt", self.conv_part)):
            if part:
                joined += _build(part, tuple(shapes[name]))[-1]
        _build(self.head_part, (None, joined))
        self.built = True

    def summary(self, *args: Any, n_features: int = 35, **kwargs: Any) -> None:
        """Print the layers; of a network without weights yet, for `n_features` features."""
        if not self.built:
            self.build({"features": (None, n_features), "dmdt": (None, *DMDT_SHAPE)})
        super().summary(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return what the network was made with."""
        own = {name: getattr(self, name) for name in ("dense_branch", "conv_branch")}
        return {**super().get_config(), **own, "dropout_rate": self.dropout_rate}


def _through(layers: list[Any], x: Any, training: bool | None) -> Any:
    for layer in layers:
        x = layer(x, training=training) if isinstance(layer, keras.layers.Dropout) else layer(x)
    return x


def _build(layers: list[Any], shape: tuple[int | None, ...]) -> Any:
    for layer in layers:
        layer.build(shape)
        shape = layer.compute_output_shape(shape)
    return shape
