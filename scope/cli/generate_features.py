"""``generate-features``: the features of a quadrant, of a list of sources, or of a file."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_int, positive_float, positive_int
from scope.cli.generation_options import add_generation_options, add_survey_options
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = (
    "Compute features: of a quadrant of a field (--field, --ccd, --quad), of a "
    "list of sources (--doSpecificIDs), or of any file of light curves (--light-curves). "
    "Options that are not given come from the configuration. Features of a survey are "
    "products of the workflow in results/features, left in --dirname too."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    _add_what(parser)
    add_generation_options(parser)
    add_survey_options(parser)
    parser.add_argument(
        "--chunk-size",
        type=positive_int,
        default=512,
        metavar="N",
        help="light curves of a file in memory at a time; no number depends on it",
    )


def _add_what(parser: Parser) -> None:
    parser.add_argument("--light-curves", metavar="FILE", help="Parquet file of light curves")
    parser.add_argument(
        "--output", metavar="FILE", help="Parquet file to write; with --light-curves only"
    )
    parser.add_argument("--field", type=positive_int, metavar="N", help="field number")
    parser.add_argument("--ccd", type=positive_int, default=1, metavar="N", help="ccd of the field")
    parser.add_argument(
        "--quad", type=positive_int, default=1, metavar="N", help="quadrant of the ccd"
    )
    parser.add_flag("--doSpecificIDs", help="the sources of --fg-dataset")
    parser.add_argument(
        "--fg-dataset",
        metavar="FILE",
        help="table of sources, by id or position; by default the configured list 'specific_ids'",
    )
    parser.add_argument(
        "--cone-radius-arcsec",
        type=positive_float,
        metavar="ARCSEC",
        help="around positions of --fg-dataset, all light curves within it are taken",
    )
    parser.add_flag("--doQuadrantFile", help="the quadrant that a row of --quadrant-file names")
    parser.add_argument(
        "--quadrant-file",
        default="slurm.dat",
        metavar="FILE",
        help="rows of index, field, ccd and quad, in <dirname>/slurm",
    )
    parser.add_argument(
        "--quadrant-index",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="index of the row",
    )
    parser.add_argument(
        "--dirname",
        default="generated_features",
        metavar="FOLDER",
        help="folder to leave features of a survey in",
    )
    parser.add_argument(
        "--filename", default="gen_features", metavar="TEXT", help="how names of files begin there"
    )
    parser.add_flag("--doNotSave", help="leave nothing in --dirname")


def run(options: argparse.Namespace) -> None:
    """Compute, and say what became of the light curves."""
    from scope.workflows.generate_features import FeatureRequest, generate_features
    from scope.workflows.generation import GenerationOptions

    show_progress(options.light_curves is not None)
    generate_features(
        as_options(FeatureRequest, options), as_options(GenerationOptions, options), say
    )


main = command_main("generate-features")

if __name__ == "__main__":
    raise SystemExit(main())
