"""``scope classify``: from a file of features to a catalogue with probabilities."""

from __future__ import annotations

import argparse
from pathlib import Path

from scope.checkout import SHIPPED_MODELS
from scope.cli.arguments import Parser, available_cpus, positive_int

FREQUENCIES = ("training", "estimated")


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope classify``."""
    parser.add_argument(
        "--features",
        nargs="+",
        required=True,
        metavar="FILE",
        help="features as generate-features writes them",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="catalogue to write")
    parser.add_argument(
        "--group-name",
        metavar="NAME",
        help="group of models, of both algorithms; by default those of the configuration",
    )
    parser.add_argument(
        "--models-dir", metavar="FOLDER", help="folder of the models (default: ./models)"
    )
    parser.add_argument(
        "--frequencies",
        choices=FREQUENCIES,
        help="how frequent classes are taken to be: as in training, for light curves that somebody "
        "chose (the default), or as their scores say, for all light curves of a part of the sky",
    )
    parser.add_argument("--config-path", metavar="FILE", help="configuration file to use")
    parser.add_argument(
        "--workers",
        type=positive_int,
        default=available_cpus(),
        metavar="N",
        help="classes that are scored at a time; no number depends on it",
    )
    parser.add_flag("--write-csv", help="write the catalogue as .csv too")


def run(options: argparse.Namespace) -> None:
    """Classify the light curves and say what was found."""
    from scope.catalog.classify_features import classify_features
    from scope.catalog.probabilities import check_frequencies
    from scope.cli.run_inference import report
    from scope.config.load import load_config
    from scope.tasks.variables.bundles.model_bundle import ModelBundle
    from scope.tasks.variables.training.fuse import models_in_use

    config = load_config(config_path=options.config_path)
    check_frequencies(config)
    inference = config.inference
    groups: dict[str, str] = {
        algorithm: options.group_name or inference.group_of(algorithm)
        for algorithm in inference.algorithms
    }
    places = [options.models_dir] if options.models_dir else [Path("models"), SHIPPED_MODELS]
    folders, fusion = models_in_use(places, groups)
    settings = config.probabilities.model_dump()
    if options.frequencies:
        settings["lists"] = options.frequencies
    output = Path(options.output)
    classify_features(
        options.features,
        output,
        bundles=[ModelBundle.load(folder) for folder in folders],
        fusion_folder=fusion,
        parents=config.class_parents(),
        exclusive=config.exclusive_classes(),
        periodic=config.periodic_classes(),
        options=settings,
        facts={"config_hash": config.config_hash},
        rows=inference.batch_rows,
        workers=options.workers,
        write_csv=options.write_csv,
    )
    report(output, config.thresholds.label, config.probabilities.strange_below)
