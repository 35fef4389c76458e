"""Figures about predictions and trainings: what two algorithms say, and how they compare.

Rows are matched by ``_id`` and nothing else; classes are found by their whole tag; labels by
the table of classes, never by how a column is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.errors import InputError, MissingColumnError
from scope.models.algorithm import find_algorithm
from scope.plugins import ALGORITHMS, DEFAULT_ALGORITHMS
from scope.report.plots import DNN_COLOUR, SEQUENTIAL, XGB_COLOUR, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

N_BINS = 50
TOP_N = 3
N_NAMES = 20
COLOURS = (DNN_COLOUR, XGB_COLOUR)
Pair = tuple[str, str]


def read_scores(
    first: Iterable[str | Path],
    second: Iterable[str | Path],
    algorithms: Pair = DEFAULT_ALGORITHMS,
) -> pd.DataFrame:
    """Return the scores of two algorithms, a row per light curve that both have.

    Parameters
    ----------
    first, second : iterable of path
        Predictions of any number of fields, ``.parquet``, ``.h5`` or ``.csv``.
    algorithms : pair of str
        Whose predictions they are.

    Returns
    -------
    DataFrame
        Index ``_id``; columns ``<class>_<algorithm>``, NaN where a light curve has no score.

    Raises
    ------
    MissingColumnError
        If a file has no ``_id``.
    InputError
        If an id stands twice, or the files have no light curve in common.
    """
    pair = zip((first, second), algorithms, strict=True)
    frames = [_scores(paths, name) for paths, name in pair]
    joined = frames[0].join(frames[1], how="inner")
    if joined.empty:
        raise InputError(
            "predictions of both algorithms without a light curve in common",
            value=f"{len(frames[0])} and {len(frames[1])} rows",
            todo="name the files of the same fields",
        )
    return joined


def _scores(paths: Iterable[str | Path], algorithm: str) -> pd.DataFrame:
    import pandas as pd

    from scope.io.user_tables import read_user_table
    from scope.io.values import exact_numbers

    parts = []
    for path in paths:
        frame = read_user_table(path, ids=["_id"])
        if "_id" not in frame:
            raise MissingColumnError(f"predictions without a column, {path}", value="_id")
        if frame["_id"].isna().any():
            raise InputError(f"row without an _id in {path}", allowed="an id in every row")
        scores = {
            name: exact_numbers(frame[name], name, path)
            for name in frame.columns
            if str(name).endswith(f"_{algorithm}")
        }
        parts.append(pd.DataFrame(scores, index=pd.Index(frame["_id"], name="_id")))
    if not parts:
        raise InputError("no predictions", value=algorithm, allowed="at least one file")
    found = pd.concat(parts)
    if found.index.has_duplicates:
        twice = found.index[found.index.duplicated()][0]
        raise InputError(
            f"light curve that stands twice in the {algorithm} predictions",
            value=int(twice),
            todo="name each file once",
        )
    return found


def algorithms_of(scores: pd.DataFrame) -> tuple[str, ...]:
    """Return the algorithms that scores are of, in the order of their columns."""
    ends = (str(name).rpartition("_")[2] for name in scores)
    return tuple(dict.fromkeys(end for end in ends if end in ALGORITHMS))


def common_classes(scores: pd.DataFrame) -> list[str]:
    """Return the tags of classes that all algorithms score, sorted."""
    names = algorithms_of(scores)
    tags = dict.fromkeys(str(name).rpartition("_")[0] for name in scores)
    return sorted(tag for tag in tags if all(column in scores for column in _pair(tag, names)))


def _pair(tag: str, algorithms: Iterable[str]) -> list[str]:
    return [f"{tag}_{name}" for name in algorithms]


def select_classes(scores: pd.DataFrame, tags: Sequence[str] | None) -> list[str]:
    """Return `tags`, or all that both algorithms score.

    Raises
    ------
    InputError
        If one of both does not score a class.
    """
    common = common_classes(scores)
    unknown = [tag for tag in tags or () if tag not in common]
    if unknown or not common:
        raise InputError(
            "classes that not both predictions have",
            value=", ".join(unknown) or "all",
            allowed=common or f"columns {' and '.join(_pair('<class>', algorithms_of(scores)))}",
        )
    return common if tags is None else list(tags)


def agreement(scores: pd.DataFrame, tag: str, threshold: float) -> float:
    """Return the part of light curves that both put on the same side of a threshold.

    Of those that both have scored; a score counts as above if it exceeds the threshold.
    NaN if there are none.
    """
    pair = scores[_pair(tag, algorithms_of(scores))].dropna().to_numpy()
    above = pair > threshold
    return float(np.mean(above[:, 0] == above[:, 1])) if len(pair) else float("nan")


def plot_score_histogram(scores: pd.DataFrame, tag: str, label: str = "") -> Figure:
    """Draw how often each score occurs, by algorithm, in 50 bins from 0 to 1."""
    figure, axes = new_figure(4.8, 3.4)
    edges = [i / N_BINS for i in range(N_BINS + 1)]
    for algorithm, colour in zip(algorithms_of(scores), COLOURS, strict=False):
        values = scores[f"{tag}_{algorithm}"].dropna()
        axes.hist(
            values, bins=edges, alpha=0.5, color=colour, label=find_algorithm(algorithm).title
        )
    axes.set_yscale("log")
    axes.set_xlim(0, 1)
    axes.set_xlabel("score")
    axes.set_ylabel("light curves")
    axes.set_title(_title(tag, label))
    axes.legend(frameon=False)
    return figure


def plot_score_heatmap(
    scores: pd.DataFrame, tag: str, thresholds: Mapping[str, float], label: str = ""
) -> Figure:
    """Draw the scores of one algorithm against those of another in 50 x 50 bins.

    Parameters
    ----------
    thresholds : mapping of name to float
        How far they agree at each stands beside the figure.
    """
    from matplotlib.colors import LogNorm

    names = algorithms_of(scores)
    pair = scores[_pair(tag, names)].dropna().to_numpy()
    figure, axes = new_figure(5.4, 4.4)
    counts, _, _ = np.histogram2d(pair[:, 0], pair[:, 1], bins=N_BINS, range=[[0, 1], [0, 1]])
    image = axes.imshow(
        np.ma.masked_equal(counts.T, 0),
        origin="lower",
        extent=(0, 1, 0, 1),
        cmap=SEQUENTIAL,
        norm=LogNorm(vmin=1, vmax=max(counts.max(), 2)),
        aspect="equal",
    )
    figure.colorbar(image, ax=axes, label="light curves")
    axes.set_xlabel(f"{find_algorithm(names[0]).title} score")
    axes.set_ylabel(f"{find_algorithm(names[1]).title} score")
    told = "\n".join(
        f"{name} > {cut:g}: {agreement(scores, tag, cut):.1%} agree"
        for name, cut in thresholds.items()
    )
    axes.set_title(f"{_title(tag, label)}\n{told}", fontsize=9)
    return figure


def plot_label_counts(counts: Mapping[str, int], labels: Mapping[str, str]) -> Figure:
    """Draw the number of positive rows of each class of a training set, most first.

    Parameters
    ----------
    counts : mapping of class tag to int
        See `scope.tasks.variables.training.create_training_script.positive_counts`.
    labels : mapping of class tag to str
        Names of the classes.
    """
    ordered = sorted(
        ((tag, n) for tag, n in counts.items() if n), key=lambda item: (-item[1], item[0])
    )
    if not ordered:
        raise InputError("training set without positive rows", value=", ".join(counts))
    figure, axes = new_figure(6, 0.24 * len(ordered) + 1)
    names = [_title(tag, labels.get(tag, "")) for tag, _ in ordered]
    bars = axes.barh(names, [n for _, n in ordered], color=DNN_COLOUR)
    axes.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=7)
    axes.invert_yaxis()
    axes.margins(x=0.12, y=0.02)
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("light curves above the threshold of the class")
    return figure


def plot_stats_scatter(
    first: Mapping[str, Mapping[str, Any]],
    second: Mapping[str, Mapping[str, Any]],
    counts: Mapping[str, int],
    figure_name: str,
    algorithms: Pair = DEFAULT_ALGORITHMS,
) -> Figure:
    """Draw a figure of one algorithm against that of another, a point per class.

    Parameters
    ----------
    first, second : mapping of class tag to figures
        See `scope.tasks.variables.training.assemble_training_stats.read_stats`.
    counts : mapping of class tag to int
        Positive rows in the training set: the colour. By tag, as the figures are. Points of
        classes without one are grey.
    figure_name : str
        Such as ``recall`` or ``precision``.

    Raises
    ------
    InputError
        If no class has the figure for both.
    """
    tags = [
        tag
        for tag in first
        if tag in second and None not in (first[tag].get(figure_name), second[tag].get(figure_name))
    ]
    if not tags:
        raise InputError(
            "no class with the figure for both algorithms",
            value=figure_name,
            allowed=", ".join(sorted({name for item in first.values() for name in item})),
        )
    x, y = (np.array([part[tag][figure_name] for tag in tags], float) for part in (first, second))
    figure, axes = new_figure(6, 5)
    axes.plot([0, 1], [0, 1], linestyle="--", color="0.5", linewidth=1)
    numbers = np.array([counts.get(tag, 0) for tag in tags])
    known = numbers > 0
    style: Any = {"edgecolors": "k", "linewidths": 0.5}
    axes.scatter(x[~known], y[~known], color="0.7", **style)
    if known.any():
        points = axes.scatter(
            x[known], y[known], c=numbers[known], norm="log", cmap=SEQUENTIAL, **style
        )
        bar = figure.colorbar(points, ax=axes, label="positive examples", format="{x:,.0f}")
        bar.ax.yaxis.set_minor_formatter("{x:,.0f}" if np.ptp(np.log10(numbers[known])) < 1 else "")
    for place, names in _by_place(tags, x, y).items():
        axes.annotate(", ".join(names), place, (4, 3), textcoords="offset points", fontsize=7)
    n_left_out = len({*first} & {*second}) - len(tags)
    if n_left_out:
        axes.set_title(f"{n_left_out} classes have no {figure_name} and are not shown", fontsize=8)
    axes.set_xlabel(f"{find_algorithm(algorithms[0]).title} {figure_name}")
    axes.set_ylabel(f"{find_algorithm(algorithms[1]).title} {figure_name}")
    axes.set_xlim(-0.03, 1.06)
    axes.set_ylim(-0.03, 1.06)
    return figure


def _by_place(tags: Sequence[str], x: Any, y: Any) -> dict[tuple[float, float], list[str]]:
    """Return the classes at each point: several may have the same figures."""
    found: dict[tuple[float, float], list[str]] = {}
    for tag, here, there in zip(tags, x, y, strict=True):
        found.setdefault((float(here), float(there)), []).append(tag)
    return found


def top_features(
    importances: Mapping[str, Mapping[str, float]], top_n: int = TOP_N
) -> Counter[str]:
    """Return how many classes have each feature among their `top_n` most important.

    Parameters
    ----------
    importances : mapping of class tag to importances
        See `scope.tasks.variables.training.assemble_training_stats.read_stats`.
    """
    counted: Counter[str] = Counter()
    for importance in importances.values():
        counted.update(sorted(importance, key=lambda name: (-importance[name], name))[:top_n])
    return counted


def plot_top_features(counted: Counter[str], top_n: int = TOP_N, n_names: int = N_NAMES) -> Figure:
    """Draw the features that are most often among the most important of a class."""
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:n_names]
    return plot_importances(dict(ordered), label=f"classes with it among their top {top_n}")


def plot_importances(importance: Mapping[str, float], *, label: str, title: str = "") -> Figure:
    """Draw numbers by feature as bars, in the order given.

    Raises
    ------
    InputError
        If there are none.
    """
    if not importance:
        raise InputError("no importances to draw", value=title or label)
    figure, axes = new_figure(6.4, 0.28 * len(importance) + 1)
    names: Sequence[str] = list(importance)
    axes.barh(names, [importance[name] for name in names], color=DNN_COLOUR)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    if title:
        axes.set_title(title)
    return figure


def _title(tag: str, label: str) -> str:
    return f"{tag} ({label})" if label and label != tag else tag
