"""The two branches of the networks of light curves, with a head of several classes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scope.active.networks import ClassNetwork, Steps
from scope.models.networks.two_branch import DMDT_SHAPE, conv_layers, dense_layers


@lru_cache(maxsize=2)
def class_network(n_features: int, dmdt: bool, n_classes: int, steps: Steps) -> ClassNetwork:
    """Return what trains such networks; the last ones are kept, for their graphs.

    Parameters
    ----------
    n_features, n_classes : int
    dmdt : bool
        Whether there is a branch of histograms, the second input.
    steps : Steps
    """
    return ClassNetwork(lambda: _model(n_features, dmdt, n_classes), steps)


def _model(n_features: int, dmdt: bool, n_classes: int) -> Any:
    from keras import Input, Model, layers

    inputs = [Input((n_features,), name="features")]
    branches = [_through(dense_layers(), inputs[0])]
    if dmdt:
        inputs.append(Input(DMDT_SHAPE, name="dmdt"))
        branches.append(_through(conv_layers(), inputs[1]))
    h = layers.Concatenate()(branches) if dmdt else branches[0]
    h = layers.Dense(32, activation="relu", name="head")(layers.Dropout(0.4)(h))
    return Model(inputs, layers.Dense(n_classes, activation="softmax", name="score")(h))


def _through(steps: list[Any], x: Any) -> Any:
    for step in steps:
        x = step(x)
    return x
