"""Training the network of a class. Only this imports TensorFlow, by way of Keras."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.config.classes import ClassDefinition
from scope.errors import BundleError
from scope.models.networks.keras_h5 import PUBLISHED_NAMES, keras_bytes_of_h5
from scope.models.networks.two_branch import (
    CALLBACKS,
    DMDT_SHAPE,
    NetworkOptions,
    build_network,
    network_bytes,
)
from scope.models.runtime.keras_files import BROKEN, check_h5, check_keras, first_line
from scope.models.training.class_examples import Examples
from scope.models.training.pretrained import Pretrained

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network and how its losses went.

    Attributes
    ----------
    content : bytes
        A ``.keras`` file without the state of the optimiser.
    history : dict of str to list of float
        Per epoch: loss and validation loss.
    best_epoch : int
        Epoch, from 1, whose weights were kept.
    """

    content: bytes
    history: dict[str, list[float]]
    best_epoch: int


def pretrained_network(
    pretrained: Pretrained, n_features: int, options: NetworkOptions
) -> keras.Model:
    """Return a trained network that another training goes on from.

    Raises
    ------
    BundleError
        If the file cannot be read, or its network has other inputs.
    """
    expected = build_network(n_features, options)
    try:
        found = _read_network(pretrained.path, n_features)
        if pretrained.weights_only:
            for layer in found.layers:
                if weights := layer.get_weights():
                    name = PUBLISHED_NAMES.get(layer.name, layer.name)
                    expected.get_layer(name).set_weights(weights)
            return expected
        shapes = [
            {tensor.name.split(":")[0]: tuple(tensor.shape) for tensor in network.inputs}
            for network in (found, expected)
        ]
    except BROKEN as error:
        problem = first_line(error)
        raise pretrained.error(problem, "a network of this package, or a published one") from error
    if shapes[0] != shapes[1]:
        raise pretrained.error(str(shapes[0]), str(shapes[1]))
    return found


def _read_network(path: Path, n_features: int) -> keras.Model:
    """Read a network of Keras 3, or one in an HDF5 file of Keras 2."""
    if path.suffix == ".h5":
        try:
            return _loaded(keras_bytes_of_h5(path, n_features), ".keras")
        except BundleError:
            # Keras 3 writes HDF5 files as well, with layers in another form.
            content = path.read_bytes()
            check_h5(content)
            return _loaded(content, ".h5")
    # Only what was looked at is loaded: no other file can take its place meanwhile.
    content = path.read_bytes()
    check_keras(content)
    return _loaded(content, ".keras")


def _loaded(content: bytes, suffix: str) -> keras.Model:
    """Load a network that holds no program."""
    import keras

    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        return keras.saving.load_model(file.name, compile=False, safe_mode=True)


