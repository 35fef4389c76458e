"""What a training process is given, and what it does with the folds of a class."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scope.io.plain_data import read_plain, write_plain
from scope.models.algorithms import dnn
from scope.models.calibration.class_calibration import CalibrationOptions
from scope.models.networks import two_branch_trainer
from scope.models.networks.two_branch import NetworkOptions
from scope.models.networks.two_branch_trainer import TrainedNetwork
from scope.models.training.jobs import JOB, Job, train_member
from scope.models.training.pretrained import Pretrained
from scope.tasks.variables.training.training_run import TrainingRun
from tests.small_models import DEFINITIONS, FEATURES, training_data

BEST_EPOCH = 12


def test_networks_of_folds_take_as_many_steps_as_the_best_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    class Trainer:
        def __init__(self, *args: Any, **options: Any) -> None:
            pass

        def fit(
            self, train: Any, validation: Any, *, epochs: int | None = None, verbose: int = 0
        ) -> TrainedNetwork:
            seen.append((len(train.target), epochs or 0))
            return TrainedNetwork(b"network", {"loss": [1.0]}, BEST_EPOCH)

    monkeypatch.setattr(two_branch_trainer, "NetworkTrainer", Trainer)
    data = training_data()
    definition = replace(DEFINITIONS[1], batch_size=32)
    features = {name: tuple(columns) for name, columns in FEATURES.items()}
    folds = CalibrationOptions(n_folds=3)
    run = TrainingRun(
        *(data, (definition,), features, "dnn", NetworkOptions(), folds, "cpu"),
        workers=1,
        verbose=0,
    )
    dnn._trainer.cache_clear()
    train_member(run._job(), definition.tag, tmp_path)
    dnn._trainer.cache_clear()
    (whole, usual), *folds = seen
    assert usual == 0
    assert len(folds) == 3
    for rows, epochs in folds:
        assert rows < whole
        # as many batches, the last of an epoch included, to within half an epoch
        steps = len(range(0, whole, 32)) * BEST_EPOCH
        in_an_epoch = len(range(0, rows, 32))
        assert abs(epochs * in_an_epoch - steps) <= in_an_epoch / 2
    assert json.loads((tmp_path / "red.json").read_text())["best_epoch"] == BEST_EPOCH
    assert sorted(path.name for path in tmp_path.glob("red*.keras")) == [
        *(f"red.{number}.keras" for number in range(3)),
        "red.keras",
    ]
    assert np.sum([rows for rows, _ in folds]) == pytest.approx(2 * whole, rel=0.1)


def test_a_job_is_read_as_it_was_written(tmp_path: Path) -> None:
    features = {name: tuple(columns) for name, columns in FEATURES.items()}
    data = training_data(sky_block_deg=5.0)
    start = {"low": Pretrained(Path("somewhere/low.keras"), weights_only=True)}
    options = NetworkOptions(momentum=0.1, callbacks=("early_stopping",))
    definitions = (replace(DEFINITIONS[0], balance=4 / 3, negative_label="red star"),)
    folds = CalibrationOptions(n_folds=3)
    run = TrainingRun(
        *(data, definitions, features, "dnn", options, folds, "cpu"),
        workers=2,
        verbose=2,
        start=start,
    )
    job = Job("dnn", run, {"low": 3}, options, seed=7, verbose=2)
    write_plain(job, tmp_path / JOB)
    found = read_plain(tmp_path / JOB)
    for item in fields(Job):
        if item.name != "source":
            assert getattr(found, item.name) == getattr(job, item.name), item.name
    for item in fields(TrainingRun):
        if item.init and item.name != "data":
            assert getattr(found.source, item.name) == getattr(run, item.name), item.name
    assert found.source.data.preprocessing.content == data.preprocessing.content
    for item in fields(data):
        expected, value = getattr(data, item.name), getattr(found.source.data, item.name)
        if isinstance(expected, np.ndarray):
            assert value.dtype == expected.dtype
            np.testing.assert_array_equal(value, expected)
        elif isinstance(expected, dict):
            assert list(value) == list(expected)
            for name, part in expected.items():
                np.testing.assert_array_equal(value[name], part)
