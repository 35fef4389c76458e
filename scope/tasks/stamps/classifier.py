"""Training and judging of networks on labelled sets, as gotorb's document has it.

model, meta = classifier.train("data_YYYYMMDD-HHMMSS")
classifier.evaluate(model, meta)
"""

from __future__ import annotations

import inspect
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.models.images.fit import FitOptions, balanced_weights, fit_network, model_bytes
from scope.tasks.stamps.evaluate import benchmark, evaluate, normal_name
from scope.tasks.stamps.label_runs import RunLog
from scope.tasks.stamps.model_folder import write_model
from scope.tasks.stamps.network_scores import (
    dropout_pred,
    latentvec_pred,
    network_of,
    read_meta,
    score_rows,
)
from scope.tasks.stamps.normalise import Normalisation
from scope.tasks.stamps.prepare import (
    Split,
    check_layers,
    prepared_set,
    set_hashes,
    split_rows,
)
from scope.tasks.stamps.sets import LABELS_FILE, STAMPS_FILE, open_set

if TYPE_CHECKING:
    import keras

__all__ = [
    "benchmark",
    "dropout_pred",
    "evaluate",
    "latentvec_pred",
    "network_of",
    "read_meta",
    "score_rows",
    "train",
    "write_events",
]

LEARNING_RATE = 3e-5
Meta = dict[str, Any]

log = logging.getLogger("gotorb.classifier")


def train(
    data_dir: str | Path,
    model: Callable[..., Any] | None = None,
    layers: Sequence[int] | None = None,
    optimizer: Any = None,
    normalise: str | Callable[[Any], Any] = "l2",
    test_split: float = 0.2,
    validation_split: float = 0.2,
    class_weight: bool | Mapping[int, float] = True,
    loss: str = "binary_crossentropy",
    batch_size: int = 64,
    epochs: int = 100,
    data_augmentation: Mapping[str, bool] | None = None,
    monitor: str = "val_loss",
    patience: int = 10,
    random_state: int = 42,
    fit_kwargs: Mapping[str, Any] | None = None,
    tensorboard: bool = True,
    *,
    prefix: str = "",
    nan: str = "zero",
) -> tuple[Any, Meta]:
    """Train a network on a labelled set.

    Parameters
    ----------
    data_dir : path
        As `label_data.make` writes it.
    model : callable, optional
        (input_shape, n_classes) -> Keras model; `models.vgg6` by default.
    layers : sequence of int, optional
        Of the stamps, by number; all by default.
    optimizer : Keras optimizer, optional
        Adam with a learning rate of 3e-5 by default.
    normalise : str or callable
        ``l2``: each layer of a stamp to unit length; another key of
        `scope.tasks.stamps.normalise.AXES`; or a function of a block of stamps.
    test_split : float
        Part of the images that are left for `evaluate`.
    validation_split : float
        Part of the others that ends the training. Rows that share an image or an object are
        on one side.
    class_weight : bool or mapping
        True: the rarer class weighs 1, the other its share of it.
    loss : str
        Any other than ``binary_crossentropy`` gets two outputs and a softmax.
    batch_size, epochs : int
    data_augmentation : mapping, optional
        ``horizontal_flip``, ``vertical_flip``, ``rot90``: True or False. Only training rows.
    monitor, patience
        Early stopping; the best weights are kept.
    random_state : int
        Of the split, the start of the weights and the order of rows.
    fit_kwargs : mapping, optional
        For ``keras.Model.fit``.
    tensorboard : bool
        Keep logs for TensorBoard in ``tflog``.
    prefix : str
        Of a cleaned set, such as ``varcleaned_``.
    nan : {"zero", "median", "refuse"}
        What becomes of NaN in a stamp; part of the card.

    Returns
    -------
    model : Keras model
    meta : dict
        How it was trained; also in ``meta.hkl``. The folder is ``meta["model_dir"]``.

    Raises
    ------
    ScopeError
        If the set or a parameter cannot be used.
    """
    folder = Path(data_dir)
    labels, stamps = open_set(folder, prefix)
    with stamps:
        chosen, size = check_layers(layers, stamps.shape[2]), stamps.shape[0]
    how = Normalisation(normal_name(normalise), nan)
    function = normalise if callable(normalise) else None
    split = split_rows(
        labels,
        test_split=test_split,
        validation_split=validation_split,
        random_state=random_state,
    )
    target = labels["label"].to_numpy()
    weights = _weights(class_weight, target[split.train])
    options = FitOptions(
        batch_size=batch_size,
        epochs=epochs,
        monitor=monitor,
        patience=patience,
        augmentation=data_augmentation or {},
        class_weight=weights,
        seed=random_state,
        fit_kwargs=fit_kwargs or {},
    )
    meta: Meta = {
        "timestamp": time.strftime("%y%m%d-%H%M%S"),
        "batch_size": batch_size,
        "patience": patience,
        "loss": loss,
        "test_split": test_split,
        "validation_split": validation_split,
        "class_weight": None if weights is None else {str(k): v for k, v in weights.items()},
        "data_augmentation": dict(data_augmentation) if data_augmentation else None,
        "fit_kwargs": {name: repr(value) for name, value in (fit_kwargs or {}).items()},
        "monitor": monitor,
        "random_state": random_state,
        "masks": {
            "training": np.concatenate([split.train, split.validation]),
            "validation": split.validation,
            "test": split.test,
        },
        "layers": list(chosen),
        "normalise": how.record(),
        "labels_filename": f"{prefix}{LABELS_FILE}",
        "stamps_filename": f"{prefix}{STAMPS_FILE}",
        "sha256": set_hashes(folder, prefix),
    }
    with prepared_set(folder, chosen, how, function, prefix) as data:
        built = _built(model, (size, size, len(chosen)), loss, optimizer, random_state)
        return _train_prepared(
            folder, built, data.images, target, split, options, meta, tensorboard
        )


