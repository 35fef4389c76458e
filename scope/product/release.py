"""A folder that can be handed on: stars in every format, their quality, and what they are.

    README.md                 the data card: what it is, how to read it, what it is not fit for
    stars/<target>.parquet    .vot and .fits beside it
    coverage/<target>.fits    a multi-order coverage map
    quality/<target>.csv      expected numbers, purity and completeness by class and slice
    hats/                     all targets as one HATS collection, if asked for
    LICENSE, CITATION.cff     of the data
    ro-crate-metadata.json    RO-Crate 1.1
    datacite.json             metadata for a DOI, DataCite 4.5
    SHA256SUMS                `sha256sum --check SHA256SUMS`

Nothing in it depends on when or where it was made, but for the date that is given.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from scope import __version__
from scope.errors import InputError
from scope.io import count_rows, read_metadata, read_schema, write_bytes
from scope.io.folders import place_folder, place_of
from scope.product.coverage import write_coverage
from scope.product.hats import export_hats
from scope.product.quality import quality_table, star_tags
from scope.product.release_text import citation_file, data_card, datacite, ro_crate
from scope.product.votable_fits import write_fits, write_votable
from scope.provenance import hash_file

LICENCES: Mapping[str, tuple[str, str]] = {
    "CC-BY-4.0": (
        "Creative Commons Attribution 4.0 International",
        "https://creativecommons.org/licenses/by/4.0/",
    ),
    "CC0-1.0": (
        "Creative Commons Zero 1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
}
"""SPDX name -> title and address of the text."""

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class ReleaseOptions:
    """Description of a release: name, version, authors and the like.

    Attributes
    ----------
    title : str
    version : str
        Such as ``1.0``.
    authors : tuple of str
        ``Family, Given``, or a name in one.
    licence : str
        A key of `LICENCES`.
    date : str
        ``YYYY-MM-DD``.
    doi : str
        Empty where there is none yet.
    description : str
    """

    title: str
    version: str
    authors: tuple[str, ...]
    licence: str = "CC-BY-4.0"
    date: str = ""
    doi: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        for name in ("title", "version"):
            if not getattr(self, name).strip():
                raise InputError(f"release without a {name}", allowed="a text")
        if not self.authors or not all(author.strip() for author in self.authors):
            raise InputError("release without authors", allowed="at least one name")
        if self.licence not in LICENCES:
            raise InputError("licence of a release", value=self.licence, allowed=LICENCES)
        try:
            date.fromisoformat(self.date)
        except ValueError:
            raise InputError("date of a release", value=self.date, allowed="YYYY-MM-DD") from None
        if self.doi and not re.fullmatch(r"10\.\d{4,9}/\S+", self.doi):
            raise InputError("DOI of a release", value=self.doi, allowed="10.<number>/<name>")


def make_release(
    tables: Sequence[str | Path],
    output: str | Path,
    options: ReleaseOptions,
    *,
    cut: float = 0.5,
    strange_below: float = 0.0,
    light_curves: Sequence[str | Path] | None = None,
) -> Path:
    """Write the folder of a release, whole or not at all.

    Parameters
    ----------
    tables : sequence of path
        Of stars, one per target, see `scope.product.publish_stars`.
    output : path
        Must not be there: a release does not change.
    options : ReleaseOptions
    cut, strange_below : float
        See `scope.product.quality`.
    light_curves : sequence of path, optional
        Units of cleaned light curves for a HATS collection, which is left out for None.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the folder is there, or tables are of one name.
    """
    output = place_of(Path(output))
    if output.exists():
        raise InputError(
            "release that is there already",
            value=str(output),
            allowed="a new folder",
            todo="give the release another version",
        )
    names = [Path(path).stem for path in tables]
    if not names or len(set(names)) < len(names):
        raise InputError(
            "tables of a release", value=", ".join(names) or "none", allowed="each target once"
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".tmp", dir=output.parent))
    try:
        facts = [_write_target(Path(path), staged, cut, strange_below) for path in tables]
        if light_curves is not None:
            export_hats(tables, staged / "hats", light_curves=light_curves)
        _write_texts(staged, options, facts, cut)
        _write_sums(staged)
        staged.chmod(0o755)
        place_folder(staged, output)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return output


def _write_target(path: Path, folder: Path, cut: float, strange_below: float) -> dict[str, Any]:
    """Write the files of one target; returns what the texts say of it."""
    for name in ("stars", "coverage", "quality"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copyfile(path, folder / "stars" / path.name)
    write_votable(path, folder / "stars" / f"{path.stem}.vot")
    write_fits(path, folder / "stars" / f"{path.stem}.fits")
    rows = count_rows(path)
    area = write_coverage([path], folder / "coverage" / f"{path.stem}.fits") if rows else 0.0
    quality = quality_table(path, cut=cut, strange_below=strange_below)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(quality.column_names)
    writer.writerows(
        ["" if value is None else value for value in row.values()] for row in quality.to_pylist()
    )
    write_bytes(lines.getvalue().encode(), folder / "quality" / f"{path.stem}.csv")
    schema = read_schema(path)
    return {
        "target": path.stem,
        "rows": rows,
        "square_degrees": area * 41252.961249419,
        "tags": star_tags(schema.names),
        "columns": [_column(field) for field in schema],
        "quality": [row for row in quality.to_pylist() if row["slice"] == "all"],
        "record": read_metadata(path),
    }


def _column(field: Any) -> tuple[str, str, str, str]:
    about = field.metadata or {}
    unit, text = (about.get(key, b"").decode() for key in (b"unit", b"description"))
    return field.name, str(field.type), unit, text


def _write_texts(
    folder: Path, options: ReleaseOptions, facts: Sequence[Mapping[str, Any]], cut: float
) -> None:
    title, address = LICENCES[options.licence]
    licence = f"{title}\n\nSPDX-License-Identifier: {options.licence}\n{address}legalcode\n"
    texts = {
        "README.md": data_card(options, facts, cut, title),
        "LICENSE": licence,
        "CITATION.cff": citation_file(options),
        "datacite.json": _json(datacite(options, address, __version__)),
    }
    for name, text in texts.items():
        write_bytes(text.encode(), folder / name)
    files = {name: folder / name for name in _files(folder)}
    crate = ro_crate(options, {name: path.stat().st_size for name, path in files.items()}, address)
    write_bytes(_json(crate).encode(), folder / "ro-crate-metadata.json")


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _write_sums(folder: Path) -> None:
    lines = [f"{hash_file(folder / name)}  {name}\n" for name in _files(folder) if name != SUMS]
    write_bytes("".join(lines).encode(), folder / SUMS)
