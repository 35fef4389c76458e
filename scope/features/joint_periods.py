"""Joint periods of the light curves of one star, for the feature stage.

The light curves of a star stand far apart in a unit, which is sorted by id. A first pass over
the unit therefore writes those that are kept to a scratch file beside the product, 24 bytes a
point, and holds what tells stars apart in memory, about 100 bytes a row. Stars are then
searched a few at a time, their points read back through a memory map. The results wait in
memory, about 80 bytes for each light curve of a star with two or more, until the second
pass writes the features of its row.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.features.options import FeatureOptions
from scope.features.unit_rows import Rows
from scope.io.atomic import full_disk_explained
from scope.lightcurves.cleaning import is_dropped
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.stars import group_stars
from scope.periods.columns import joint_columns
from scope.periods.joint import search_stars

Values = dict[str, npt.NDArray[np.generic]]

TASK_STARS = 4
"""Stars of one task of a thread. No number depends on it."""
TASK_STARS_TOGETHER = 128
"""The same for a GPU."""
_PLACE = ("field", "ccd", "quad", "filter")
_KEYS = ("ra", "dec", "obj_id", *_PLACE)


class JointPeriods(NamedTuple):
    """Joint periods by light curve.

    Attributes
    ----------
    ids : (m,) int64
        Light curves of stars that have two or more, rising.
    columns : dict of str to (m,) array
        By the names of `scope.periods.columns.joint_columns`.
    """

    ids: npt.NDArray[np.int64]
    columns: Values

    def of(self, ids: npt.NDArray[np.int64]) -> Values:
        """Return the columns of light curves; NaN and False for those that are alone.

        `ids`: (n,) int64; of each column (n,).
        """
        place = np.searchsorted(self.ids, ids)
        there = np.flatnonzero(place < len(self.ids))
        there = there[self.ids[place[there]] == ids[there]]
        values: Values = {}
        for name, column in self.columns.items():
            full = np.zeros(len(ids), bool) if column.dtype == bool else np.full(len(ids), np.nan)
            full[there] = column[place[there]]
            values[name] = full
        return values


def joint_periods(
    pieces: Iterable[Rows],
    folder: Path,
    *,
    options: FeatureOptions,
    backend: str,
    pool: ThreadPoolExecutor,
    limit: int,
) -> JointPeriods:
    """Search one period for each star with light curves in two bands or more.

    Parameters
    ----------
    pieces : iterable of Rows
        All rows of a unit, in ascending order of ids.
    folder : Path
        Where the scratch files lie; they have no names and end with the process.
    options : FeatureOptions
        With a radius in ``bands_radius_arcsec``.
    backend : str
    pool : ThreadPoolExecutor
    limit : int
        Tasks that wait at a time.

    Returns
    -------
    JointPeriods

    Raises
    ------
    ScopeError
        If the disk is full.
    """
    with ExitStack() as stack, full_disk_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        files = [stack.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in range(3)]
        curves, keys = _stored(pieces, files)
        stars = _stars(keys, options)
        size = TASK_STARS_TOGETHER if backend == "cuda" else TASK_STARS
        tasks = (stars[start : start + size] for start in range(0, len(stars), size))
        found = list(_searched(tasks, curves, options, backend, pool, limit))
    names = [column.name for column in joint_columns()]
    if not found:
        none = np.zeros(0)
        dtypes = {column.name: column.dtype for column in joint_columns()}
        return JointPeriods(
            np.zeros(0, np.int64), {n: none.astype(dtypes[n].removesuffix("64")) for n in names}
        )
    repeats = [len(rows) for rows in stars]
    rows = np.concatenate(stars)
    order = np.argsort(rows)
    columns = {
        name: np.repeat(np.concatenate([part[name] for part in found]), repeats)[order]
        for name in names
    }
    return JointPeriods(curves.ids[rows[order]], columns)


def _stored(pieces: Iterable[Rows], files: Sequence[IO[bytes]]) -> tuple[LightCurves, pa.Table]:
    """Write the kept light curves to scratch files, and map them into memory, with keys."""
    ids, lengths, keys = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], []
    for piece in pieces:
        kept = np.flatnonzero(~is_dropped(piece.reasons))
        curves = piece.lightcurves.take(kept)
        ids.append(curves.ids)
        lengths.append(curves.n_epochs)
        there = [name for name in _KEYS if name in piece.keys.schema.names]
        keys.append(piece.keys.select(there).take(pa.array(kept)))
        for file, values in zip(files, (curves.time, curves.mag, curves.magerr), strict=True):
            file.write(values.astype(np.float64).tobytes())
    time, mag, magerr = (_mapped(file) for file in files)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
    table = pa.concat_tables(keys) if keys else pa.table({name: [] for name in _KEYS})
    return LightCurves(np.concatenate(ids), offsets, time, mag, magerr), table


def _mapped(file: IO[bytes]) -> npt.NDArray[np.float64]:
    """The numbers in a file, as an array that reads them when they are looked at."""
    file.flush()
    return np.zeros(0) if file.tell() == 0 else np.memmap(file, dtype=np.float64, mode="r")


def _stars(keys: pa.Table, options: FeatureOptions) -> list[npt.NDArray[np.int64]]:
    """Rows of each star with two light curves or more."""
    radius = options.bands_radius_arcsec
    assert radius is not None
    if not keys.num_rows:
        return []
    source = keys.column("obj_id").cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(source, pa.ChunkedArray):
        source = source.combine_chunks()
    number = source.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    # A survey without fields has one light curve of a star in a filter.
    places = [
        keys.column(name).fill_null(-1).to_numpy().astype(np.int64)
        if name in keys.schema.names
        else np.zeros(keys.num_rows, dtype=np.int64)
        for name in _PLACE
    ]
    _, series = np.unique(np.stack(places, axis=1), axis=0, return_inverse=True)
    # Without a field or a filter nothing says that two light curves are of one series.
    unknown = (places[0] < 0) | (places[-1] < 0)
    series = np.where(unknown, -1 - np.arange(len(series)), series.ravel())
    ra, dec = (keys.column(name).to_numpy().astype(np.float64) for name in ("ra", "dec"))
    return group_stars(ra, dec, number, series, radius)


def _searched(
    tasks: Iterable[list[npt.NDArray[np.int64]]],
    curves: LightCurves,
    options: FeatureOptions,
    backend: str,
    pool: ThreadPoolExecutor,
    limit: int,
) -> Iterator[Values]:
    """Search stars in threads, `limit` tasks at a time, and yield their columns in order."""

    def search(stars: list[npt.NDArray[np.int64]]) -> Values:
        bounds = np.cumsum([0, *(len(rows) for rows in stars)])
        return search_stars(
            curves.take(np.concatenate(stars)), bounds, options.periods, backend=backend
        )

    waiting: deque[Future[Values]] = deque()
    for task in tasks:
        waiting.append(pool.submit(search, task))
        if len(waiting) > limit:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
