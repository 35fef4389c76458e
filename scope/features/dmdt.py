"""The dm-dt histogram: all pairs of points by difference in time and in magnitude.

Mahabal et al. 2017, IEEE Symposium Series on Computational Intelligence
(arXiv:1709.06257); edges as in the Source Classification Project.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scope.features.edges import N_BINS, DmdtEdges
from scope.features.kernels import Array, kernel
from scope.lightcurves.curves import LightCurves

_MAX_TABLE = 1 << 16


def dmdt(lightcurves: LightCurves, edges: DmdtEdges | None = None) -> npt.NDArray[np.float64]:
    """Compute the histogram of many light curves.

    For all pairs i < j of a curve the differences t_j - t_i and m_j - m_i are counted as
    `numpy.histogram2d` counts them: bins closed on the left, the last bin on both sides,
    values outside lost. Each histogram is divided by its Frobenius norm.

    Parameters
    ----------
    lightcurves : LightCurves
        n curves with times rising within each.
    edges : DmdtEdges, optional
        Those of the Source Classification Project by default.

    Returns
    -------
    (n, 26, 26) float64
        Rows: difference in magnitude, columns: difference in time. All zero where no
        pair is within the edges.
    """
    edges = edges or DmdtEdges()
    dm_edges = np.asarray(edges.dm, dtype=np.float64)
    dt_edges = np.asarray(edges.dt, dtype=np.float64)
    base, threshold, scale = _lookup_table(dm_edges)
    out = np.zeros((len(lightcurves), N_BINS, N_BINS))
    _dmdt(
        lightcurves.offsets,
        lightcurves.time,
        lightcurves.mag,
        (edges.dm[0], edges.dm[-1]),
        dt_edges,
        base,
        threshold,
        scale,
        out,
    )
    return out


def _lookup_table(
    edges: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.float64], float]:
    """Return a table that finds the bin of a value without a search.

    The axis is cut into equal cells, at least four in the narrowest bin, so that a cell
    and its two neighbours hold at most one edge between them. The bin of a value in cell
    k, which rounding may have moved by one cell, is then ``base[k]``, plus one where the
    value has reached ``threshold[k]``: exact whatever the rounding.

    Returns
    -------
    base : (cells,) uint64
    threshold : (cells,) float64
    scale : float
        Cells per unit of the axis.
    """
    span = edges[-1] - edges[0]
    # One cell more than the span has, since the last edge itself belongs to the last bin.
    n_cells = min(math.ceil(4.0 * span / np.diff(edges).min()), _MAX_TABLE)
    before = edges[0] + span * (np.arange(n_cells + 1) - 1.0) / n_cells
    base = np.clip(np.searchsorted(edges, before, side="right") - 1, 0, len(edges) - 2)
    threshold = np.append(edges[:-1], np.inf)[base + 1]
    return base.astype(np.uint64), threshold, n_cells / span


@kernel
def _dmdt(
    offsets: npt.NDArray[np.int64],
    time: Array,
    mag: npt.NDArray[np.floating],
    dm_range: tuple[float, float],
    dt_edges: Array,
    base: npt.NDArray[np.uint64],
    threshold: Array,
    scale: float,
    out: npt.NDArray[np.float64],
) -> None:
    # Two sets of counts, used in turn: a bin that is hit twice in a row need not wait.
    n_rows, n_columns = out.shape[1], out.shape[2]
    counts = np.zeros((2, n_columns, n_rows), dtype=np.int64)
    for curve in range(len(offsets) - 1):
        low, high = offsets[curve], offsets[curve + 1]
        m = mag[low:high].astype(np.float64)
        # Differences of times near zero, not of Julian dates, carry the better rounding.
        t = time[low:high] - time[low] if high > low else time[low:high]
        counts[:] = 0
        _count(t, m, dm_range, dt_edges, base, threshold, scale, counts)
        squares = 0.0
        for column in range(n_columns):
            for row in range(n_rows):
                counts[0, column, row] += counts[1, column, row]
                squares += float(counts[0, column, row]) ** 2
        if squares > 0.0:
            norm = math.sqrt(squares)
            for column in range(n_columns):
                for row in range(n_rows):
                    out[curve, row, column] = counts[0, column, row] / norm


@kernel
def _count(
    t: Array,
    m: Array,
    dm_range: tuple[float, float],
    dt_edges: Array,
    base: npt.NDArray[np.uint64],
    threshold: Array,
    scale: float,
    counts: npt.NDArray[np.int64],
) -> None:
    """Add all pairs of one curve to `counts`, (2, dt bins, dm bins).

    Times rise, so along j the bin of t_j - t_i only ever moves up, and the pairs of one
    bin are a range of j.
    """
    n, n_columns = len(t), counts.shape[1]
    first, last = dm_range
    for i in range(n - 1):
        ti, mi = t[i], m[i]
        stop = i + 1
        while stop < n and t[stop] - ti < dt_edges[0]:
            stop += 1
        for column in range(n_columns):
            start = stop
            edge = dt_edges[column + 1]
            while stop < n and t[stop] - ti < edge:
                stop += 1
            if column == n_columns - 1:
                while stop < n and t[stop] - ti == edge:
                    stop += 1
            for j in range(start, stop):
                dm = m[j] - mi
                if first <= dm <= last:
                    # Unsigned, so that no index is tested for counting from the end.
                    cell = np.uint64((dm - first) * scale)
                    row = base[cell] + np.uint64(dm >= threshold[cell])
                    counts[np.uint64(j & 1), np.uint64(column), row] += 1
            if stop == n:
                break
