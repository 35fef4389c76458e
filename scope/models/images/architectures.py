"""Networks on images, as Keras models.

vgg6 is that of braai (Duev et al. 2019, MNRAS 489, 3582); the Bayesian forms keep their
dropout in scoring (Killestein et al. 2021, MNRAS 503, 4838; Gal & Ghahramani 2016, ICML).
All are functions of the shape of an image and the number of classes, as gotorb's `train`
takes them: one output (sigmoid) for one class, else a softmax.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from scope.errors import ConfigError

if TYPE_CHECKING:
    import keras

SMALLEST = 21
"""Pixels; below it nothing is left after the second pooling."""

Architecture = Callable[..., "keras.Model"]


def vgg6(input_shape: tuple[int, int, int], n_classes: int = 1) -> keras.Model:
    """Return the network of braai: 222,113 parameters for 55x55 pixels in 4 layers."""
    from keras import layers, regularizers

    _check_shape(input_shape)
    conv = partial(
        layers.Conv2D,
        kernel_size=3,
        activation="relu",
        kernel_regularizer=regularizers.L2(1e-4),
    )
    return _chain(
        input_shape,
        [
            conv(16, name="conv1"),
            conv(16, name="conv2"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.SpatialDropout2D(0.25, name="drop1"),
            conv(32, name="conv3"),
            conv(32, name="conv4"),
            layers.MaxPooling2D(4, name="pool2"),
            layers.SpatialDropout2D(0.25, name="drop2"),
            layers.Flatten(name="flatten"),
            layers.Dense(
                256, activation="relu", activity_regularizer=regularizers.L2(1e-4), name="fc1"
            ),
            layers.Dropout(0.5, name="drop3"),
            _output(n_classes),
        ],
    )


@dataclass(frozen=True)
class Bayesian:
    """Hyperparameters of a Bayesian vgg6, which tuning finds.

    Attributes
    ----------
    block1, extra2 : int
        Filters of the first block, and those of the second above it.
    dense : int
    initializer : {"he_uniform", "glorot_uniform"}
    dropout_prob : float
        To be tuned: too little gives posteriors that are too narrow.
    l2 : float
    activation : {"relu", "leaky_relu", "elu"}
    """

    block1: int = 16
    extra2: int = 16
    dense: int = 256
    initializer: str = "he_uniform"
    dropout_prob: float = 0.01
    l2: float = 1e-4
    activation: str = "relu"

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("activation", self.activation, ACTIVATIONS),
            ("initializer", self.initializer, ("he_uniform", "glorot_uniform")),
        ):
            if value not in allowed:
                raise ConfigError(f"{name} of a network", value=value, allowed=allowed)
        if not 0 <= self.dropout_prob < 1:
            raise ConfigError("dropout_prob", value=self.dropout_prob, allowed="0 to below 1")


ACTIVATIONS = ("relu", "leaky_relu", "elu")


def bayesian_vgg6(
    input_shape: tuple[int, int, int], dropout_prob: float = 0.01, n_classes: int = 1
) -> keras.Model:
    """Return vgg6 with dropout behind every layer but the last of each block."""
    return bayesian_network(input_shape, Bayesian(dropout_prob=dropout_prob), n_classes)


def bayesian_network(
    input_shape: tuple[int, int, int], how: Bayesian, n_classes: int = 1
) -> keras.Model:
    """Return a Bayesian vgg6 of any size.

    Of each block the second convolution acts after the pooling: the highest value of linear
    outputs is that of the activated ones, at a quarter of the work.
    """
    from keras import layers, regularizers

    _check_shape(input_shape)
    conv = partial(
        layers.Conv2D,
        kernel_size=3,
        kernel_initializer=how.initializer,
        kernel_regularizer=regularizers.L2(how.l2),
    )
    second = how.block1 + how.extra2
    return _chain(
        input_shape,
        [
            conv(how.block1, name="conv1"),
            _activation(how.activation, "act1"),
            layers.SpatialDropout2D(how.dropout_prob, name="drop1"),
            conv(how.block1, name="conv2"),
            layers.MaxPooling2D(2, name="pool1"),
            _activation(how.activation, "act2"),
            layers.SpatialDropout2D(how.dropout_prob, name="drop2"),
            conv(second, name="conv3"),
            _activation(how.activation, "act3"),
            layers.SpatialDropout2D(how.dropout_prob, name="drop3"),
            conv(second, name="conv4"),
            layers.MaxPooling2D(4, name="pool2"),
            _activation(how.activation, "act4"),
            layers.Flatten(name="flatten"),
            layers.Dropout(how.dropout_prob, name="drop4"),
            layers.Dense(
                how.dense,
                kernel_initializer=how.initializer,
                activity_regularizer=regularizers.L2(how.l2),
                name="fc1",
            ),
            _activation(how.activation, "act5"),
            layers.Dropout(how.dropout_prob, name="drop5"),
            _output(n_classes),
        ],
    )


def bayesian_sepconvnet(
    input_shape: tuple[int, int, int], dropout_prob: float = 0.01, n_classes: int = 1
) -> keras.Model:
    """Return a small network of separable convolutions, with dropout that stays on."""
    from keras import layers

    _check_shape(input_shape)
    steps: list[Any] = []
    for number, filters in enumerate((16, 16, 32, 32), start=1):
        steps += [
            layers.SeparableConv2D(filters, 3, activation="relu", name=f"conv{number}"),
            layers.SpatialDropout2D(dropout_prob, name=f"drop{number}"),
        ]
        if number % 2 == 0:
            steps.append(layers.MaxPooling2D(number, name=f"pool{number // 2}"))
    steps += [
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="fc1"),
        layers.Dropout(dropout_prob, name="drop5"),
        _output(n_classes),
    ]
    return _chain(input_shape, steps)


def bayesian_vgg6_hyperparameterised(
    hp: Any, input_shape: tuple[int, int, int], n_classes: int = 1
) -> keras.Model:
    """Return a Bayesian vgg6 whose numbers come from a trial of the tuner.

    Parameters
    ----------
    hp : Bayesian, mapping, or a trial with ``params``
        The attributes of `Bayesian`; ``learning_rate`` may stand beside them.
    """
    return bayesian_network(input_shape, parse_hyperparameters(hp), n_classes)


def parse_hyperparameters(hp: Any) -> Bayesian:
    """Return tuned values as the settings of a network."""
    if isinstance(hp, Bayesian):
        return hp
    values: Mapping[str, Any] = hp if isinstance(hp, Mapping) else hp.params
    known = asdict(Bayesian())
    if strange := sorted(set(values) - set(known) - {"learning_rate"}):
        raise ConfigError(
            "hyperparameter", value=", ".join(strange), allowed=[*known, "learning_rate"]
        )
    return Bayesian(**{name: values[name] for name in known if name in values})


def compat_build_hp_model(hp: Any) -> Architecture:
    """Return tuned values as a function that `classifier.train` takes as ``model``."""
    how = parse_hyperparameters(hp)
    return lambda input_shape, n_classes=1: bayesian_network(input_shape, how, n_classes)


ARCHITECTURES: Mapping[str, Architecture] = {
    "vgg6": vgg6,
    "bayesian_vgg6": bayesian_vgg6,
    "bayesian_sepconvnet": bayesian_sepconvnet,
}


def find_architecture(name: str) -> Architecture:
    """Return an architecture by its name.

    Raises
    ------
    ConfigError
    """
    if name not in ARCHITECTURES:
        raise ConfigError("architecture of a network", value=name, allowed=ARCHITECTURES)
    return ARCHITECTURES[name]


def _check_shape(shape: tuple[int, int, int]) -> None:
    if len(shape) != 3 or shape[0] != shape[1] or shape[0] < SMALLEST:
        raise ConfigError(
            "shape of images for a network",
            value=shape,
            allowed=f"(side, side, layers), side {SMALLEST} or more",
        )


def _chain(input_shape: tuple[int, int, int], steps: list[Any]) -> keras.Model:
    from keras import Input, Sequential

    return Sequential([Input(input_shape, name="image"), *steps], name="network")


def _activation(name: str, layer: str) -> Any:
    from keras import layers

    kinds = {"relu": layers.ReLU, "leaky_relu": layers.LeakyReLU, "elu": layers.ELU}
    return kinds[name](name=layer)


def _output(n_classes: int) -> Any:
    from keras import layers

    if n_classes == 1:
        return layers.Dense(1, activation="sigmoid", name="score")
    return layers.Dense(n_classes, activation="softmax", name="score")
