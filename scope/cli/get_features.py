"""``get-features``: the features of the light curves that ``get-quad-ids`` listed."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, available_cpus, non_negative_int, positive_int
from scope.cli.run import command_main, say, show_progress
from scope.cli.survey_options import add_field_options

DESCRIPTION = (
    "Write the features of the light curves that get-quad-ids listed: "
    "downloaded from a collection of Kowalski, or computed from an archive, whichever is "
    "configured. What was interrupted goes on where it stopped."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_field_options(parser, default_field=291)
    parser.add_argument(
        "--features-catalog",
        metavar="NAME",
        help="collection of Kowalski to download from; by default the configured one",
    )
    parser.add_argument(
        "--ids-dir", metavar="FOLDER", help="where the ids are; by default ids/field_<N>"
    )
    parser.add_argument(
        "--output-dir", metavar="FOLDER", help="where to write; by default features/field_<N>"
    )
    parser.add_argument("--suffix", metavar="TEXT", help="put this into the names of the files")
    _add_amounts(parser)
    parser.add_flag("--whole-field", help="read the ids of the whole field from one file")
    parser.add_flag("--restart", help="make files again that are there already")
    parser.add_flag("--no-write-results", help="write nothing, to try the survey")
    parser.add_flag("--write-csv", help="write .csv files too")
    parser.add_argument(
        "--column-list",
        nargs="+",
        metavar="NAME",
        help="features to take, beside _id and reason; all by default",
    )
    parser.add_flag("--impute-missing-features", help="fill missing features as configured")
    parser.add_flag(
        "--no-self-impute",
        help="fill from what the configured models learned, and not from the file itself",
    )
    parser.add_flag("--tm", help="say how long each step took")
    parser.add_flag("--verbose", help="say what is going on")
    parser.set_defaults(workers=available_cpus())


def _add_amounts(parser: Parser) -> None:
    parser.add_argument(
        "--limit-per-query",
        type=positive_int,
        default=1000,
        metavar="N",
        help="light curves of a query; the result does not depend on it",
    )
    parser.add_argument(
        "--max-sources",
        type=positive_int,
        default=100_000,
        metavar="N",
        help="light curves of a file",
    )
    for name, which in (("start", "first"), ("end", "end before this")):
        parser.add_argument(
            f"--{name}",
            type=non_negative_int,
            metavar="N",
            help=f"{which} place in the list of ids, from 0; with --whole-field only",
        )


def run(options: argparse.Namespace) -> None:
    """Get the features, and say what became of the light curves."""
    from scope.workflows.get_features import ListedOptions, get_features

    show_progress(options.verbose)
    get_features(as_options(ListedOptions, options), say)


main = command_main("get-features")

if __name__ == "__main__":
    raise SystemExit(main())
