"""``scope plot-predictions``: score histograms, and heat maps of both algorithms."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.cli.arguments import Parser
from scope.plugins import DEFAULT_ALGORITHMS


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    for algorithm in DEFAULT_ALGORITHMS:
        parser.add_argument(
            f"--{algorithm}",
            nargs="+",
            required=True,
            metavar="FILE",
            help=f"predictions of any number of fields, with columns <class>_{algorithm}",
        )
    parser.add_argument(
        "--classes", nargs="+", metavar="TAG", help="by default all that both files have"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("plots"), metavar="FOLDER", help="gets the figures"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Draw, and say how far both algorithms agree."""
    from scope.config.load import load_config
    from scope.report import analysis
    from scope.report.plots import save_figure

    config = load_config(config_path=options.config_path)
    labels, thresholds = config.class_labels(), config.thresholds_by_name()
    both = "_".join(DEFAULT_ALGORITHMS)
    first, second = (getattr(options, name) for name in DEFAULT_ALGORITHMS)
    scores = analysis.read_scores(first, second)
    chosen = analysis.select_classes(scores, options.classes)
    print(f"{len(scores)} light curves; part on which both agree:")
    print("  ".join([f"{'class':<8}", *(f"{name} > {cut:g}" for name, cut in thresholds.items())]))
    for tag in chosen:
        label = labels.get(tag, "")
        for name, figure in (
            ("scores", analysis.plot_score_histogram(scores, tag, label)),
            (both, analysis.plot_score_heatmap(scores, tag, thresholds, label)),
        ):
            save_figure(figure, options.output / f"{tag}.{name}.png")
        parts = [
            f"{analysis.agreement(scores, tag, cut):>{len(f'{name} > {cut:g}')}.3f}"
            for name, cut in thresholds.items()
        ]
        print("  ".join([f"{tag:<8}", *parts]))
    print(options.output)
