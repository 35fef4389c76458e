"""``get-quad-ids``: the ids of a field, or of some of its quadrants."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, non_negative_int, positive_int
from scope.cli.run import run_command, show_progress
from scope.cli.survey_options import (
    add_survey_options,
    refuse_catalog,
    span,
    survey_config,
)

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.surveys.get_quad_ids import IdSource

VERBOSE = 2


def build_parser(prog: str = "get-quad-ids") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="List the light curves of a field: from a collection of Kowalski, or from "
        "an archive, whichever is configured.",
    )
    parser.add_version()
    add_survey_options(parser, default_field=301)
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
    return parser


def get_quad_ids(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.surveys import get_quad_ids as library

    config = survey_config(args)
    ccds, quads = span(args.ccd_range, "ccd", 16), span(args.quad_range, "quad", 4)
    if not args.multi_quads:
        ccds, quads = ccds[:1], quads[:1]
    folder = Path(args.output_dir or f"ids/field_{args.field}")
    if args.verbose == VERBOSE:
        show_progress()
    quadrants = library.get_quad_ids(
        _source(args, config),
        args.field,
        folder,
        ccds=ccds,
        quads=quads,
        min_epochs=args.minobs,
        skip=args.skip,
        whole_field=args.whole_field,
    )
    if args.output:
        import numpy as np

        library.write_ids(np.concatenate([part.ids for part in quadrants]), args.output)
    if args.verbose:
        total = sum(len(part.ids) for part in quadrants)
        listed = sum(len(part.ids) > 0 for part in quadrants)
        print(f"field {args.field}: {total} ids in {listed} of {len(quadrants)} quadrants")
        print(folder)


def _source(args: argparse.Namespace, config: Config) -> IdSource:
    from scope.surveys.get_quad_ids import ArchiveIds, KowalskiIds
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey

    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        catalog = args.catalog or config.kowalski.collections.features
        return KowalskiIds(survey.client, catalog, rows=args.limit)
    refuse_catalog(args)
    return ArchiveIds(survey)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``get-quad-ids``."""
    return run_command(build_parser(), get_quad_ids, argv)


if __name__ == "__main__":
    sys.exit(main())
