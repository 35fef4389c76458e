"""Which rows a person should look at first: plain functions from arrays to indices.

All take the probabilities of members, (n, m, k), or what they are made of, and return the
indices of `size` rows, the most useful first. Rows of equal use keep their order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scope.active.summary import Summary, entropy, summarise

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]

USES: dict[str, Callable[[Summary], npt.NDArray[np.float64]]] = {
    "entropy": lambda summary: summary.entropy,
    "margin": lambda summary: -summary.margin,
    "least_confidence": lambda summary: summary.least_confidence,
    "vote_entropy": lambda summary: summary.vote_entropy,
    "bald": lambda summary: summary.mutual_information,
}
"""Name of a strategy -> how useful an answer about each object would be."""

STRATEGIES = (*USES, "weakest", "random")
"""All names of strategies."""

N_WEAKEST = 5
"""Classes that ``weakest`` asks about."""


def first(use: Floats, size: int) -> Indices:
    """Return the rows with the largest `use`, (n,); those that are NaN come never.

    The result: (size,) int64, or fewer.
    """
    use = np.asarray(use, dtype=np.float64)
    order = np.argsort(-use, kind="stable")
    return order[: min(size, int((~np.isnan(use)).sum()))].astype(np.int64)


def by_entropy(p: Floats, size: int) -> Indices:
    """Return the rows whose mean probabilities say least.

    `p`: (n, m, k) float, what m members say of k classes, NaN where one does not speak; the result:
    (size,) int64.
    """
    return first(USES["entropy"](summarise(p)), size)


def by_margin(p: Floats, size: int) -> Indices:
    """Return the rows whose two most probable classes are closest.

    `p`: (n, m, k) float, as `by_entropy` takes it; the result: (size,) int64.
    """
    return first(USES["margin"](summarise(p)), size)


def by_least_confidence(p: Floats, size: int) -> Indices:
    """Return the rows whose most probable class is least probable.

    `p`: (n, m, k) float, as `by_entropy` takes it; the result: (size,) int64.
    """
    return first(USES["least_confidence"](summarise(p)), size)


def by_vote_entropy(p: Floats, size: int) -> Indices:
    """Return the rows about whose class the members' votes are divided most.

    `p`: (n, m, k) float, as `by_entropy` takes it; the result: (size,) int64.
    """
    return first(USES["vote_entropy"](summarise(p)), size)


def by_bald(p: Floats, size: int) -> Indices:
    """Return the rows about which sure members disagree.

    `p`: (n, m, k) float, as `by_entropy` takes it; the result: (size,) int64. Houlsby et al. 2011,
    arXiv 1112.5745.
    """
    return first(USES["bald"](summarise(p)), size)


def class_doubt(
    mean: npt.NDArray[np.floating], quality: npt.NDArray[np.floating], n: int = N_WEAKEST
) -> npt.NDArray[np.float64]:
    """Return the doubt about the classes that the ensemble knows least, each by its weakness.

    Parameters
    ----------
    mean : (n, k) array
        Mean probabilities.
    quality : (k,) array
        Of each class, 1 at best, such as its average precision out of bag; NaN counts as 0.
    n : int
        Classes that count.

    Returns
    -------
    (n,) float64
        Sum over those classes of (1 - quality) times the binary entropy of the probability.
    """
    weakness = 1 - np.nan_to_num(np.asarray(quality, dtype=np.float64), nan=0.0)
    weakness[np.argsort(-weakness, kind="stable")[n:]] = 0.0
    p = np.asarray(mean, dtype=np.float64)
    return np.asarray(entropy(np.stack([p, 1 - p], axis=-1)) @ weakness, dtype=np.float64)


def by_weakest(p: Floats, quality: npt.NDArray[np.floating], size: int) -> Indices:
    """Return the rows that tell most of the classes that are known least; see `class_doubt`."""
    return first(class_doubt(summarise(p).mean, quality), size)


def at_random(n: int, size: int, seed: int | np.random.Generator) -> Indices:
    """Return rows drawn without replacement.

    (size,) int64.
    """
    return np.random.default_rng(seed).permutation(n)[:size].astype(np.int64)


def core_set(features: Floats, use: Floats, size: int, known: Floats | None = None) -> Indices:
    """Return a batch whose rows are useful and unlike each other and what is known.

    Greedy k-centres (Sener & Savarese 2018, arXiv 1708.00489) among the most useful rows,
    ten for each that is wanted: a row's distance from the nearest that is taken or known.

    Parameters
    ----------
    features : (n, d) array
        Where rows are; scaled to unit variance here.
    use : (n,) array
        As of `USES`.
    known : (l, d) array, optional
        Rows that have labels.

    Returns
    -------
    (size,) int64
        Or fewer, if fewer rows are useful.
    """
    among = first(use, 10 * size)
    if not len(among):
        return among
    scale = np.std(features, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    x = np.asarray(features, dtype=np.float64)[among] / scale
    nearest = np.full(len(x), np.inf)
    for place in [] if known is None else np.asarray(known, dtype=np.float64) / scale:
        nearest = np.minimum(nearest, ((x - place) ** 2).sum(axis=1))
    taken: list[int] = []
    while len(taken) < min(size, len(x)):
        # Where nothing is known yet, the most useful row begins.
        farthest = int(np.argmax(nearest)) if np.isfinite(nearest).any() else 0
        taken.append(farthest)
        nearest = np.minimum(nearest, ((x - x[farthest]) ** 2).sum(axis=1))
        nearest[taken] = -1.0
    return among[taken]


def spread_over_cells(cells: npt.NDArray[np.integer], use: Floats, size: int) -> Indices:
    """Return the most useful row of each cell in turn, cells with the most useful row first.

    Parameters
    ----------
    cells : (n,) int
        Cell of a self-organising map; negative ones are no cells.
    use : (n,) float64
        As of `USES`.

    Returns
    -------
    (size,) int64
        Or fewer, if fewer rows are useful.
    """
    order = first(np.where(np.asarray(cells) >= 0, use, np.nan), len(cells))
    turn = np.zeros(len(order), dtype=np.int64)
    seen: dict[int, int] = {}
    for position, row in enumerate(order):
        turn[position] = seen.get(int(cells[row]), 0)
        seen[int(cells[row])] = int(turn[position]) + 1
    return order[np.argsort(turn, kind="stable")][:size]


def sparse_cells(
    cells: npt.NDArray[np.integer], n_cells: int, percentile: float = 15.0
) -> npt.NDArray[np.bool_]:
    """Return which rows lie in cells that hold too few of them.

    A row is kept if its cell holds more than the percentile of the counts of all cells that
    hold any (Green et al. 2025, arXiv 2505.01596, counts cells of the pool itself).

    Parameters
    ----------
    cells : (n,) int
        Cell of each row, 0 to `n_cells` - 1.

    Returns
    -------
    (n,) bool
    """
    counts = np.bincount(cells, minlength=n_cells)
    held = counts[counts > 0]
    if not len(held):
        return np.zeros(len(cells), dtype=np.bool_)
    return np.asarray(counts[cells] <= np.percentile(held, percentile), dtype=np.bool_)
