"""``scope publish-stars``: one row per star of the catalogues of one or several fields."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, positive_float
from scope.cli.run import say


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope publish-stars``."""
    parser.add_argument(
        "catalogs", nargs="+", metavar="CATALOG", help="files of results/catalog, one per field"
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="table of stars to write")
    parser.add_argument(
        "--features",
        nargs="+",
        metavar="FILE",
        help="units of features; by default those in ../features/<target> beside each catalogue",
    )
    parser.add_argument(
        "--radius",
        type=positive_float,
        default=1.5,
        metavar="ARCSEC",
        help="light curves this near are of one star",
    )
    parser.add_argument(
        "--models-dir",
        metavar="FOLDER",
        help="folder of the models; by default ./models, then those of the checkout",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the stars, and say how many there are."""
    from scope.workflows.publish_stars import publish_stars

    publish_stars(
        options.catalogs,
        options.output,
        say,
        features=options.features,
        radius=options.radius,
        models_dir=options.models_dir,
        config_path=options.config_path,
    )
