"""The convolutions of QuasarNET with a head of classes, for labels without redshifts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from scope.active.networks import ClassNetwork, Steps
from scope.models.spectra.quasar_net import KERNEL, STRIDE


@lru_cache(maxsize=2)
def class_network(n_bins: int, n_classes: int, filters: int, steps: Steps) -> ClassNetwork:
    """Return what trains such networks; the last ones are kept, for their graphs.

    Parameters
    ----------
    n_bins, n_classes : int
    filters : int
        Of each convolution; half as many as the neurons of the dense layer.
    steps : Steps
    """
    return ClassNetwork(lambda: _model(n_bins, n_classes, filters), steps)


def _model(n_bins: int, n_classes: int, filters: int) -> Any:
    from keras import Input, Model, layers

    inputs = Input((n_bins,))
    h = layers.Reshape((n_bins, 1))(inputs)
    for _ in range(4):
        h = layers.Conv1D(filters, KERNEL, STRIDE)(h)
        # Short trainings: running means must forget where they began.
        h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    h = layers.Dropout(0.2)(layers.Flatten()(h))
    h = layers.ReLU()(layers.Dense(filters * 2)(h))
    return Model(inputs, layers.Dense(n_classes, activation="softmax")(h))
