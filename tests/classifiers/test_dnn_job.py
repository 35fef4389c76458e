"""What a training process does with the folds of a class."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scope.classifiers import dnn_trainer
from scope.classifiers.calibration import CalibrationOptions
from scope.classifiers.dnn import NetworkOptions
from scope.classifiers.dnn_trainer import TrainedNetwork
from scope.classifiers.training_run import TrainingRun
from scope.models.algorithms import dnn
from scope.models.training.jobs import train_member
from tests.models import DEFINITIONS, FEATURES, training_data

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

    monkeypatch.setattr(dnn_trainer, "NetworkTrainer", Trainer)
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
