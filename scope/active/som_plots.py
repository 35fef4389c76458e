"""Pictures of a self-organising map: counts, a statistic, borders, three features as colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.active.som import SelfOrganisingMap, u_matrix
from scope.errors import UsageError

Floats = npt.NDArray[np.float64]


def cell_statistic(
    cells: npt.NDArray[np.integer],
    values: Floats,
    n_cells: int,
    statistic: Callable[[Floats], float] = np.mean,
) -> Floats:
    """Return a statistic of the values in each cell, NaN where there are none.

    `cells` (negative ones are none) and `values`: (n,) int and float; the result: (n_cells,)
    float64.
    """
    found = np.full(n_cells, np.nan)
    order = np.argsort(cells, kind="stable")
    held, start = np.unique(cells[order], return_index=True)
    for cell, part in zip(held, np.split(values[order], start[1:]), strict=True):
        if cell >= 0:
            found[cell] = float(statistic(part))
    return found


def feature_colours(
    weights: npt.NDArray[np.floating], features: Sequence[int]
) -> npt.NDArray[np.float64]:
    """Return three features of each cell as red, green and blue, (cells, 3) from 0 to 1.

    Each goes from its 2nd to its 98th percentile over the cells.

    `weights`: (cells, d) float.

    Raises
    ------
    UsageError
        If there are not three, or the map lacks one.
    """
    if len(features) != 3 or not all(0 <= one < weights.shape[1] for one in features):
        raise UsageError(
            "features as red, green and blue",
            value=str(list(features)),
            allowed=f"three numbers from 0 to {weights.shape[1] - 1}",
        )
    chosen = np.asarray(weights, dtype=np.float64)[:, list(features)]
    low, high = np.percentile(chosen, [2, 98], axis=0)
    return np.clip((chosen - low) / np.maximum(high - low, 1e-12), 0, 1)


def plot_map(
    som: SelfOrganisingMap,
    data: npt.NDArray[np.floating],
    shape: tuple[int, int],
    values: Floats | None = None,
    name: str = "value",
    path: str | Path | None = None,
    features: Sequence[int] = (),
    what: str = "spectra",
) -> Any:
    """Draw counts per cell, distances between neighbours, a mean value, three features, the loss.

    Parameters
    ----------
    data : (n, d) array
        Rows that are placed on the map.
    shape : tuple of int
        Of the grid, negative where it wraps around.
    values : (n,) float64, optional
        What is averaged in each cell.
    name : str
        Of the values.
    features : sequence of three int, optional
        Drawn as red, green and blue.
    what : str
        Rows are.
    """
    from matplotlib.figure import Figure

    cells, sizes = som.cells(data), [abs(size) for size in shape]
    counts = np.bincount(cells[cells >= 0], minlength=len(som.weights)).astype(float)
    empty = np.where(counts > 0, counts, np.nan)
    pictures = [
        (f"{what} per cell", empty.reshape(sizes)),
        ("distance from the neighbours", u_matrix(som.weights, shape)),
    ]
    if values is not None:
        mean = cell_statistic(cells, values, len(som.weights))
        pictures.append((f"mean {name}", mean.reshape(sizes)))
    panels = len(pictures) + bool(features) + 1
    figure = Figure(figsize=(10, 4.2 * -(-panels // 2)), layout="constrained")
    axes = figure.subplots(-(-panels // 2), 2).ravel()
    for at, (title, picture) in zip(axes, pictures, strict=False):
        figure.colorbar(at.imshow(picture, origin="lower", cmap="viridis"), ax=at)
        at.set_title(title)
    if features:
        colours = feature_colours(som.weights, features).reshape(*sizes, 3)
        axes[len(pictures)].imshow(colours, origin="lower")
        axes[len(pictures)].set_title("features " + ", ".join(map(str, features)))
    axes[panels - 1].plot(som.loss, color="0.2")
    axes[panels - 1].set(xlabel="iteration", ylabel="mean distance from the best cell")
    for at in axes[panels:]:
        at.set_axis_off()
    if path is not None:
        from scope.io.atomic import atomic_path

        with atomic_path(path) as temporary:
            figure.savefig(temporary, format=Path(path).suffix.lstrip(".") or "png", dpi=120)
    return figure
