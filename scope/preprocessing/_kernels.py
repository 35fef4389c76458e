"""Compiled loops over rows of features. Numba is loaded with them, when rows are prepared."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def fill_missing(
    rows: Floats,
    scaled: Floats,
    present: Floats,
    donors: Floats,
    low: Floats,
    span: Floats,
    mean: Floats,
    n_neighbors: int,
) -> None:
    """Write into missing values the mean of the nearest reference rows that have the value.

    Parameters
    ----------
    rows : (n, k) float64
        Changed in place; NaN is missing.
    scaled, present, donors : (k, m) float64
        The reference rows by column: scaled to 0 to 1 (0 where missing), 1 where present, and
        as they are.
    low, span, mean : (k,) float64
        Of each column of the reference.
    n_neighbors : int
        How many are averaged at most.
    """
    n_rows, n_columns = rows.shape
    n_reference = scaled.shape[1]
    distance = np.empty(n_reference)
    count = np.empty(n_reference)
    best = np.empty(n_neighbors)
    best_index = np.empty(n_neighbors, dtype=np.int64)
    missing = np.empty(n_columns, dtype=np.bool_)
    for i in range(n_rows):
        n_missing = 0
        for j in range(n_columns):
            missing[j] = np.isnan(rows[i, j])
            n_missing += missing[j]
        if n_missing == 0:
            continue
        if n_missing == n_columns:
            for j in range(n_columns):
                rows[i, j] = mean[j]
            continue
        distance[:] = 0.0
        count[:] = 0.0
        for j in range(n_columns):
            if not missing[j]:
                value = (rows[i, j] - low[j]) / span[j]
                for r in range(n_reference):
                    difference = value - scaled[j, r]
                    distance[r] += present[j, r] * (difference * difference)
                    count[r] += present[j, r]
        # Nothing in common: 0 / 0 is NaN, which is below no bound.
        for r in range(n_reference):
            distance[r] = distance[r] / count[r]
        for j in range(n_columns):
            if not missing[j]:
                continue
            best[:] = np.inf
            n_found = 0
            for r in range(n_reference):
                if distance[r] < best[n_neighbors - 1] and present[j, r] > 0.0:
                    place = min(n_found, n_neighbors - 1)
                    while place > 0 and best[place - 1] > distance[r]:
                        best[place] = best[place - 1]
                        best_index[place] = best_index[place - 1]
                        place -= 1
                    best[place] = distance[r]
                    best_index[place] = r
                    n_found = min(n_found + 1, n_neighbors)
            if n_found == 0:
                rows[i, j] = mean[j]
                continue
            total = 0.0
            for place in range(n_found):
                total += donors[j, best_index[place]]
            rows[i, j] = total / n_found


@numba.njit(nogil=True, cache=True, error_model="numpy")
def mean_distance(
    normal: Floats,
    whitening: Floats,
    reference: npt.NDArray[np.float32],
    n_neighbours: int,
    result: Floats,
) -> None:
    """Write the mean of the smallest distances of each row, one row at a time.

    Loops and no matrix products: what a row gets must not depend on the rows beside it.

    Parameters
    ----------
    normal, reference : (n, k) float64, (m, k) float32
        Rows that are judged, and those that they are compared with.
    whitening : (k, k) float64
    n_neighbours : int
    result : (n,) float64
        Out.
    """
    k = normal.shape[1]
    row = np.empty(k)
    best = np.empty(n_neighbours)
    for i in range(len(normal)):
        for j in range(k):
            total = 0.0
            for q in range(k):
                total += normal[i, q] * whitening[q, j]
            row[j] = total
        best[:] = np.inf
        for r in range(len(reference)):
            total = 0.0
            for j in range(k):
                difference = row[j] - reference[r, j]
                total += difference * difference
            if total < best[n_neighbours - 1]:
                place = n_neighbours - 1
                while place > 0 and best[place - 1] > total:
                    best[place] = best[place - 1]
                    place -= 1
                best[place] = total
        total = 0.0
        for place in range(n_neighbours):
            total += np.sqrt(best[place])
        result[i] = total / n_neighbours
