"""A HATS catalogue of light curves: HEALPix tiles with a nested column of points.

The layout is that of the Hierarchical Adaptive Tiling Scheme (IVOA note, 2025): tiles are
``dataset/Norder=<K>/Dir=<D>/Npix=<N>.parquet`` or folders of that name with several files.
Here a row is a light curve, with the columns of the bulk files of the Zwicky Transient
Facility, its points in ``lightcurve``: a struct of lists, or a list of structs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import IdentifierError, NotFoundError
from scope.identifiers import Scheme, decode, rc_from_ccd_quad, resolve
from scope.io.sorting import read_ids
from scope.io.tables import iter_batches, read_metadata, read_schema, read_table
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS, lightcurves_of
from scope.lightcurves.identity import UNKNOWN, check_identity
from scope.lightcurves.nested import list_columns
from scope.schema import SOURCES, arrow_schema, require_columns
from scope.surveys.base import NO_FIELD, parse_unit, unit_name
from scope.surveys.bulk import cast_column as _cast
from scope.surveys.folder_files import FileSurvey
from scope.surveys.index import ArchiveIndex, place_of
from scope.surveys.layout import abbreviated, parse_release

ID, RA, DEC, POINTS = "objectid", "objra", "objdec", "lightcurve"
LISTS = ("hmjd", "mag", "magerr", "catflags")
PROPERTIES = ("hats.properties", "properties")

_RELEASE = re.compile(r"(?<![a-z])dr(\d+)", re.IGNORECASE)


def is_hats(folder: Path) -> bool:
    """Whether a folder is a HATS catalogue."""
    named = any((folder / name).is_file() for name in (*PROPERTIES, "partition_info.csv"))
    return named and (folder / "dataset").is_dir()


class HatsArchive(FileSurvey):
    """A survey in a HATS catalogue of light curves, see `scope.surveys.base.Survey`.

    Which tiles hold a field is found out once and kept, see `scope.surveys.index`.

    Parameters
    ----------
    folder : str or Path
        The catalogue; with all tiles, or some of them.
    release : str or int, optional
        The data release, where the catalogue's name does not tell it.

    Raises
    ------
    NotFoundError
        If there are no tiles.
    """

    def __init__(self, folder: str | Path, release: str | int | None = None) -> None:
        self.folder = Path(folder)
        self._tiles = sorted((self.folder / "dataset").glob("Norder=*/Dir=*/Npix=*.parquet"))
        self._tiles += sorted((self.folder / "dataset").glob("Norder=*/Dir=*/Npix=*/*.parquet"))
        if not self._tiles:
            raise NotFoundError(
                "HATS catalogue without tiles",
                value=str(folder),
                allowed="dataset/Norder=<K>/Dir=<D>/Npix=<N>.parquet",
            )
        self._named = parse_release(release) if release is not None else _release(self.folder)

    @property
    def release(self) -> str:
        """The data release, ``HATS`` where it is not known."""
        return "HATS" if self._named is None else f"DR{self._named}"

    def facts(self, field: int = NO_FIELD, unit: str = "") -> dict[str, Any]:
        """Return what products of any part of the survey record of it."""
        simulation = read_metadata(self._tiles[0]).get("simulation")
        if simulation is None:
            return {"data_release": self.release}
        return {"data_release": "simulation", "simulation": simulation}

    def fields(self) -> list[int]:
        """Return the numbers of the fields that have light curves, ascending."""
        return sorted({place // 64 for place in self._places})

    def units(self, field: int) -> list[str]:
        """Return the names of the quadrants of a field that have light curves, sorted.

        Raises
        ------
        NotFoundError
            If the field has none.
        """
        found = [place % 64 for place in self._places if place // 64 == field]
        if not found:
            raise NotFoundError(
                f"no such field in {self.folder}",
                value=field,
                allowed=f"{abbreviated(self.fields())} ({len(self.fields())} in all)",
            )
        return sorted(unit_name(rc // 4 + 1, rc % 4 + 1) for rc in found)

    def files(self, field: int, unit: str) -> list[Path]:
        """Return the paths of the tiles that hold light curves of a unit.

        Raises
        ------
        NotFoundError
            If there are none.
        """
        ccd, quad = parse_unit(unit)
        place = int(place_of(field, rc_from_ccd_quad(ccd, quad)[()]))
        if place not in self._places:
            raise NotFoundError(
                f"no light curves of this unit of field {field} in {self.folder}",
                value=unit,
                allowed=self.units(field),
            )
        return self._places[place]

    def paths(self) -> list[Path]:
        """Return the paths of all tiles."""
        return list(self._tiles)

    def sources(self, field: int, unit: str) -> pa.Table:
        """Return all light curves of a unit, columns `scope.schema.SOURCES`, by ``_id``.

        Raises
        ------
        NotFoundError, CorruptFileError, MissingColumnError, IdentifierError
        DuplicateIdError
            If an id stands twice.
        """
        ccd, quad = parse_unit(unit)
        parts = []
        for path in self.files(field, unit):
            table = _sources(path)
            here = pc.and_(pc.equal(table.column("ccd"), ccd), pc.equal(table.column("quad"), quad))
            parts.append(table.filter(pc.and_(here, pc.equal(table.column("field"), field))))
        table = pa.concat_tables(parts).sort_by("_id").combine_chunks()
        self._check_once(table.column("_id").to_numpy())
        return table

    def iter_lightcurves(
        self, field: int, unit: str, rows: int = DEFAULT_ROWS
    ) -> Iterator[LightCurves]:
        """Yield the light curves of a unit as observed, at most `rows` at a time, by id.

        Tiles are no quadrants: memory holds all light curves of the unit.
        """
        ids = self.sources(field, unit).column("_id").to_numpy()
        yield from self.lightcurves(ids).batches(rows)

    def _read_sources(self, path: Path) -> pa.Table:
        return _sources(path)

    def _read_lightcurves(self, path: Path, ids: npt.NDArray[np.int64]) -> Iterator[LightCurves]:
        return _read_lightcurves(path, ids)

    def _files_with(self, ids: npt.NDArray[np.int64]) -> list[Path]:
        """Return the tiles that may hold light curves with these ids."""
        identity = decode(ids)
        if np.any(identity.scheme == Scheme.OPAQUE):
            return self._index.holding(ids)
        wanted = np.unique(
            place_of(identity.field, rc_from_ccd_quad(identity.ccd, identity.quad))
        ).tolist()
        return sorted({path for place in wanted for path in self._places.get(place, [])})

    @cached_property
    def _places(self) -> dict[int, list[Path]]:
        return self._index.places()

    @cached_property
    def _index(self) -> ArchiveIndex:
        return ArchiveIndex(self.folder, self._tiles, _read_positions)


def _release(folder: Path) -> int | None:
    """Return the data release that a catalogue's properties or name tell."""
    texts = [folder.name]
    for name in PROPERTIES:
        path = folder / name
        if path.is_file():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            texts = [line for line in lines if line.startswith("obs_collection")] + texts
    found = [match[1] for text in texts if (match := _RELEASE.search(text))]
    return int(found[0]) if found else None


