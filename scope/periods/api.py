"""Search the periods of a batch of light curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.lightcurves import LightCurves
from scope.periods import ls_bic, published_search
from scope.periods.agreement import agreement
from scope.periods.backends import (
    Backend,
    Curve,
    Floats,
    Scan,
    TogetherBackend,
    get_backend,
    weigh,
)
from scope.periods.columns import JUDGED, agreeing, period_columns
from scope.periods.grid import Grid, frequency_grid, in_terrestrial_band, removed_ranges
from scope.periods.options import LS_BIC, NESTED, ONES, SINGLE, PeriodOptions, suffixes
from scope.periods.relations import N_PEAKS, relations
from scope.periods.trend import TREND, trend_explains

MIN_POINTS = 3
KEEP = 100
"""Candidates kept per scan; more where the options ask for more."""


@dataclass(frozen=True)
class PeriodResult:
    """Periods of a batch.

    Attributes
    ----------
    columns : dict of str to (n,) array
        By the names of `period_columns`, in that order; float64 or bool, one value per
        light curve. NaN where a period is undefined.
    backend : str
        Which backend ran.
    """

    columns: dict[str, npt.NDArray[np.generic]]
    backend: str

    def undefined(self, suffix: str) -> npt.NDArray[np.bool_]:
        """Light curves that have no period of that suffix, (n,) bool."""
        return np.isnan(self.columns[f"period_{suffix}"].astype(np.float64))


class Found(NamedTuple):
    """Result of one search of one light curve; ranked periods best first."""

    period: float
    significance: float
    ranked_period: Floats
    ranked_significance: Floats
    related: dict[str, bool]
    doubled: bool = False
    log10_fap: float = math.nan


def search_periods(
    lightcurves: LightCurves, options: PeriodOptions | None = None, *, backend: str = "cpu"
) -> PeriodResult:
    """Search the periods of light curves, each on the grid of its own baseline.

    Runs on one thread and holds no interpreter lock while it computes: give batches to
    threads. A curve's result depends on that curve and the options only.

    Parameters
    ----------
    lightcurves : LightCurves
        Cleaned. Points that are not finite or whose error is not positive are passed over.
    options : PeriodOptions, optional
    backend : {'cpu', 'cuda', 'reference'}

    Returns
    -------
    PeriodResult
        A period is NaN with fewer than three points or no trial frequency between 2/T and
        the highest; also of constant magnitudes (but for ``LS_BIC``), or where there are no
        more points than phase bins (``AOV``, and with it ``ELS_ECE_EAOV``). Where no model
        beats a constant, ``LS_BIC`` gives the least bad sine wave: its significance is not
        above 0, and the probability of a false alarm 1.

    Raises
    ------
    BackendError
        If the backend is unknown or lacks a package or a device.
    """
    options = options or PeriodOptions()
    module = get_backend(backend)
    columns = _empty_columns(options, len(lightcurves))
    size = module.curves_together if isinstance(module, TogetherBackend) else 1
    for start in range(0, len(lightcurves), size):
        piece = lightcurves[start : start + size]
        rows = {start + i: curve for i, curve in enumerate(_curves(piece)) if curve is not None}
        found = _search_curves(list(rows.values()), options, module)
        for row, results in zip(rows, found, strict=True):
            _store(columns, row, results, options)
    return PeriodResult(columns, backend)


def _curves(lightcurves: LightCurves) -> Iterator[Curve | None]:
    """Light curves as the search wants them; None where it is undefined."""
    for low, high in pairwise(lightcurves.offsets.tolist()):
        yield prepare_curve(
            lightcurves.time[low:high], lightcurves.mag[low:high], lightcurves.magerr[low:high]
        )


def _search_curves(
    curves: Sequence[Curve], options: PeriodOptions, backend: Backend
) -> list[dict[str, Found]]:
    """Search light curves one by one, or together where the backend can."""

    def search(curve: Curve, backend: Backend) -> dict[str, Found]:
        return _search_curve(curve, options, backend)

    if isinstance(backend, TogetherBackend):
        return backend.together(curves, search)
    return [search(curve, backend) for curve in curves]


def prepare_curve(time: npt.ArrayLike, mag: npt.ArrayLike, magerr: npt.ArrayLike) -> Curve | None:
    """Good points of one light curve as the search wants them; None where it is undefined.

    Parameters
    ----------
    time : (n,) array
        Days.
    mag, magerr : (n,) array
        Magnitudes.
    """
    t = np.asarray(time, dtype=np.float64)
    m = np.asarray(mag, dtype=np.float64)
    error = np.asarray(magerr, dtype=np.float64)
    good = np.isfinite(t) & np.isfinite(m) & np.isfinite(error) & (error > 0.0)
    t, m, error = t[good], m[good], error[good]
    if len(t) < MIN_POINTS or not np.ptp(t) > 0.0:
        return None
    curve = weigh(t - t.min(), m, error)
    # Equal magnitudes less their mean are 0 but for rounding.
    return curve if np.ptp(m) > 0.0 else curve._replace(mag=np.zeros(len(m)))


def _search_curve(curve: Curve, options: PeriodOptions, backend: Backend) -> dict[str, Found]:
    """Run the searches asked for; those without a result are left out."""
    if options.algorithms == (ONES,):
        return {}
    grid = frequency_grid(float(curve.time.max()), options)
    if grid.n == 0:
        return {}
    if not curve.mag.any():
        return {LS_BIC: _unvarying(curve, grid, options)} if LS_BIC in options.algorithms else {}
    removed = removed_ranges(grid, options)
    scans = {
        name: backend.scan(name, curve, grid, removed, _keep(options), options)
        for name in _statistics(options)
        if name != "AOV" or len(curve.time) > options.phase_bins
    }
    found: dict[str, Found | None] = {}
    for suffix in suffixes(options):
        if suffix == LS_BIC:
            found[suffix] = _judged(curve, grid, scans["LS"], options, backend)
        elif suffix == NESTED:
            choice = published_search.choose(curve, scans["LS"], scans["CE"], options, backend)
            found[suffix] = None if choice is None else _from_choice(choice, curve, options)
        elif suffix != ONES and SINGLE[suffix] in scans:
            found[suffix] = _from_scan(scans[SINGLE[suffix]], curve, options)
    result = {suffix: value for suffix, value in found.items() if value is not None}
    for value in result.values():
        value.related[TREND] = trend_explains([curve], value.period)
    return result


def _unvarying(curve: Curve, grid: Grid, options: PeriodOptions) -> Found:
    """What is said of equal magnitudes, of which every period explains as much: nothing.

    The longest trial period stands for all, with the criterion of a sine wave of no amplitude.
    """
    period, span = 1.0 / grid.f0, float(curve.time.max())
    significance = -2.0 * math.log(len(curve.time))
    ranked = np.array([period]), np.array([significance])
    return found_of(period, significance, ranked, span, options.n_top_columns, log10_fap=0.0)


def _statistics(options: PeriodOptions) -> list[str]:
    """The scans that the searches need."""
    needed = {SINGLE[name] for name in options.algorithms if name in SINGLE}
    if LS_BIC in options.algorithms:
        needed.add("LS")
    if NESTED in options.algorithms:
        needed |= {"LS", "CE"}
    return sorted(needed)


def _keep(options: PeriodOptions) -> int:
    return max(KEEP, options.top_n_periods, options.n_top_columns)


def n_ranked(options: PeriodOptions) -> int:
    """Return the number of distinct peaks of a search that are looked at."""
    return max(options.n_top_columns, N_PEAKS)


def found_of(
    period: float,
    significance: float,
    ranked: tuple[Floats, Floats],
    span: float,
    n_written: int = 0,
    doubled: bool = False,
    log10_fap: float = math.nan,
) -> Found:
    """A result with its flags; of the ranked periods, those that are written.

    Parameters
    ----------
    period : float
        Days.
    significance : float
    ranked : tuple of two (k,) float64
        Periods of the distinct peaks, days, and their significances, best first.
    span : float
        Baseline, days.
    n_written : int
        Ranked periods that are kept.
    doubled : bool
    log10_fap : float
        NaN where a search has none.
    """
    kept = ranked[0][:n_written], ranked[1][:n_written]
    return Found(period, significance, *kept, relations(*ranked, span), doubled, log10_fap)


def _from_scan(scan: Scan, curve: Curve, options: PeriodOptions) -> Found | None:
    """The best grid point of a scan, and its best distinct peaks."""
    if not len(scan.frequency) or not np.isfinite(scan.value[0]):
        return None
    top = slice(0, n_ranked(options))
    ranked = 1.0 / scan.peak_frequency[top], scan.significance(scan.peak_value[top])
    significance = float(scan.significance(scan.value[0]))
    period, span = 1.0 / float(scan.frequency[0]), float(curve.time.max())
    return found_of(period, significance, ranked, span, options.n_top_columns)


def _from_choice(
    choice: published_search.Choice, curve: Curve, options: PeriodOptions
) -> Found | None:
    if not len(choice.frequency):
        return None
    span = float(curve.time.max())
    best = ls_bic.distinct(choice.frequency, -choice.statistic, n_ranked(options), 1.0 / span)
    ranked = 1.0 / choice.frequency[best], choice.statistic[best]
    period = 1.0 / float(choice.frequency[0])
    return found_of(period, float(choice.statistic[0]), ranked, span, options.n_top_columns)


def _judged(
    curve: Curve, grid: Grid, scan: Scan, options: PeriodOptions, backend: Backend
) -> Found | None:
    judgement = ls_bic.search(curve, grid, scan, options, backend)
    if judgement is None:
        return None
    period = (2.0 if judgement.doubled else 1.0) / judgement.found
    ranked = 1.0 / judgement.ranked_frequency, -judgement.ranked_bic
    return found_of(
        period,
        float(ranked[1][0]),
        ranked,
        float(curve.time.max()),
        options.n_top_columns,
        judgement.doubled,
        judgement.log10_fap,
    )


def _empty_columns(options: PeriodOptions, n: int) -> dict[str, npt.NDArray[np.generic]]:
    """Columns without any period in them."""
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for column in period_columns(options):
        if column.dtype == "bool":
            columns[column.name] = np.zeros(n, dtype=bool)
        else:
            columns[column.name] = np.full(n, np.nan)
    if ONES in options.algorithms:
        for name in ("period", "significance", "pdot"):
            columns[f"{name}_{ONES}"] = np.ones(n)
    return columns


def store(
    columns: dict[str, npt.NDArray[np.generic]], row: int, suffix: str, result: Found
) -> None:
    """Write the result of one search into a row of its columns.

    Parameters
    ----------
    columns : dict of str to (n,) array
        By name of column; changed in place.
    """
    columns[f"period_{suffix}"][row] = result.period
    columns[f"significance_{suffix}"][row] = result.significance
    columns[f"pdot_{suffix}"][row] = 0.0
    columns[f"terrestrial_{suffix}"][row] = in_terrestrial_band(result.period)
    for flag, value in result.related.items():
        columns[f"{flag}_{suffix}"][row] = value
    if suffix in JUDGED:
        columns[f"doubled_{suffix}"][row] = result.doubled
        columns[f"log10_fap_{suffix}"][row] = result.log10_fap
        factor = 0.5 if result.doubled else 2.0
        columns[f"period_alt_{suffix}"][row] = factor * result.period
    for rank, (period, significance) in enumerate(
        zip(result.ranked_period, result.ranked_significance, strict=True), start=1
    ):
        columns[f"period_{rank}_{suffix}"][row] = period
        columns[f"significance_{rank}_{suffix}"][row] = significance


def _store(
    columns: dict[str, npt.NDArray[np.generic]],
    row: int,
    found: dict[str, Found],
    options: PeriodOptions,
) -> None:
    """Write what the searches say of one light curve into its row."""
    for suffix, result in found.items():
        store(columns, row, suffix, result)
    names = agreeing(options)
    if options.n_top_columns and len(names) > 1 and found:
        best = [found[name].period if name in found else math.nan for name in names]
        ranked = [_padded(found.get(name), options.n_top_columns) for name in names]
        for name, value in agreement(best, ranked).items():
            columns[name][row] = value


def _padded(found: Found | None, count: int) -> Floats:
    """Ranked periods, filled up with NaN."""
    result = np.full(count, np.nan)
    if found is not None:
        result[: len(found.ranked_period)] = found.ranked_period
    return result
