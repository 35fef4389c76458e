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
import pandas as pd

from scope.errors import ConfigError, InputError
from scope.models.images.fit import FitOptions, balanced_weights, fit_network, model_bytes
from scope.tasks.stamps.hickle_files import read_hickle
from scope.tasks.stamps.judging import judge
from scope.tasks.stamps.label_runs import RunLog
from scope.tasks.stamps.model import StampModel, layer_names, layer_numbers
from scope.tasks.stamps.model_folder import write_model
from scope.tasks.stamps.normalise import AXES, Normalisation, normalised, require_normalised
from scope.tasks.stamps.plots import draw_all, examples_figure, save
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

    from scope.models.images.network import ImageNetwork

LEARNING_RATE = 3e-5
MOST_FIGURE_ROWS = 12

Floats = npt.NDArray[np.floating]
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
    how = Normalisation(_norm_name(normalise), nan)
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


def _norm_name(normalise: str | Callable[[Any], Any]) -> str:
    if callable(normalise):
        return f"function {getattr(normalise, '__name__', 'unnamed')}"
    if normalise not in AXES:
        raise ConfigError("normalise", value=normalise, allowed=[*AXES, "a function"])
    return normalise


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


def read_meta(meta: Mapping[str, Any] | str | Path) -> tuple[Meta, Path]:
    """Return what a training left behind, and its folder.

    Parameters
    ----------
    meta : dict or path
        As `train` returns it, ``meta.hkl``, or the folder of the model.
    """
    if isinstance(meta, Mapping):
        return dict(meta), Path(str(meta["model_dir"]))
    path = Path(meta)
    path = path / "meta.hkl" if path.is_dir() else path
    return dict(read_hickle(path)), path.parent


def network_of(model: Any, meta: Mapping[str, Any] | str | Path | None = None) -> ImageNetwork:
    """Return a network that runs without Keras, of a model in whatever form.

    Parameters
    ----------
    model : Keras model, path, StampModel or ImageNetwork
        A path is that of ``model.h5`` or its folder.
    """
    from scope.models.images.keras_sequence import read_sequence
    from scope.models.images.network import ImageNetwork

    if isinstance(model, ImageNetwork):
        return model
    if isinstance(model, StampModel):
        return model.network
    if isinstance(model, str | Path):
        path = Path(model)
        return ImageNetwork.load(path / "model.h5" if path.is_dir() else path)
    if not hasattr(model, "get_weights"):
        raise InputError(
            "model in a form that is not known",
            value=type(model).__name__,
            allowed="a Keras model, model.h5, or the folder of a model",
        )
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "model.h5"
        path.write_bytes(model_bytes(model))
        return ImageNetwork(read_sequence(path))


def evaluate(
    model: Any,
    meta: Mapping[str, Any] | str | Path,
    plot_fmt: str = "png",
    plot_examples: bool = False,
) -> dict[str, Any]:
    """Judge a model by the rows that its training left out, and draw figures beside it.

    Parameters
    ----------
    model : Keras model or path
    meta : dict or path
    plot_fmt : {"png", "pdf", "svg", "jpg"}
    plot_examples : bool
        Draw wrongly called and random stamps as well.

    Returns
    -------
    dict
        The figures of `scope.tasks.stamps.judging.judge`, with ``loss`` of the test rows
        and ``misclassified`` in training and test rows.

    Raises
    ------
    InputError
        If the labelled set has changed since the training.
    """
    found, folder = read_meta(meta)
    prefix = str(found["labels_filename"]).removesuffix(LABELS_FILE)
    data_dir = folder.parent
    if set_hashes(data_dir, prefix) != dict(found["sha256"]):
        raise InputError(
            "labelled set that has changed since the training",
            value=str(data_dir),
            todo="judge the model with classifier.benchmark",
        )
    labels, stamps = open_set(data_dir, prefix)
    with stamps:
        rows = np.asarray(found["masks"]["test"], dtype=np.int64)
        network = network_of(model)
        how = Normalisation.parse(found["normalise"])
        scores = score_rows(network, stamps, np.arange(len(stamps)), found["layers"], how)
        target = labels["label"].to_numpy() == 1
        report = _judged(labels.iloc[rows], scores[rows], folder)
        training = np.asarray(found["masks"]["training"], dtype=np.int64)
        wrong = (scores >= 0.5) != target
        report["misclassified"] = {
            "training": int(wrong[training].sum()),
            "test": int(wrong[rows].sum()),
        }
        history = found["history"]
        draw_all(folder, target[rows], scores[rows], plot_fmt=plot_fmt, history=history)
        if plot_examples:
            _draw_examples(folder, stamps, rows, scores, wrong, found["layers"], plot_fmt)
    return report


def _judged(labels: pd.DataFrame, scores: Floats, folder: Path | None) -> dict[str, Any]:
    """Return the figures of some rows, with the probabilities of a model folder."""
    target = labels["label"].to_numpy() == 1
    probability = None
    if folder is not None and (folder / "bundle.json").is_file():
        probability = StampModel.load(folder).probabilities(scores)
    report = judge(
        target,
        scores,
        labels=labels["metalabel"].tolist(),
        slices={"mag": labels["mag"].to_numpy(float)},
        probability=probability,
    )
    p = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    report["loss"] = float(-np.mean(np.where(target, np.log(p), np.log1p(-p))))
    return report


