"""What the report takes from feature files: amplitudes of chosen rows, all magnitudes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.features.crossmatch_catalogues import ALERTS_SEARCHED, CATALOGUES
from scope.io import iter_batches, read_schema
from scope.report.catalogue_rows import BATCH_ROWS

AMPLITUDE_COLUMN = "i90r"
"""Difference of the 95th and 5th percentile of the magnitudes, mag."""

SEARCHED = {
    **{name: one.searched for name, one in CATALOGUES.items()},
    "ZTF alerts": ALERTS_SEARCHED,
}
"""What light curves are matched with, and the flag of each: whether there was a table."""

MAG_EDGES = np.arange(5.0, 30.01, 0.25)


@dataclass
class FeatureTally:
    """Counts of the feature files of a target.

    Attributes
    ----------
    rows : int
        Light curves in the files.
    magnitudes : dict of (100,) int64
        Light curves per bin of median magnitude (`MAG_EDGES`), by filter, -1 where
        unknown. Fainter or brighter ones count in the outermost bins.
    ids : (n,) int64
        The rows that amplitudes were wanted for, rising.
    amplitude : (n,) float64
        Their amplitudes in mag; NaN where there is none.
    searched, matched : dict of int
        Light curves that were looked for in each catalogue, and that were found there. Alerts
        are searched only. Empty where the files say nothing of it.
    """

    ids: npt.NDArray[np.int64]
    amplitude: npt.NDArray[np.float64]
    rows: int = 0
    magnitudes: dict[int, npt.NDArray[np.int64]] = field(default_factory=dict)
    searched: dict[str, int] = field(default_factory=dict)
    matched: dict[str, int] = field(default_factory=dict)

    def amplitudes_of(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the amplitudes of ids that were wanted, (n,) mag.

        `ids`: (n,) int64.
        """
        return self.amplitude[np.searchsorted(self.ids, ids)]


def tally_features(
    paths: Sequence[Path], ids: npt.NDArray[np.int64], *, batch_rows: int = BATCH_ROWS
) -> FeatureTally:
    """Read feature files in one pass of bounded memory.

    Parameters
    ----------
    paths : sequence of Path
        Feature files with columns ``_id``, ``filter``, ``median`` and ``i90r``.
    ids : (n,) int64
        Rows whose amplitudes are wanted.

    Raises
    ------
    MissingColumnError
        If a file has not these columns.
    """
    wanted = np.unique(ids)
    tally = FeatureTally(wanted, np.full(len(wanted), np.nan))
    columns = ["_id", "filter", "median", AMPLITUDE_COLUMN]
    for path in paths:
        matches = _match_columns(path)
        for batch in iter_batches(path, columns=[*columns, *matches], rows=batch_rows):
            _add_matches(tally, batch, matches)
            here = np.asarray(batch.column("_id"))
            tally.rows += len(here)
            _add_magnitudes(
                tally,
                np.asarray(pc.fill_null(batch.column("filter"), -1)),
                np.asarray(batch.column("median").cast("float64")),
            )
            if len(wanted):
                amplitude = np.asarray(batch.column(AMPLITUDE_COLUMN).cast("float64"))
                place = np.minimum(np.searchsorted(wanted, here), len(wanted) - 1)
                found = wanted[place] == here
                tally.amplitude[place[found]] = amplitude[found]
    return tally


def _match_columns(path: Path) -> list[str]:
    there = read_schema(path).names
    wanted = [*SEARCHED.values(), *(one.column_name("_id") for one in CATALOGUES.values())]
    return [name for name in wanted if name in there]


def _add_matches(tally: FeatureTally, batch: pa.Table, columns: Sequence[str]) -> None:
    for name, flag in SEARCHED.items():
        if flag in columns:
            count = pc.sum(batch.column(flag)).as_py() or 0
            tally.searched[name] = tally.searched.get(name, 0) + count
        found = f"{name}___id"
        if found in columns:
            count = batch.num_rows - batch.column(found).null_count
            tally.matched[name] = tally.matched.get(name, 0) + count


def _add_magnitudes(
    tally: FeatureTally, filters: npt.NDArray[np.integer], median: npt.NDArray[np.float64]
) -> None:
    there = np.isfinite(median)
    bins = np.clip(np.searchsorted(MAG_EDGES, median, side="right") - 1, 0, len(MAG_EDGES) - 2)
    for one in np.unique(filters[there]).tolist():
        counts = np.bincount(bins[there & (filters == one)], minlength=len(MAG_EDGES) - 1)
        tally.magnitudes[one] = tally.magnitudes.get(one, 0) + counts
