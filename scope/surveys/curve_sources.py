"""Where light curves that get labels come from: a survey, or files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import DuplicateIdError, InputError, MissingColumnError
from scope.io import TableWriter, read_schema, read_table
from scope.io.kinds import DEC_NAMES, LIGHT_CURVE_IDS, OBJECT_NAMES, RA_NAMES, find_column
from scope.io.user_tables import read_user_table
from scope.io.values import exact_ids, exact_names, light_curve_ids, positions
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO, LightCurves
from scope.lightcurves.files import lightcurves_of
from scope.surveys.base import Survey

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RA, DEC = ("objra", *RA_NAMES), ("objdec", *DEC_NAMES)
FIELD, DETECTOR, FILTER = ("field", "fieldid"), ("rc", "rcid"), ("filter", "filterid")
STAR = ("sourceid", "star", *OBJECT_NAMES)
ROWS = 2048


class Curves(Protocol):
    """Light curves that can be labelled."""

    @property
    def total(self) -> int | None:
        """Light curves that there are; None if the survey does not say."""
        ...

    def near(self, ra: Floats, dec: Floats, radius_arcsec: float) -> pa.Table:
        """Return ``_id``, ``ra``, ``dec``, ``band``, ``series`` and ``star``, by ``_id``.

        At least those within the radius of the positions.

        `ra` and `dec`: (n,) float64, degrees.
        """
        ...

    def curves(self, ids: Ints) -> Iterator[LightCurves]:
        """Yield light curves as observed, in the order of their ids, which rise.

        `ids`: (n,) int64.
        """
        ...


NEAR = pa.schema(
    [
        ("_id", pa.int64()),
        ("ra", pa.float64()),
        ("dec", pa.float64()),
        ("band", pa.int64()),
        ("series", pa.int64()),
        ("star", pa.string()),
    ]
)
"""``band``: 1 g, 2 r, 3 i, -1 unknown. ``series``: equal where a star has one light curve."""


class SurveyCurves:
    """The light curves of an archive or of Kowalski, looked up by position."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self.total = survey.total_rows()

    def near(self, ra: Floats, dec: Floats, radius_arcsec: float) -> pa.Table:
        """Return the light curves within a radius of positions, see `Curves.near`."""
        known = np.isfinite(ra) & np.isfinite(dec)
        found = self._survey.cone(ra[known], dec[known], radius_arcsec)
        _, first = np.unique(found.column("_id").to_numpy(), return_index=True)
        found = found.take(pa.array(first))
        parts = [
            found.column(name).cast(pa.int64()).fill_null(-1).to_numpy()
            for name in ("field", "ccd", "quad", "filter")
        ]
        return _near(
            found.column("_id").to_numpy(),
            (found.column("ra").to_numpy(), found.column("dec").to_numpy()),
            parts[3],
            _series(parts),
            [None] * len(found),
        )

    def curves(self, ids: Ints) -> Iterator[LightCurves]:
        """Yield light curves, see `Curves.curves`."""
        for start in range(0, len(ids), ROWS):
            yield self._survey.lightcurves(ids[start : start + ROWS])