class NetworkTrainer:
    """Trains the network of one class, again and again from the same start.

    What is dear is made once: the graph of a training step takes seconds to compile, as
    much as many passes over a small training set.

    Parameters
    ----------
    n_features : int
        Length of the feature vector.
    definition : ClassDefinition
    options : NetworkOptions, optional
    seed : int
        Of the first weights, of dropout and of the order of rows.
    start : Pretrained, optional
        A trained network to go on from.
    """

    def __init__(
        self,
        n_features: int,
        definition: ClassDefinition,
        *,
        options: NetworkOptions | None = None,
        seed: int = 42,
        start: Pretrained | None = None,
    ) -> None:
        import keras

        self.definition, self.seed = definition, seed
        self.options = options or NetworkOptions()
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        self.network = (
            build_network(n_features, self.options)
            if start is None
            else pretrained_network(start, n_features, self.options)
        )
        self.optimizer = make_optimizer(definition, self.options)
        self.network.compile(
            optimizer=self.optimizer,
            loss=self.options.loss,
            run_eagerly=self.options.run_eagerly,
            jit_compile=False,
        )
        self.optimizer.build(self.network.trainable_variables)
        self._start = [variable.numpy() for variable in self._variables()]

    def _variables(self) -> list[Any]:
        """Return all that a training changes: weights, states of dropout and optimiser."""
        return [*self.network.variables, *self.optimizer.variables]

    def fit(
        self, train: Examples, validation: Examples, *, epochs: int | None = None, verbose: int = 0
    ) -> TrainedNetwork:
        """Train; the same rows give the same weights, whatever was trained before.

        Binary cross-entropy, Adam with the settings of the class, early stopping on the
        validation loss with the best weights restored.

        Parameters
        ----------
        train, validation : Examples
            Of different stars.
        epochs : int, optional
            Passes at most; by default those of the class.
        verbose : {0, 1, 2}
            What Keras prints.
        """
        import keras

        keras.utils.set_random_seed(self.seed)
        for variable, value in zip(self._variables(), self._start, strict=True):
            variable.assign(value)
        weights = train.side_weights if self.definition.weight_per_class else (1.0, 1.0)
        settings: dict[str, Any] = {
            "validation_data": (
                _inputs(validation, self.options),
                validation.target.astype(np.float32),
            ),
            "epochs": epochs or self.definition.epochs,
            "class_weight": {0: weights[0], 1: weights[1]},
            "verbose": verbose,
            "callbacks": self._callbacks(),
        }
        x, y = _inputs(train, self.options), train.target.astype(np.float32)
        if self.options.shuffle_buffer_size is None:
            size = self.definition.batch_size
            history = self.network.fit(x, y, batch_size=size, shuffle=True, **settings)
        else:
            history = self.network.fit(self._shuffled(x, y), **settings)
        losses = {name: [float(v) for v in values] for name, values in history.history.items()}
        stops = "early_stopping" in self.options.callbacks
        watched = losses[self.options.monitor]
        return TrainedNetwork(
            content=network_bytes(self.network),
            history=losses,
            best_epoch=int(np.argmin(watched)) + 1 if stops else len(watched),
        )

    def _callbacks(self) -> list[Any]:
        from keras import callbacks

        patience, monitor = self.definition.patience, self.options.monitor
        plateau = self.options.plateau_patience or max(1, patience // 2)
        found = {
            "early_stopping": callbacks.EarlyStopping(
                monitor, patience=patience, restore_best_weights=True
            ),
            "reduce_lr_on_plateau": callbacks.ReduceLROnPlateau(
                monitor, factor=0.1, patience=plateau, min_delta=1e-4
            ),
        }
        return [found[name] for name in CALLBACKS if name in self.options.callbacks]

    def _shuffled(self, x: dict[str, Any], y: npt.NDArray[np.float32]) -> Any:
        """Return batches of rows that are drawn from a buffer."""
        import tensorflow as tf

        rows = tf.data.Dataset.from_tensor_slices((x, y))
        rows = rows.shuffle(self.options.shuffle_buffer_size, seed=self.seed)
        return rows.batch(self.definition.batch_size)


def make_optimizer(definition: ClassDefinition, options: NetworkOptions) -> Any:
    """Return the optimiser of a class."""
    from keras import optimizers

    rate: Any = definition.learning_rate
    if options.decay:
        rate = optimizers.schedules.InverseTimeDecay(rate, 1, options.decay)
    if options.optimizer == "sgd":
        return optimizers.SGD(learning_rate=rate, momentum=options.momentum, nesterov=True)
    return optimizers.Adam(
        learning_rate=rate,
        beta_1=definition.beta_1,
        beta_2=definition.beta_2,
        epsilon=definition.epsilon,
        amsgrad=definition.amsgrad,
    )


def _inputs(examples: Examples, options: NetworkOptions) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if options.dense_branch:
        inputs["features"] = examples.features
    if options.conv_branch:
        inputs["dmdt"] = examples.dmdt.reshape(-1, *DMDT_SHAPE)
    return inputs
