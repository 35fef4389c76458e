"""Counts of labels, networks against trees, and important features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.errors import UsageError


def plot_training_stats(
    folders: Sequence[str],
    importances: str,
    output: Path,
    report: Callable[[str], None],
    *,
    path_dataset: str | None = None,
    top_n: int = 3,
    config_path: str | None = None,
) -> None:
    """Draw the figures, and report where they are.

    Parameters
    ----------
    folders : two sequences of str
        Figures of classes of both algorithms, as ``scope assemble-training-stats`` wrote them.
    importances : str
        Folder of the importances of features.
    output : Path
        Folder that gets the figures.
    report : callable
        Gets what is to be said, line by line.
    path_dataset : str, optional
        Training set; by default training.dataset.
    top_n : int
        Features that count per class.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    UsageError
        If there is no training set to count labels of.
    ScopeError
        If a file or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.report import analysis
    from scope.report.plots import save_figure
    from scope.tasks.variables.training.assemble_training_stats import read_stats
    from scope.tasks.variables.training.create_training_script import positive_counts

    config = load_config(config_path=config_path)
    dataset = path_dataset or config.training.dataset
    if dataset is None:
        raise UsageError("no training set to count labels of", todo="name it with --path-dataset")
    counts = positive_counts(dataset, config.class_definitions())
    first, second = (read_stats(folder) for folder in folders)
    counted = analysis.top_features(read_stats(importances), top_n)
    figures = {
        "label_counts": analysis.plot_label_counts(counts, config.class_labels()),
        "precision": analysis.plot_stats_scatter(first, second, counts, "precision"),
        "recall": analysis.plot_stats_scatter(first, second, counts, "recall"),
        "feature_importance": analysis.plot_top_features(counted, top_n),
    }
    for name, figure in figures.items():
        report(str(save_figure(figure, output / f"{name}.png")))
