"""The convolutions of QuasarNET with a head of classes, for labels without redshifts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.tasks.spectra.network import KERNEL, STRIDE

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class ClassOptions:
    """How the network is built and trained."""

    filters: int = 24
    epochs: int = 30
    batch: int = 32
    rate: float = 2e-3


def class_probabilities(
    x: Floats,
    rows: npt.NDArray[np.int64],
    y: npt.NDArray[np.int64],
    n_classes: int,
    options: ClassOptions,
    seed: int,
) -> Floats:
    """Train a network on rows, which may repeat, and return (n, n_classes) of all rows of `x`."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed % 2**31)
    tf.config.experimental.enable_op_determinism()
    model = _model(x.shape[1], n_classes, options)
    model.compile(keras.optimizers.Adam(options.rate), "sparse_categorical_crossentropy")
    model.fit(x[rows], y, options.batch, options.epochs, verbose=0)
    return np.asarray(model.predict(x, batch_size=256, verbose=0), dtype=np.float64)


def _model(n_bins: int, n_classes: int, options: ClassOptions) -> Any:
    from keras import Input, Model, layers

    inputs = Input((n_bins,))
    h = layers.Reshape((n_bins, 1))(inputs)
    for _ in range(4):
        h = layers.Conv1D(options.filters, KERNEL, STRIDE)(h)
        # Short trainings: running means must forget where they began.
        h = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(h))
    h = layers.Dropout(0.2)(layers.Flatten()(h))
    h = layers.ReLU()(layers.Dense(options.filters * 2)(h))
    return Model(inputs, layers.Dense(n_classes, activation="softmax")(h))