def score_rows(
    network: ImageNetwork,
    stamps: Any,
    rows: npt.NDArray[np.integer],
    layers: Sequence[int],
    how: Normalisation,
    function: Callable[[Any], Any] | None = None,
) -> npt.NDArray[np.float32]:
    """Return the scores of rows of a set, with memory for a block only."""
    parts = [np.empty(0, np.float32)]
    for start in range(0, len(rows), 256):
        block = stamps.read(rows[start : start + 256], layers)
        parts.append(network.scores(normalised(block, how, function)))
    return np.concatenate(parts)


def _draw_examples(
    folder: Path,
    stamps: Any,
    rows: npt.NDArray[np.int64],
    scores: Floats,
    wrong: npt.NDArray[np.bool_],
    layers: Sequence[int],
    plot_fmt: str,
) -> None:
    drawn = np.random.default_rng(0).permutation(rows)[:MOST_FIGURE_ROWS]
    for name, chosen in (
        ("misclassifiedexamples", rows[wrong[rows]][:MOST_FIGURE_ROWS]),
        ("randomexamples", np.sort(drawn)),
    ):
        titles = [f"row {row}\n{scores[row]:.3f}" for row in chosen]
        figure = examples_figure(stamps.read(chosen, layers), titles, layer_names(layers))
        save(figure, folder / f"plot_{name}.{plot_fmt}")


def benchmark(
    model: Any,
    benchdir: str | Path,
    meta: Mapping[str, Any] | str | Path | None = None,
    *,
    layers: Sequence[int] | None = None,
    normalise: str | None = None,
    plot_fmt: str = "png",
    prefix: str = "",
) -> dict[str, Any]:
    """Judge a model by all rows of any labelled set; figures are ``bench_*`` in its folder.

    Parameters
    ----------
    model : Keras model or path
    benchdir : path
        A labelled set.
    meta : dict or path, optional
        Of the model's training, which says its layers and normalisation. With a path of a
        model folder it is found; else `layers` and `normalise` must be given.

    Returns
    -------
    dict
        The figures of `judge`.
    """
    chosen, how, folder = _preparation(model, meta, layers, normalise)
    labels, stamps = open_set(benchdir, prefix)
    with stamps:
        rows = np.flatnonzero(labels["label"].to_numpy() >= 0)
        scores = score_rows(network_of(model), stamps, rows, chosen, how)
    part = labels.iloc[rows]
    draw_all(
        Path(benchdir),
        part["label"].to_numpy() == 1,
        scores,
        plot_fmt=plot_fmt,
        prefix="bench_",
    )
    return _judged(part, scores, folder)


def _preparation(
    model: Any,
    meta: Mapping[str, Any] | str | Path | None,
    layers: Sequence[int] | None,
    normalise: str | None,
) -> tuple[list[int], Normalisation, Path | None]:
    """Return how stamps are prepared for a model: what its card or meta says."""
    if meta is None and isinstance(model, str | Path):
        path = Path(model)
        folder = path if path.is_dir() else path.parent
        if (folder / "bundle.json").is_file():
            card = StampModel.load(folder).card
            card.normalisation.require(normalise)
            return layer_numbers(card), card.normalisation, folder
    if meta is not None:
        found, folder = read_meta(meta)
        how = Normalisation.parse(found["normalise"])
        how.require(normalise)
        return [int(n) for n in found["layers"]], how, folder
    if layers is None or normalise is None:
        raise ConfigError(
            "model of which nobody says what it was trained on",
            value=type(model).__name__,
            todo="give meta, the path of the model's folder, or layers and normalise",
        )
    return [int(n) for n in layers], Normalisation(_norm_name(normalise)), None


def dropout_pred(
    model: Any, stamps: Floats, nsamples: int = 20, batchsize: int = 64, *, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Return scores with dropout on; their mean over axis 1 is the ordinary score.

    Parameters
    ----------
    model : Keras model, path or StampModel
    stamps : (n, rows, columns, layers) float
        Normalised; a model with a card refuses others. One stamp of three axes too.
    nsamples : int
    batchsize : int
        Stamps that are held at a time; the samples do not depend on it.

    Returns
    -------
    (n, nsamples) float32, or (nsamples,) of one stamp
    """
    if batchsize < 1:
        raise ConfigError("batchsize", value=batchsize, allowed="1 or more")
    stamps = np.asarray(stamps)
    single = stamps.ndim == 3
    stamps = stamps[None] if single else stamps
    if isinstance(model, StampModel):
        require_normalised(stamps, model.card.normalisation)
    samples = network_of(model).samples(stamps.astype(np.float32), nsamples, seed=seed)
    return samples[0] if single else samples


def latentvec_pred(model: Any, stamps: Floats) -> npt.NDArray[np.float32]:
    """Return what the flatten layer of a network gives of normalised stamps, (n, k)."""
    stamps = np.asarray(stamps, dtype=np.float32)
    return network_of(model).latent(stamps[None] if stamps.ndim == 3 else stamps)
