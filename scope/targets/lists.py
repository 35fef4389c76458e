"""Tables of sources that a user asks for: by id, by position, or by either."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError
from scope.identifiers import LARGEST_EXACT_FLOAT, iau_name

if TYPE_CHECKING:
    import pandas as pd

ID_NAMES = ("ztf_id", "ztfid", "ZTFID", "_id")
RA_NAMES = ("ra", "RA", "R.A.", "r.a.", "radeg", "ra_deg")
DEC_NAMES = ("dec", "DEC", "Dec.", "Decl.", "dedeg", "de_deg", "Dec", "dec_deg")
OBJECT_NAMES = ("obj_id", "OBJ_ID", "object_id", "objectID", "name", "fritz_name")
COORDINATES = "coordinates"
"""Column of nested positions, with right ascension - 180 as a longitude."""

SUFFIXES = (".parquet", ".h5", ".hdf5", ".csv", ".json")

NO_ID = -1
"""In place of an id where a row has none."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceList:
    """What a user asks for, in the order of the table; n rows.

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
    """Return a list of light curves without positions."""
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
        Parquet, HDF5 or CSV with a column of ids (`ID_NAMES`), or columns of positions in
        degrees (`RA_NAMES`, `DEC_NAMES`), or `COORDINATES`, or several of them; and maybe one
        of names (`OBJECT_NAMES`). Or JSON, id -> ``radec_geojson`` and maybe ``fritz_name``.
        Of several columns of one kind the first in these lists counts.

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
        kind: next((name for name in names if name in columns), None)
        for kind, names in (
            *(("id", ID_NAMES), ("ra", RA_NAMES), ("dec", DEC_NAMES)),
            *(("object", OBJECT_NAMES), ("coordinates", (COORDINATES,))),
        )
    }
    _check_columns(chosen, columns, path)
    used = ", ".join(f"{kind} from {name!r}" for kind, name in chosen.items() if name)
    _log.info("%s: %s", path, used)
    return _source_list({kind: columns[name] for kind, name in chosen.items() if name}, path)


def _source_list(columns: Mapping[str, Sequence[Any]], path: Path) -> SourceList:
    size = len(next(iter(columns.values())))
    if not size:
        raise InputError("list of sources without rows", value=str(path))
    ids = np.full(size, NO_ID, dtype=np.int64)
    if "id" in columns:
        ids = np.array([_id(value, row, path) for row, value in enumerate(columns["id"])])
    ra, dec = np.full(size, np.nan), np.full(size, np.nan)
    if "ra" in columns:
        ra = np.array([_degrees(v, row, "ra", path) for row, v in enumerate(columns["ra"])])
        dec = np.array([_degrees(v, row, "dec", path) for row, v in enumerate(columns["dec"])])
    elif "coordinates" in columns:
        ra, dec = np.array([_position(value) for value in columns["coordinates"]]).T
    wrong = np.flatnonzero((np.abs(dec) > 90) | (ra < -360) | (ra > 360))
    if len(wrong):
        row = wrong[0]
        raise InputError(
            f"position that is not on the sphere, in row {row + 1} of {path}",
            value=f"ra {ra[row]}, dec {dec[row]}",
            allowed="degrees, dec from -90 to 90",
        )
    given = columns.get("object", [None] * size)
    names = tuple(_name(*row) for row in zip(given, ids.tolist(), ra, dec, strict=True))
    return SourceList(ids.astype(np.int64), ra, dec, names)


def _read_table(path: Path) -> Mapping[str, Sequence[Any]]:
    """Return the columns of a table, ids and names of a CSV as they are written."""
    if path.suffix.lower() == ".csv":
        frame = _read_csv(path)
    elif path.suffix.lower() == ".parquet":
        from scope.io import read_table, to_frame

        frame = to_frame(read_table(path))
    else:
        import warnings

        from scope.io import read_hdf

        with warnings.catch_warnings():
            # Anyone's table will do; it needs no metadata of ours.
            warnings.simplefilter("ignore")
            frame = read_hdf(path)
    return {str(name): list(frame[name]) for name in frame.columns}


def _read_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig") as file:
            comments = 0
            for line in file:
                if not line.startswith("#"):
                    break
                comments += 1
        # As text: an id with a gap below it would become a float, a name such as 1e5 a number.
        return pd.read_csv(
            path,
            skiprows=comments,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
            encoding="utf-8-sig",
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise CorruptFileError(
            "truncated or foreign file, not readable as CSV", value=str(path), todo=str(error)
        ) from error


def _read_json(path: Path) -> Mapping[str, Sequence[Any]]:
    """Return the columns of a JSON object, id -> names and position."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptFileError(
            "truncated or foreign file, not readable as JSON", value=str(path), todo=str(error)
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


def _missing(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    # Of pandas' own missing value no comparison is true or false.
    return not isinstance(value, str) and (str(value) in ("<NA>", "nan", "NaT"))


def _id(value: Any, row: int, path: Path) -> int:
    if _missing(value):
        return NO_ID
    try:
        if isinstance(value, str):
            number = int(value)
        else:
            number = int(value)
            if number != value or (
                isinstance(value, float | np.floating) and number > LARGEST_EXACT_FLOAT
            ):
                raise ValueError
        if not 0 <= number < 2**63:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError(
            f"id that is no whole number, in row {row + 1} of {path}",
            value=str(value),
            allowed="digits only, such as 10297581009946",
        ) from None
    return number


def _degrees(value: Any, row: int, name: str, path: Path) -> float:
    if _missing(value):
        return np.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} that is no number, in row {row + 1} of {path}",
            value=str(value),
            allowed="decimal degrees",
        ) from None
    return number if np.isfinite(number) else np.nan


def _position(value: Any) -> tuple[float, float]:
    """Return right ascension and declination of a nested position, NaN where there is none."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return (np.nan, np.nan)
    place = value.get("radec_geojson") if isinstance(value, Mapping) else None
    pair = place.get("coordinates") if isinstance(place, Mapping) else None
    if pair is None or len(pair) != 2:
        return (np.nan, np.nan)
    return ((float(pair[0]) + 180.0) % 360.0, float(pair[1]))


def _name(given: Any, identity: int, ra: float, dec: float) -> str | None:
    if not _missing(given):
        return str(given)
    if np.isfinite(ra) and np.isfinite(dec):
        return iau_name(ra, dec)
    return f"ZTF_{identity}" if identity != NO_ID else None
