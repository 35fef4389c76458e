"""Write stars as a HATS catalogue, which LSDB opens.

    <output>/collection.properties               what the collection consists of
    <output>/<name>/                             the stars, see `scope.product.hats_layout`
    <output>/<name>_margin/                      stars just outside of each partition
    <output>/left_out.parquet                    stars without a position, which have no place

A star's points lie in the column ``lightcurve``, a struct of lists, which nested-pandas reads as
a nested column. Stars of further targets go into the partitions they belong to; no other
partition is written again. The collection changes as a whole or not at all.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scope import __version__
from scope.errors import InputError
from scope.io import read_schema, read_table, write_table
from scope.io.folders import check_unchanged, identity, place_of
from scope.product.hats_files import count_rows, link_all, swap_folders, write_metadata, write_rows
from scope.product.hats_layout import (
    FINEST,
    HEALPIX,
    PARTITIONS,
    PROPERTIES,
    PartitionIndex,
    Pixel,
    healpix_29,
    margin_of,
    partition,
    read_partitions,
    write_partitions,
    write_properties,
)
from scope.product.star_points import POINTS, POINTS_TYPE, PointsReader
from scope.schema import require_columns

MAX_ROWS = 20_000

MARGIN_ARCSEC = 10.0

TARGET = "target"

COLLECTION = "collection.properties"

LEFT_OUT = "left_out.parquet"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class HatsSummary:
    """Counts of what was written.

    Attributes
    ----------
    stars, partitions : int
        In the catalogue.
    written : int
        Partitions that are new or changed.
    left_out : int
        Stars without a position.
    without_points : int
        Stars of the targets at hand none of whose light curves any file had.
    """

    stars: int
    partitions: int
    written: int
    left_out: int
    without_points: int


def export_hats(
    tables: Sequence[str | Path],
    output: str | Path,
    *,
    light_curves: Sequence[str | Path] = (),
    name: str = "stars",
    max_rows: int = MAX_ROWS,
    margin_arcsec: float = MARGIN_ARCSEC,
) -> HatsSummary:
    """Write tables of stars as a HATS collection, or add them to one.

    Parameters
    ----------
    tables : sequence of path
        See `scope.product.publish_stars`; the name of a file is that of its target, whose
        stars in an existing collection are replaced.
    output : path
        Folder of the collection.
    light_curves : sequence of path
        Units of cleaned light curves of these targets; without any, stars have no points.
    name : str
        Of the catalogue.
    max_rows : int
        Largest number of stars of a partition.
    margin_arcsec : float
        Width of the margin.

    Raises
    ------
    InputError
        If tables differ in their columns from one another or from the collection, the
        folder holds something else or was changed meanwhile, or the name is that of no folder
        in it.
    """
    output = place_of(Path(output))
    _check(tables, output, name, max_rows)
    before = identity(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".tmp", dir=output.parent))
    try:
        if output.exists():
            link_all(output, staged)
        summary = _Writer(staged, name, max_rows, margin_arcsec).add(tables, light_curves)
        # What another program has added since would be lost.
        check_unchanged(output, before)
        swap_folders(staged, output)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return summary


def _check(tables: Sequence[str | Path], output: Path, name: str, max_rows: int) -> None:
    if not tables:
        raise InputError("export of no stars", allowed="at least one file of results/stars")
    if re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) is None:
        raise InputError(
            "name of a catalogue",
            value=name,
            allowed="letters, digits, dots, hyphens and underscores",
        )
    if max_rows < 1:
        raise InputError("stars of a partition", value=max_rows, allowed="1 or more")
    if output.exists() and not (output / name / PARTITIONS).is_file():
        raise InputError(
            "folder that is no HATS collection of ours",
            value=str(output),
            allowed=f"a new name, or a folder with {name}/{PARTITIONS}",
            todo="choose another --output",
        )
    stems = [Path(path).stem for path in tables]
    if len(set(stems)) < len(stems):
        raise InputError(
            "two tables of one target", value=", ".join(sorted(stems)), allowed="each target once"
        )
    first = read_schema(tables[0])
    require_columns(first.names, ["star_id", "ra", "dec", "light_curves"], f" in {tables[0]}")
    for path in tables[1:]:
        if not read_schema(path).equals(first):
            raise InputError(
                "stars with other columns",
                value=str(path),
                allowed=f"those of {tables[0]}",
                todo="make all with the same models and settings",
            )


class _Writer:
    """Adds targets to the catalogue of a collection, in a folder that nobody else sees."""

    def __init__(self, folder: Path, name: str, max_rows: int, margin_arcsec: float) -> None:
        self.folder, self.name = folder, name
        self.main, self.margin = folder / name, folder / f"{name}_margin"
        self.max_rows, self.width = max_rows, margin_arcsec
        self.before = read_partitions(self.main)

    def add(self, tables: Sequence[str | Path], light_curves: Sequence[str | Path]) -> HatsSummary:
        """Write all that changes."""
        targets = [Path(path).stem for path in tables]
        new, lost = _placed(tables)
        self._check_columns(new.schema)
        cells = new.column(HEALPIX).to_numpy()
        kept = self._touched(cells, targets)
        every = np.sort(np.concatenate([cells, *(one.cells for one in kept)]))
        others = set(self.before) - {one.pixel for one in kept}
        rows = partition(every, others, self.max_rows)
        without_points = self._write(new, list(rows), kept, light_curves)
        now = sorted({*others, *rows})
        self._write_margins({*rows, *(one.pixel for one in kept)}, now)
        self._write_left_out(lost, targets)
        stars = sum(count_rows(self._path(pixel)) for pixel in now)
        self._describe(now, stars, sorted({*self._targets(), *targets}))
        return HatsSummary(stars, len(now), len(rows), len(lost), without_points)

    def _path(self, pixel: Pixel) -> Path:
        return self.main / "dataset" / pixel.path

    def _targets(self) -> list[str]:
        path = self.main / PROPERTIES[0]
        if not path.is_file():
            return []
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [line.partition("=")[2] for line in lines if line.startswith("scope_targets=")]
        return found[0].split() if found else []

    def _check_columns(self, schema: pa.Schema) -> None:
        if self.before:
            there = pq.read_schema(self._path(self.before[0]))
            wanted = schema.append(pa.field(POINTS, POINTS_TYPE)).remove_metadata()
            if not there.remove_metadata().equals(wanted):
                other = sorted(set(there.names) ^ set(wanted.names))
                raise InputError(
                    "stars with other columns than those of the collection",
                    value=", ".join(other) or "other types",
                    allowed="the same columns",
                    todo="write a new collection of all targets",
                )

    def _touched(self, cells: Integers, targets: Sequence[str]) -> list[_Kept]:
        """Return the partitions that get new rows or lose those of targets, put aside."""
        again = pa.array(sorted(set(targets) & set(self._targets())), pa.string())
        kept = []
        for pixel in self.before:
            low, high = np.searchsorted(cells, [pixel.start, pixel.stop])
            table = pq.read_table(self._path(pixel), columns=[HEALPIX, TARGET], partitioning=None)
            stays = pc.invert(pc.is_in(table.column(TARGET), again))
            if high > low or not pc.all(stays).as_py():
                aside = self._path(pixel).with_suffix(".before")
                os.replace(self._path(pixel), aside)
                own = table.filter(stays).column(HEALPIX).to_numpy()
                kept.append(_Kept(pixel, aside, stays, own))
        return kept

    def _write(
        self,
        new: pa.Table,
        pixels: Sequence[Pixel],
        kept: Sequence[_Kept],
        light_curves: Sequence[str | Path],
    ) -> int:
        """Write partitions of new rows and those kept; returns how many stars have no points."""
        reader = PointsReader(light_curves)
        cells = new.column(HEALPIX).to_numpy()
        without = 0
        for pixel in pixels:
            low, high = np.searchsorted(cells, [pixel.start, pixel.stop])
            part = new.slice(low, high - low).combine_chunks()
            points = reader.of(_whole(part, "light_curves"), _whole(part, "filters"))
            without += int((np.diff(points.field(0).offsets.to_numpy()) == 0).sum())
            parts = [part.append_column(pa.field(POINTS, POINTS_TYPE), points)]
            for one in kept:
                if one.pixel.start < pixel.stop and pixel.start < one.pixel.stop:
                    parts.append(one.rows(pixel))
            write_rows(pa.concat_tables(parts), self._path(pixel))
        for one in kept:
            one.path.unlink()
        return without

    def _write_margins(self, changed: set[Pixel], now: Sequence[Pixel]) -> None:
        """Write the margins of partitions that changed, and of those around them."""
        index = PartitionIndex(now)
        affected = {near for pixel in changed for near in index.around(pixel)}
        affected = (affected | changed) & set(now)
        sources = affected | {near for pixel in affected for near in index.around(pixel)}
        place = {pixel: number for number, pixel in enumerate(index.pixels)}
        found: dict[Pixel, list[pa.Table]] = {pixel: [] for pixel in affected}
        for source in sorted(sources):
            table = pq.read_table(self._path(source), partitioning=None)
            ra, dec = (table.column(name).to_numpy() for name in ("ra", "dec"))
            own = np.full(len(table), place[source])
            for number, rows in margin_of(ra, dec, own, index, self.width):
                if index.pixels[number] in affected:
                    found[index.pixels[number]].append(table.take(pa.array(rows)))
        dataset = self.margin / "dataset"
        for gone in {*self.before, *changed} - set(now):
            (dataset / gone.path).unlink(missing_ok=True)
        for pixel, parts in found.items():
            if parts:
                write_rows(pa.concat_tables(parts), dataset / pixel.path)
            else:
                (dataset / pixel.path).unlink(missing_ok=True)

    def _write_left_out(self, lost: pa.Table, targets: Sequence[str]) -> None:
        path = self.folder / LEFT_OUT
        if path.is_file():
            before = read_table(path)
            stays = pc.invert(pc.is_in(before.column(TARGET), pa.array(targets, pa.string())))
            lost = pa.concat_tables([before.filter(stays), lost])
        write_table(lost, path, {})

    def _describe(self, now: Sequence[Pixel], stars: int, targets: Sequence[str]) -> None:
        """Write what tells readers what there is."""
        margins = [pixel for pixel in now if (self.margin / "dataset" / pixel.path).is_file()]
        shared = {
            "hats_col_ra": "ra",
            "hats_col_dec": "dec",
            "hats_col_healpix": HEALPIX,
            "hats_col_healpix_order": FINEST,
            "hats_npix_suffix": ".parquet",
            "hats_version": "v1.0",
            "hats_builder": f"scope {__version__}",
        }
        main = {
            "obs_collection": self.name,
            "dataproduct_type": "object",
            "hats_nrows": stars,
            "hats_max_rows": self.max_rows,
            **shared,
            "scope_targets": " ".join(targets),
        }
        margin = {
            "obs_collection": self.margin.name,
            "dataproduct_type": "margin",
            "hats_nrows": sum(count_rows(self.margin / "dataset" / p.path) for p in margins),
            "hats_primary_table_url": self.name,
            "hats_margin_threshold": f"{self.width:g}",
            **shared,
        }
        for folder, values, pixels in ((self.main, main, now), (self.margin, margin, margins)):
            folder.mkdir(parents=True, exist_ok=True)
            write_partitions(folder, pixels)
            write_properties(folder, values, PROPERTIES)
            write_metadata(folder / "dataset", [pixel.path for pixel in pixels])
        collection = {"obs_collection": self.name, "hats_primary_table_url": self.name}
        if margins:
            collection |= {"all_margins": self.margin.name, "default_margin": self.margin.name}
        else:
            shutil.rmtree(self.margin)
        write_properties(self.folder, collection, [COLLECTION])


@dataclass(frozen=True)
class _Kept:
    """A partition that is written anew, as it was.

    Attributes
    ----------
    pixel : Pixel
    path : Path
        Where its file was put.
    stays : (n,) bool
        Which rows stay.
    cells : (k,) int64
        Pixels of order 29 of these.
    """

    pixel: Pixel
    path: Path
    stays: pa.ChunkedArray
    cells: Integers

    def rows(self, pixel: Pixel) -> pa.Table:
        """Return the rows that stay and lie in a pixel."""
        low, high = np.searchsorted(self.cells, [pixel.start, pixel.stop])
        table = pq.read_table(self.path, partitioning=None).filter(self.stays)
        return table.slice(low, high - low)


def _placed(tables: Sequence[str | Path]) -> tuple[pa.Table, pa.Table]:
    """Return all stars by their pixel of order 29, and those without a position."""
    parts = []
    for path in tables:
        table = read_table(path).replace_schema_metadata(None)
        target = pa.array([Path(path).stem] * len(table), pa.string())
        parts.append(table.append_column(TARGET, target))
    whole = pa.concat_tables(parts).combine_chunks()
    known = pc.and_(pc.is_valid(whole.column("ra")), pc.is_valid(whole.column("dec")))
    here = whole.filter(known)
    ra, dec = (here.column(name).to_numpy() for name in ("ra", "dec"))
    cells = healpix_29(ra, dec) if len(here) else np.zeros(0, np.int64)
    field = pa.field(HEALPIX, pa.int64(), nullable=False)
    here = here.add_column(0, field, pa.array(cells))
    order = np.lexsort((here.column("star_id").to_numpy(), cells))
    return here.take(pa.array(order)), whole.filter(pc.invert(known))


def _whole(table: pa.Table, name: str) -> pa.ListArray:
    column = table.column(name).combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
