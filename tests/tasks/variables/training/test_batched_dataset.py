"""``scope.utils.Dataset`` and ``scope.nn.ScopeNet`` as the documents' readers use them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scope.config.classes import CLASSES
from scope.errors import ConfigError, InputError, MissingColumnError
from scope.io import read_table
from scope.models.networks.two_branch import build_network
from scope.models.training.splits import split_by_star
from scope.tasks.variables.training.train_bundle import default_features, default_imputation
from scope.tasks.variables.training_sets.training_data import load_training_data
from scope.utils import Dataset
from tests.training_sets import training_set

VNV = CLASSES[0]


def make(tag: str = "vnv", *, algorithm: str = "xgb", **settings: Any) -> Any:
    return Dataset(tag, training_set(), algorithm=algorithm).make(**settings)


def test_sets_are_those_of_training() -> None:
    datasets, indexes, steps, weights = make(batch_size=50)
    stars = read_table(training_set()).column("star").to_pylist()
    expected = split_by_star(stars)
    for number, name in enumerate(("train", "val", "test")):
        assert indexes[name].tolist() == np.flatnonzero(expected == number).tolist()
        assert steps[name] == -(-len(indexes[name]) // 50)
    names = default_features("LS_BIC")
    data = load_training_data(
        training_set(),
        [VNV],
        features=names["phenomenological"],
        impute=default_imputation("LS_BIC"),
        period_suffix="LS_BIC",
    )
    for part, name in zip(data.examples(VNV, names["phenomenological"]), datasets, strict=True):
        np.testing.assert_array_equal(datasets[name][0], part.features)
        np.testing.assert_array_equal(datasets[name][1], part.target)
    assert weights == {0: 1.0, 1: 1.0}


def test_each_setting_is_used() -> None:
    usual, indexes, _, _ = make()
    positive = usual["train"][1].sum()
    assert make(weight_per_class=True)[3][1] == pytest.approx(
        (len(usual["train"][1]) - positive) / positive
    )
    balanced, kept, _, _ = make(balance=1.0)
    assert balanced["train"][1].mean() == 0.5
    assert set(kept["train"]) < set(indexes["train"])
    assert len(balanced["val"][1]) == len(usual["val"][1])
    assert set(make(balance=1.0, random_state=7)[1]["train"]) != set(kept["train"])
    assert len(make(test_size=0.4)[1]["test"]) > 2 * len(indexes["test"])
    assert len(make(val_size=0.4)[1]["val"]) > 2 * len(indexes["val"])
    assert make(batch_size=1)[2]["train"] == len(indexes["train"])
    labels = read_table(training_set()).column("EA").to_numpy()[indexes["train"]]
    assert make(target_label="EA")[0]["train"][1].sum() == labels.sum() != positive
    low = usual["train"][0]
    assert (low.min(), low.max()) == (0, 1)
    assert make(scale_features="median_std")[0]["train"][0].min() < -1
    names = default_features("LS_BIC")["phenomenological"]
    stats = {name: {"min": -50.0, "max": 50.0} for name in names}
    assert make(feature_stats=stats)[0]["train"][0].min() > 0.2


def test_features_are_named_with_and_without_suffix() -> None:
    by_name = Dataset("vnv", training_set(), features=["iqr", "f1_a"], algorithm="xgb")
    assert by_name.features == ["iqr", "f1_a_LS_BIC"]
    entries = {"iqr": {"include": True}, "ad": {"include": False}, "f1_a": {"include": True}}
    same = Dataset("vnv", training_set(), features=entries, algorithm="xgb")
    assert same.features == by_name.features
    assert same.make()[0]["train"][0].shape[1] == 2
    other = Dataset("vnv", training_set("ELS_ECE_EAOV"), period_suffix="ELS_ECE_EAOV")
    assert "f1_a_ELS_ECE_EAOV" in other.features


def test_mistakes_are_told() -> None:
    with pytest.raises(ConfigError, match="unknown class: 'vvn'"):
        Dataset("vvn", training_set())
    with pytest.raises(ConfigError, match="algorithm svm"):
        Dataset("vnv", training_set(), algorithm="svm")
    with pytest.raises(ConfigError, match="conversion of features"):
        make(float_convert_types=(64, 16))
    with pytest.raises(MissingColumnError, match="AGN"):
        make("agn")
    with pytest.raises(InputError, match="train rows that are all on one side"):
        make(threshold=0.0, target_label="non-variable", balance=None, val_size=0.0)


def test_a_network_is_trained_as_the_documents_say(capsys: pytest.CaptureFixture[str]) -> None:
    import keras

    from scope.nn import ScopeNet

    keras.utils.set_random_seed(1)
    ds = Dataset("vnv", training_set(), verbose=True)
    datasets, _, steps_per_epoch, class_weight = ds.make(
        "variable", threshold=0.7, batch_size=64, epochs=5
    )
    assert "train: 328 rows" in capsys.readouterr().out
    # Convolutions take long to compile; the test below has them.
    model = ScopeNet(dense_branch=True, conv_branch=False)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="binary_crossentropy")
    history = model.fit(
        datasets["train"],
        epochs=5,
        steps_per_epoch=steps_per_epoch["train"],
        validation_data=datasets["val"],
        class_weight=class_weight,
        verbose=0,
    )
    losses = history.history["loss"]
    assert len(losses) == 5
    assert losses[-1] < losses[0] - 0.05
    scores = model.predict(datasets["test"], verbose=0)
    assert scores.shape == (36, 1)


@pytest.mark.parametrize("branches", [(True, True), (False, True)])
def test_the_class_is_the_network_that_is_trained_elsewhere(
    branches: tuple[bool, bool], tmp_path: Path
) -> None:
    import keras

    from scope.models.networks.two_branch import NetworkOptions
    from scope.nn import ScopeNet

    options = NetworkOptions(dense_branch=branches[0], conv_branch=branches[1])
    network = build_network(35, options)
    net = ScopeNet(*branches)
    rng = np.random.default_rng(0)
    inputs = {
        "features": rng.random((3, 35)).astype(np.float32),
        "dmdt": rng.random((3, 26, 26, 1)).astype(np.float32),
    }
    net(inputs)
    parts = (*net.dense_part, *net.conv_part, *net.head_part)
    for layer in parts:
        layer.set_weights(network.get_layer(layer.name).get_weights())
    given = {tensor.name: inputs[tensor.name] for tensor in network.inputs}
    scores = np.asarray(net(inputs))
    np.testing.assert_allclose(scores, network.predict(given, verbose=0), atol=1e-6)
    if all(branches):
        net.save(tmp_path / "net.keras")
        again = keras.saving.load_model(tmp_path / "net.keras")
        np.testing.assert_allclose(again(inputs), scores, atol=1e-6)


def test_a_network_describes_itself(capsys: pytest.CaptureFixture[str]) -> None:
    from scope.nn import ScopeNet

    ScopeNet().summary()
    assert "Total params" in capsys.readouterr().out
    with pytest.raises(ConfigError, match="without branches"):
        ScopeNet(dense_branch=False, conv_branch=False)


def test_importing_the_module_loads_no_tensorflow() -> None:
    code = "import scope.nn, sys; print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
