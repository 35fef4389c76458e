"""``scope-download-gcn-sources``: the light curves at the sources of an event."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, positive_float
from scope.cli.fritz_options import add_fritz_options, add_groups
from scope.cli.run import command_main, say

DESCRIPTION = (
    "List the light curves of the survey at the sources on Fritz that an event "
    "may have caused, for the workflow (lists: {event: FILE}) or generate-features."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
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


def run(options: argparse.Namespace) -> None:
    """List the light curves, and say where they are written."""
    from scope.gcn.download_gcn_sources import download_gcn_sources

    download_gcn_sources(
        options.dateobs,
        options.save_filename,
        say,
        group_ids=options.group_ids,
        days_range=options.days_range,
        radius_arcsec=options.radius_arcsec,
        config_path=options.config_path,
    )


main = command_main("scope-download-gcn-sources")

if __name__ == "__main__":
    raise SystemExit(main())
