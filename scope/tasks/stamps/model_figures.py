"""Figures about a model, as gotorb draws them: one file each."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import ConfigError
from scope.io.atomic import write_bytes
from scope.tasks.stamps.judging import confusion, error_rates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf", "svg", "jpg")
BIN = 0.02
MARKED = (0.5, 0.75)
MOST_EXAMPLES = 12

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]


def _figure(columns: int = 1, width: float = 5.5, height: float = 4.2) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height), layout="constrained")
    return figure, figure.subplots(1, columns)


def save(figure: Figure, path: Path) -> Path:
    """Write a figure, whole or not at all.

    Raises
    ------
    ConfigError
        If its format is none that is known.
    """
    form = path.suffix.lstrip(".")
    if form not in FORMATS:
        raise ConfigError("format of a figure", value=form, allowed=FORMATS)
    content = io.BytesIO()
    figure.savefig(content, format=form, dpi=110, metadata=None)
    write_bytes(content.getvalue(), path)
    return path


def draw_all(
    folder: Path,
    target: Bools,
    scores: Floats,
    *,
    plot_fmt: str = "png",
    prefix: str = "plot_",
    history: Mapping[str, Sequence[float]] | None = None,
) -> list[Path]:
    """Draw what is known of held-out rows, and how the training went.

    Parameters
    ----------
    target, scores : (n,) bool, (n,) float
        Whether a row is real, and its score.

    Returns
    -------
    list of path
        ``plot_confusionmatrix``, ``plot_fpr``, ``plot_roc``, ``plot_probdistn``,
        ``plot_calibration``, and ``plot_validation`` where there is a history.
    """
    figures: dict[str, Figure] = {
        "confusionmatrix": confusion_figure(target, scores),
        "fpr": rates_figure(target, scores),
        "roc": roc_figure(target, scores),
        "probdistn": distribution_figure(target, scores),
        "calibration": calibration_figure(target, scores),
    }
    if history is not None:
        figures["validation"] = history_figure(history)
    return [save(figure, folder / f"{prefix}{name}.{plot_fmt}") for name, figure in figures.items()]


def confusion_figure(target: Bools, scores: Floats) -> Figure:
    """Draw counts, and per cent of each row.

    `target` (real) and `scores`: (n,) bool and float.
    """
    figure, axes = _figure(width=4.2)
    counts = np.array(confusion(target, scores >= 0.5))
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for row in range(2):
        for column in range(2):
            dark = share[row, column] > 60
            axes.text(
                column,
                row,
                f"{counts[row, column]}\n{share[row, column]:.1f} %",
                ha="center",
                va="center",
                color="white" if dark else "black",
            )
    axes.set(xlabel="called", ylabel="is", xticks=[0, 1], yticks=[0, 1])
    axes.set_xticklabels(["bogus", "real"])
    axes.set_yticklabels(["bogus", "real"])
    return figure


def rates_figure(target: Bools, scores: Floats) -> Figure:
    """Draw FNR, FPR and their mean against the threshold.

    `target` (real) and `scores`: (n,) bool and float.
    """
    figure, axes = _figure()
    rates = error_rates(target, scores)
    x = rates["threshold"]
    axes.plot(x, rates["fnr"], label="FNR (missed)")
    axes.plot(x, rates["fpr"], label="FPR")
    axes.plot(x, (rates["fpr"] + rates["fnr"]) / 2, "--", label="mean")
    for mark in MARKED:
        axes.axvline(mark, color="grey", linewidth=0.8)
    axes.set(yscale="log", xlabel="threshold on the score", ylabel="rate", ylim=(1e-3, 1))
    axes.legend()
    return figure


def roc_figure(target: Bools, scores: Floats) -> Figure:
    """Draw the ROC curve, whole and its corner.

    `target` (real) and `scores`: (n,) bool and float.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = _figure(2)
    if target.any() and not target.all():
        fpr, tpr, _ = roc_curve(target, scores)
        for each in axes:
            each.plot(fpr, tpr)
        axes[0].set_title(f"AUC {roc_auc_score(target, scores):.4f}")
    for each in axes:
        each.set(xlabel="false positive rate", ylabel="true positive rate")
    axes[1].set(xlim=(0, 0.1), ylim=(0.9, 1))
    return figure


def distribution_figure(target: Bools, scores: Floats) -> Figure:
    """Draw how the scores of either side are spread.

    `target` (real) and `scores`: (n,) bool and float.
    """
    figure, axes = _figure()
    bins = np.arange(0, 1 + BIN / 2, BIN)
    axes.hist(scores[~target], bins, histtype="step", label="bogus")
    axes.hist(scores[target], bins, histtype="step", label="real")
    axes.set(yscale="log", xlabel="score", ylabel="rows")
    axes.legend()
    return figure


def calibration_figure(target: Bools, values: Floats) -> Figure:
    """Draw the part of real rows against the score or probability.

    `target` (real) and `values`: (n,) bool and float.
    """
    from scope.models.evaluation.held_out_metrics import reliability

    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    if len(target):
        found = reliability(target, values)
        axes.plot(found["bins"]["mean_probability"], found["bins"]["rate"], "o-")
        axes.set_title(f"expected calibration error {found['expected_calibration_error']:.3f}")
    axes.set(xlabel="mean value of a bin", ylabel="part that is real")
    return figure


def history_figure(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw loss and accuracy of training and validation by epoch."""
    figure, axes = _figure(2)
    for each, name in zip(axes, ("loss", "accuracy"), strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in history:
                each.plot(np.arange(1, len(history[key]) + 1), history[key], label=label)
        each.set(xlabel="epoch", ylabel=name)
        each.legend()
    return figure


def examples_figure(stamps: Floats, titles: Sequence[str], layer_names: Sequence[str]) -> Figure:
    """Draw up to 12 stamps, a row each, with all their layers.

    Parameters
    ----------
    stamps : (n, rows, columns, layers) float
    titles : sequence of n str
    """
    from matplotlib.figure import Figure

    n = max(min(len(stamps), MOST_EXAMPLES), 1)
    figure = Figure(figsize=(1.6 * len(layer_names), 1.7 * n), layout="constrained")
    axes: Any = figure.subplots(n, len(layer_names), squeeze=False)
    for row, column in np.ndindex(axes.shape):
        panel = axes[row, column]
        panel.set(xticks=[], yticks=[])
        if row < len(stamps):
            low, high = zscale_limits(stamps[row, :, :, column])
            panel.imshow(
                stamps[row, :, :, column], origin="lower", cmap="gray", vmin=low, vmax=high
            )
        if row == 0:
            panel.set_title(layer_names[column], fontsize=8)
        if column == 0 and row < len(titles):
            panel.set_ylabel(titles[row], fontsize=7)
    return figure


def zscale_limits(image: Floats) -> tuple[float, float]:
    """Return the limits of IRAF's zscale; of an image without values 0 and 1.

    `image`: (rows, columns) float.
    """
    from astropy.visualization import ZScaleInterval

    finite = image[np.isfinite(image)]
    if not finite.size or finite.min() == finite.max():
        return (float(finite.min()), float(finite.min()) + 1.0) if finite.size else (0.0, 1.0)
    low, high = ZScaleInterval().get_limits(finite)
    return float(low), float(high) if high > low else float(low) + 1.0
