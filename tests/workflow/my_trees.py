"""An algorithm of a user, in one file: scikit-learn's gradient boosting on histograms."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models import Algorithm, Batch, InputSpec, TrainedModel, TrainingData


@dataclass(frozen=True)
class Options:
    max_iter: int = 30
    max_leaf_nodes: int = 8


class Scorer:
    def __init__(self, model: Any) -> None:
        self._model = model

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        return self._model.predict_proba(batch["features"])[:, 1].astype(np.float32)


class HGB(Algorithm):
    name, title, plural = "hgb", "HGB", "trees on histograms"
    suffix = ".hgb"
    inputs = ("features",)
    options = Options
    packages = ("scikit-learn", "numpy")

    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            max_iter=options.max_iter,
            max_leaf_nodes=options.max_leaf_nodes,
            class_weight="balanced" if data.weigh_sides else None,
            random_state=seed,
        )
        model.fit(data.train.inputs["features"], data.train.target)
        content = pickle.dumps((model, data.inputs[0].columns))
        return TrainedModel(content, {"n_iter": int(model.n_iter_)})

    def load(self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu") -> Scorer:
        self.check_device(device)
        model, columns = pickle.loads(Path(path).read_bytes())
        if columns != inputs[0].columns:
            raise BundleError(f"{path} was trained on other features", value=", ".join(columns))
        return Scorer(model)
