"""The two-branch network: building and training it. Only training imports TensorFlow.

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

import numpy as np

from scope.classifiers.examples import Examples
from scope.config.classes import ClassDefinition
from scope.errors import ConfigError

if TYPE_CHECKING:
    import keras

DMDT_SHAPE = (26, 26, 1)


@dataclass(frozen=True)
class NetworkOptions:
    """What all networks of a training have in common.

    Attributes
    ----------
    dense_branch, conv_branch : bool
        Which inputs the network looks at; at least one.
    plateau_patience : int or None
        Epochs without a better validation loss after which the learning rate falls to a
        tenth. None: half of the class's patience, so that it acts before training stops.
    """

    dense_branch: bool = True
    conv_branch: bool = True
    plateau_patience: int | None = None

    def __post_init__(self) -> None:
        if not (self.dense_branch or self.conv_branch):
            raise ConfigError(
                "network without branches",
                value="dense_branch false, conv_branch false",
                allowed="one or both true",
                todo="correct training.dnn",
            )


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
        features = Input((n_features,), name="features")
        inputs.append(features)
        x = layers.Dense(256, activation="relu", name="dense_1")(features)
        x = layers.Dropout(0.25, name="dense_dropout")(x)
        branches.append(layers.Dense(32, activation="relu", name="dense_2")(x))
    if options.conv_branch:
        dmdt = Input(DMDT_SHAPE, name="dmdt")
        inputs.append(dmdt)
        x = layers.SeparableConv2D(16, 3, activation="relu", name="conv_1")(dmdt)
        x = layers.SeparableConv2D(16, 3, activation="relu", name="conv_2")(x)
        x = layers.Dropout(0.25, name="conv_dropout_1")(x)
        x = layers.MaxPooling2D(2, name="conv_pool")(x)
        x = layers.SeparableConv2D(32, 3, activation="relu", name="conv_3")(x)
        x = layers.SeparableConv2D(32, 3, activation="relu", name="conv_4")(x)
        x = layers.Dropout(0.25, name="conv_dropout_2")(x)
        branches.append(layers.GlobalAveragePooling2D(name="conv_mean")(x))
    x = layers.Concatenate(name="joined")(branches) if len(branches) > 1 else branches[0]
    x = layers.Dropout(0.4, name="joined_dropout")(x)
    x = layers.Dense(16, activation="relu", name="head")(x)
    return Model(inputs, layers.Dense(1, activation="sigmoid", name="score")(x), name="network")


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
    """

    def __init__(
        self,
        n_features: int,
        definition: ClassDefinition,
        *,
        options: NetworkOptions | None = None,
        seed: int = 42,
    ) -> None:
        import keras

        self.definition, self.seed = definition, seed
        self.options = options or NetworkOptions()
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        self.network = build_network(n_features, self.options)
        self.optimizer = keras.optimizers.Adam(
            learning_rate=definition.learning_rate,
            beta_1=definition.beta_1,
            beta_2=definition.beta_2,
            epsilon=definition.epsilon,
            amsgrad=definition.amsgrad,
        )
        self.network.compile(
            optimizer=self.optimizer, loss="binary_crossentropy", jit_compile=False
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
        from keras import callbacks

        keras.utils.set_random_seed(self.seed)
        for variable, value in zip(self._variables(), self._start, strict=True):
            variable.assign(value)
        patience = self.definition.patience
        weights = train.side_weights if self.definition.weight_per_class else (1.0, 1.0)
        plateau = self.options.plateau_patience or max(1, patience // 2)
        history = self.network.fit(
            _inputs(train, self.options),
            train.target.astype(np.float32),
            validation_data=(
                _inputs(validation, self.options),
                validation.target.astype(np.float32),
            ),
            batch_size=self.definition.batch_size,
            epochs=epochs or self.definition.epochs,
            class_weight={0: weights[0], 1: weights[1]},
            shuffle=True,
            verbose=verbose,
            callbacks=[
                callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True),
                callbacks.ReduceLROnPlateau(
                    "val_loss", factor=0.1, patience=plateau, min_delta=1e-4
                ),
            ],
        )
        losses = {name: [float(v) for v in values] for name, values in history.history.items()}
        return TrainedNetwork(
            content=network_bytes(self.network),
            history=losses,
            best_epoch=int(np.argmin(losses["val_loss"])) + 1,
        )


def _inputs(examples: Examples, options: NetworkOptions) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if options.dense_branch:
        inputs["features"] = examples.features
    if options.conv_branch:
        inputs["dmdt"] = examples.dmdt.reshape(-1, *DMDT_SHAPE)
    return inputs


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
    config = _without_addresses(json.loads(parts["config.json"]))
    parts["config.json"] = json.dumps(config).encode()
    version = json.loads(parts["metadata.json"])["keras_version"]
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
