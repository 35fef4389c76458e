"""The two-branch network of features and histograms, trained by Keras, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.config.classes import ClassDefinition
from scope.errors import BackendError
from scope.models.algorithm import Algorithm, Batch, InputSpec, Scorer, TrainedModel, TrainingData
from scope.models.networks.two_branch import NetworkOptions
from scope.models.training.class_examples import Examples
from scope.models.training.pretrained import Pretrained

if TYPE_CHECKING:
    from scope.models.networks.two_branch_trainer import NetworkTrainer


class Networks(Algorithm):
    """One network per class; its settings (epochs, batch size, …) are those of the class."""

    name, title, plural = "dnn", "DNN", "neural networks"
    suffix = ".keras"
    start_suffixes = (".keras", ".h5")
    inputs = ("features", "dmdt")
    options = NetworkOptions
    section = "dnn"
    packages = ("keras", "numpy")
    isolated = True
    has_weights = True
    published_suffix = ".h5"
    few_stars_map = "temperature"

    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        """Train the network of a class.

        One that lacks a fold stops after as many steps as the best of the whole had, at the
        latest: after as many epochs it would have seen fewer batches and would be less sure.
        """
        definition = _definition(data)
        start = None if data.start is None else Pretrained(data.start, data.start_weights_only)
        n_features = data.train.inputs["features"].shape[1]
        trainer = _trainer(n_features, definition, options, seed, start)
        train, validation = (Examples.of_rows(part) for part in (data.train, data.validation))
        epochs = None
        if data.whole is not None:

            def n_steps(n_rows: int) -> int:
                return -(-n_rows // definition.batch_size)

            best = data.whole.report["best_epoch"]
            epochs = max(1, round(best * n_steps(data.whole_rows) / n_steps(len(train))))
        trained = trainer.fit(train, validation, epochs=epochs, verbose=verbose)
        report = {"best_epoch": trained.best_epoch, "history": trained.history}
        return TrainedModel(trained.content, report)

    def load(self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu") -> Scorer:
        """Load a ``.keras`` file into ONNX Runtime."""
        return _NetworkScorer(path, device)

    def import_published(self, path: Path, columns: Sequence[str]) -> tuple[bytes, list[str]]:
        """Return a network of Keras 2, which knows no names of its inputs, as a ``.keras`` file."""
        from scope.models.networks.keras_h5 import keras_bytes_of_h5

        return keras_bytes_of_h5(path, len(columns)), list(columns)

    def environment(self, device: str) -> dict[str, str]:
        """Quiet TensorFlow, and hide the card from it unless it is asked for."""
        hidden = {"CUDA_VISIBLE_DEVICES": "-1"} if device == "cpu" else {}
        return {"TF_CPP_MIN_LOG_LEVEL": "3", **hidden}

    def prepare(self, device: str) -> None:
        """Make TensorFlow deterministic: the same operations in the same order on one thread."""
        import tensorflow as tf

        if device == "cuda" and not tf.config.list_physical_devices("GPU"):
            raise BackendError(
                "TensorFlow was asked to use a CUDA device and finds none",
                value=device,
                allowed="cpu",
                todo="run on a machine with a card and the gpu extra of this package, or use cpu",
            )
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()

    def check_device(self, device: str) -> None:
        """Leave it to `prepare`: only a process that trains knows TensorFlow's devices."""


def _definition(data: TrainingData) -> ClassDefinition:
    """Return the settings of the class, as the task states them."""
    names = {item.name for item in fields(ClassDefinition)}
    return ClassDefinition(**{name: data.member[name] for name in names if name in data.member})


@lru_cache(maxsize=1)
def _trainer(
    n_features: int,
    definition: ClassDefinition,
    options: NetworkOptions,
    seed: int,
    start: Pretrained | None,
) -> NetworkTrainer:
    """Return what trains the networks of a class; the last one is kept for its folds.

    The graph of a training step takes seconds to compile, and a trainer starts anew each time.
    """
    from scope.models.networks import two_branch_trainer

    return two_branch_trainer.NetworkTrainer(
        n_features, definition, options=options, seed=seed, start=start
    )


class _NetworkScorer:
    def __init__(self, path: str | Path, device: str) -> None:
        from scope.models.networks.onnx_network import OnnxNetwork

        self._network = OnnxNetwork(path, device=device)

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        """Return the score of each row, (n,) float32 from 0 to 1."""
        return self._network.predict(batch["features"], batch["dmdt"])


ALGORITHM = Networks()
