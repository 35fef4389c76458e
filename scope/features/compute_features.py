"""The feature stage: light curves, sources and cross-matches in, rows of features out."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.column_types import arrow_type
from scope.features.batch import (
    Values,
    compute_task,
    fourier_columns,
    join,
    tasks_of,
    thread_pool,
)
from scope.features.compiled import say_if_compiling
from scope.features.crossmatch_catalogues import crossmatch_columns
from scope.features.edges import SIZE
from scope.features.joint_periods import JointPeriods, joint_periods
from scope.features.options import FeatureOptions
from scope.features.registry import light_curve_columns, product_columns, star_columns
from scope.features.unit_rows import Rows, joined_rows
from scope.io import TableWriter, count_rows, read_metadata, read_schema
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import emptied, is_dropped
from scope.periods.backends import get_backend
from scope.periods.grid import longest_baseline
from scope.periods.options import JOINT, LS_BIC
from scope.provenance import record
from scope.schema import KEY_COLUMNS, Column, arrow_schema, key_columns

_log = logging.getLogger(__name__)

DEFAULT_ROWS = 512
"""Light curves in memory at a time, about; no number depends on it."""

NO_PERIOD = "no_period"
BASELINE_TOO_LONG = "baseline_too_long"

_SECONDS_BETWEEN_MESSAGES = 30.0

_TASKS_PER_WORKER = 3
"""Tasks that wait per thread: none runs dry, and no more than these are in memory."""


class Summary(NamedTuple):
    """Counts of what became of the rows.

    Attributes
    ----------
    rows : int
        All rows.
    reasons : dict of str to int
        Rows without features, by reason.
    left_out : dict of str to int
        Points that were not used, by reason; empty where the light curves came cleaned.
    """

    rows: int
    reasons: dict[str, int]
    left_out: Mapping[str, int] = MappingProxyType({})

    @property
    def with_features(self) -> int:
        """Rows with features."""
        return self.rows - sum(self.reasons.values())


def compute_features(
    lightcurves: str | Path,
    sources: str | Path,
    crossmatch: str | Path | None,
    output: str | Path,
    *,
    options: FeatureOptions | None = None,
    backend: str = "cpu",
    workers: int = 1,
    rows: int = DEFAULT_ROWS,
    facts: Mapping[str, Any] | None = None,
) -> Summary:
    """Write the features of a unit, or why a row has none.

    Parameters
    ----------
    lightcurves, sources : str or Path
        Files of the cleaned light curves and of the sources, with the same ids in the
        same order.
    crossmatch : str or Path, optional
        File of the cross-matches, with the same ids; None leaves its columns null.
    output : str or Path
        Parquet file, columns `scope.features.registry.product_columns`, one row for each
        source. Features of rows with a reason are null, but for rows without a period
        (``no_period``), which keep those that need none.
    options : FeatureOptions, optional
    backend : str
        Who computes, see `scope.features.batch.compute_batch`; the file says who did.
    workers : int
        Threads.
    rows : int
        Light curves read at a time.
    facts : mapping, optional
        What to record beside the options.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If the files do not have the same ids in the same order.
    NotFoundError, CorruptFileError, MissingColumnError
        If a file cannot be used.
    BackendError
        If the backend is not there.
    """
    options = options or FeatureOptions()
    inputs = [path for path in (sources, lightcurves, crossmatch) if path is not None]
    metadata = record(
        "features",
        [read_metadata(path) for path in inputs],
        **{**(facts or {}), **options.facts(), "backend": backend},
    )

    def pieces() -> Iterator[Rows]:
        return joined_rows(lightcurves, sources, crossmatch, rows)

    summary = write_features(
        pieces,
        output,
        options=options,
        backend=backend,
        workers=workers,
        metadata=metadata,
        total=count_rows(sources),
        keys=key_columns(read_schema(sources).names),
    )
    _log.info("%d rows, %d with features", summary.rows, summary.with_features)
    for reason, count in summary.reasons.items():
        _log.info("%d rows: %s", count, reason)
    return summary


def write_features(
    pieces: Callable[[], Iterable[Rows]],
    output: str | Path,
    *,
    options: FeatureOptions,
    backend: str,
    workers: int,
    metadata: Mapping[str, Any],
    total: int | None = None,
    keys: Sequence[Column] = KEY_COLUMNS,
) -> Summary:
    """Compute and write the features of rows that come piece by piece, in their order.

    Parameters
    ----------
    pieces : callable
        Of nothing, gives an iterable of Rows from the first one on. Their sizes leave no
        trace in the file.
    output : str or Path
    options : FeatureOptions
    backend : str
    workers : int
        Threads. While they compute, the calling thread reads and writes.
    metadata : mapping
        Record of the product.
    total : int, optional
        How many rows there are, for those who wait.
    keys : sequence of Column
        The identity columns of the pieces.

    Returns
    -------
    Summary
    """
    # A backend that is not there is an error before anything is read.
    get_backend(backend)
    if backend == "cpu":
        say_if_compiling()
    columns = product_columns(options, keys)
    counts: Counter[str] = Counter()
    begun = spoken = time.monotonic()

    def bounded() -> Iterator[Rows]:
        return (_bounded(piece, options) for piece in pieces())

    with TableWriter(output, columns, metadata) as writer, thread_pool(workers) as pool:
        limit = _TASKS_PER_WORKER * workers
        try:
            joint = _joint(bounded, Path(output).parent, pool, options, backend, limit)
            for piece, values in _in_order(bounded(), pool, options, backend, limit):
                table = _to_table(piece, values, joint, options, backend)
                counts.update(table.column("reason").drop_null().to_pylist())
                writer.write(table)
                if time.monotonic() > spoken + _SECONDS_BETWEEN_MESSAGES:
                    spoken = time.monotonic()
                    _log.info("%s", progress(writer.rows, total, spoken - begun))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return Summary(writer.rows, dict(sorted(counts.items())))


def progress(rows: int, total: int | None, seconds: float) -> str:
    """Return how far it is: rows of all, their rate, and the time left at this rate."""
    rate = rows / seconds if seconds > 0 else 0.0
    if not total or not rate:
        return f"{rows:,} rows done"
    left = round(max(total - rows, 0) / rate)
    return (
        f"{rows:,} of {total:,} rows, {rate:,.1f} per second, "
        f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d} left"
    )


def _bounded(piece: Rows, options: FeatureOptions) -> Rows:
    """Drop the light curves whose period search would take more memory than is allowed."""
    curves = piece.lightcurves
    rows = np.flatnonzero(curves.n_epochs)
    baselines = curves.time[curves.offsets[rows + 1] - 1] - curves.time[curves.offsets[rows]]
    too_long = rows[~(baselines <= longest_baseline(options.search))]
    if not len(too_long):
        return piece
    reasons = piece.reasons.copy()
    reasons[too_long] = BASELINE_TOO_LONG
    _log.warning(
        "%d light curves, such as _id %d, are longer than the %.0f d that the period search "
        "may take at %d trial frequencies (period_search.max_trial_frequencies)",
        *(len(too_long), curves.ids[too_long[0]]),
        *(longest_baseline(options.search), options.search.max_trial_frequencies),
    )
    dropped = np.zeros(len(curves), dtype=bool)
    dropped[too_long] = True
    return piece._replace(lightcurves=emptied(curves, dropped), reasons=reasons)


def _joint(
    pieces: Callable[[], Iterable[Rows]],
    folder: Path,
    pool: ThreadPoolExecutor,
    options: FeatureOptions,
    backend: str,
    limit: int,
) -> JointPeriods | None:
    """Search the light curves of each star together, where that is asked for."""
    if options.bands_radius_arcsec is None:
        return None
    found = joint_periods(
        pieces(), folder, options=options, backend=backend, pool=pool, limit=limit
    )
    _log.info("%d light curves searched with others of their stars", len(found.ids))
    return found


def _in_order(
    pieces: Iterable[Rows],
    pool: ThreadPoolExecutor,
    options: FeatureOptions,
    backend: str,
    limit: int,
) -> Iterator[tuple[Rows, Values | None]]:
    """Yield pieces in order with the values of their kept rows, None where there are none.

    Pieces are read only while fewer than `limit` tasks are waiting, so that memory does
    not grow with the file.
    """
    waiting: deque[tuple[Rows, list[Future[Values]]]] = deque()
    n_tasks = 0
    for piece in pieces:
        kept = piece.lightcurves.take(np.flatnonzero(~is_dropped(piece.reasons)))
        tasks = [
            pool.submit(compute_task, task, options, backend) for task in tasks_of(kept, backend)
        ]
        waiting.append((piece, tasks))
        n_tasks += len(tasks)
        # The newest piece does not count: its tasks run while the next one is read.
        while len(waiting) > limit or (waiting and n_tasks - len(tasks) >= limit):
            done, parts = waiting.popleft()
            n_tasks -= len(parts)
            yield done, _result(parts)
    while waiting:
        done, parts = waiting.popleft()
        yield done, _result(parts)


def _result(parts: list[Future[Values]]) -> Values | None:
    return join(part.result() for part in parts) if parts else None


def _to_table(
    piece: Rows,
    values: Values | None,
    joint: JointPeriods | None,
    options: FeatureOptions,
    backend: str,
) -> pa.Table:
    """Return the rows of a piece with their features, reasons and cross-matches."""
    n = len(piece.lightcurves)
    kept = ~is_dropped(piece.reasons)
    reasons = piece.reasons.copy()
    if values is not None and joint is not None:
        curves = piece.lightcurves.take(np.flatnonzero(kept))
        values = {**values, **_of_stars(curves, values, joint, options, backend)}
    if values is not None:
        period = values[f"period_{options.model_suffix}"].astype(np.float64)
        reasons[np.flatnonzero(kept)[np.isnan(period)]] = NO_PERIOD
    arrays = {name: piece.keys.column(name) for name in piece.keys.schema.names}
    arrays["n_epochs"] = pa.array(piece.n_epochs.astype(np.int32))
    arrays["reason"] = pa.array(reasons, type=pa.string())
    for column in (*light_curve_columns(options), *star_columns(options)):
        arrays[column.name] = _spread(column, kept, None if values is None else values[column.name])
    if piece.crossmatch is not None:
        for column in crossmatch_columns():
            arrays[column.name] = piece.crossmatch.column(column.name)
    else:
        for column in crossmatch_columns():
            arrays[column.name] = _absent(column, n)
    columns = product_columns(options, key_columns(piece.keys.schema.names))
    return pa.table(arrays, schema=arrow_schema(columns))


def _of_stars(
    lightcurves: LightCurves,
    values: Values,
    joint: JointPeriods,
    options: FeatureOptions,
    backend: str,
) -> Values:
    """Return the joint columns of rows.

    Where models see them, the row's own period stands in for stars with one light curve, and
    there are Fourier features of all.
    """
    found = joint.of(lightcurves.ids)
    if not options.joint_models:
        return found
    alone = np.isnan(found[f"n_bands_{JOINT}"].astype(np.float64))
    for name in found:
        own = values.get(f"{name.removesuffix(JOINT)}{LS_BIC}")
        if own is not None:
            found[name] = np.where(alone, own, found[name])
    period = found[f"period_{JOINT}"].astype(np.float64)
    found[f"n_bands_{JOINT}"][alone & np.isfinite(period)] = 1.0
    return {**found, **fourier_columns(lightcurves, JOINT, period, options.fourier, backend)}


def _spread(
    column: Column, kept: npt.NDArray[np.bool_], values: npt.NDArray[np.generic] | None
) -> pa.Array:
    """Return a column with `values` in the kept rows and null (flags: false) in the others."""
    if column.name == "dmdt":
        flat = np.zeros((len(kept), SIZE), dtype=np.float32)
        if values is not None:
            flat[kept] = values
        return pa.FixedSizeListArray.from_arrays(
            pa.array(flat.ravel()), type=arrow_type(column.dtype), mask=pa.array(~kept)
        )
    if column.dtype == "bool":
        flags = np.zeros(len(kept), dtype=bool)
        if values is not None:
            flags[kept] = values
        return pa.array(flags)
    full = np.full(len(kept), np.nan)
    if values is not None:
        full[kept] = values
    return pa.array(full, mask=np.isnan(full), type=arrow_type(column.dtype))


def _absent(column: Column, n: int) -> pa.Array:
    """Return a cross-match column where nobody looked."""
    if column.nullable:
        return pa.nulls(n, arrow_type(column.dtype))
    return pa.array(np.zeros(n, dtype=bool))
