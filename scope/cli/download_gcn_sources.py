"""``scope-download-gcn-sources``: the light curves at the sources of an event."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scope.cli.arguments import Parser, positive_float
from scope.cli.fritz_options import add_fritz_options, add_groups, open_fritz
from scope.cli.run import run_command
from scope.errors import NoLocalizationError


def build_parser(prog: str = "scope-download-gcn-sources") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="List the light curves of the survey at the sources on Fritz that an event "
        "may have caused, for the workflow (lists: {event: FILE}) or generate-features.",
    )
    parser.add_version()
    parser.add_argument(
        "--dateobs", required=True, metavar="TIME", help="of the event, as 2023-05-21T05:30:43"
    )
    add_groups(parser, "groups whose sources are meant; by default all")
    parser.add_argument(
        "--days-range",
        type=positive_float,
        default=7.0,
        metavar="DAYS",
        help="how long after the event sources were detected, at most",
    )
    parser.add_argument(
        "--radius-arcsec",
        type=positive_float,
        default=0.5,
        metavar="R",
        help="around sources, for light curves",
    )
    parser.add_argument(
        "--save-filename",
        default="fritzDownload/specific_ids_GCN_sources",
        metavar="NAME",
        help="files to write, without the time of the event and the extension",
    )
    add_fritz_options(parser, writes=False)
    return parser


def download_gcn_sources(args: argparse.Namespace) -> None:
    """Run the command."""
    from scope.config.load import load_config
    from scope.gcn import event_sources as library
    from scope.surveys.open import configured_survey

    config = load_config(config_path=args.config_path)
    library.parse_dateobs(args.dateobs)
    survey = configured_survey(config)
    with open_fritz(config) as fritz:
        try:
            sources = library.event_sources(
                fritz, args.dateobs, group_ids=args.group_ids, days_range=args.days_range
            )
        except NoLocalizationError:
            print(f"{args.dateobs}: no localization yet; try again later")
            return
    table = library.light_curve_table(survey, sources, args.radius_arcsec)
    print(f"{len(sources)} sources, {table.num_rows} light curves at them")
    for path in library.write_light_curve_table(table, args.save_filename, args.dateobs):
        print(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``scope-download-gcn-sources``."""
    return run_command(build_parser(), download_gcn_sources, argv)


if __name__ == "__main__":
    sys.exit(main())
