"""Networks of classes as members of ensembles: one graph, compiled once, trained anew each time.

Weights start from NumPy's generator, and dropout from seeds of the member, so that a member is
the same whichever process trains it and whatever was trained before it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]

PIECE = 256
"""Rows per call of a trained network."""

ONES = ("gamma", "moving_variance")
"""Weights that begin as 1; those of more than one axis are drawn, all others begin as 0."""


@dataclass(frozen=True)
class Steps:
    """Numbers of passes, batch size and learning rate of a network."""

    epochs: int = 30
    batch: int = 32
    rate: float = 2e-3


@dataclass
class ClassNetwork:
    """Networks of one shape, trained one after the other.

    Attributes
    ----------
    build : callable
        Returns a Keras model of inputs (n, …) whose output (n, k) is a softmax.
    steps : Steps
    """

    build: Callable[[], Any]
    steps: Steps = field(default_factory=Steps)
    _model: Any = field(init=False, repr=False, default=None)
    _step: Any = field(init=False, repr=False, default=None)
    _optimizer: Any = field(init=False, repr=False, default=None)

    def train(
        self,
        inputs: Sequence[Floats],
        rows: npt.NDArray[np.int64],
        y: npt.NDArray[np.int64],
        seed: int,
    ) -> None:
        """Train on rows of the inputs, which may repeat.

        Parameters
        ----------
        inputs : sequence of (n, …) arrays
            May be mapped from files.
        rows, y : (m,) int64
        seed : int
            Of the start, dropout and the order of rows.
        """
        if self._model is None:
            self._compile()
        rng = np.random.default_rng(seed)
        self._reset(rng)
        for _ in range(self.steps.epochs):
            order = rng.permutation(len(rows))
            for start in range(0, len(order), self.steps.batch):
                part = order[start : start + self.steps.batch]
                arrays = [np.asarray(one[rows[part]], dtype=np.float32) for one in inputs]
                self._step(arrays, y[part].astype(np.int32))

    def predict(self, inputs: Sequence[Floats], passes: int = 0) -> Floats:
        """Return what the network says of all rows.

        Parameters
        ----------
        inputs : sequence of (n, …) float32
            Of each input of the network.
        passes : int
            Passes with dropout left on; 0 for one without.

        Returns
        -------
        (n, passes or 1, k) float64
        """
        said = [self._said(inputs, passes > 0) for _ in range(max(passes, 1))]
        return np.stack(said, axis=1)

    def _said(self, inputs: Sequence[Floats], dropout: bool) -> Floats:
        call = self._with_dropout if dropout else self._without
        parts = []
        for start in range(0, len(inputs[0]), PIECE):
            piece = [np.asarray(one[start : start + PIECE], dtype=np.float32) for one in inputs]
            parts.append(np.asarray(call(piece), dtype=np.float64))
        return np.concatenate(parts)

    def _compile(self) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        built = self.build()
        # Always a list of inputs, also where there is one.
        self._model = model = keras.Model(list(built.inputs), built.outputs[0])
        self._optimizer = optimizer = keras.optimizers.Adam(self.steps.rate)
        optimizer.build(model.trainable_variables)
        loss_of = keras.losses.SparseCategoricalCrossentropy()
        pieces = [tf.TensorSpec((None, *one.shape[1:]), tf.float32) for one in model.inputs]

        @tf.function(input_signature=[pieces, tf.TensorSpec((None,), tf.int32)])
        def step(arrays: Any, wanted: Any) -> None:
            with tf.GradientTape() as tape:
                loss = loss_of(wanted, model(arrays, training=True))
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply(gradients, model.trainable_variables)

        self._step = step
        self._without = tf.function(
            lambda arrays: model(arrays, training=False), input_signature=[pieces]
        )
        sampled = tf.function(lambda arrays: model(arrays, training=True), input_signature=[pieces])
        # Only dropout behaves as in training there: a frozen normalisation keeps its means.
        norms = [one for one in model.layers if isinstance(one, keras.layers.BatchNormalization)]
        for layer in norms:
            layer.trainable = False
        self._with_dropout = sampled.get_concrete_function()
        for layer in norms:
            layer.trainable = True

    def _reset(self, rng: np.random.Generator) -> None:
        """Begin anew: weights (Glorot & Bengio 2010), optimizer, dropout, running means."""
        for variable in self._model.variables:
            shape, name = tuple(variable.shape), variable.path.rpartition("/")[2]
            if name == "seed_generator_state":
                variable.assign(rng.integers(2**31, size=2).astype(np.uint32))
            elif len(shape) > 1:
                area = int(np.prod(shape[:-2]))
                limit = np.sqrt(6 / (area * (shape[-2] + shape[-1])))
                variable.assign(rng.uniform(-limit, limit, shape))
            else:
                variable.assign(np.ones(shape) if name in ONES else np.zeros(shape))
        for variable in self._optimizer.variables:
            if "learning_rate" not in variable.path:
                variable.assign(np.zeros(variable.shape, dtype=variable.dtype))
