"""``get-quad-ids``: the ids of a field, or of some of its quadrants."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, non_negative_int, positive_int
from scope.cli.run import command_main, say, show_progress
from scope.cli.survey_options import add_field_options

DESCRIPTION = (
    "List the light curves of a field: from a collection of Kowalski, or from "
    "an archive, whichever is configured."
)

VERBOSE = 2


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_field_options(parser, default_field=301)
    parser.add_argument(
        "--catalog",
        metavar="NAME",
        help="collection of Kowalski to list, of sources or of features; by default the "
        "configured features",
    )
    parser.add_argument(
        "--output-dir", metavar="FOLDER", help="where to write; by default ids/field_<N>"
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write all ids into this file too, one a line"
    )
    parser.add_argument(
        "--minobs",
        type=non_negative_int,
        default=20,
        metavar="N",
        help="leave out light curves with fewer epochs",
    )
    parser.add_argument(
        "--skip",
        type=non_negative_int,
        default=0,
        metavar="N",
        help="leave out the first N ids of each quadrant",
    )
    parser.add_argument(
        "--limit",
        type=positive_int,
        default=10_000,
        metavar="N",
        help="ids of a query; the result does not depend on it",
    )
    parser.add_flag("--whole-field", help="write all ids into one file, field_<N>.h5")
    parser.add_flag(
        "--multi-quads",
        default=True,
        help="all quadrants of both ranges; false takes the first one only",
    )
    parser.add_argument(
        "--verbose",
        type=int,
        choices=(0, 1, 2),
        default=VERBOSE,
        help="say nothing, the total, or the number of ids of each quadrant",
    )


def run(options: argparse.Namespace) -> None:
    """List the ids, and say how many there are."""
    from scope.workflows.get_quad_ids import IdOptions, get_quad_ids

    show_progress(options.verbose == VERBOSE)
    get_quad_ids(as_options(IdOptions, options), say)


main = command_main("get-quad-ids")

if __name__ == "__main__":
    raise SystemExit(main())
