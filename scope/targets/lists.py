"""Tables of sources that a user asks for: by id, by position, or by either."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.cells import is_missing
from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError
from scope.identifiers import iau_name
from scope.io.kinds import DEC_NAMES, OBJECT_NAMES, RA_NAMES, find_column
from scope.io.user_tables import read_user_table, require_rows
from scope.io.values import exact_names, light_curve_ids, positions
from scope.jsontext import parse_json

ID_NAMES = ("ztf_id", "ztfid", "ZTFID", "_id")
COORDINATES = "coordinates"
"""Column of nested positions, with right ascension - 180 as a longitude."""

SUFFIXES = (".parquet", ".h5", ".hdf5", ".csv", ".json")

NO_ID = -1
"""In place of an id where a row has none."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceList:
    """Sources that a user asks for, in the order of the table; n rows.

    Attributes
    ----------
    ids : (n,) int64
        Ids of light curves, `NO_ID` where a row has none.
    ra, dec : (n,) float64
        Positions in degrees, NaN where a row has none.
    names : tuple of str or None
        Names of the objects; where the table has none, one made of the position, or of the
        id. None for a row with neither.
    """

    ids: npt.NDArray[np.int64]
    ra: npt.NDArray[np.float64]
    dec: npt.NDArray[np.float64]
    names: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: slice) -> SourceList:
        return SourceList(self.ids[rows], self.ra[rows], self.dec[rows], self.names[rows])


def ids_only(ids: npt.NDArray[np.int64]) -> SourceList:
    """Return a list of light curves without positions.

    `ids`: (n,) int64.
    """
    nowhere = np.full(len(ids), np.nan)
    return SourceList(ids, nowhere, nowhere, tuple(f"ZTF_{number}" for number in ids.tolist()))


def write_source_list(wanted: SourceList, path: str | Path) -> None:
    """Write a list as Parquet, as `read_source_list` reads it."""
    import pyarrow as pa

    from scope.io import write_table

    columns = {
        "ztf_id": pa.array(wanted.ids, mask=wanted.ids == NO_ID),
        "ra": pa.array(wanted.ra, from_pandas=True),
        "dec": pa.array(wanted.dec, from_pandas=True),
        "obj_id": pa.array(wanted.names, pa.string()),
    }
    write_table(pa.table(columns), path, {})


