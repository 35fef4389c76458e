"""Training of QuasarNET with Keras. One graph serves all members of an ensemble in a process.

Losses and targets as QuasarNET has them (Busca & Balland 2018, section 3). Weights start from
NumPy's generator and dropout from seeds of the member, so that a member is the same whichever
process trains it, and whatever was trained before it.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.models.spectra.quasar_net import (
    EPSILON,
    KERNEL,
    NORM,
    OFFSET_SCALE,
    OFFSET_SHIFT,
    STRIDE,
    QuasarNet,
    output_lengths,
)
from scope.models.spectra.quasar_net_examples import NetworkOptions
from scope.models.spectra.wavelength_grid import LINES, LOG_GRID, Grid

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

LOSS_EPSILON = 1e-7
DROPOUT = 0.2


def member_generator(seed: int, member: int) -> np.random.Generator:
    """Return the generator of a member; members do not depend on each other."""
    return np.random.default_rng(np.random.SeedSequence([seed, member]))


def draw_objects(
    objects: npt.NDArray[np.int64], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw as many objects as there are, with replacement.

    Parameters
    ----------
    objects : (n,) int64
        Object of each row.

    Returns
    -------
    rows : (m,) int64, drawn : (k,) int64
        All rows of each object drawn, again for each time that it was; and the objects, each once:
        rows of others are out of bag.
    """
    names, which = np.unique(objects, return_inverse=True)
    times = np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))
    rows = np.repeat(np.arange(len(objects)), times[which])
    return rows, names[times > 0]