def _check_schema(path: Path) -> pa.Schema:
    schema = read_schema(path)
    require_columns(schema.names, [ID, RA, DEC, POINTS], f" in {path}")
    return schema


def _read_positions(
    path: Path,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    _check_schema(path)
    table = read_table(path, [RA, DEC])
    ra, dec = (_cast(table, name, pa.float64(), path).to_numpy() for name in (RA, DEC))
    return read_ids(path, ID), ra, dec


def _sources(path: Path) -> pa.Table:
    """Return the light curves of a tile, columns `SOURCES`, in file order."""
    names = _check_schema(path).names
    ids = read_ids(path, ID)
    native = {"field": "fieldid", "rc": "rcid", "filter": "filterid"}
    optional = [name for name in (*native.values(), "nepochs") if name in names]
    table = read_table(path, [RA, DEC, *optional])
    checked = check_identity(
        ids,
        _cast(table, RA, pa.float64(), path),
        _cast(table, DEC, pa.float64(), path),
        {
            ours: np.asarray(_cast(table, name, pa.int64(), path).fill_null(UNKNOWN).to_numpy())
            for ours, name in native.items()
            if name in names
        },
    )
    try:
        placement = resolve(ids, checked.place)
    except IdentifierError as error:
        raise IdentifierError(
            f"{error.what}, in {path}", value=error.value, todo="download the tile again"
        ) from error
    size = len(ids)
    epochs = pa.nulls(size, pa.int32())
    if "nepochs" in names:
        epochs = _cast(table, "nepochs", pa.int32(), path)
    return pa.table(
        [
            *(pa.array(ids), checked.ra, checked.dec, *placement),
            *(pa.nulls(size, pa.string()), epochs, pa.array(checked.reasons, pa.string())),
        ],
        schema=arrow_schema(SOURCES),
    )


def _read_lightcurves(path: Path, wanted: npt.NDArray[np.int64]) -> Iterator[LightCurves]:
    """Yield those light curves of a tile that are wanted, as observed."""
    hit = np.isin(read_ids(path, ID), wanted)
    if not hit.any():
        return
    for table in iter_batches(path, [ID, POINTS], DEFAULT_ROWS, holding=hit):
        found = pc.is_in(table.column(ID).cast(pa.int64()), pa.array(wanted))
        if pc.any(found).as_py():
            yield lightcurves_of(_flat(table.filter(found), path), path, id_column=ID)


def _flat(table: pa.Table, path: Path) -> pa.Table:
    """Return a table with a column of lists for each part of the points."""
    lists = list_columns(table.column(POINTS), LISTS, f"column {POINTS!r} of {path}")
    return pa.table({ID: table.column(ID), **lists})
