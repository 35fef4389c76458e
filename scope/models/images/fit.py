"""Training of a Keras model on images that need not fit into memory."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError, InputError

if TYPE_CHECKING:
    import keras

AUGMENTATIONS = ("horizontal_flip", "vertical_flip", "rot90")
"""What leaves an image of the sky one: mirrors, and quarter turns."""

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class FitOptions:
    """Options of the training of a network.

    Attributes
    ----------
    batch_size, epochs : int
    monitor : str
        What early stopping looks at; the weights of its best epoch are kept.
    patience : int
        Epochs without a better value.
    augmentation : mapping of str to bool
        Keys of `AUGMENTATIONS`. Training images only.
    class_weight : mapping of int to float, optional
    seed : int
        Of the order of rows, the augmentation and dropout.
    fit_kwargs : mapping
        Passed on to ``keras.Model.fit``.
    """

    batch_size: int = 64
    epochs: int = 100
    monitor: str = "val_loss"
    patience: int = 10
    augmentation: Mapping[str, bool] = field(default_factory=dict)
    class_weight: Mapping[int, float] | None = None
    seed: int = 42
    fit_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "patience"):
            if getattr(self, name) < 1:
                raise ConfigError(name, value=getattr(self, name), allowed="1 or more")
        if strange := sorted(set(self.augmentation) - set(AUGMENTATIONS)):
            raise ConfigError("data_augmentation", value=", ".join(strange), allowed=AUGMENTATIONS)


def balanced_weights(target: npt.NDArray[np.integer]) -> dict[int, float]:
    """Return gotorb's weights of classes: the rarer 1, the other its share of the rarer.

    `target`: (n,) int, 0 or 1.

    Raises
    ------
    InputError
        If a class is missing.
    """
    counts = np.bincount(target, minlength=2)
    if (counts == 0).any():
        raise InputError(
            "rows of one class only",
            value=f"{counts[1]} real, {counts[0]} bogus",
            allowed="at least one of each in training and validation",
            todo="label more images",
        )
    return {number: float(counts.min() / count) for number, count in enumerate(counts)}


def fit_network(
    model: keras.Model,
    images: npt.NDArray[np.float32],
    target: npt.NDArray[Any],
    train: Rows,
    validation: Rows,
    options: FitOptions,
    callbacks: list[Any] | None = None,
) -> dict[str, list[float]]:
    """Train a compiled model in place; Ctrl-C ends it early and keeps the best weights.

    Parameters
    ----------
    images : (n, rows, columns, layers) float32
        May lie on the disk, as a memory map.
    target : (n,) int, or (n, classes) for a softmax
    train, validation : (k,) int
        Row numbers.

    Returns
    -------
    dict
        Metric -> its value after each epoch.
    """
    import keras

    keras.utils.set_random_seed(options.seed)
    stop = keras.callbacks.EarlyStopping(
        monitor=options.monitor, patience=options.patience, restore_best_weights=True
    )
    history = keras.callbacks.History()
    more: dict[str, Any] = dict(options.fit_kwargs)
    more.setdefault("verbose", 0)
    given = list(more.pop("callbacks", []))
    weights = None if options.class_weight is None else dict(options.class_weight)
    try:
        model.fit(
            _batches(images, target, train, options, augment=True),
            validation_data=_batches(images, target, validation, options, augment=False),
            epochs=options.epochs,
            class_weight=weights,
            callbacks=[stop, history, *(callbacks or []), *given],
            **more,
        )
    except KeyboardInterrupt:
        if stop.best_weights is not None:
            model.set_weights(stop.best_weights)
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def _batches(
    images: npt.NDArray[np.float32],
    target: npt.NDArray[Any],
    rows: Rows,
    options: FitOptions,
    *,
    augment: bool,
) -> Any:
    """Return the batches of some rows; those for training are shuffled anew each epoch."""
    import keras

    class Batches(keras.utils.PyDataset):
        def __init__(self) -> None:
            super().__init__()
            self._rng = np.random.default_rng([options.seed, int(augment)])
            self._rows = self._rng.permutation(rows) if augment else rows

        def __len__(self) -> int:
            return -(-len(rows) // options.batch_size)

        def __getitem__(self, number: int) -> tuple[Any, Any]:
            start = number * options.batch_size
            # Sorted: a memory map is read in one direction.
            chosen = np.sort(self._rows[start : start + options.batch_size])
            batch = np.array(images[chosen])
            if augment and options.augmentation:
                augmented(batch, options.augmentation, self._rng)
            return batch, target[chosen]

        def on_epoch_end(self) -> None:
            if augment:
                self._rows = self._rng.permutation(rows)

    return Batches()


def augmented(
    batch: npt.NDArray[np.float32], how: Mapping[str, bool], rng: np.random.Generator
) -> None:
    """Mirror and turn images of a batch at random, in place.

    `batch`: (n, rows, columns, layers) float32.
    """
    draws = rng.random((len(batch), 3))
    for row, (flip_x, flip_y, turn) in enumerate(draws):
        if how.get("horizontal_flip") and flip_x < 0.5:
            batch[row] = batch[row][:, ::-1].copy()
        if how.get("vertical_flip") and flip_y < 0.5:
            batch[row] = batch[row][::-1].copy()
        if how.get("rot90"):
            batch[row] = np.rot90(batch[row], int(4 * turn)).copy()


def model_bytes(model: keras.Model) -> bytes:
    """Return a model as a file of Keras' HDF5 format."""
    import logging
    import tempfile
    from pathlib import Path

    log = logging.getLogger("absl")
    level = log.level
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        # Keras calls the format old; it is what the document promises.
        log.setLevel(logging.ERROR)
        try:
            model.save(path, include_optimizer=False)
        finally:
            log.setLevel(level)
        return io.BytesIO(path.read_bytes()).getvalue()
