"""Figures of a training: confusion, ROC, precision and recall by set, and the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import UsageError
from scope.io import write_bytes
from scope.models.algorithm import find_algorithm
from scope.models.evaluation.score_metrics import EVALUATION_CUT, score_metrics
from scope.models.networks.onnx_translation import read_keras
from scope.models.training.splits import SETS
from scope.plugins import ALGORITHMS
from scope.report.analysis import plot_importances
from scope.report.plots import DNN_COLOUR, XGB_COLOUR, new_figure, save_figure
from scope.tasks.variables.bundles.model_bundle import ModelBundle
from scope.tasks.variables.bundles.model_bundle_writer import json_bytes
from scope.tasks.variables.training.training_scores import TrainingScores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_IMPORTANCES = 8

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]


def plot_training(
    scores: str | Path, bundle: ModelBundle, reports: Mapping[str, Any], folder: str | Path
) -> list[Path]:
    """Draw how well each class does on train, validation and test stars.

    Training stars are scored by models that did not see them; without calibration there are
    no such models, and no figures of these stars.

    Parameters
    ----------
    scores : path
        Of the training set, see `scope.tasks.variables.training.training_scores`.
    bundle : ModelBundle
    reports : mapping of class tag to dict
        How each training went; importances of trees are drawn.
    folder : path
        ``<class>/<set>/<class>_{cm,roc,recall}.png`` and ``_stats.json``; for trees
        ``<class>/<class>_impvars.png`` and ``.json``.

    Returns
    -------
    list of Path
        Files written.
    """
    table, _ = TrainingScores.read(scores)
    written: list[Path] = []
    for tag in bundle.classes:
        for number, name in enumerate(SETS):
            rows = table.judged(tag, number)
            if len(rows.target):
                place = Path(folder, tag, name)
                written += _plot_set(rows.target, rows.scores, f"{tag}, {name}", place / tag)
    for tag, report in reports.items():
        if "importance" in report:
            path = Path(folder, tag, f"{tag}_impvars.json")
            write_bytes(json_bytes(report["importance"]), path)
            top = sorted(report["importance"].items(), key=lambda item: -item[1])[:N_IMPORTANCES]
            figure = plot_importances(dict(top), label="gain", title=tag)
            written += [path, save_figure(figure, path.with_suffix(".png"))]
    return written


def _plot_set(target: Bools, scores: Floats, title: str, stem: Path) -> Iterator[Path]:
    """Draw one class on one set."""
    figures = {
        "cm": plot_confusion(target, scores, title),
        "roc": plot_roc(target, scores, title),
        "recall": plot_precision_recall(target, scores, title),
    }
    for name, figure in figures.items():
        yield save_figure(figure, stem.with_name(f"{stem.name}_{name}.png"))
    path = stem.with_name(f"{stem.name}_stats.json")
    write_bytes(json_bytes(score_metrics(target, scores)), path)
    yield path


def plot_confusion(
    target: Bools, scores: Floats, title: str, cut: float = EVALUATION_CUT
) -> Figure:
    """Draw how many rows of either side are called positive above a cut on the score.

    `target` (of the class) and `scores`: (n,) bool and float.
    """
    called = scores > cut
    counts = np.array([[np.sum((target == t) & (called == c)) for c in (0, 1)] for t in (0, 1)])
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = new_figure(3.6, 3.4)
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    for true, called_as in np.ndindex(2, 2):
        axes.text(
            called_as,
            true,
            f"{counts[true, called_as]:,}\n{parts[true, called_as]:.1%}",
            ha="center",
            va="center",
            color="white" if parts[true, called_as] > 0.5 else "black",
        )
    axes.set_xticks([0, 1], ["no", "yes"])
    axes.set_yticks([0, 1], ["no", "yes"])
    axes.set_xlabel(f"score above {cut:g}")
    axes.set_ylabel("label")
    axes.set_title(title)
    return figure


def plot_roc(target: Bools, scores: Floats, title: str) -> Figure:
    """Draw the part of positive rows above each cut against that of negative ones.

    `target` (of the class) and `scores`: (n,) bool and float.
    """
    from sklearn.metrics import roc_curve

    figure, axes = new_figure(3.6, 3.4)
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    if target.any() and not target.all():
        false, true, _ = roc_curve(target, scores)
        axes.plot(false, true, color=DNN_COLOUR)
        title += f"\nROC AUC {score_metrics(target, scores)['roc_auc']:.3f}"
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.set_title(title)
    return figure


def plot_precision_recall(target: Bools, scores: Floats, title: str) -> Figure:
    """Draw precision and recall of the rows above each cut on the score.

    `target` (of the class) and `scores`: (n,) bool and float.
    """
    cuts = np.linspace(0, 1, 201)
    order = np.sort(scores[target])
    hits = len(order) - np.searchsorted(order, cuts, side="right")
    called = len(scores) - np.searchsorted(np.sort(scores), cuts, side="right")
    figure, axes = new_figure(4.2, 3.4)
    some = called > 0
    axes.plot(cuts[some], (hits / np.maximum(called, 1))[some], color=DNN_COLOUR, label="precision")
    if target.any():
        axes.plot(cuts, hits / target.sum(), color=XGB_COLOUR, label="recall")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("score above")
    axes.set_title(title)
    axes.legend(frameon=False)
    return figure


def plot_network(bundle: ModelBundle, folder: str | Path) -> list[Path]:
    """Draw the layers of the networks of a bundle; TensorFlow is not needed.

    Raises
    ------
    UsageError
        If the models are no networks.
    """
    if bundle.learner.suffix != ".keras":
        able = [name for name in ALGORITHMS if find_algorithm(name).suffix == ".keras"]
        raise UsageError("layers of models that have none", value=bundle.algorithm, allowed=able)
    members = {member["class"]: member["file"] for member in bundle.manifest["members"]}
    return [
        save_figure(draw_layers(bundle.folder / file), Path(folder, tag, f"{tag}_network.png"))
        for tag, file in members.items()
    ]


def draw_layers(path: str | Path) -> Figure:
    """Draw the layers of a ``.keras`` file: a column per input, then what they share."""
    layers = read_keras(path).layers
    inputs: dict[str, frozenset[str]] = {}
    for layer in layers:
        above = [inputs[name] for name in _histories(layer["inbound_nodes"]) if name in inputs]
        inputs[layer["name"]] = frozenset().union(*above) or frozenset([layer["name"]])
    names = [layer["name"] for layer in layers if layer["class_name"] == "InputLayer"]
    rows: dict[str, int] = {}
    depth = dict.fromkeys(names, 0)
    shared = 0
    figure, axes = new_figure(2.9 * max(len(names), 1) + 0.4, 0.46 * len(layers) + 0.3)
    places = {}
    for layer in layers:
        own = inputs[layer["name"]]
        if len(own) == 1:
            column = float(names.index(next(iter(own))))
            rows[layer["name"]] = depth[next(iter(own))]
            depth[next(iter(own))] += 1
        else:
            column = (len(names) - 1) / 2
            rows[layer["name"]] = max(depth.values()) + shared
            shared += 1
        places[layer["name"]] = (column, -float(rows[layer["name"]]))
        for name in _histories(layer["inbound_nodes"]):
            start, end = places[name], places[layer["name"]]
            axes.plot([start[0], end[0]], [start[1], end[1]], color="0.7", zorder=0)
        box = {"boxstyle": "round", "facecolor": "#eef4fc", "edgecolor": DNN_COLOUR}
        axes.text(*places[layer["name"]], _describe(layer), ha="center", va="center", bbox=box)
    axes.set_xlim(-0.6, max(len(names), 1) - 0.4)
    axes.set_ylim(min(y for _, y in places.values()) - 0.7, 0.7)
    axes.axis("off")
    return figure


def _histories(item: Any) -> Iterator[str]:
    """Yield the names of the layers that a node of a network takes in."""
    if isinstance(item, dict):
        if "keras_history" in item:
            yield item["keras_history"][0]
        else:
            for part in item.values():
                yield from _histories(part)
    elif isinstance(item, list):
        for part in item:
            yield from _histories(part)


def _describe(layer: Mapping[str, Any]) -> str:
    settings = layer["config"]
    kind = layer["class_name"]
    words = {
        "InputLayer": lambda: f"{layer['name']} {tuple(settings['batch_shape'][1:])}",
        "Dense": lambda: f"{kind} {settings['units']}, {settings['activation']}",
        "SeparableConv2D": lambda: (
            f"{kind} {settings['filters']}, {settings['kernel_size'][0]}×"
            f"{settings['kernel_size'][1]}, {settings['activation']}"
        ),
        "Dropout": lambda: f"{kind} {settings['rate']:g}",
        "MaxPooling2D": lambda: f"{kind} {settings['pool_size'][0]}×{settings['pool_size'][1]}",
    }
    return words[kind]() if kind in words else str(kind)
