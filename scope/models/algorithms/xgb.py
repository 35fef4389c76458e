"""Gradient-boosted trees, trained and run by XGBoost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.models.algorithm import Algorithm, Batch, InputSpec, Scorer, TrainedModel, TrainingData
from scope.models.training.class_examples import Examples
from scope.models.trees.boosted_trees import (
    TreeEnsemble,
    TreeOptions,
    check_tree_device,
    search_folds,
    train_trees,
)


class BoostedTrees(Algorithm):
    """One ensemble of trees per class."""

    name, title, plural = "xgb", "XGB", "gradient-boosted trees"
    suffix = ".ubj"
    start_suffixes = (".ubj", ".json")
    inputs = ("features",)
    options = TreeOptions
    section = "xgboost"
    published_suffix = ".json"
    packages = ("xgboost-cpu", "xgboost", "numpy")

    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        """Train the trees of a class; those without a fold with what was found on the whole."""
        if data.whole is not None:
            found: dict[str, Any] = {**data.whole.report["parameters"], "skip_cv": True}
            options = replace(options, **found)
        trained = train_trees(
            Examples.of_rows(data.train),
            Examples.of_rows(data.validation),
            data.inputs[0].columns,
            options,
            weight_per_class=data.weigh_sides,
            seed=seed,
            device=device,
            start=data.start,
        )
        report = {"parameters": trained.parameters, "importance": trained.importance}
        return TrainedModel(trained.content, report)

    def load(self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu") -> Scorer:
        """Load trees that were trained on the columns of the input."""
        return _TreeScorer(TreeEnsemble(path, inputs[0].columns, device=device))

    def import_published(self, path: Path, columns: Sequence[str]) -> tuple[bytes, list[str]]:
        """Return trees in XGBoost's JSON as UBJSON, with their own order of columns."""
        from scope.models.trees.published_trees import ubj_of_json

        return ubj_of_json(path, columns)

    def check(self, data: TrainingData, options: Any) -> None:
        """Raise InputError if a search could not fold the rows."""
        if not options.skip_cv:
            search_folds(Examples.of_rows(data.train), options)

    def check_device(self, device: str) -> None:
        """Raise BackendError unless XGBoost can use the device."""
        check_tree_device(device)


class _TreeScorer:
    def __init__(self, trees: TreeEnsemble) -> None:
        self._trees = trees

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        """Return the score of each row, (n,) float32 from 0 to 1."""
        return self._trees.predict(batch["features"])


ALGORITHM = BoostedTrees()
