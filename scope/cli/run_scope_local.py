"""``run-scope-local``: from a list of sources to predictions, in folders named by the time."""

from __future__ import annotations

import argparse

from scope.cli.algorithm_option import WORDS
from scope.cli.arguments import Parser, as_options, positive_float
from scope.cli.generation_options import add_generation_options, add_survey_options
from scope.cli.inference_options import add_inference_options
from scope.cli.run import command_main, say, show_progress

DESCRIPTION = (
    "Find the light curves of a list of sources, compute their features and "
    "score them. What is made lies in folders whose names have the time of the start. "
    "Options that are not given come from the configuration."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--path-dataset",
        required=True,
        metavar="FILE",
        help="Parquet, HDF5, CSV or JSON table of sources, by id of a light curve or by position",
    )
    parser.add_argument(
        "--cone-radius-arcsec",
        type=positive_float,
        default=2.0,
        metavar="ARCSEC",
        help="around positions, all light curves within it are taken",
    )
    parser.add_argument(
        "--save-sources-filepath",
        default="sources.parquet",
        metavar="FILE",
        help="Parquet, HDF5 or CSV file to write the light curves found to",
    )
    parser.add_argument(
        "--algorithms",
        nargs="+",
        type=str.lower,
        metavar="NAME",
        help=f"{WORDS}, or several; by default as configured",
    )
    parser.add_argument(
        "--group-names",
        nargs="+",
        metavar="NAME",
        help="groups of trained models, in the order of --algorithms; by default as configured",
    )
    _add_places(parser)
    add_generation_options(parser)
    add_survey_options(parser)
    add_inference_options(parser)


def _add_places(parser: Parser) -> None:
    parser.add_argument(
        "--dirname",
        default="generated_features",
        metavar="FOLDER",
        help="folder to leave features in; the time is added to its name",
    )
    parser.add_argument(
        "--filename", default="gen_features", metavar="TEXT", help="how names of files begin there"
    )
    for name, other, metavar in (
        ("--feature-directory", "dirname", "FOLDER"),
        ("--feature-file-prefix", "filename", "TEXT"),
    ):
        parser.add_argument(
            name,
            dest=other,
            default=argparse.SUPPRESS,
            metavar=metavar,
            help=f"the same as --{other}",
        )
    parser.add_flag("--doNotSave", help="leave no features there")


def run(options: argparse.Namespace) -> None:
    """Run the workflow for the list, and place its products."""
    from scope.workflows.generation import GenerationOptions
    from scope.workflows.run_scope_local import ListOptions, run_scope_local

    show_progress()
    run_scope_local(as_options(ListOptions, options), as_options(GenerationOptions, options), say)


main = command_main("run-scope-local")

if __name__ == "__main__":
    raise SystemExit(main())
