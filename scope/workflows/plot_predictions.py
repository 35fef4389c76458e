"""Histograms of scores, and heat maps of both algorithms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scope.plugins import DEFAULT_ALGORITHMS


def plot_predictions(
    predictions: Sequence[Sequence[str]],
    output: Path,
    report: Callable[[str], None],
    *,
    classes: Sequence[str] | None = None,
    config_path: str | None = None,
) -> None:
    """Draw what both algorithms say about the same light curves, and how far they agree.

    Parameters
    ----------
    predictions : two sequences of str
        Files of predictions of `DEFAULT_ALGORITHMS`, in that order.
    output : Path
        Folder that gets the figures.
    report : callable
        Gets what is to be said, line by line.
    classes : sequence of str, optional
        Tags; by default all that both have.
    config_path : str, optional
        Configuration file to use.

    Raises
    ------
    ScopeError
        If a file or the configuration cannot be used.
    """
    from scope.config.load import load_config
    from scope.report import analysis
    from scope.report.plots import save_figure

    config = load_config(config_path=config_path)
    labels, thresholds = config.class_labels(), config.thresholds_by_name()
    both = "_".join(DEFAULT_ALGORITHMS)
    first, second = predictions
    scores = analysis.read_scores(first, second)
    chosen = analysis.select_classes(scores, classes)
    report(f"{len(scores)} light curves; part on which both agree:")
    report("  ".join([f"{'class':<8}", *(f"{name} > {cut:g}" for name, cut in thresholds.items())]))
    for tag in chosen:
        label = labels.get(tag, "")
        for name, figure in (
            ("scores", analysis.plot_score_histogram(scores, tag, label)),
            (both, analysis.plot_score_heatmap(scores, tag, thresholds, label)),
        ):
            save_figure(figure, output / f"{tag}.{name}.png")
        parts = [
            f"{analysis.agreement(scores, tag, cut):>{len(f'{name} > {cut:g}')}.3f}"
            for name, cut in thresholds.items()
        ]
        report("  ".join([f"{tag:<8}", *parts]))
    report(str(output))
