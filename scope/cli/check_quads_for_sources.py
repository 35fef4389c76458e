"""``check-quads-for-sources``: which quadrants have sources, and how many."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, non_negative_int
from scope.cli.run import command_main, say
from scope.cli.survey_options import add_place_options

DESCRIPTION = (
    "Tell which CCD quadrants have sources: in a collection of Kowalski, or in "
    "an archive, whichever is configured."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_place_options(parser)
    parser.add_argument(
        "--fields",
        nargs="+",
        default=["all"],
        metavar="N",
        help="field numbers, or all of the survey",
    )
    parser.add_argument(
        "--catalog",
        metavar="NAME",
        help="collection of Kowalski; by default the configured sources",
    )
    parser.add_flag("--count-sources", help="count the sources of each quadrant")
    parser.add_argument(
        "--minobs",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="leave out sources with fewer epochs",
    )
    parser.add_flag("--save", help="write a JSON file")
    parser.add_argument(
        "--filename", default="catalog_completeness", metavar="NAME", help="its name, without .json"
    )


def run(options: argparse.Namespace) -> None:
    """Look at the survey, and say what is there."""
    from scope.workflows.check_quads_for_sources import check_quads_for_sources

    check_quads_for_sources(
        options.fields,
        say,
        archive=options.archive,
        config_path=options.config_path,
        catalog=options.catalog,
        count_sources=options.count_sources,
        minobs=options.minobs,
        save=options.save,
        filename=options.filename,
    )


main = command_main("check-quads-for-sources")

if __name__ == "__main__":
    raise SystemExit(main())