def read_source_list(path: str | Path) -> SourceList:
    """Read a table of sources.

    Parameters
    ----------
    path : path
        Parquet, HDF5 or CSV with a column of ids (`ID_NAMES`), or columns of positions
        (`RA_NAMES`, `DEC_NAMES`) in degrees or as hours (degrees), minutes and seconds, or
        `COORDINATES`, or several of them; and maybe one of names (`OBJECT_NAMES`). Or JSON,
        id -> ``radec_geojson`` and maybe ``fritz_name``. Of several columns of one kind the
        first in these lists counts.

    Raises
    ------
    NotFoundError
        If there is no such file.
    InputError
        If it has another format, no row, or a value that cannot be used.
    MissingColumnError
        If there are neither ids nor positions.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("list of sources of an unknown format", value=str(path), allowed=SUFFIXES)
    if not path.is_file():
        raise NotFoundError(
            "no such list of sources",
            value=str(path),
            todo="check the path; a relative one starts at the folder of the run",
        )
    columns = _read_json(path) if path.suffix.lower() == ".json" else _read_table(path)
    chosen = {
        kind: find_column(columns, names)
        for kind, names in (
            *(("id", ID_NAMES), ("ra", RA_NAMES), ("dec", DEC_NAMES)),
            *(("object", OBJECT_NAMES), ("coordinates", (COORDINATES,))),
        )
    }
    _check_columns(chosen, columns, path)
    used = ", ".join(f"{kind} from {name!r}" for kind, name in chosen.items() if name)
    _log.info("%s: %s", path, used)
    return _source_list({kind: columns[name] for kind, name in chosen.items() if name}, path)


def _source_list(columns: Mapping[str, Any], path: Path) -> SourceList:
    size = len(next(iter(columns.values())))
    require_rows(size, path)
    ids = np.full(size, NO_ID, dtype=np.int64)
    if "id" in columns:
        found = light_curve_ids(columns["id"], "id", path)
        ids = found.to_numpy(dtype=np.int64, na_value=NO_ID)
    ra, dec = np.full(size, np.nan), np.full(size, np.nan)
    if "ra" in columns:
        ra, dec = positions(columns["ra"], columns["dec"], path)
    elif "coordinates" in columns:
        nested = [_position(value, row, path) for row, value in enumerate(columns["coordinates"])]
        longitudes, latitudes = np.array(nested).T
        ra, dec = positions(longitudes, latitudes, path)
    given = exact_names(columns["object"], "name", path) if "object" in columns else [None] * size
    names = tuple(_name(*row) for row in zip(given, ids.tolist(), ra, dec, strict=True))
    return SourceList(ids, ra, dec, names)


def _read_table(path: Path) -> Mapping[str, Any]:
    """Return the columns of a table."""
    frame = read_user_table(path)
    return {str(name): frame[name] for name in frame.columns}


def _read_json(path: Path) -> Mapping[str, Sequence[Any]]:
    """Return the columns of a JSON object, id -> names and position."""
    try:
        content = parse_json(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(
            "list of sources that is not readable as JSON", value=str(path), todo=str(error)
        ) from error
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise InputError(
            "list of sources in another form",
            value=str(path),
            allowed="an object, id -> {radec_geojson: {coordinates: [ra - 180, dec]}, fritz_name}",
        )
    names = {name for entry in content.values() for name in entry}
    return {
        "ztf_id": list(content),
        COORDINATES: list(content.values()),
        **{
            name: [entry.get(name) for entry in content.values()]
            for name in OBJECT_NAMES
            if name in names
        },
    }


def _check_columns(chosen: Mapping[str, str | None], columns: Iterable[str], path: Path) -> None:
    if (chosen["ra"] is None) != (chosen["dec"] is None):
        raise MissingColumnError(
            f"half of a position in {path}",
            value=chosen["ra"] or chosen["dec"],
            allowed=f"one of {', '.join(RA_NAMES)} and one of {', '.join(DEC_NAMES)}",
        )
    if not any(chosen[kind] for kind in ("id", "ra", "coordinates")):
        raise MissingColumnError(
            f"neither ids nor positions in {path}",
            value=", ".join(columns) or "no columns",
            allowed=f"one of {', '.join(ID_NAMES)}; or one of {', '.join(RA_NAMES)} and one of "
            f"{', '.join(DEC_NAMES)}",
        )


def _position(value: Any, row: int, path: Path) -> tuple[float, float]:
    """Return right ascension and declination of a nested position, NaN where there is none."""
    if is_missing(value):
        return (np.nan, np.nan)
    pair: Any = value
    try:
        content = parse_json(value) if isinstance(value, str) else value
        place = content.get("radec_geojson")
        pair = None if place is None else place.get("coordinates")
        if pair is None:
            return (np.nan, np.nan)
        longitude, latitude = (float(part) for part in pair)
        if np.isinf([longitude, latitude]).any() or any(isinstance(one, bool) for one in pair):
            raise ValueError("no finite numbers")
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise InputError(
            f"coordinates that cannot be read, in row {row + 1} of {path}",
            value=str(pair),
            allowed="[ra - 180, dec] in degrees",
        ) from None
    return (longitude + 180.0, latitude)


def _name(given: str | None, identity: int, ra: float, dec: float) -> str | None:
    if given is not None:
        return given
    if np.isfinite(ra) and np.isfinite(dec):
        return iau_name(ra, dec)
    return f"ZTF_{identity}" if identity != NO_ID else None
