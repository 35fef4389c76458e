"""An algorithm of the tests: how close a row is to the mean of the positive rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models import Algorithm, Batch, InputSpec, TrainedModel, TrainingData


@dataclass(frozen=True)
class CentroidOptions:
    sharpness: float = 1.0


class CentroidScorer:
    def __init__(self, centre: npt.NDArray[np.floating], sharpness: float) -> None:
        self._centre, self._sharpness = centre, sharpness

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        far = ((batch["picture"] - self._centre) ** 2).sum(axis=(1, 2))
        return np.exp(-self._sharpness * far).astype(np.float32)


class Centroid(Algorithm):
    name, title, plural = "centroid", "CTR", "centroids"
    suffix = ".centre"
    inputs = ("picture",)
    options = CentroidOptions

    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        self.check_device(device)
        centre = data.train.inputs["picture"][data.train.target].mean(axis=0)
        content = json.dumps({"centre": centre.tolist(), "sharpness": options.sharpness})
        return TrainedModel(content.encode(), {"rows": len(data.train)})

    def load(
        self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu"
    ) -> CentroidScorer:
        found = json.loads(Path(path).read_text())
        centre = np.array(found["centre"])
        if centre.shape != inputs[0].shape[1:]:
            raise BundleError("centre of another shape", value=centre.shape)
        return CentroidScorer(centre, found["sharpness"])
