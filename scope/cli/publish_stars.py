"""``scope publish-stars``: one row per star of the catalogues of one or several fields."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.checkout import SHIPPED_MODELS
from scope.cli.arguments import Parser


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
        type=float,
        default=1.5,
        metavar="ARCSEC",
        help="light curves this near are of one star (default: 1.5)",
    )
    parser.add_argument(
        "--models-dir", metavar="FOLDER", help="folder of the models (default: ./models)"
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")


def run(options: argparse.Namespace) -> None:
    """Write the stars and say how many there are."""
    from scope.catalog.prevalence_options import prevalence_options
    from scope.config.load import load_config
    from scope.errors import UsageError
    from scope.models.calibration.class_tree import ClassTree
    from scope.product.publish_stars import publish_stars
    from scope.product.star_fusion import star_fusion_in_use
    from scope.targets.paths import units_beside

    if not 0 < options.radius <= 60:
        raise UsageError("--radius", value=options.radius, allowed="above 0, at most 60 arcsec")
    config = load_config(config_path=options.config_path)
    places = [options.models_dir] if options.models_dir else [Path("models"), SHIPPED_MODELS]
    groups: dict[str, str] = {
        name: config.inference.group_of(name) for name in config.inference.algorithms
    }
    fusion = star_fusion_in_use(places, groups)
    features = options.features or units_beside(options.catalogs, "features")
    count = publish_stars(
        options.catalogs,
        features,
        options.output,
        fusion=fusion,
        tree=ClassTree(
            config.class_parents(),
            frozenset(config.exclusive_classes()),
            frozenset(config.periodic_classes()),
        ),
        options=prevalence_options(config.probabilities.model_dump(), False),
        radius_arcsec=options.radius,
        facts={"config_hash": config.config_hash},
    )
    print(f"{count:,} stars in {options.output}")
    if not features:
        print("no features were found: the stars have no magnitudes (--features)")
    if fusion is None:
        print("the models in use have no fusion of light curves: no probabilities of stars")
