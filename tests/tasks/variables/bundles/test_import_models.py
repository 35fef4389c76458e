"""Models of the published layout, as bundles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import xgboost

from scope.cli.main import main
from scope.config import Config
from scope.errors import BundleError, ConfigError, InputError
from scope.io import write_csv
from scope.models.networks.keras_h5 import keras_bytes_of_h5
from scope.models.networks.onnx_network import OnnxNetwork
from scope.tasks.variables.bundles.import_models import find_published, import_models
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from tests.small_models import DEFINITIONS, FEATURES, IMPUTE, feature_table, small_training_set
from tests.tasks.variables.published_files import OWN_NAMES, draw_weights, write_h5

N = len(FEATURES["phenomenological"])


def imported(folder: Path, output: Path, algorithm: str, **changes: Any) -> ModelBundle:
    settings: dict[str, Any] = {
        "definitions": DEFINITIONS,
        "features": FEATURES,
        "impute": IMPUTE,
        "period_suffix": "LS",
        "training_set": small_training_set(),
        **changes,
    }
    return import_models(folder, output, algorithm=algorithm, **settings)


def trees(path: Path, names: list[str] | None, seed: int = 0) -> xgboost.Booster:
    """Train a few trees and write them as the published ones are."""
    rng = np.random.default_rng(seed)
    values = rng.random((200, N if names is None else len(names)))
    matrix = xgboost.DMatrix(values, values[:, 0] > 0.5, feature_names=names)
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 1}, matrix, 5)
    path.parent.mkdir(parents=True, exist_ok=True)
    booster.save_model(path)
    return booster


@pytest.mark.parametrize("weights_only", [False, True])
def test_an_old_network_scores_as_the_same_weights_do_in_keras(
    tmp_path: Path, weights_only: bool
) -> None:
    from scope.models.networks.two_branch import build_network

    weights = draw_weights(N)
    path = write_h5(tmp_path / "low.h5", weights, N, weights_only=weights_only)
    (tmp_path / "low.keras").write_bytes(keras_bytes_of_h5(path, N))
    rng = np.random.default_rng(1)
    features = rng.random((40, N)).astype(np.float32)
    dmdt = rng.random((40, 26, 26, 1)).astype(np.float32)
    network = build_network(N)
    for old, new in OWN_NAMES.items():
        network.get_layer(new).set_weights(list(weights[old].values()))
    expected = np.asarray(network({"features": features, "dmdt": dmdt}))[:, 0]
    scores = OnnxNetwork(tmp_path / "low.keras").predict(features, dmdt.reshape(40, 676))
    assert np.ptp(expected) > 0.02
    np.testing.assert_allclose(scores, expected, atol=1e-6)


def test_a_network_with_another_number_of_features_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "low.h5", draw_weights(N), N)
    with pytest.raises(BundleError, match=f"{N} features, and 61 are to be given"):
        keras_bytes_of_h5(path, 61)


@pytest.mark.parametrize(
    ("layer", "change"),
    [("conv_conv_1", {"data_format": "channels_first"}), ("fc_1", {"units": 3})],
)
def test_a_network_that_would_score_otherwise_is_refused(
    tmp_path: Path, layer: str, change: dict[str, Any]
) -> None:
    path = write_h5(tmp_path / "low.h5", draw_weights(N), N, **{layer: change})
    with pytest.raises(BundleError, match="cannot be read"):
        keras_bytes_of_h5(path, N)


@pytest.mark.parametrize("part", [0, 50, 5000, 0.5, 0.98])
def test_a_truncated_network_is_named(tmp_path: Path, part: float) -> None:
    path = write_h5(tmp_path / "low.h5", draw_weights(N), N)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content)) if part < 1 else int(part)])
    with pytest.raises(BundleError, match=r"network .*low\.h5 cannot be read"):
        keras_bytes_of_h5(path, N)


def test_networks_become_a_bundle(tmp_path: Path) -> None:
    folder = tmp_path / "models_dnn" / "ss23"
    write_h5(folder / "low" / "low.20230101_000000.h5", draw_weights(N, 1), N)
    newest = write_h5(folder / "low" / "low.20230623_120000.h5", draw_weights(N, 2), N)
    (folder / "low" / "low.20230623_120000_plots").mkdir()
    bundle = imported(folder, tmp_path / "models" / "dnn" / "ss23", "dnn")
    assert bundle.classes == ("low",)
    assert bundle.calibration is None
    assert bundle.manifest["imported"]["low"]["name"] == newest.name
    rows = np.random.default_rng(0).random((3, N)).astype(np.float32)
    (tmp_path / "low.keras").write_bytes(keras_bytes_of_h5(newest, N))
    dmdt = np.zeros((3, 676), np.float32)
    expected = OnnxNetwork(tmp_path / "low.keras").predict(rows, dmdt)
    assert np.array_equal(bundle.classifier("low").predict(rows, dmdt), expected)


@pytest.mark.parametrize("parameters", [True, False])
@pytest.mark.parametrize("order", ["same", "other", "none"])
def test_trees_become_a_bundle(tmp_path: Path, parameters: bool, order: str) -> None:
    names = {"same": FEATURES["phenomenological"], "other": FEATURES["phenomenological"][::-1]}
    path = tmp_path / "published" / "low" / "low.20230623_120000.json"
    booster = trees(path, names.get(order))
    if parameters:
        path.with_suffix(".params").write_text(booster.save_config())
    bundle = imported(tmp_path / "published", tmp_path / "models" / "xgb" / "p", "xgb")
    assert list(bundle.features("low")) == names.get(order, FEATURES["phenomenological"])
    rows = np.random.default_rng(2).random((50, N)).astype(np.float32)
    expected = booster.inplace_predict(rows, validate_features=False)
    scores = bundle.classifier("low").predict(rows, np.zeros((50, 676), np.float32))
    np.testing.assert_array_equal(scores, expected)


@pytest.mark.parametrize("name", ["low.20230623_120000.json", "low.20230623_120000.params"])
def test_truncated_trees_are_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "published" / "low" / "low.20230623_120000.json"
    path_params = path.with_suffix(".params")
    booster = trees(path, FEATURES["phenomenological"])
    path_params.write_text(booster.save_config())
    broken = path.parent / name
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    with pytest.raises(BundleError, match=r"trees .*low\.20230623_120000\.json cannot be read"):
        imported(tmp_path / "published", tmp_path / "out", "xgb")
    assert not (tmp_path / "out").exists()


def test_trees_of_other_features_are_refused(tmp_path: Path) -> None:
    names = [*FEATURES["phenomenological"][:-1], "period_ELS"]
    trees(tmp_path / "published" / "low" / "low.json", names)
    with pytest.raises(BundleError, match=r"other features: 'period_ELS, period_LS'"):
        imported(tmp_path / "published", tmp_path / "out", "xgb")


def test_scaling_is_that_of_the_whole_training_set(tmp_path: Path) -> None:
    trees(tmp_path / "published" / "low" / "low.json", FEATURES["phenomenological"])
    table = feature_table()
    bundle = imported(tmp_path / "published", tmp_path / "a", "xgb")
    values = bundle.preprocessing.transform(table).values
    raw = table.column("curve_1").to_numpy()
    expected = (raw - raw.min()) / (raw.max() - raw.min())
    column = bundle.preprocessing.features.index("curve_1")
    np.testing.assert_allclose(values[:, column], expected, atol=1e-6)
    place = table.schema.get_field_index("curve_1")
    beyond = table.set_column(place, "curve_1", pa.array(np.full(len(table), raw.max() + 1.0)))
    # The published pipeline does not clip.
    assert bundle.preprocessing.transform(beyond).values[:, column].min() > 1
    csv = tmp_path / "set.csv"
    write_csv(table.select(FEATURES["phenomenological"]).to_pandas(), csv)
    other = imported(tmp_path / "published", tmp_path / "b", "xgb", training_set=csv)
    assert other.preprocessing.sha256 == bundle.preprocessing.sha256


def test_statistics_stand_in_for_the_training_set(tmp_path: Path) -> None:
    trees(tmp_path / "published" / "red" / "red.json", FEATURES["ontological"])
    one = {"min": -2.0, "max": 6.0, "median": 1.0, "mean": 2.0, "std": 4.0}
    # Without the suffix of the period search, as in the published configuration.
    names = [name.removesuffix("_LS") for name in FEATURES["ontological"]]
    path = tmp_path / "stats.json"
    path.write_text(json.dumps(dict.fromkeys(names, one)))
    given = {"training_set": None, "statistics": path}
    bundle = imported(tmp_path / "published", tmp_path / "a", "xgb", **given)
    row = {name: np.array([4.0, np.nan]) for name in FEATURES["ontological"]}
    row |= {name: np.array([4.0, 4.0]) for name in FEATURES["phenomenological"]}
    values = bundle.preprocessing.transform(row).values
    features = bundle.preprocessing.features
    np.testing.assert_allclose(values[0], 0.75)
    assert values[1, features.index("mag_1")] == pytest.approx(3 / 8)
    assert values[1, features.index("n_alerts")] == pytest.approx(2 / 8)
    assert "medians fill" in (bundle.folder / "card.md").read_text()
    path.write_text(json.dumps({"curve_1": one}))
    with pytest.raises(InputError, match="nothing about curve_0"):
        imported(tmp_path / "published", tmp_path / "b", "xgb", **given)
    with pytest.raises(ConfigError, match="neither"):
        imported(tmp_path / "published", tmp_path / "b", "xgb", training_set=None)


def test_the_newest_of_several_models_must_be_known(tmp_path: Path) -> None:
    trees(tmp_path / "low" / "a.json", None)
    trees(tmp_path / "low" / "b.json", None)
    with pytest.raises(BundleError, match=r"no telling which is the newest: 'a\.json, b\.json'"):
        find_published(tmp_path, "xgb")
    with pytest.raises(BundleError, match="without published dnn models"):
        find_published(tmp_path, "dnn")


def test_a_class_that_is_not_configured_is_refused(tmp_path: Path) -> None:
    trees(tmp_path / "published" / "blue" / "blue.json", None)
    with pytest.raises(BundleError, match=r"does not know, in .*: 'blue'"):
        imported(tmp_path / "published", tmp_path / "out", "xgb")


def test_the_command_imports_models_of_the_configured_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = Config().model_features("ontological")
    trees(tmp_path / "models_xgb" / "ss23" / "rrab" / "rrab.20230623_120000.json", names)
    one = {"min": 0.0, "max": 1.0, "median": 0.5, "mean": 0.5, "std": 0.3}
    (tmp_path / "stats.json").write_text(json.dumps(dict.fromkeys(names, one)))
    monkeypatch.chdir(tmp_path)
    command = "import-models models_xgb/ss23 --algorithm xgb --feature-stats stats.json"
    assert main(command.split()) == 0
    assert ModelBundle.load("models/xgb/ss23").classes == ("rrab",)
    assert "1 classes, rrab" in capsys.readouterr().out
    assert main(["models", "verify", "ss23"]) == 0
