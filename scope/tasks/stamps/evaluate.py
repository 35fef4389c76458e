"""Judging of networks on labelled sets, with figures beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import ConfigError, InputError
from scope.tasks.stamps.judging import judge
from scope.tasks.stamps.model_figures import draw_all, examples_figure, save
from scope.tasks.stamps.network_scores import network_of, read_meta, score_rows
from scope.tasks.stamps.normalise import AXES, Normalisation
from scope.tasks.stamps.prepare import (
    set_hashes,
)
from scope.tasks.stamps.sets import LABELS_FILE, open_set
from scope.tasks.stamps.stamp_model import StampModel, layer_names, layer_numbers

if TYPE_CHECKING:
    pass

MOST_FIGURE_ROWS = 12

Floats = npt.NDArray[np.floating]


def normal_name(normalise: str | Callable[[Any], Any]) -> str:
    if callable(normalise):
        return f"function {getattr(normalise, '__name__', 'unnamed')}"
    if normalise not in AXES:
        raise ConfigError("normalise", value=normalise, allowed=[*AXES, "a function"])
    return normalise


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
        folder = path.parent if path.is_file() else path
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
    return [int(n) for n in layers], Normalisation(normal_name(normalise)), None