class FileCurves:
    """Light curves of files, or lists of them without their points.

    Parameters
    ----------
    paths : sequence of path
        Tables with an id, a position and, where they are there, field, detector, filter and
        star of each light curve. Points are read of Parquet only.

    Raises
    ------
    MissingColumnError, DuplicateIdError, InputError
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self._paths = [Path(path) for path in paths]
        self._table = pa.concat_tables([_listed(path) for path in self._paths]).sort_by("_id")
        ids = self._table.column("_id").to_numpy()
        twice = ids[1:][ids[1:] == ids[:-1]]
        if len(twice):
            raise DuplicateIdError("light curve that stands twice", value=int(twice[0]))
        self.total = len(ids)

    def near(self, ra: Floats, dec: Floats, radius_arcsec: float) -> pa.Table:
        """Return all light curves, wherever they are, see `Curves.near`."""
        return self._table

    def curves(self, ids: Ints) -> Iterator[LightCurves]:
        """Yield light curves, see `Curves.curves`.

        Raises
        ------
        MissingColumnError
            If the files are lists without points.
        """
        from scope.lightcurves.align import aligned

        parts = []
        for path in self._paths:
            names = read_schema(path).names if path.suffix == ".parquet" else []
            time = find_column(names, ("hmjd", "hjd"))
            if time is None or not {"mag", "magerr"} <= set(names):
                raise MissingColumnError(
                    f"list without the points of its light curves, {path}",
                    allowed="Parquet with lists hmjd (or hjd), mag and magerr",
                    todo="name an archive, or files of light curves",
                )
            own = str(find_column(names, LIGHT_CURVE_IDS))
            lists = [name for name in (time, "mag", "magerr", "catflags") if name in names]
            table = read_table(path, [own, *lists])
            table = table.filter(pc.is_in(table.column(own), pa.array(ids)))
            parts.append(lightcurves_of(table, path, id_column=own, time_column=time))
        if parts and len(ids):
            yield aligned(LightCurves.concatenate(parts), ids)


def _listed(path: Path) -> pa.Table:
    """Read which light curves a file has, and where they are."""
    if path.suffix == ".parquet":
        there = [field.name for field in read_schema(path) if not pa.types.is_list(field.type)]
        frame: Any = read_table(path, there).to_pandas()
        # As integers whatever their gaps: pandas would make floats of them.
        own = find_column(there, LIGHT_CURVE_IDS)
        if own is not None:
            frame[own] = read_table(path, [own]).column(own).to_pandas(integer_object_nulls=True)
    else:
        frame = read_user_table(path)
    names = list(frame.columns)
    own, ra, dec = (
        _needed(names, wanted, what, path)
        for wanted, what in ((LIGHT_CURVE_IDS, "ids"), (RA, "ra"), (DEC, "dec"))
    )
    ids = light_curve_ids(frame[own], own, path)
    if ids.isna().any():
        raise InputError(f"light curve without an id in {path}", allowed="an id in every row")
    place = positions(frame[ra], frame[dec], path, names=(ra, dec))
    wrong = np.flatnonzero(~(np.isfinite(place[0]) & np.isfinite(place[1])))
    if len(wrong):
        raise InputError(f"light curve without a position, in row {wrong[0] + 1} of {path}")
    parts = [_numbers(frame, wanted, path) for wanted in (FIELD, DETECTOR, FILTER)]
    star = find_column(names, STAR)
    stars = [None] * len(frame) if star is None else exact_names(frame[star], star, path)
    return _near(ids.to_numpy(np.int64), place, parts[2], _series(parts), stars)


def _needed(names: Sequence[str], wanted: Sequence[str], what: str, path: Path) -> str:
    name = find_column(names, wanted)
    if name is None:
        raise MissingColumnError(
            f"light curves without {what}, {path}",
            value=", ".join(map(str, names)),
            allowed=" or ".join(wanted),
        )
    return name


def _numbers(frame: Any, wanted: Sequence[str], path: Path) -> Ints:
    name = find_column(frame.columns, wanted)
    if name is None:
        return np.full(len(frame), -1, dtype=np.int64)
    found: Ints = exact_ids(frame[name], name, path).to_numpy(np.int64, na_value=-1)
    return found


def _series(parts: Sequence[Ints]) -> Ints:
    """Number the combinations of field, detector and filter; -1 where one is not known."""
    if not len(parts[0]):
        return np.zeros(0, dtype=np.int64)
    columns = np.stack(parts)
    _, number = np.unique(columns, axis=1, return_inverse=True)
    return np.where((columns < 0).any(axis=0), -1, number)


def _near(
    ids: Ints, place: tuple[Floats, Floats], band: Ints, series: Ints, star: Sequence[str | None]
) -> pa.Table:
    columns = [ids, place[0], place[1], band, series, pa.array(star, pa.string())]
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=NEAR)


def median_magnitudes(source: Curves, ids: Ints) -> Floats:
    """Return the median magnitude of light curves, ids rising; NaN for those without points.

    `ids` and the result: (n,) int64 and float64.
    """
    medians = [
        [
            float(np.median(one.mag)) if len(one.mag) else np.nan
            for one in (piece[n : n + 1] for n in range(len(piece)))
        ]
        for piece in source.curves(ids)
    ]
    return np.array([value for part in medians for value in part], dtype=np.float64)


def write_curves(
    source: Curves, near: pa.Table, stars: Sequence[str], path: Path, metadata: dict[str, Any]
) -> None:
    """Write light curves as `generate-features --light-curves` reads them.

    Parameters
    ----------
    near : pyarrow.Table
        Some rows of `Curves.near`, by ``_id``.
    stars : sequence of str
        The star of each.
    """
    ids = near.column("_id").to_numpy()
    schema = pa.schema(
        [
            ("_id", pa.int64()),
            ("obj_id", pa.string()),
            ("ra", pa.float64()),
            ("dec", pa.float64()),
            ("filter", pa.int8()),
            ("hmjd", pa.list_(pa.float64())),
            ("mag", pa.list_(pa.float64())),
            ("magerr", pa.list_(pa.float64())),
            ("catflags", pa.list_(pa.int32())),
        ]
    )
    done = 0
    with TableWriter(path, schema, metadata) as writer:
        for piece in source.curves(ids):
            here = near.slice(done, len(piece))
            lists = _lists(piece)
            columns = [
                here.column("_id").combine_chunks(),
                pa.array(stars[done : done + len(piece)], pa.string()),
                here.column("ra").combine_chunks(),
                here.column("dec").combine_chunks(),
                pa.array(here.column("band").to_numpy(), mask=here.column("band").to_numpy() < 0),
                *lists,
            ]
            arrays = [
                column.cast(field.type) for column, field in zip(columns, schema, strict=True)
            ]
            writer.write(pa.Table.from_arrays(arrays, schema=schema))
            done += len(piece)


def _lists(piece: LightCurves) -> list[pa.Array]:
    offsets = pa.array(piece.offsets.astype(np.int32))
    flags = np.zeros(len(piece.time), np.int32) if piece.catflags is None else piece.catflags
    time = piece.time + (piece.time_zero_hjd - HJD_OF_HMJD_ZERO)
    points = (time, piece.mag.astype(float), piece.magerr.astype(float))
    lists = [pa.ListArray.from_arrays(offsets, pa.array(values)) for values in points]
    return [*lists, pa.ListArray.from_arrays(offsets, pa.array(flags.astype(np.int32)))]
