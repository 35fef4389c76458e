"""The files of a bulk archive: what their names say, and which there are in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from scope.errors import InputError, NotFoundError, UsageError

FILTERS = {"g": 1, "r": 2, "i": 3}
EXPECTED_NAME = "ztf_<field>_z<g|r|i>_c<ccd>_q<quad>_dr<N>.parquet"
EXAMPLE_NAME = "ztf_000250_zg_c01_q1_dr5.parquet"

_NAME = re.compile(
    r"ztf_(?P<field>\d{6})_z(?P<filter>[gri])_c(?P<ccd>0[1-9]|1[0-6])_q(?P<quad>[1-4])"
    r"_dr(?P<release>\d+)\.parquet"
)
_RELEASE = re.compile(r"(?:dr)?(\d+)", re.IGNORECASE)
_MOST_SHOWN = 20


class ArchiveFile(NamedTuple):
    """One file of a bulk archive: the light curves of one quadrant in one filter."""

    field: int
    ccd: int
    quad: int
    filter: int
    release: int
    path: Path

    @property
    def rc(self) -> int:
        """Readout channel, 0 to 63."""
        return 4 * (self.ccd - 1) + self.quad - 1


def parse_file_name(path: Path) -> ArchiveFile | None:
    """Return what a file's name says; None where it is not a name of the archive's."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    return ArchiveFile(
        field=int(match["field"]),
        ccd=int(match["ccd"]),
        quad=int(match["quad"]),
        filter=FILTERS[match["filter"]],
        release=int(match["release"]),
        path=path,
    )


def file_name(field: int, ccd: int, quad: int, band: str, release: int) -> str:
    """Return the archive's name of a file; `band` is g, r or i."""
    return f"ztf_{field:06d}_z{band}_c{ccd:02d}_q{quad}_dr{release}.parquet"


def parse_release(release: str | int) -> int:
    """Return the number of a data release, given as ``DR5``, ``dr5``, ``5`` or 5.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    match = _RELEASE.fullmatch(str(release))
    if match is None:
        raise UsageError("unknown data release", value=release, allowed="DR<N>, for example DR5")
    return int(match[1])


def find_files(folder: Path, release: str | int | None = None) -> list[ArchiveFile]:
    """Find the files of one data release in a folder and the folders below it.

    Returns
    -------
    list of ArchiveFile
        Sorted by field, ccd, quad and filter; at most one for each.

    Raises
    ------
    NotFoundError
        If there is no such folder, no such file in it, or none of that release.
    InputError
        If there are several releases and none was chosen, or a file stands there twice.
    """
    if not folder.is_dir():
        raise NotFoundError(
            "no such archive folder",
            value=str(folder.absolute()),
            todo="check the setting archive; a relative path starts at the folder of the run",
        )
    files = sorted(file for path in _walk(folder) if (file := parse_file_name(path)) is not None)
    if not files:
        raise NotFoundError(
            "archive folder without light-curve files",
            value=str(folder),
            allowed=f"files named {EXPECTED_NAME}, for example {EXAMPLE_NAME}, "
            "there or in folders below",
            todo="check the folder, or rename the files",
        )
    files = _of_one_release(files, folder, release)
    for first, second in pairwise(files):
        if first[:5] == second[:5]:
            raise InputError(
                "two files of one quadrant and filter",
                value=f"{first.path} and {second.path}",
                allowed="one",
                todo="remove one of them",
            )
    return files


def abbreviated(numbers: Iterable[int]) -> str:
    """Return ascending numbers as text, runs as ranges, cut where it gets long."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    shown = ["-".join(str(number) for number in run) for run in runs]
    if len(shown) > _MOST_SHOWN:
        shown = [*shown[: _MOST_SHOWN - 1], "…", shown[-1]]
    return ", ".join(shown)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder, through linked folders too, each folder once."""
    seen: set[str] = set()
    for root, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            yield Path(root, name)


def _of_one_release(
    files: list[ArchiveFile], folder: Path, release: str | int | None
) -> list[ArchiveFile]:
    present = sorted({file.release for file in files})
    names = [f"DR{number}" for number in present]
    if release is None:
        if len(present) > 1:
            raise InputError(
                f"archive folder with several data releases, {folder}",
                value=", ".join(names),
                allowed="one, since ids and light curves differ between releases",
                todo="choose one, or give each release a folder of its own",
            )
        return files
    number = parse_release(release)
    chosen = [file for file in files if file.release == number]
    if not chosen:
        raise NotFoundError(
            f"no files of this data release in {folder}", value=f"DR{number}", allowed=names
        )
    return chosen
