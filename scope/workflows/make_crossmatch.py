"""Tables of Gaia, AllWISE and Pan-STARRS beside an archive's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scope.errors import InputError, NotFoundError, UsageError

if TYPE_CHECKING:
    from scope.surveys.make_crossmatch import CrossmatchTable


def make_crossmatch(
    folder: str,
    files: Mapping[str, Sequence[str]],
    report: Callable[[str], None],
    *,
    allow_missing: bool = False,
    overwrite: bool = False,
) -> None:
    """Write a table for each catalogue that files are given of, and say what is in it.

    Parameters
    ----------
    folder : str
        Archive, whose folder crossmatch gets the tables.
    files : mapping of str to sequence of str
        Name of every catalogue -> answers of an archive to queries of it, if any.
    report : callable
        Gets what is to be said, line by line.
    allow_missing : bool
        Columns that a file lacks are null.
    overwrite : bool
        Replace tables that are there.

    Raises
    ------
    UsageError
        If no files are given.
    NotFoundError
        If there is no such archive.
    InputError
        If a table is there already, or a file cannot be used.
    """
    from scope.surveys import make_crossmatch as library
    from scope.surveys.folder_files import CROSSMATCH_FOLDER

    asked = {name: given for name, given in files.items() if given}
    if not asked:
        raise UsageError("cross-match of nothing", todo="name files of --gaia, --allwise or --ps1")
    archive = Path(folder)
    if not archive.is_dir():
        raise NotFoundError("no such folder", value=str(archive), todo="check --archive")
    outputs = {name: archive / CROSSMATCH_FOLDER / f"{name}.parquet" for name in asked}
    for path in outputs.values():
        if path.exists() and not overwrite:
            raise InputError(
                "table that is there already",
                value=str(path),
                todo="remove it, or replace it with --overwrite",
            )
    for name, given in asked.items():
        table = library.make_crossmatch(name, given, outputs[name], allow_missing=allow_missing)
        for line in _lines(name, table):
            report(line)
    missing = [n for n in files if not _there(archive / CROSSMATCH_FOLDER, n)]
    if missing:
        report(
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
