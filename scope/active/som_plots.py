"""Pictures of a self-organising map: counts, a statistic, its borders, and how it was learnt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.som import SelfOrganisingMap, u_matrix

Floats = npt.NDArray[np.float64]


def cell_statistic(
    cells: npt.NDArray[np.integer],
    values: Floats,
    n_cells: int,
    statistic: Callable[[Floats], float] = np.mean,
) -> Floats:
    """Return a statistic of the values in each cell, NaN where there are none."""
    found = np.full(n_cells, np.nan)
    order = np.argsort(cells, kind="stable")
    held, start = np.unique(cells[order], return_index=True)
    for cell, part in zip(held, np.split(values[order], start[1:]), strict=True):
        if cell >= 0:
            found[cell] = float(statistic(part))
    return found


def plot_map(
    som: SelfOrganisingMap,
    data: npt.NDArray[np.floating],
    shape: tuple[int, int],
    values: Floats | None = None,
    name: str = "value",
    path: str | Path | None = None,
) -> Any:
    """Draw counts per cell, the mean of a value, distances between neighbours, and the loss.

    Parameters
    ----------
    data : (n, d) array
        Rows that are placed on the map.
    shape : tuple of int
        Of the grid, negative where it wraps around.
    values : (n,) float64, optional
        What is averaged in each cell.
    """
    from matplotlib.figure import Figure

    cells, sizes = som.cells(data), [abs(size) for size in shape]
    counts = np.bincount(cells[cells >= 0], minlength=len(som.weights)).astype(float)
    figure = Figure(figsize=(10, 8), layout="constrained")
    axes = figure.subplots(2, 2).ravel()
    pictures = [
        ("spectra per cell", counts.reshape(sizes)),
        ("distance", u_matrix(som.weights, shape)),
    ]
    if values is not None:
        mean = cell_statistic(cells, values, len(som.weights))
        pictures.append((name, mean.reshape(sizes)))
    for at, (title, picture) in zip(axes, pictures, strict=False):
        figure.colorbar(at.imshow(picture, origin="lower", cmap="viridis"), ax=at)
        at.set_title(title)
    axes[3].plot(som.loss, color="0.2")
    axes[3].set(xlabel="iteration", ylabel="mean distance from the best cell")
    if values is None:
        axes[2].set_axis_off()
    if path is not None:
        from scope.io.atomic import atomic_path

        with atomic_path(path) as temporary:
            figure.savefig(temporary, format=Path(path).suffix.lstrip(".") or "png", dpi=120)
    return figure
