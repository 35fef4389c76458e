"""``scope assemble-training-set``: light curves, or features, and labels as a training set."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options
from scope.cli.generation_options import add_generation_options
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--light-curves",
        nargs="+",
        default=[],
        metavar="FILE",
        help="light curves of any survey, a row per star and band, as generate-features reads them",
    )
    parser.add_argument(
        "--features", nargs="+", default=[], metavar="FILE", help="features that are there already"
    )
    parser.add_argument(
        "--labels",
        nargs="+",
        required=True,
        metavar="FILE",
        help="labels of light curves: columns of probabilities, or classes of the label map",
    )
    parser.add_argument(
        "--label-map",
        metavar="FILE",
        help="what each class says about labels; by default training.labelled.label_map",
    )
    parser.add_argument(
        "--output", required=True, metavar="FILE", help="training set, .parquet, .h5 or .csv"
    )
    parser.add_flag(
        "--copies",
        default=True,
        help="add copies of light curves, as training.twins and training.thinned say: on their "
        "epochs without variability, and with few epochs",
    )
    add_generation_options(parser)


def run(options: argparse.Namespace) -> None:
    """Assemble, and say what there is of each label."""
    from scope.workflows.assemble_training_set import assemble_training_set
    from scope.workflows.generation import GenerationOptions

    assemble_training_set(
        as_options(GenerationOptions, options),
        options.labels,
        options.output,
        say,
        light_curves=options.light_curves,
        features=options.features,
        label_map=options.label_map,
        copies=options.copies,
    )
