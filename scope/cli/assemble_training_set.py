"""``scope assemble-training-set``: light curves, or features, and labels as a training set."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from scope.checkout import CHECKOUT
from scope.cli.arguments import Parser
from scope.cli.generation_options import add_generation_options, backend_of, generation_config

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.surveys.label_map import LabelMap


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
    from scope.surveys.twins import CopyOptions
    from scope.tasks.variables.training_sets.assemble_files import assemble_files
    from scope.tasks.variables.training_sets.read_labels import read_labels

    config = generation_config(options)
    labels = read_labels(options.labels, _label_map(options.label_map, config), _names(config))
    found = assemble_files(
        options.light_curves,
        options.features,
        labels,
        options.output,
        cleaning=config.cleaning_options(),
        options=config.feature_options(),
        copies=CopyOptions(**config.training.copies()) if options.copies else None,
        backend=backend_of(options) or config.backend(),
        workers=options.workers,
        facts={"config_hash": config.config_hash},
    )
    print(f"{found.light_curves} light curves: {found.rows} of {found.stars} stars in the set")
    if found.copies:
        print(f"{found.copies} copies of them, without variability or with few epochs")
    for name, count in found.positive.items():
        if count:
            print(f"  {name:<28} {count:>8}")
    print(options.output)


def _label_map(path: str | None, config: Config) -> LabelMap:
    """Return the label map that was named, or the configured one."""
    from scope.surveys.label_map import LabelMap

    return LabelMap.load(path or CHECKOUT / "config" / config.training.labelled.label_map)


def _names(config: Config) -> tuple[str, ...]:
    """Return the labels of the configured classes."""
    names = [item.label for item in config.training.classes.values()]
    names += [item.negative_label or "" for item in config.training.classes.values()]
    return tuple(dict.fromkeys(name for name in names if name))
