"""The cleaned light curves of a unit, or why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.io.tables import read_metadata, read_table
from scope.lightcurves.align import aligned
from scope.lightcurves.cleaning import (
    CleaningOptions,
    clean_rows,
    emptied,
    is_dropped,
)
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import DEFAULT_ROWS, CleanedLightCurves, write_lightcurve_file
from scope.lightcurves.left_out import LeftOut
from scope.provenance import record
from scope.surveys.base import Survey
from scope.surveys.fetch_sources import log_counts, where_of


def fetch_lightcurves(
    survey: Survey,
    sources: str | Path,
    field: int,
    unit: str,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    rows: int = DEFAULT_ROWS,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the cleaned light curves of all sources of a unit, or why there is none.

    Parameters
    ----------
    survey : Survey
    sources : str or Path
        File of `fetch_sources`.
    field : int
    unit : str
    output : str or Path
        Parquet file, columns `scope.schema.lightcurve_schema`, one row for each row of
        `sources`, in that order.
    cleaning : CleaningOptions, optional
    rows : int
        Light curves in memory at a time; it leaves no trace in the file.
    facts : mapping, optional
        What to record beside the cleaning.
    """
    cleaning = cleaning or CleaningOptions()
    table = read_table(sources, ["_id", "reason"])
    ids = table.column("_id").to_numpy()
    reasons = np.array(table.column("reason").to_pylist(), dtype=object)
    counts: Counter[str | None] = Counter()
    left_out = LeftOut()
    where = where_of(field, unit)

    def cleaned() -> Iterator[CleanedLightCurves]:
        start = 0
        for raw in in_order_of(ids, survey.iter_lightcurves(field, unit, rows)):
            given = reasons[start : start + len(raw)]
            start += len(raw)
            piece = _clean(raw, given, cleaning, left_out)
            counts.update(piece.reasons.tolist())
            yield piece
        left_out.require_dates(where, cleaning.max_timestamp_hjd)

    provenance = record(
        "lightcurves",
        read_metadata(sources),
        **{**(facts or {}), **cleaning.facts()},
    )
    write_lightcurve_file(cleaned(), output, provenance)
    left_out.warn(where)
    log_counts(f"{where}: light curves", counts)


def in_order_of(ids: npt.NDArray[np.int64], stream: Iterable[LightCurves]) -> Iterator[LightCurves]:
    """Yield one light curve per id, in order, empty where the stream has none.

    Parameters
    ----------
    ids : (n,) int64
        Ascending.
    stream : iterable of LightCurves
        Ids ascend. Those that were not asked for are left out.
    """
    start = 0
    last = None
    for piece in stream:
        last = piece
        stop = int(np.searchsorted(ids, piece.ids[-1], side="right"))
        if stop > start:
            yield aligned(piece, ids[start:stop])
        start = stop
    if start < len(ids):
        yield aligned(_no_curves() if last is None else last[:0], ids[start:])


def _clean(
    raw: LightCurves,
    given: npt.NDArray[np.object_],
    cleaning: CleaningOptions,
    left_out: LeftOut,
) -> CleanedLightCurves:
    """Clean light curves of which some are dropped already, for the reasons given."""
    cleaned = clean_rows(raw, cleaning)
    left_out.add(cleaned.left_out)
    already = is_dropped(given)
    return CleanedLightCurves(
        emptied(cleaned.lightcurves, already),
        cleaned.n_epochs,
        np.where(already, given, cleaned.reasons),
    )


def _no_curves() -> LightCurves:
    nothing = np.zeros(0)
    return LightCurves(
        ids=np.zeros(0, dtype=np.int64),
        offsets=np.zeros(1, dtype=np.int64),
        time=nothing,
        mag=nothing,
        magerr=nothing,
    )
