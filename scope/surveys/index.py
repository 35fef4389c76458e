"""Where on the sky each file of an archive lies: found out once, kept, and kept up to date."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError, ScopeError
from scope.identifiers import Scheme, decode, rc_from_ccd_quad
from scope.io.tables import read_table
from scope.io.writer import write_table
from scope.lightcurves.sky import ARCSEC_PER_RADIAN, bounding_cap, unit_vectors
from scope.schema import Column, arrow_schema

INDEX = ".scope_index.parquet"
"""The index, in the folder of the archive."""

COLUMNS = (
    Column("path", "string", "", False, "Path of the file, below the archive"),
    Column("size", "int64", "byte", False, "Its size"),
    Column("changed", "int64", "ns", False, "When it changed last, since 1970"),
    Column("rows", "int64", "", False, "Its light curves"),
    Column("first_id", "int64", "", True, "Smallest id"),
    Column("last_id", "int64", "", True, "Largest id"),
    Column("places", "list<int64>", "", False, "64 field + readout channel of its light curves"),
    Column("x", "float64", "", False, "Direction of the middle of its light curves"),
    Column("y", "float64", "", False, "Likewise"),
    Column("z", "float64", "", False, "Likewise"),
    Column("radius_arcsec", "float64", "arcsec", False, "How far from there the farthest is"),
)

Reader = Callable[
    [Path],
    tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]],
]

_MARGIN_ARCSEC = 0.1
"""Rounding of the middle and the radius never loses a light curve."""

_log = logging.getLogger(__name__)


class _Entry(NamedTuple):
    """What the index says of one file."""

    path: str
    size: int
    changed: int
    rows: int
    first_id: int | None
    last_id: int | None
    places: list[int]
    x: float
    y: float
    z: float
    radius_arcsec: float


class ArchiveIndex:
    """Index of the files of an archive that may hold positions, ids or light curves of a quadrant.

    Files that are new, or have another size or date than when they were looked at, are
    looked at; what is found out is kept in the archive, or, where that cannot be written
    to, in the user's cache.

    Parameters
    ----------
    folder : Path
        The archive.
    files : sequence of Path
    read : callable
        Returns ids, right ascensions and declinations, in degrees, of what a file lists.
    variant : str
        Tells ways of reading the same files apart that give other ids.
    """

    def __init__(
        self, folder: Path, files: Sequence[Path], read: Reader, variant: str = ""
    ) -> None:
        self._files = list(files)
        index = INDEX.replace(".parquet", f"_{variant}.parquet") if variant else INDEX
        self._entries = _up_to_date(folder, self._files, read, index)

    def near(self, ra: npt.ArrayLike, dec: npt.ArrayLike, radius_arcsec: float) -> list[Path]:
        """Return the files that may hold light curves within a radius of any position.

        Parameters
        ----------
        ra, dec : (n,) float
            Degrees; those that are not finite are near nothing.
        radius_arcsec : float
        """
        vectors = np.atleast_2d(unit_vectors(ra, dec))
        vectors = vectors[np.isfinite(vectors).all(axis=1)]
        if not len(vectors):
            return []
        found = []
        for file, entry in zip(self._files, self._entries, strict=True):
            reach = entry.radius_arcsec + radius_arcsec + _MARGIN_ARCSEC
            chord = 2 * np.sin(min(reach / ARCSEC_PER_RADIAN, np.pi) / 2)
            middle = np.array([entry.x, entry.y, entry.z])
            if entry.rows and (np.linalg.norm(vectors - middle, axis=1) <= chord).any():
                found.append(file)
        return found

    def places(self) -> dict[int, list[Path]]:
        """Return 64 field + readout channel -> the files that hold light curves of it."""
        found: dict[int, list[Path]] = {}
        for file, entry in zip(self._files, self._entries, strict=True):
            for place in entry.places:
                found.setdefault(place, []).append(file)
        return dict(sorted(found.items()))

    def holding(self, ids: npt.NDArray[np.int64]) -> list[Path]:
        """Return the files that may hold any of some ids.

        `ids`: (n,) int64.
        """
        ids = np.sort(ids)
        found = []
        for file, entry in zip(self._files, self._entries, strict=True):
            if entry.first_id is None or entry.last_id is None:
                continue
            first = np.searchsorted(ids, entry.first_id)
            if first < len(ids) and ids[first] <= entry.last_id:
                found.append(file)
        return found


def place_of(field: npt.ArrayLike, rc: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Return the number of a quadrant of a field, 64 field + readout channel.

    int64; the arguments broadcast to its shape, (...).
    """
    return 64 * np.asarray(field, dtype=np.int64) + np.asarray(rc)


def _up_to_date(folder: Path, files: Sequence[Path], read: Reader, index: str) -> list[_Entry]:
    """Return an entry for each file, reading those that are not known as they are now."""
    known = _known(folder, index)
    entries: list[_Entry] = []
    new = 0
    for file in files:
        name = os.path.relpath(file, folder)
        state = file.stat()
        old = known.get(name)
        if old is not None and (old.size, old.changed) == (state.st_size, state.st_mtime_ns):
            entries.append(old)
        else:
            entries.append(_look_at(name, state, *read(file)))
            new += 1
    if new or len(known) != len(entries):
        _log.info("index of %s: looked at %d of %d files", folder, new, len(files))
        _keep(folder, index, known, entries)
    return entries


def _look_at(
    name: str,
    state: os.stat_result,
    ids: npt.NDArray[np.int64],
    ra: npt.NDArray[np.float64],
    dec: npt.NDArray[np.float64],
) -> _Entry:
    (x, y, z), radius = bounding_cap(ra, dec)
    identity = decode(ids)
    known = identity.scheme != Scheme.OPAQUE
    rc = rc_from_ccd_quad(identity.ccd[known], identity.quad[known])
    return _Entry(
        name,
        state.st_size,
        state.st_mtime_ns,
        len(ids),
        int(ids.min()) if len(ids) else None,
        int(ids.max()) if len(ids) else None,
        np.unique(place_of(identity.field[known], rc)).tolist(),
        float(x),
        float(y),
        float(z),
        radius,
    )


def _known(folder: Path, index: str) -> Mapping[str, _Entry]:
    for path in places_to_keep(folder, index):
        if not path.is_file():
            continue
        try:
            table = read_table(path, [column.name for column in COLUMNS])
        except InputError:
            # A damaged index is made again.
            continue
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        return {row[0]: _Entry(*row) for row in rows}
    return {}


def _keep(folder: Path, index: str, known: Mapping[str, _Entry], entries: Sequence[_Entry]) -> None:
    """Write the index, with what is known of files of other releases in the folder."""
    kept = {name: entry for name, entry in known.items() if (folder / name).exists()}
    kept |= {entry.path: entry for entry in entries}
    columns = list(zip(*sorted(kept.values()), strict=True))
    schema = arrow_schema(COLUMNS)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    for path in places_to_keep(folder, index):
        try:
            write_table(pa.table(arrays, schema=schema), path, {})
        except (OSError, ScopeError):
            continue
        return
    _log.warning("the index of %s can be kept nowhere; it is made again each time", folder)


def places_to_keep(folder: Path, kept: str) -> list[Path]:
    """Return where what was found out of an archive may be kept, the best place first."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    variant, suffix = Path(kept).stem.partition("_index")[2], Path(kept).suffix
    places = [cache / "scope-variables" / f"index-{name}{variant}{suffix}"]
    # Root may write anywhere; a folder that nobody may write to stays as it is nevertheless.
    writable = folder.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    return [folder / kept, *places] if writable else places