def _weights(
    given: bool | Mapping[int, float], target: npt.NDArray[np.integer]
) -> dict[int, float] | None:
    if isinstance(given, Mapping):
        if set(given) != {0, 1}:
            raise ConfigError("class_weight", value=dict(given), allowed="{0: w, 1: w}, or a flag")
        return {int(key): float(value) for key, value in given.items()}
    return balanced_weights(target) if given else None


def _built(
    model: Callable[..., Any] | None,
    shape: tuple[int, int, int],
    loss: str,
    optimizer: Any,
    seed: int,
) -> Any:
    """Return a compiled Keras model with weights that follow from the seed."""
    import keras

    from scope.models.images.architectures import vgg6

    keras.utils.set_random_seed(seed)
    build, n_classes = model or vgg6, 1 if loss == "binary_crossentropy" else 2
    # By name where it has one: the second parameter of `bayesian_vgg6` is another.
    named = "n_classes" in inspect.signature(build).parameters
    built = build(shape, n_classes=n_classes) if named else build(shape, n_classes)
    built.compile(optimizer or keras.optimizers.Adam(LEARNING_RATE), loss, metrics=["accuracy"])
    return built


def _train_prepared(
    folder: Path,
    model: keras.Model,
    images: npt.NDArray[np.float32],
    target: npt.NDArray[np.integer],
    split: Split,
    options: FitOptions,
    meta: Meta,
    tensorboard: bool,
) -> tuple[Any, Meta]:
    """Train, calibrate, and write the folder of the model."""
    with tempfile.TemporaryDirectory(prefix="stamps_") as work:
        labels = np.asarray(target, dtype=np.float32)
        fitted = (
            labels
            if model.output_shape[-1] == 1
            else np.eye(2, dtype=np.float32)[np.clip(target, 0, 1)]
        )
        with RunLog(Path(work) / "log", log):
            log.info(
                "training on %d rows, %d for validation", len(split.train), len(split.validation)
            )
            history = fit_network(model, images, fitted, split.train, split.validation, options)
            meta["history"] = history
            meta["epochs"] = len(next(iter(history.values()), []))
            log.info("%d epochs, best %s %.5f", *_best(history, options.monitor, meta["epochs"]))
        written = write_model(folder, model_bytes(model), images, target, split, meta)
        shutil.copyfile(Path(work) / "log", written / f"{written.name}.log")
        if tensorboard:
            write_events(history, written / "tflog")
    return model, meta


def write_events(history: Mapping[str, Sequence[float]], folder: Path) -> None:
    """Write a training's values as TensorBoard reads them, under Keras' names.

    Keras' own callback needs the TensorBoard package to write; TensorFlow does not.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    for part in ("train", "validation"):
        with tf.Graph().as_default():
            writer = v1.summary.FileWriter(str(folder / part))
            for name, values in history.items():
                if name.startswith("val_") != (part == "validation"):
                    continue
                tag = f"epoch_{name.removeprefix('val_')}"
                for epoch, value in enumerate(values):
                    scalar = v1.Summary.Value(tag=tag, simple_value=value)
                    writer.add_summary(v1.Summary(value=[scalar]), epoch)
            writer.close()


def _best(history: Mapping[str, list[float]], monitor: str, n: int) -> tuple[int, str, float]:
    values = history.get(monitor) or [float("nan")]
    return n, monitor, min(values) if "acc" not in monitor else max(values)
