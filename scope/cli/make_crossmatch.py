"""``scope make-crossmatch``: tables of Gaia, AllWISE and Pan-STARRS beside an archive's files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from scope.cli.arguments import Parser
from scope.errors import InputError, NotFoundError, UsageError

if TYPE_CHECKING:
    from scope.surveys.make_crossmatch import CrossmatchTable

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
    from scope.surveys.folder_files import CROSSMATCH_FOLDER
    from scope.surveys.make_crossmatch import make_crossmatch

    asked = {name: getattr(options, key) for key, name in CATALOGUE_OPTIONS.items()}
    asked = {name: files for name, files in asked.items() if files}
    if not asked:
        raise UsageError("cross-match of nothing", todo="name files of --gaia, --allwise or --ps1")
    archive = Path(options.archive)
    if not archive.is_dir():
        raise NotFoundError("no such folder", value=str(archive), todo="check --archive")
    outputs = {name: archive / CROSSMATCH_FOLDER / f"{name}.parquet" for name in asked}
    for path in outputs.values():
        if path.exists() and not options.overwrite:
            raise InputError(
                "table that is there already",
                value=str(path),
                todo="remove it, or replace it with --overwrite",
            )
    for name, files in asked.items():
        table = make_crossmatch(name, files, outputs[name], allow_missing=options.allow_missing)
        print(*_lines(name, table), sep="\n")
    missing = [n for n in CATALOGUE_OPTIONS.values() if not _there(archive / CROSSMATCH_FOLDER, n)]
    if missing:
        print(
            f"No table of {', '.join(missing)}: what it tells is filled in for all light curves, "
            "as at training."
        )


def _there(folder: Path, name: str) -> bool:
    return (folder / f"{name}.parquet").exists()


def _lines(name: str, table: CrossmatchTable) -> list[str]:
    lines = [
        f"{name}: {table.rows:,} rows, ra {table.ra[0]:.4f} to {table.ra[1]:.4f}, "
        f"dec {table.dec[0]:.4f} to {table.dec[1]:.4f} deg -> {table.path}"
    ]
    if table.without_position:
        lines.append(f"  left out, without a position: {table.without_position:,}")
    if table.absent:
        lines.append(f"  null in all rows, since no file has it: {', '.join(table.absent)}")
    return lines
