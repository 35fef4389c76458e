"""A self-organising map: where objects lie among each other, which places hold few of them.

As SOMVIZ trains it (a step moves all cells towards a sample of the rows, with a rate and a
width that fall), on a grid that may wrap around; in batches, whose steps do not depend on the
order of the rows, by matrix products: no block of (rows, features, cells) is ever built.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.io.npyfile import read_npy

Floats = npt.NDArray[np.float32]

WEIGHTS, LOSS = "weights.npy", "loss.npy"
ROWS = 4096
"""Rows of a matrix product: 33 MB at 45 x 45 cells."""


@dataclass(frozen=True)
class MapOptions:
    """Options of training a self-organising map.

    Attributes
    ----------
    shape : tuple of int
        Cells along each axis; negative where it wraps around.
    iterations : int
    share : float
        Of the rows, drawn anew for each iteration.
    eta : float
        Rate in the last iteration, relative to the first.
    seed : int
    """

    shape: tuple[int, int] = (-45, -45)
    iterations: int = 100
    share: float = 0.1
    eta: float = 0.5
    seed: int = 123


@dataclass(frozen=True)
class SelfOrganisingMap:
    """A trained map.

    Attributes
    ----------
    weights : (cells, d) float32
    loss : (iterations,) float64
        Mean distance of a row from its best cell, in each iteration.
    """

    weights: Floats
    loss: npt.NDArray[np.float64]

    def cells(self, data: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Return the best cell of each row of (n, d), -1 where a value is missing.

        `data`: (n, d) float; the result: (n,) int64.
        """
        return best_cells(data, self.weights)[0]

    def occupancy(self, data: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Return how many rows each cell holds, (cells,).

        `data`: (n, d) float; the result: int64.
        """
        cells = self.cells(data)
        return np.bincount(cells[cells >= 0], minlength=len(self.weights))

    def save(self, folder: str | Path) -> None:
        """Write ``weights.npy`` and ``loss.npy``."""
        from scope.io.atomic import atomic_path

        for name, values in ((LOSS, self.loss), (WEIGHTS, self.weights)):
            with atomic_path(Path(folder) / name) as path, open(path, "wb") as file:
                np.save(file, values)


def load_map(folder: str | Path, n_features: int | None = None) -> SelfOrganisingMap:
    """Read ``weights.npy`` and ``loss.npy`` of a folder.

    Raises
    ------
    NotFoundError, CorruptFileError
    InputError
        If the map is not of `n_features` features.
    """
    todo = "name the folder that train_qnet_ensemble.py wrote"
    arrays = [read_npy(Path(folder) / name, todo=todo) for name in (WEIGHTS, LOSS)]
    weights = arrays[0].reshape(-1, arrays[0].shape[-1]) if arrays[0].ndim > 1 else arrays[0]
    if weights.ndim != 2 or (n_features is not None and weights.shape[1] != n_features):
        raise InputError(
            f"self-organising map in {folder} of another grid",
            value=weights.shape,
            allowed=f"(cells, {n_features or 'features'})",
        )
    return SelfOrganisingMap(weights.astype(np.float32), np.asarray(arrays[1], dtype=np.float64))


def train_map(
    data: npt.NDArray[np.floating], options: MapOptions | None = None
) -> SelfOrganisingMap:
    """Train a map on a reference sample.

    Parameters
    ----------
    data : (n, d) array
        Without missing values.

    Raises
    ------
    InputError
        If there is no row, or a value is missing.
    """
    options = options or MapOptions()
    data = np.ascontiguousarray(data, dtype=np.float32)
    if data.ndim != 2 or not len(data) or not np.isfinite(data).all():
        raise InputError(
            "reference sample of the map", value=data.shape, allowed="rows without missing values"
        )
    rng = np.random.default_rng(options.seed)
    separations = cell_separations(options.shape)
    start = rng.standard_normal((len(separations), data.shape[1]))
    weights = (start * data.std(axis=0)).astype(np.float32)
    loss = np.empty(options.iterations)
    size = max(1, round(options.share * len(data)))
    width_0 = 0.5 * float(separations.mean())
    for step in range(options.iterations):
        done = step / options.iterations
        rows = data[rng.choice(len(data), size, replace=False)]
        # The neighbourhood shrinks to a cell, the rate to eta.
        kernel = np.exp(-0.5 * (separations / max(width_0 ** (1 - done), 0.3)) ** 2)
        weights, loss[step] = _moved(weights, rows, kernel, options.eta**done)
    return SelfOrganisingMap(weights, loss)


def _moved(
    weights: Floats, rows: Floats, kernel: npt.NDArray[np.float64], rate: float
) -> tuple[Floats, float]:
    """Move each cell by `rate` towards the weighted mean of the rows around it."""
    cells, distance = best_cells(rows, weights)
    total = np.zeros_like(weights)
    np.add.at(total, cells, rows)
    count = np.bincount(cells, minlength=len(weights)).astype(np.float64)
    pull = kernel @ count
    mean = (kernel.astype(np.float32) @ total) / np.maximum(pull, 1e-12)[:, None]
    # A cell that hardly any row reaches stays where it is.
    step = rate * np.minimum(pull, 1.0)[:, None]
    return (weights + step * (mean - weights)).astype(np.float32), float(distance.mean())


def best_cells(
    data: npt.NDArray[np.floating], weights: Floats
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the nearest cell of each row and its distance: |x|^2 - 2 x w + |w|^2.

    Parameters
    ----------
    data : (n, d) array
    weights : (cells, d) float32

    Returns
    -------
    (n,) int64, (n,) float64
        -1 and NaN for rows with missing values.
    """
    cells = np.full(len(data), -1, dtype=np.int64)
    distance = np.full(len(data), np.nan)
    norm = (weights**2).sum(axis=1)
    for start in range(0, len(data), ROWS):
        rows = np.asarray(data[start : start + ROWS], dtype=np.float32)
        whole = np.isfinite(rows).all(axis=1)
        rows = rows[whole]
        squares = norm - 2 * (rows @ weights.T)
        best = squares.argmin(axis=1)
        part = np.flatnonzero(whole) + start
        cells[part] = best
        nearest = squares[np.arange(len(rows)), best] + (rows**2).sum(axis=1)
        distance[part] = np.sqrt(np.maximum(nearest, 0))
    return cells, distance


def cell_separations(shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the distances between all cells of a grid, (cells, cells), in cells."""
    square = 0.0
    sizes = [abs(size) for size in shape]
    if min(sizes) < 1:
        raise InputError("grid of a map", value=shape, allowed="at least one cell along each axis")
    for axis, size in enumerate(shape):
        place = np.indices(sizes)[axis].ravel()
        apart = np.abs(place[:, None] - place).astype(np.float64)
        if size < 0:
            apart = np.minimum(apart, -size - apart)
        square = square + apart**2
    return np.asarray(np.sqrt(square), dtype=np.float64)


def u_matrix(weights: Floats, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Return the mean distance of each cell from its neighbours, (rows, columns).

    `weights`: (cells, d) float32, cells row after row. Ultsch 1993, Information and Classification,
    307.
    """
    near = (cell_separations(shape) <= 1.0) & ~np.eye(len(weights), dtype=bool)
    norm = (weights.astype(np.float64) ** 2).sum(axis=1)
    square = norm[:, None] - 2 * weights.astype(np.float64) @ weights.T.astype(np.float64) + norm
    distance = np.sqrt(np.maximum(square, 0))
    mean = (distance * near).sum(axis=1) / near.sum(axis=1)
    return np.asarray(mean.reshape([abs(size) for size in shape]), dtype=np.float64)
