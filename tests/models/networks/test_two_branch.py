"""The network against its published architecture, and its training against its settings."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest

from scope.config.classes import ClassDefinition
from scope.errors import ConfigError
from scope.models.networks.two_branch import NetworkOptions, build_network, network_bytes
from scope.models.networks.two_branch_trainer import NetworkTrainer
from scope.models.training.class_examples import Examples

EA = ClassDefinition(
    "ea",
    "EA",
    "phenomenological",
    batch_size=8,
    epochs=3,
    patience=7,
    learning_rate=0.004,
    beta_1=0.8,
    beta_2=0.99,
    epsilon=2e-8,
    amsgrad=False,
    weight_per_class=True,
)


def examples(n: int) -> Examples:
    rng = np.random.default_rng(n)
    features = rng.normal(size=(n, 4)).astype(np.float32)
    dmdt = rng.random((n, 676)).astype(np.float32)
    return Examples(features, dmdt, features[:, 0] > 0.7, np.arange(n))


def separable(channels: int, filters: int) -> int:
    """Weights of a separable 3x3 convolution: one kernel per channel, mixing, bias."""
    return 9 * channels + channels * filters + filters


CONV = separable(1, 16) + separable(16, 16) + separable(16, 32) + separable(32, 32)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (NetworkOptions(), 36 * 256 + 257 * 32 + CONV + 65 * 16 + 17),
        (NetworkOptions(conv_branch=False), 36 * 256 + 257 * 32 + 33 * 16 + 17),
        (NetworkOptions(dense_branch=False), CONV + 33 * 16 + 17),
    ],
)
def test_the_network_has_the_weights_of_the_published_layers(
    options: NetworkOptions, expected: int
) -> None:
    network = build_network(35, options)
    assert network.count_params() == expected
    assert network.output_shape == (None, 1)


def test_sizes_of_the_images_shrink_as_published() -> None:
    network = build_network(61)
    sizes = [layer.output.shape[1] for layer in network.layers if len(layer.output.shape) == 4]
    assert list(dict.fromkeys(sizes)) == [26, 24, 22, 11, 9, 7]
    rates = [layer.rate for layer in network.layers if "dropout" in layer.name]
    assert sorted(rates) == [0.25, 0.25, 0.25, 0.4]


def test_a_network_without_branches_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"training\.dnn"):
        NetworkOptions(dense_branch=False, conv_branch=False)


def test_every_setting_of_the_class_reaches_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    seen: dict[str, Any] = {}
    fit = keras.Model.fit

    def spy(self: Any, *args: Any, **settings: Any) -> Any:
        seen.update(settings, optimizer=self.optimizer.get_config(), loss=self.loss)
        return fit(self, *args, **settings)

    monkeypatch.setattr(keras.Model, "fit", spy)
    train = examples(64)
    trainer = NetworkTrainer(4, EA, options=NetworkOptions(plateau_patience=2))
    trained = trainer.fit(train, examples(32))
    adam = seen["optimizer"]
    for name in ("beta_1", "beta_2", "epsilon", "amsgrad"):
        assert adam[name] == getattr(EA, name), name
    assert adam["learning_rate"] == pytest.approx(0.004)
    assert (seen["batch_size"], seen["epochs"], seen["loss"]) == (8, 3, "binary_crossentropy")
    positive = int(train.target.sum())
    assert seen["class_weight"] == {0: positive / (64 - positive), 1: 1.0}
    stopping, plateau = seen["callbacks"]
    assert (stopping.patience, stopping.restore_best_weights) == (7, True)
    assert (plateau.patience, plateau.factor) == (2, 0.1)
    assert len(trained.history["loss"]) == 3
    losses = trained.history["val_loss"]
    assert losses[trained.best_epoch - 1] == min(losses)


def test_what_was_trained_before_leaves_no_trace() -> None:
    trainer = NetworkTrainer(4, EA)
    first = trainer.fit(examples(64), examples(32))
    shorter = trainer.fit(examples(48), examples(32), epochs=1)
    assert len(shorter.history["loss"]) == 1
    again = trainer.fit(examples(64), examples(32))
    assert (again.content, again.history) == (first.content, first.history)
    assert NetworkTrainer(4, EA).fit(examples(64), examples(32)).content == first.content


def test_the_file_holds_weights_and_neither_time_nor_address_nor_optimiser() -> None:
    import keras

    keras.utils.set_random_seed(1)
    network = build_network(4)
    network.compile("adam", "mse")
    content = network_bytes(network)
    assert content == network_bytes(network)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(archive.read("metadata.json"))["date_saved"] == ""
        assert b"shared_object_id" not in archive.read("config.json")
        assert b"optimizer" not in archive.read("model.weights.h5")
