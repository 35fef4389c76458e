"""Networks on small images, trained by Keras and run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError
from scope.models.algorithm import (
    Algorithm,
    Batch,
    InputSpec,
    Scorer,
    TrainedModel,
    TrainingData,
)

LEARNING_RATE = 3e-5


@dataclass(frozen=True)
class ImageNetworkOptions:
    """Options of an image network: how it is built and trained.

    Attributes
    ----------
    architecture : str
        A key of `scope.models.images.architectures.ARCHITECTURES`.
    learning_rate : float
    batch_size, epochs, patience : int
    augmentation : mapping of str to bool
    """

    architecture: str = "vgg6"
    learning_rate: float = LEARNING_RATE
    batch_size: int = 64
    epochs: int = 100
    patience: int = 10
    augmentation: Mapping[str, bool] = field(default_factory=dict)


class ImageScorer:
    """A loaded image network."""

    def __init__(self, path: str | Path, shape: tuple[int | None, ...]) -> None:
        from scope.models.images.image_network import ImageNetwork

        self.network = ImageNetwork.load(path)
        if tuple(shape[1:]) != self.network.input_shape:
            raise BundleError(
                f"network {path} on images of another shape than its bundle says",
                value=self.network.input_shape,
                allowed=str(tuple(shape[1:])),
                todo="take the whole bundle from one training",
            )

    def score(self, batch: Batch) -> npt.NDArray[np.floating]:
        """Return the score of normalised images, (n,) float32.

        `batch` has ``image``, (n, rows, columns, layers) float32.
        """
        return self.network.scores(np.asarray(batch["image"], dtype=np.float32))


class ImageNetworks(Algorithm):
    """Convolutional networks; a model file is that of Keras' HDF5 format."""

    name, title, plural = "cnn", "CNN", "image networks"
    suffix = ".h5"
    inputs = ("image",)
    options = ImageNetworkOptions
    packages = ("keras", "numpy", "tensorflow-cpu", "onnxruntime")
    isolated = True
    few_stars_map = "temperature"

    def train(
        self, data: TrainingData, options: Any, seed: int, *, device: str = "cpu", verbose: int = 0
    ) -> TrainedModel:
        """Train one network; see `Algorithm.train`."""
        import keras

        from scope.models.images.architectures import find_architecture
        from scope.models.images.fit import (
            FitOptions,
            balanced_weights,
            fit_network,
            model_bytes,
        )

        self.check_device(device)
        images = np.concatenate([data.train.inputs["image"], data.validation.inputs["image"]])
        target = np.concatenate([data.train.target, data.validation.target]).astype(np.int64)
        n = len(data.train)
        keras.utils.set_random_seed(seed)
        model = find_architecture(options.architecture)(images.shape[1:], 1)
        model.compile(keras.optimizers.Adam(options.learning_rate), "binary_crossentropy")
        how = FitOptions(
            batch_size=options.batch_size,
            epochs=options.epochs,
            patience=options.patience,
            augmentation=options.augmentation,
            class_weight=balanced_weights(target[:n]) if data.weigh_sides else None,
            seed=seed,
            fit_kwargs={"verbose": verbose},
        )
        rows = np.arange(len(target))
        history = fit_network(model, images, target, rows[:n], rows[n:], how)
        best = int(np.argmin(history["val_loss"])) + 1
        return TrainedModel(model_bytes(model), {"best_epoch": best, "history": history})

    def load(self, path: str | Path, inputs: Sequence[InputSpec], *, device: str = "cpu") -> Scorer:
        """Load a network for scoring; see `Algorithm.load`."""
        self.check_device(device)
        return ImageScorer(path, inputs[0].shape)


ALGORITHM = ImageNetworks()
