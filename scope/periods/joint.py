"""One period for all light curves of a star: its bands, searched together.

The search is that of `scope.periods.ls_bic` with sums over the light curves. All share the
frequency; each has a mean, amplitudes and phases of its own, so that neither colour nor a
lag between bands matters (VanderPlas & Ivezic 2015, ApJ 812, 18, their multi-band model
without a common part). Errors are known up to a factor in each light curve, as for one:

1. The peaks of each light curve's own Lomb-Scargle scan, ranked by
   ``-sum_b n_b ln(1 - P_b(f))``, the joint likelihood of a sine wave, are the seeds. A
   signal that is significant in all together is among the many peaks of one of them.
2. At the seeds and their harmonics, ``sum_b min(Fourier_b, eclipses_b)``, the sum of the
   Bayesian information criteria, is smallest at the period.
3. Whether it is half of an eclipsing binary's is decided by the light curve that gains most.

The grid is that of the longest light curve: 2/T to the highest frequency.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scope.lightcurves import LightCurves
from scope.periods import ls_bic
from scope.periods.api import KEEP, Found, found_of, prepare_curve, store
from scope.periods.backends import Backend, Curve, Floats, TogetherBackend, get_backend
from scope.periods.columns import joint_columns
from scope.periods.false_alarms import log10_fap
from scope.periods.grid import Grid, frequency_grid, removed_ranges
from scope.periods.options import JOINT, PeriodOptions
from scope.periods.trend import TREND, trend_explains

Star = tuple[Curve, ...]


def search_stars(
    lightcurves: LightCurves,
    stars: npt.NDArray[np.int64],
    options: PeriodOptions | None = None,
    *,
    backend: str = "cpu",
) -> dict[str, npt.NDArray[np.generic]]:
    """Search one period for the light curves of each star.

    A star's result depends on its light curves, their order and the options only.

    Parameters
    ----------
    lightcurves : LightCurves
        Cleaned; those of a star stand together.
    stars : (m + 1,) int64
        Star ``i`` has the light curves ``stars[i]:stars[i + 1]``.
    options : PeriodOptions, optional
        The grid and what is removed of it; ``algorithms`` is not looked at.
    backend : {'cpu', 'cuda', 'reference'}

    Returns
    -------
    dict of str to (m,) array
        By the names of `scope.periods.columns.joint_columns`. NaN where fewer than two
        light curves of a star can be searched.

    Raises
    ------
    BackendError
        If the backend is unknown or lacks a package or a device.
    """
    options = options or PeriodOptions()
    module = get_backend(backend)
    columns = _empty(len(stars) - 1)
    usable = {i: star for i, star in enumerate(_stars(lightcurves, stars)) if len(star) > 1}

    def search(star: Star, backend: Backend) -> Found | None:
        return _search_star(star, options, backend)

    found: Sequence[Found | None]
    if isinstance(module, TogetherBackend):
        found = module.together(list(usable.values()), search)
    else:
        found = [search(star, module) for star in usable.values()]
    for (row, star), result in zip(usable.items(), found, strict=True):
        if result is not None:
            result.related[TREND] = trend_explains(star, result.period)
            store(columns, row, JOINT, result)
            columns[f"n_bands_{JOINT}"][row] = len(star)
    return columns


def _stars(lightcurves: LightCurves, stars: npt.NDArray[np.int64]) -> list[Star]:
    """The light curves of each star that can be searched."""
    curves = [
        prepare_curve(
            lightcurves.time[low:high], lightcurves.mag[low:high], lightcurves.magerr[low:high]
        )
        for low, high in pairwise(lightcurves.offsets.tolist())
    ]
    return [
        tuple(curve for curve in curves[first:stop] if curve is not None and curve.mag.any())
        for first, stop in pairwise(stars.tolist())
    ]


def _empty(n: int) -> dict[str, npt.NDArray[np.generic]]:
    return {
        column.name: np.zeros(n, dtype=bool) if column.dtype == "bool" else np.full(n, np.nan)
        for column in joint_columns()
    }


def _search_star(star: Star, options: PeriodOptions, backend: Backend) -> Found | None:
    """Seeds, criteria and judgement, summed over the light curves."""
    span = max(float(curve.time.max()) for curve in star)
    grid = frequency_grid(span, options)
    if grid.n == 0:
        return None
    seeds = _seeds(star, grid, options, backend)
    centres = ls_bic.window_centres(seeds, grid, options)
    if not len(centres):
        return None
    star = tuple(ls_bic.softened(curve) for curve in star)
    offsets = np.linspace(-ls_bic.HALF_WINDOW, ls_bic.HALF_WINDOW, ls_bic.WINDOW_POINTS) * grid.df
    frequencies, gains, eclipsed = _criteria(
        star, centres, offsets, True, ls_bic.POINTS_PER_TERM, grid, options, backend
    )
    best = ls_bic.distinct(frequencies, gains.sum(axis=0), ls_bic.N_PEAKS, 1.0 / span)
    if not len(best):
        return _least_bad(star, seeds, options, backend)
    boxes = bool(eclipsed[:, best[0]].any())
    windows = ls_bic.fine_windows(frequencies[best], boxes, grid)
    finer, more, _ = _criteria(
        star, *windows, boxes, ls_bic.REFINED_POINTS_PER_TERM, grid, options, backend
    )
    frequencies, gains = np.append(frequencies, finer), np.hstack([gains, more])
    best = ls_bic.distinct(frequencies, gains.sum(axis=0), ls_bic.N_PEAKS, 1.0 / span)
    best = ls_bic.simplest_first(best, frequencies, gains.sum(axis=0))
    frequency, gain = float(frequencies[best[0]]), -gains[:, best[0]]
    doubled = ls_bic.looks_halved(star[int(np.argmax(gain))], frequency)
    period = (2.0 if doubled else 1.0) / frequency
    ranked = 1.0 / frequencies[best], -gains.sum(axis=0)[best]
    chance = log10_fap(star, gain.tolist(), grid)
    return found_of(period, float(ranked[1][0]), ranked, span, doubled=doubled, log10_fap=chance)


def _least_bad(
    star: Star, frequencies: Floats, options: PeriodOptions, backend: Backend
) -> Found | None:
    """The best sine waves at the seeds, where no model beats a constant in each light curve."""
    span = max(float(curve.time.max()) for curve in star)
    bic = ls_bic.sine_criterion(star, frequencies, options, backend)
    order = np.lexsort((frequencies, np.round(bic, 6)))[: ls_bic.N_PEAKS]
    ranked = 1.0 / frequencies[order], -bic[order]
    return found_of(float(ranked[0][0]), float(ranked[1][0]), ranked, span, log10_fap=0.0)


def _seeds(star: Star, grid: Grid, options: PeriodOptions, backend: Backend) -> Floats:
    """Distinct peaks of the single scans that are best for all light curves, 1/d."""
    removed = removed_ranges(grid, options)
    proposed = [
        ls_bic.seeds(backend.scan("LS", curve, grid, removed, KEEP, options)) for curve in star
    ]
    frequencies = np.unique(np.concatenate(proposed))
    criterion = np.zeros(len(frequencies))
    for curve in star:
        power = backend.evaluate("LS", curve, frequencies, options)
        criterion += len(curve.time) * np.log(np.maximum(1.0 - power, 1e-12))
    width = 1.0 / max(float(curve.time.max()) for curve in star)
    chosen = ls_bic.distinct(frequencies, criterion, ls_bic.N_SEEDS, width)
    slow = np.where(frequencies < ls_bic.SLOW, criterion, math.inf)
    chosen_slow = ls_bic.distinct(frequencies, slow, ls_bic.N_SLOW_SEEDS, width)
    return np.unique(frequencies[np.concatenate([chosen, chosen_slow])])


def _criteria(
    star: Star,
    centres: Floats,
    offsets: Floats,
    eclipses: bool,
    points_per_term: float,
    grid: Grid,
    options: PeriodOptions,
    backend: Backend,
) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """Frequencies of windows, criteria of each light curve, and where eclipses are better.

    (k,), (bands, k) and (bands, k); frequencies that are not allowed are left out. Eclipses
    are tried where `eclipses` says so; a second one only where it could be the best model of
    its own light curve.
    """
    frequencies = (centres[:, None] + offsets).ravel()
    gains = np.empty((len(star), len(frequencies)))
    eclipsed = np.zeros(gains.shape, dtype=bool)
    for row, curve in enumerate(star):
        order = ls_bic.max_order(len(curve.time), points_per_term)
        series, _ = backend.fourier_bic(curve, centres, offsets, order)
        gains[row] = series.ravel()
        if eclipses:
            boxes, _ = backend.eclipse_bic(curve, frequencies, float(series.min()))
            eclipsed[row] = boxes < gains[row]
            gains[row] = np.minimum(gains[row], boxes)
    inside = ls_bic.allowed(frequencies, grid, options)
    return frequencies[inside], gains[:, inside], eclipsed[:, inside]
