"""Training: who sees what, the same again, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scope.config.classes import ClassDefinition
from scope.errors import BackendError, ConfigError, InputError, MissingColumnError
from scope.io import write_table
from scope.models.calibration.class_calibration import RANK
from scope.models.training.splits import (
    FOLD_SALT,
    TEST,
    TRAIN,
    VALIDATION,
    split_by_star,
    star_fraction,
)
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.train_bundle import (
    default_features,
    default_imputation,
    train_bundle,
)
from scope.tasks.variables.training_sets.training_data import DataOptions, TrainingData
from tests.small_models import (
    DEFINITIONS,
    FEATURES,
    feature_table,
    small_bundle,
    small_training_set,
    train,
    training_data,
)


def written(table: pa.Table, path: Path) -> Path:
    write_table(table, path, {})
    return path


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def models_of(bundle: ModelBundle) -> dict[str, bytes]:
    files = [member["file"] for member in bundle.manifest["members"]]
    names = [*files, "preprocessing.json", "calibration.json"]
    return {name: (bundle.folder / name).read_bytes() for name in names}


def test_models_find_what_separates_the_classes() -> None:
    for algorithm, lowest in (("xgb", 0.99), ("dnn", 0.95)):
        metrics = json.loads((small_bundle(algorithm).folder / "metrics.json").read_text())
        # the period itself is among the features: rows below 0.5 are positive
        assert metrics["classes"]["low"]["test"]["average_precision"] > lowest
        assert "best_epoch" in metrics["training"]["low"] or algorithm == "xgb"


def test_the_same_training_gives_the_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    again = train(small_training_set(), tmp_path / "small", "xgb", workers=2)
    assert again.sha256 == small_bundle("xgb").sha256


def test_the_same_network_is_trained_alone_or_after_another(tmp_path: Path) -> None:
    alone = train(small_training_set(), tmp_path / "alone", "dnn", definitions=DEFINITIONS[1:])
    both = small_bundle("dnn")
    assert models_of(alone)["red.keras"] == models_of(both)["red.keras"]
    assert alone.calibration is not None
    assert both.calibration is not None
    assert alone.calibration.classes["red"] == both.calibration.classes["red"]


def test_test_stars_teach_nothing(tmp_path: Path) -> None:
    table = feature_table()
    hidden = split_by_star(table.column("star").to_pylist()) == TEST
    assert hidden.sum() > 20
    for name in FEATURES["ontological"]:
        values = table.column(name).to_numpy()
        table = with_column(table, name, np.where(hidden, 1e6 + values[::-1], values))
    labels = table.column("low period").to_numpy()
    table = with_column(table, "low period", np.where(hidden, 1 - labels, labels))
    blind = train(written(table, tmp_path / "t.parquet"), tmp_path / "b", "xgb")
    assert models_of(blind) == models_of(small_bundle("xgb"))


def test_blocks_of_the_sky_are_split_whole(tmp_path: Path) -> None:
    """Ten stars in each of 30 places 2 degrees apart: whoever is near a test star is one."""
    table = feature_table()
    place = np.arange(table.num_rows) // 20
    table = with_column(table, "ra", 20.5 + 2.0 * place + np.linspace(0, 0.4, table.num_rows))
    table = with_column(table, "dec", np.full(table.num_rows, 0.5))
    path = written(table, tmp_path / "t.parquet")

    def load(size: float | None) -> TrainingData:
        return training_data(path, sky_block_deg=size)

    by_star, by_block = load(None), load(1.0)
    pairs = [{*zip(place, data.sets, strict=True)} for data in (by_star, by_block)]
    assert len(pairs[0]) > 50
    assert len(pairs[1]) == 30
    assert set(by_block.sets.tolist()) == {0, 1, 2}
    assert len(np.unique(by_block.stars)) == 300
    assert by_block.groups.tolist() == by_block.groups[np.arange(600) // 20 * 20].tolist()
    names = FEATURES["ontological"]
    for number in range(3):
        _, left_out = by_block.fold(DEFINITIONS[1], names, number, 3)
        others = np.setdiff1d(np.flatnonzero(by_block.sets == TRAIN), left_out)
        assert len(left_out)
        assert not set(place[left_out]) & set(place[others])
    search = by_block.examples(DEFINITIONS[1], names)[0]
    assert len(np.unique(search.stars)) == np.sum(by_block.sets[::20] == TRAIN)


def test_blocks_of_the_sky_need_positions(tmp_path: Path) -> None:
    path = written(feature_table().drop_columns(["ra"]), tmp_path / "t.parquet")
    with pytest.raises(MissingColumnError, match="ra"):
        train(path, tmp_path / "b", "xgb", data=DataOptions(sky_block_deg=1.0))


def test_blocks_of_the_sky_need_some_positions_that_are_known(tmp_path: Path) -> None:
    table = feature_table()
    unknown = pa.array(np.full(table.num_rows, np.nan))
    path = written(with_column(table, "ra", unknown), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"without positions.*none of 300 stars"):
        train(path, tmp_path / "b", "xgb", data=DataOptions(sky_block_deg=1.0))


def test_a_training_set_of_one_place_has_no_blocks_to_split(tmp_path: Path) -> None:
    table = with_column(feature_table(), "ra", np.full(600, 10.3))
    path = written(with_column(table, "dec", np.full(600, 0.4)), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"too few blocks.*train 1, val 0, test 0.*smaller"):
        train(path, tmp_path / "b", "xgb", data=DataOptions(sky_block_deg=1.0))


def test_a_class_is_calibrated_by_as_many_blocks_as_stars_are_asked_for(tmp_path: Path) -> None:
    """Twelve blocks are too few, however many stars they have: the class has no probabilities."""
    table = feature_table()
    place = np.arange(600) // 50
    table = with_column(table, "ra", 20.5 + 2.0 * place)
    path = written(with_column(table, "dec", np.full(600, 0.5)), tmp_path / "t.parquet")
    bundle = train(path, tmp_path / "b", "xgb", data=DataOptions(sky_block_deg=1.0))
    assert bundle.calibration is not None
    assert {item.method for item in bundle.calibration.classes.values()} == {RANK}
    counts = bundle.manifest["training_set"]
    assert sum(counts[name]["blocks"] for name in ("train", "val", "test")) == 12
    assert sum(counts[name]["stars"] for name in ("train", "val", "test")) == 300


def test_a_fold_that_leaves_one_side_only_is_an_error(tmp_path: Path) -> None:
    table = feature_table()
    fold = [int(star_fraction(s, FOLD_SALT) * 2) for s in table.column("star").to_pylist()]
    sets = split_by_star(table.column("star").to_pylist())
    labels = np.where((sets == TRAIN) & (np.array(fold) == 0), 0.0, 1.0)
    labels[np.flatnonzero(sets == VALIDATION)[::2]] = 0.0
    path = written(with_column(table, "low period", labels), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"'low' cannot be calibrated.*fold 1 of 2.*are positive"):
        train(path, tmp_path / "b", "xgb", definitions=DEFINITIONS[:1])


def test_the_size_of_blocks_is_on_record(tmp_path: Path) -> None:
    bundle = train(
        small_training_set(), tmp_path / "b", "xgb", data=DataOptions(sky_block_deg=30.0)
    )
    assert bundle.manifest["options"]["sky_block_deg"] == 30.0
    assert "sky_block_deg" not in small_bundle("xgb").manifest["options"]


def test_scaling_and_imputation_come_from_training_stars_only(tmp_path: Path) -> None:
    table = feature_table()
    training = split_by_star(table.column("star").to_pylist()) == 0
    values = table.column("curve_1").to_numpy()
    preprocessing = small_bundle("xgb").preprocessing
    place = preprocessing.features.index("curve_1")
    assert preprocessing.offset[place] == values[training].min()
    assert preprocessing.n_training_rows == training.sum()


def test_the_manifest_counts_rows_and_stars() -> None:
    training_set = small_bundle("xgb").manifest["training_set"]
    parts = [training_set[name] for name in ("train", "val", "test")]
    assert sum(part["rows"] for part in parts) == 600
    assert sum(part["stars"] for part in parts) == 300


def test_balance_and_threshold_of_the_class_are_used(tmp_path: Path) -> None:
    data = training_data()
    red = replace(DEFINITIONS[1], balance=1.5)
    names = FEATURES["ontological"]
    train_rows, validation, _ = data.examples(red, names)
    everything, whole_validation, _ = data.examples(DEFINITIONS[1], names)
    positive = int(everything.target.sum())
    assert len(train_rows) == positive + int(1.5 * positive)
    assert len(validation) == len(whole_validation)


def test_rows_without_a_needed_feature_are_not_used(tmp_path: Path) -> None:
    table = feature_table()
    values = table.column("curve_2").to_numpy().copy()
    values[:100] = np.nan
    path = written(with_column(table, "curve_2", values), tmp_path / "t.parquet")
    counts = train(path, tmp_path / "b", "xgb").manifest["training_set"]
    assert sum(counts[name]["rows"] for name in ("train", "val", "test")) == 500


def test_a_class_without_positive_rows_is_an_error_or_left_out(tmp_path: Path) -> None:
    table = feature_table()
    path = written(with_column(table, "red star", np.zeros(600)), tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"class 'red' cannot be trained, its train set.*0 of 488"):
        train(path, tmp_path / "b", "xgb")
    assert not (tmp_path / "b").exists()
    assert train(path, tmp_path / "b", "xgb", min_count=20).classes == ("low",)
    with pytest.raises(InputError, match=r"red: 0 positive rows"):
        train(path, tmp_path / "c", "xgb", min_count=5000)


def test_a_label_that_is_no_probability_is_an_error(tmp_path: Path) -> None:
    table = with_column(feature_table(), "red star", np.full(600, 2.0))
    with pytest.raises(InputError, match=r"label 'red star'.*0 to 1"):
        train(written(table, tmp_path / "t.parquet"), tmp_path / "b", "xgb")


@pytest.mark.parametrize("name", ["curve_1", "mag_2", "dmdt", "red star"])
def test_a_missing_column_is_named(tmp_path: Path, name: str) -> None:
    path = written(feature_table(20).drop_columns([name]), tmp_path / "t.parquet")
    with pytest.raises(MissingColumnError, match=f"'{name}'"):
        train(path, tmp_path / "b", "xgb")


def test_no_rows_are_an_error(tmp_path: Path) -> None:
    path = written(feature_table(20).slice(0, 0), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="the table has no rows"):
        train(path, tmp_path / "b", "xgb")


def test_an_unknown_algorithm_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'svm'; allowed: dnn, xgb"):
        train(small_training_set(), tmp_path / "b", "svm")


def test_a_device_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scope.models.runtime.devices.n_cuda_devices", lambda: 0)
    with pytest.raises(BackendError, match="cuda"):
        train(small_training_set(), tmp_path / "b", "xgb", device="cuda")


def test_the_lists_of_the_registry_are_used_by_default(tmp_path: Path) -> None:
    lists = default_features("LS_BIC")
    assert [len(lists[name]) for name in ("phenomenological", "ontological")] == [35, 61]
    strategies = default_imputation("LS_BIC")
    counts = [strategies[name] for name in lists["ontological"]]
    # van Roestel et al. 2021 and the published configuration: 13 by neighbours, 9 medians
    assert [counts.count(s) for s in ("regress", "median", "zero", "none")] == [13, 9, 2, 37]
    definition = ClassDefinition("ea", "EA", "ontological")
    with pytest.raises(MissingColumnError, match=r"ad, chi2red, f1_BIC_LS.* and 48 more"):
        train_bundle(
            small_training_set(),
            tmp_path / "b",
            algorithm="xgb",
            definitions=[definition],
            period_suffix="LS",
        )


def test_the_card_says_what_it_was_told_and_how_well_it_did(tmp_path: Path) -> None:
    bundle = train(
        small_training_set(), tmp_path / "b", "xgb", about="Toy stars.", limits="Any real star."
    )
    card = (bundle.folder / "card.md").read_text()
    assert "Toy stars." in card
    assert "## Not fit for\n\nAny real star." in card
    assert "| low | 54 |" in card
    assert "| low | beta | 111 |" in card


def test_the_card_of_models_without_calibration_claims_no_probabilities(tmp_path: Path) -> None:
    bundle = train(small_training_set(), tmp_path / "b", "xgb", calibration=None)
    card = (bundle.folder / "card.md").read_text()
    assert "Scores are no probabilities: they order light curves" in card
    assert "## Probabilities" not in card
