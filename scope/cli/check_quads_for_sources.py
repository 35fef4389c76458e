"""``check-quads-for-sources``: which quadrants have sources, and how many."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser, non_negative_int
from scope.cli.run import run_command
from scope.cli.survey_options import add_place_options, refuse_catalog, survey_config
from scope.errors import UsageError

if TYPE_CHECKING:
    from scope.surveys.check_quads import CountSource


def build_parser(prog: str = "check-quads-for-sources") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Tell which CCD quadrants have sources: in a collection of Kowalski, or in "
        "an archive, whichever is configured.",
    )
    parser.add_version()
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
    return parser


def check_quads_for_sources(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.io.atomic import write_bytes
    from scope.surveys.check_quads import check_quads

    fields = _fields(args.fields)
    found = check_quads(
        _source(args),
        fields,
        min_epochs=args.minobs,
        count_sources=args.count_sources,
    )
    for field, ccds in found.items():
        quadrants = sum(len(quads) for quads in ccds.values())
        line = f"field {field}: {quadrants} of 64 quadrants"
        if args.count_sources:
            line += f", {sum(sum(quads.values()) for quads in ccds.values()):,} sources"
        print(line)
    if args.save:
        path = Path(f"{args.filename.removesuffix('.json')}.json")
        write_bytes(json.dumps(found, indent=2).encode(), path)
        print(path)


def _fields(words: list[str]) -> list[int] | None:
    if words == ["all"]:
        return None
    if not all(word.isdecimal() for word in words):
        raise UsageError("--fields", value=" ".join(words), allowed="field numbers, or all")
    return sorted(set(map(int, words)))


def _source(args: argparse.Namespace) -> CountSource:
    from scope.surveys.check_quads import ArchiveCounts, KowalskiCounts
    from scope.surveys.kowalski import KowalskiSurvey
    from scope.surveys.open import configured_survey

    config = survey_config(args)
    survey = configured_survey(config)
    if isinstance(survey, KowalskiSurvey):
        return KowalskiCounts(survey.client, args.catalog or config.kowalski.collections.sources)
    refuse_catalog(args)
    return ArchiveCounts(survey)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``check-quads-for-sources``."""
    return run_command(build_parser(), check_quads_for_sources, argv)


if __name__ == "__main__":
    sys.exit(main())
