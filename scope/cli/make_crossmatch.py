"""``scope make-crossmatch``: tables of Gaia, AllWISE and Pan-STARRS beside an archive's files."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import say

CATALOGUE_OPTIONS = {"gaia": "Gaia_EDR3", "allwise": "AllWISE", "ps1": "PS1_DR1"}
"""Option -> name of the catalogue."""


def add_arguments(parser: Parser) -> None:
    """Declare the options of ``scope make-crossmatch``."""
    for option, name in CATALOGUE_OPTIONS.items():
        parser.add_argument(
            f"--{option}",
            nargs="+",
            default=[],
            metavar="FILE",
            help=f"answers of an archive to queries of {name} (CSV, IPAC, VOTable, Parquet, FITS)",
        )
    parser.add_argument(
        "--archive",
        required=True,
        metavar="FOLDER",
        help="folder of light curves; its folder crossmatch gets the tables",
    )
    parser.add_flag("--allow-missing", help="columns that a file lacks are null")
    parser.add_flag("--overwrite", help="replace tables that are there")


def run(options: argparse.Namespace) -> None:
    """Write a table for each catalogue that files were given of."""
    from scope.workflows.make_crossmatch import make_crossmatch

    make_crossmatch(
        options.archive,
        {"Gaia_EDR3": options.gaia, "AllWISE": options.allwise, "PS1_DR1": options.ps1},
        say,
        allow_missing=options.allow_missing,
        overwrite=options.overwrite,
    )