class Trainer:
    """Trains networks of one shape, by one graph.

    Parameters
    ----------
    options : NetworkOptions
    grid : Grid
    n_rows : int, optional
        Spectra that the means of the normalisation are made for; by default those of the first
        training. Whoever trains on parts of one set gives that of the whole.

    Attributes
    ----------
    losses : list of float
        Mean loss of each epoch of the last training.
    """

    def __init__(
        self, options: NetworkOptions, grid: Grid = LOG_GRID, n_rows: int | None = None
    ) -> None:
        self.options, self.grid, self.n_rows = options, grid, n_rows
        self.losses: list[float] = []
        lengths = output_lengths(grid.n_bins, options.layers, options.padding)
        self._flat = lengths[-1] * options.filters
        self._model: Any = None
        self._step: Any = None
        self._optimizer: Any = None

    def train(
        self,
        x: Floats,
        wanted: Floats,
        known: Floats,
        rows: npt.NDArray[np.int64],
        rng: np.random.Generator,
        start: QuasarNet | None = None,
    ) -> QuasarNet:
        """Train one network.

        Parameters
        ----------
        x : (n, bins) float32
        wanted, known : arrays
            As `targets` returns them.
        rows : int64
            Rows to learn from; they may stand several times.
        start : QuasarNet, optional
            Network that training goes on from, in place of weights that are drawn.

        Raises
        ------
        InputError
            If there are no rows, or `start` is of another shape.
        """
        if not len(rows):
            raise InputError("network without spectra to learn from", value=0)
        if self._model is None:
            n_rows = len(x) if self.n_rows is None else self.n_rows
            self._build(self.options.epochs * -(-n_rows // self.options.batch))
        self._reset(rng)
        if start is not None:
            _set_weights(self._model, start)
        self.losses = []
        import tensorflow as tf

        for epoch in range(self.options.epochs):
            order, loss = rng.permutation(rows), 0.0
            for begin in range(0, len(order), self.options.batch):
                part = np.sort(order[begin : begin + self.options.batch])
                arrays = (np.asarray(x[part]), wanted[part], known[part])
                loss += float(self._step(*map(tf.constant, arrays))) * len(part)
            self.losses.append(loss / len(order))
            log.info("epoch %d of %d: loss %.4f", epoch + 1, self.options.epochs, self.losses[-1])
        return self._network()

    def _build(self, steps: int) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import keras
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        options, k = self.options, keras.layers
        # Running means forget where they began, however short the training is.
        norm = {"epsilon": EPSILON, "momentum": float(np.clip(1 - 10 / steps, 0.5, 0.99))}
        inputs = keras.Input((self.grid.n_bins,))
        h = k.Reshape((self.grid.n_bins, 1))(inputs)
        for number in range(1, options.layers + 1):
            name = f"conv_{number}"
            h = k.Conv1D(options.filters, KERNEL, STRIDE, options.padding, name=name)(h)
            h = k.BatchNormalization(**norm, name=f"bn_{number}")(h)
            h = k.Dropout(DROPOUT, name=f"dropout_{number}", seed=0)(k.ReLU()(h))
        h = k.Dense(options.width, name="fc_common")(k.Flatten()(h))
        h = k.ReLU()(k.BatchNormalization(**norm, name="bn_common")(h))
        heads = []
        for head in range(options.n_heads):
            box = k.Dense(options.boxes, activation="sigmoid", name=f"fc_box_{head}")(h)
            offset = k.Dense(options.boxes, activation="sigmoid", name=f"fc_offset_{head}")(h)
            heads.append(k.Concatenate()([box, offset * OFFSET_SCALE + OFFSET_SHIFT]))
        stacked = k.Concatenate()([k.Reshape((1, 2 * options.boxes))(h) for h in heads])
        outputs = k.Reshape((options.n_heads, 2 * options.boxes))(stacked)
        self._model = keras.Model(inputs, outputs)
        self._optimizer = keras.optimizers.Adam(options.rate, amsgrad=options.amsgrad)
        self._optimizer.build(self._model.trainable_variables)
        self._step = self._graph(tf)

    def _graph(self, tf: Any) -> Any:
        options = self.options
        shapes = [(self.grid.n_bins,), (options.n_heads, 2 * options.boxes), (options.n_heads,)]

        @tf.function(
            input_signature=[tf.TensorSpec((None, *shape), tf.float32) for shape in shapes]
        )
        def step(x: Any, wanted: Any, known: Any) -> Any:
            with tf.GradientTape() as tape:
                said = self._model(x, training=True)
                loss = tf.reduce_mean(tf.reduce_sum(known * losses(said, wanted, options.boxes), 1))
            variables = self._model.trainable_variables
            gradients = tape.gradient(loss, variables)
            self._optimizer.apply(gradients, variables)
            return loss

        return step

    def _reset(self, rng: np.random.Generator) -> None:
        """Begin anew: weights (Glorot & Bengio 2010), optimizer, dropout, running means."""
        for layer in self._model.layers:
            if hasattr(layer, "kernel"):
                shape = tuple(layer.kernel.shape)
                area = int(np.prod(shape[:-2]))
                limit = np.sqrt(6 / (area * (shape[-2] + shape[-1])))
                layer.set_weights([rng.uniform(-limit, limit, shape), np.zeros(shape[-1])])
            elif layer.name.startswith("bn_"):
                size = layer.gamma.shape[0]
                layer.set_weights([np.ones(size), np.zeros(size), np.zeros(size), np.ones(size)])
            elif layer.name.startswith("dropout_"):
                layer.seed_generator.state.assign(rng.integers(2**31, size=2))
        for variable in self._optimizer.variables:
            if variable.name != "learning_rate" and "learning_rate" not in variable.path:
                variable.assign(np.zeros(variable.shape, dtype=variable.dtype))

    def _network(self) -> QuasarNet:
        layers: dict[str, dict[str, Floats]] = {}
        for layer in self._model.layers:
            weights = [np.asarray(value, dtype=np.float32) for value in layer.get_weights()]
            if hasattr(layer, "kernel"):
                layers[layer.name] = {"kernel": weights[0], "bias": weights[1]}
            elif layer.name.startswith("bn_"):
                layers[layer.name] = dict(zip(NORM, weights, strict=True))
        return QuasarNet(layers, self.options.padding, self.grid)


def keras_network(network: QuasarNet) -> Any:
    """Return a network as a Keras model, for scoring."""
    n_heads = network.n_heads
    options = NetworkOptions(
        layers=network.n_conv,
        filters=int(network.layers["conv_1"]["bias"].size),
        width=int(network.layers["fc_common"]["bias"].size),
        boxes=network.boxes,
        lines=LINES[: n_heads - 1],
    )
    trainer = Trainer(options, network.grid)
    trainer._build(steps=1)
    _set_weights(trainer._model, network)
    return trainer._model


def _set_weights(model: Any, network: QuasarNet) -> None:
    """Copy the weights of a network into a Keras model of its shape.

    Raises
    ------
    InputError
        If it is of another shape.
    """
    for layer in model.layers:
        if not layer.get_weights():
            continue
        arrays = network.layers.get(layer.name, {})
        keys = NORM if layer.name.startswith("bn_") else ("kernel", "bias")
        wanted = [tuple(np.shape(value)) for value in layer.get_weights()]
        found = [arrays[key].shape for key in keys if key in arrays]
        if layer.name.startswith("dropout_"):
            continue
        if found != wanted:
            raise InputError(
                "network of another shape than the one that is trained",
                value=f"{layer.name}: {found or 'not there'}",
                allowed=str(wanted),
                todo="give the options of the network that training goes on from",
            )
        layer.set_weights([arrays[key] for key in keys])


def losses(said: Any, wanted: Any, boxes: int) -> Any:
    """Return the loss of each spectrum and line, (n, heads).

    Cross-entropy of boxes that should say yes and of those that should not, each divided by how
    many there are, and the squared error of the offset in the box that should say yes.
    """
    import tensorflow as tf

    p = tf.clip_by_value(said[..., :boxes], LOSS_EPSILON, 1 - LOSS_EPSILON)
    y, offset = wanted[..., :boxes], wanted[..., boxes:]
    yes = tf.reduce_sum(y, -1) + LOSS_EPSILON
    no = boxes - tf.reduce_sum(y, -1) + LOSS_EPSILON
    hit = -tf.reduce_sum(y * tf.math.log(p), -1) / yes
    miss = -tf.reduce_sum((1 - y) * tf.math.log(1 - p), -1) / no
    shift = tf.reduce_sum(y * (offset - said[..., boxes:]) ** 2, -1) / yes
    return hit + miss + shift


def mean_loss(said: Floats, wanted: Floats, known: Floats) -> float:
    """Return the mean over spectra of the losses of their lines, as training has it.

    Parameters
    ----------
    said, wanted : (n, heads, 2 x boxes) float32
    known : (n, heads) float32
        How much each line counts.
    """
    import tensorflow as tf

    each = losses(tf.constant(said), tf.constant(wanted), said.shape[2] // 2)
    return float(np.mean(np.sum(known * np.asarray(each), axis=1)))
