"""Out-of-fold scores: who scored whom, and what becomes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from scope.errors import InputError
from scope.io import read_table, write_table
from scope.models.calibration.class_calibration import RANK, CalibrationOptions
from scope.models.calibration.fold_scale import on_scale
from scope.models.training.splits import (
    FOLD_SALT,
    SETS,
    TEST,
    TRAIN,
    VALIDATION,
    split_by_star,
    star_fraction,
)
from scope.models.trees.boosted_trees import TreeOptions, train_trees
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.training.training_scores import TrainingScores
from tests.small_models import (
    CALIBRATION,
    DEFINITIONS,
    FEATURES,
    TREES,
    feature_table,
    small_bundle,
    small_scores,
    small_training_set,
    train,
    training_data,
)


def scores_of(algorithm: str) -> TrainingScores:
    small_bundle(algorithm)
    return TrainingScores.read(small_scores(algorithm))[0]


def metrics_of(bundle: ModelBundle) -> dict[str, Any]:
    return dict(json.loads((bundle.folder / "metrics.json").read_text())["classes"])


def test_each_training_row_is_scored_by_the_model_that_left_out_its_star() -> None:
    bundle, scores = small_bundle("xgb"), scores_of("xgb")
    data = training_data()
    red, names = DEFINITIONS[1], FEATURES["ontological"]
    parameters = json.loads((bundle.folder / "metrics.json").read_text())["training"]["red"]
    options = replace(TREES, **parameters["parameters"])
    _, validation, _ = data.examples(red, names)
    for number in range(2):
        # the stars of a fold, from the hash of their names alone
        stars = read_table(small_training_set(), ["star"]).column("star").to_pylist()
        inside = np.array([int(star_fraction(s, FOLD_SALT) * 2) == number for s in stars])
        training = split_by_star(stars) == TRAIN
        other = data.rows(red, names, np.flatnonzero(training & ~inside))
        trees = train_trees(other, validation, names, options)
        left_out = np.flatnonzero(training & inside)
        held_out = np.flatnonzero(data.sets == VALIDATION)
        by_fold, to_match = (
            predict(trees.content, data.rows(red, names, rows).features)
            for rows in (left_out, held_out)
        )
        found = scores.classes["red"].scores
        expected = on_scale(by_fold, to_match, found[held_out])
        np.testing.assert_array_equal(found[left_out], expected)
        # the order of the rows is that of the model without them
        assert np.all(np.diff(found[left_out][np.argsort(by_fold)]) >= 0)


def predict(content: bytes, rows: np.ndarray) -> np.ndarray:
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(content))
    return np.asarray(booster.inplace_predict(rows, validate_features=False))


def test_held_out_rows_are_scored_by_the_models_of_the_bundle() -> None:
    bundle, scores = small_bundle("xgb"), scores_of("xgb")
    table = feature_table()
    held_out = np.flatnonzero(split_by_star(table.column("star").to_pylist()) == TEST)
    filled = bundle.preprocessing.transform(table.take(held_out)).values
    place = [bundle.preprocessing.features.index(name) for name in bundle.features("low")]
    expected = bundle.classifier("low").predict(
        filled[:, place].astype(np.float32), np.empty((0, 676), np.float32)
    )
    np.testing.assert_array_equal(scores.judged("low", TEST).scores, expected)


def test_the_file_has_a_line_per_row_of_the_training_set_and_says_what_it_is_for() -> None:
    scores_of("dnn")
    table = read_table(small_scores("dnn"))
    assert table.schema.names[:6] == ["row", "star", "set", "observed", "epochs", "period"]
    assert table.schema.names[6:] == ["low", "low_dnn", "red", "red_dnn"]
    assert table.column("row").to_pylist() == list(range(600))
    sets = split_by_star(feature_table().column("star").to_pylist())
    assert table.column("set").to_pylist() == [SETS[number] for number in sets]
    assert table.column("low_dnn").null_count == 0


def test_rows_that_are_neither_positive_nor_negative_teach_and_judge_nothing(
    tmp_path: Path,
) -> None:
    table = feature_table()
    kept = np.arange(600) % 3 > 0
    table = table.append_column("no", pa.array(kept.astype(float)))
    write_table(table, tmp_path / "t.parquet", {})
    low = replace(DEFINITIONS[0], negative_label="no")
    path = tmp_path / "scores.parquet"
    train(tmp_path / "t.parquet", tmp_path / "b", "xgb", definitions=[low], scores_output=path)
    member = (table.column("low period").to_numpy() > 0.7) | kept
    found = read_table(path)
    assert (found.column("low").is_valid().to_numpy() == member).all()
    # they have a score all the same, by a model that did not learn from them
    assert found.column("low_xgb").null_count == 0
    scores, _ = TrainingScores.read(path)
    assert len(scores.judged("low", TRAIN).target) == (member & (scores.sets == TRAIN)).sum()


def test_the_method_and_the_figures_are_those_of_stars_that_training_never_saw() -> None:
    for algorithm in ("xgb", "dnn"):
        bundle = small_bundle(algorithm)
        assert bundle.calibration is not None
        methods = {tag: item.method for tag, item in bundle.calibration.classes.items()}
        # 111 and 72 of the 244 training stars are positive
        assert methods == {"low": "beta", "red": "platt" if algorithm == "xgb" else "temperature"}
        low = metrics_of(bundle)["low"]
        assert low["test"]["n_stars"] == 27
        assert low["calibrated"]["expected_calibration_error"] < 0.15
        assert low["calibrated"]["brier"]["skill"] > 0.7
        assert low["calibrated"]["average_precision"] == pytest.approx(
            low["test"]["average_precision"]
        )
        assert low["recommended"]["on"] == "probability"
        assert {"epochs", "period"} == set(low["slices"])


def test_a_rare_class_has_no_probability_and_is_not_trained_in_parts(tmp_path: Path) -> None:
    options = CalibrationOptions(2, 10**6, 10**5, 10**4)
    bundle = train(small_training_set(), tmp_path / "b", "xgb", calibration=options)
    assert bundle.calibration is not None
    assert {item.method for item in bundle.calibration.classes.values()} == {RANK}
    low = metrics_of(bundle)["low"]
    assert (low["calibrated"], low["sets"], low["out_of_fold"]["n"]) == (None, None, 0)
    assert low["recommended"] == {
        "cut": None,
        "on": "score",
        "completeness": None,
        "contamination": None,
    }


def test_a_class_that_is_weighed_or_balanced_is_calibrated_to_its_true_frequency(
    tmp_path: Path,
) -> None:
    weighed = [replace(DEFINITIONS[1], weight_per_class=True)]
    path = tmp_path / "scores.parquet"
    bundle = train(
        small_training_set(), tmp_path / "b", "xgb", definitions=weighed, scores_output=path
    )
    scores, _ = TrainingScores.read(path)
    assert scores.classes["red"].score_prevalence == 0.5
    rows = scores.out_of_fold("red")
    assert bundle.calibration is not None
    probability = bundle.calibration.classes["red"].probability(rows.scores)
    assert probability.mean() == pytest.approx(rows.target.mean(), abs=0.03)
    assert rows.scores.mean() > rows.target.mean() + 0.02


def test_constant_scores_are_refused(tmp_path: Path) -> None:
    # trees that may not split: every row gets the same score
    stumps = TreeOptions(num_boost_round=2, min_child_weight=1e6)
    with pytest.raises(InputError, match=r"the same score: 'low, red'"):
        train(small_training_set(), tmp_path / "b", "xgb", trees=stumps)
    with pytest.raises(InputError, match="the same score"):
        train(small_training_set(), tmp_path / "b", "xgb", trees=stumps, min_count=0)
    assert not (tmp_path / "b").exists()


def test_a_constant_class_among_others_is_left_out_and_named(tmp_path: Path) -> None:
    table = feature_table()
    # one light curve in 25, at random: no leaf of 15 rows' weight stands out
    noise = np.random.default_rng(0).random(600) < 0.04
    index = table.schema.get_field_index("red star")
    table = table.set_column(index, "red star", pa.array(noise.astype(float)))
    write_table(table, tmp_path / "t.parquet", {})
    trees = TreeOptions(num_boost_round=3, min_child_weight=15)
    bundle = train(tmp_path / "t.parquet", tmp_path / "b", "xgb", trees=trees, min_count=0)
    assert bundle.classes == ("low",)
    assert bundle.manifest["refused"] == ["red"]
    assert bundle.calibration is not None
    assert list(bundle.calibration.classes) == ["low"]


def test_another_table_is_not_taken_for_scores() -> None:
    with pytest.raises(InputError, match="without the scores of a training set"):
        TrainingScores.read(small_training_set())


def test_options_of_calibration_arrive() -> None:
    content = json.loads((small_bundle("xgb").folder / "calibration.json").read_text())
    assert content["options"]["n_folds"] == CALIBRATION.n_folds == 2
