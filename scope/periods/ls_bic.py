"""The default search: Lomb-Scargle peaks and their harmonics, judged by models with a price.

1. One-term Lomb-Scargle with errors and a floating mean over the whole grid; its distinct
   peaks, and those below `SLOW` in a list of their own, are the seeds.
2. Each seed times `RATIOS`, with `HALF_WINDOW` grid steps to either side: a periodogram of
   one sine wave often peaks at a harmonic of the true frequency.
3. At each of these frequencies, Fourier series of up to six harmonics and one or two
   eclipses; the smallest Bayesian information criterion wins.
4. The best frequencies are tried again in finer steps and with more harmonics; where eclipses
   win, so are their parts, which narrow eclipses need.
5. Of a period and its double or triple that are nearly as good the shorter is taken.
6. A mirror-symmetric curve of one shallow-sided minimum may be an eclipsing binary folded
   at half its period: `looks_halved` decides, and both periods are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from scope.periods.backends import Backend, Curve, Floats, Scan, weigh
from scope.periods.false_alarms import log10_fap
from scope.periods.grid import Grid, removed_ranges
from scope.periods.options import PeriodOptions
from scope.periods.relations import N_PEAKS

N_SEEDS = 50
N_SLOW_SEEDS = 10
SLOW = 0.1
"""Frequencies below this [1/d] also fill a list of seeds of their own."""
RATIOS = (1.0, 1 / 2, 2.0, 1 / 3, 3.0, 2 / 3, 3 / 2, 1 / 4, 1 / 5, 1 / 6)
"""A seed may be any of these multiples away from the true frequency."""
HALF_WINDOW = 10.0
"""Grid steps to either side of a window's centre: one peak width at ten samples per peak."""
WINDOW_POINTS = 24
MERGE = 4.0
"""Window centres closer than this many grid steps are one."""
N_REFINED = 5
FINE_RATIOS = (1.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6)
FINE_HALF_WINDOW = 0.5
"""Where eclipses win: the best frequencies, their parts, and grid steps around them."""
NEARLY = 4.0
"""A criterion so little above the smallest is as good where the period is a simpler one."""
SAME_MULTIPLE = 0.004
"""Frequencies that differ by less than this part are a multiple of each other."""
ERROR_FLOOR = 0.2
"""Least error in units of the scatter of the magnitudes."""
POINTS_PER_TERM = 10.0
REFINED_POINTS_PER_TERM = 6.0
"""Few frequencies are left to choose from when the best are refined: less to overfit with."""
MAX_ORDER = 6
SHAPE_ORDERS = (2, 4)
"""Fourier orders that describe the shape of a folded curve."""
SHAPE_PHASES = 200
SECOND_ECLIPSE = 4.0
"""Standard errors by which a second eclipse must be fainter than its shoulders to be seen."""
SECOND_PHASES = np.arange(0.35, 0.66, 0.02)
SECOND_HALF_WIDTHS = (0.03, 0.06)
"""Where a second eclipse is looked for, in cycles after the faintest phase."""


class Judgement(NamedTuple):
    """Result of `search`.

    Attributes
    ----------
    found : float
        The frequency with the smallest criterion, 1/d.
    doubled : bool
        Whether a star of that folded shape has more likely twice the period.
    ranked_frequency, ranked_bic : (<= n_top,) float64
        The best frequencies more than a peak width apart [1/d], and their criteria
        relative to a constant light curve; ``found`` is the first.
    log10_fap : float
        Of the criterion of ``found``, see `scope.periods.false_alarms`.
    """

    found: float
    doubled: bool
    ranked_frequency: Floats
    ranked_bic: Floats
    log10_fap: float


def max_order(n_points: int, points_per_term: float = POINTS_PER_TERM) -> int:
    """Highest Fourier order that a curve may be fitted with: 2K + 1 <= n / 10."""
    return int(min(max((n_points / points_per_term - 1) / 2, 1), MAX_ORDER))


def window_centres(seeds: Floats, grid: Grid, options: PeriodOptions) -> Floats:
    """Return frequencies around which the models are fitted: harmonics of the seeds, rising.

    `seeds`: (k,) float64, 1/d; the result: (m,) float64, 1/d.
    """
    centres = np.sort((seeds[:, None] * np.array(RATIOS)).ravel())
    centres = centres[allowed(centres, grid, options)]
    kept: list[float] = []
    for centre in centres.tolist():
        if not kept or centre - kept[-1] > MERGE * grid.df:
            kept.append(centre)
    return np.array(kept)


def allowed(frequencies: Floats, grid: Grid, options: PeriodOptions) -> npt.NDArray[np.bool_]:
    """Tell which frequencies lie within the grid and outside the bands removed from it.

    `frequencies` (1/d) and the result: (k,) float64 and bool.
    """
    inside = (frequencies >= grid.f0) & (frequencies <= grid.f_last)
    for first, stop in removed_ranges(grid, options):
        low, high = grid.frequency([first, stop - 1])
        inside &= (frequencies < low) | (frequencies > high)
    return inside


def seeds(scan: Scan) -> Floats:
    """Return frequencies of the distinct peaks that are followed up, (k,) float64, 1/d."""
    peaks = scan.peak_frequency
    return np.concatenate([peaks[:N_SEEDS], peaks[peaks < SLOW][:N_SLOW_SEEDS]])


def softened(curve: Curve) -> Curve:
    """The curve with errors of at least `ERROR_FLOOR` of its scatter, added in quadrature.

    Where a star varies by much more than its errors, no model is right to within them, and
    a few points with the smallest errors would decide between the models.
    """
    return weigh(curve.time, curve.mag, np.hypot(curve.error, ERROR_FLOOR * np.std(curve.mag)))


def looks_halved(curve: Curve, frequency: float) -> bool:
    """Whether a folded curve looks like an eclipsing binary at half its period.

    Two eclipses of equal depth, folded on top of each other, are one minimum that is
    mirror-symmetric and narrower than that of a sine wave, but not as narrow as a detached
    eclipse that stands alone in its cycle. Pulsators are asymmetric, those of longer period
    less so: there the shape must be purer. A noisy pulsator must not pass for a symmetric
    curve: what noise alone adds to the odd part counts as odd, but for the shortest periods,
    where eclipsing binaries prevail. Limits chosen on one half of 2,132
    labelled stars, see docs/evaluation.md.
    """
    from scope.periods.kernels.fourier import fourier_fit

    cosine, sine = fourier_fit(curve.time, curve.mag, curve.weight, frequency, *SHAPE_ORDERS)
    if not len(cosine):
        return False
    harmonic = np.arange(1, len(cosine) + 1)
    angle = 2.0 * np.pi * np.arange(SHAPE_PHASES)[:, None] / SHAPE_PHASES * harmonic
    model = np.sum(np.cos(angle) * cosine + np.sin(angle) * sine, axis=1)
    top = int(np.argmax(model))
    faintest = angle[top, 0] * harmonic
    even = cosine * np.cos(faintest) + sine * np.sin(faintest)
    odd = sine * np.cos(faintest) - cosine * np.sin(faintest)
    if even[0] <= 0.0 or second_minimum(np.roll(model, -top)) > 0.3:
        return False
    asymmetry = np.sum(odd**2) / np.sum(odd**2 + even**2)
    narrowness = even[1] / even[0]
    period = 1.0 / frequency
    if 0.25 < period < 3.0:
        asymmetry += coefficient_variance(curve, frequency, cosine, sine) / even[0] ** 2
    if period < 3.0:
        halved = asymmetry < 0.02 and 0.08 <= narrowness <= 0.97
    else:
        halved = asymmetry < 0.01 and 0.30 <= narrowness <= 0.95
    return bool(halved) and second_eclipse(curve, frequency, top / SHAPE_PHASES) < SECOND_ECLIPSE


def second_eclipse(curve: Curve, frequency: float, faintest: float) -> float:
    """Return how clearly a second, shallower eclipse is seen within the cycle, in standard errors.

    A few Fourier terms smooth it away, and the curve looks symmetric with one minimum; but
    who sees both eclipses has the whole period. The points within each of two half-widths of
    each of a row of phases are compared with those on their shoulders, to one and a half to
    three half-widths.

    Parameters
    ----------
    faintest : float
        The faintest phase, in cycles.

    Returns
    -------
    float
        The largest; 0 where no phase has 4 points and 6 on the shoulders.
    """
    phase = (curve.time * frequency - faintest) % 1.0
    distance = np.abs(phase - SECOND_PHASES[:, None])
    clearest = 0.0
    for width in SECOND_HALF_WIDTHS:
        inside = distance < width
        beside = (distance > 1.5 * width) & (distance < 3.0 * width + 0.03)
        enough = (inside.sum(axis=1) >= 4) & (beside.sum(axis=1) >= 6)
        if enough.any():
            low, low_variance = _means(curve, inside[enough])
            high, high_variance = _means(curve, beside[enough])
            error = np.sqrt(low_variance + high_variance + 1e-12)
            clearest = max(clearest, float(np.max((low - high) / error)))
    return clearest


def _means(curve: Curve, chosen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Weighted mean magnitude of each choice of points, (k, n), and the variance of the mean."""
    weight = chosen * curve.weight
    weight /= weight.sum(axis=1, keepdims=True)
    mean = np.sum(weight * curve.mag, axis=1)
    spread = np.sum(weight * (curve.mag - mean[:, None]) ** 2, axis=1)
    return mean, spread / (chosen.sum(axis=1) - 1.0)


def coefficient_variance(curve: Curve, frequency: float, cosine: Floats, sine: Floats) -> float:
    """Return the variance of a coefficient of a fitted series, from what the series leaves, mag^2.

    2 v / n for a residual variance v, with the effective number of points of the weights
    less that of the coefficients in the place of n.

    `cosine` and `sine`: (order,) float64, mag.
    """
    angle = 2.0 * np.pi * ((curve.time * frequency) % 1.0)[:, None]
    angle = angle * np.arange(1, len(cosine) + 1)
    left = curve.mag - np.sum(np.cos(angle) * cosine + np.sin(angle) * sine, axis=1)
    left -= np.sum(curve.weight * left)
    points = 1.0 / np.sum(curve.weight**2) - 2 * len(cosine) - 1
    return float(2.0 * np.sum(curve.weight * left**2) / max(points, 1.0))


def second_minimum(model: Floats) -> float:
    """Return the prominence of the second minimum of a cycle that starts at its faintest phase.

    As a fraction of the whole range; 0 where there is none. Magnitudes: fainter is larger.

    `model`: (n,) float64, magnitudes at n phases.
    """
    inner = np.flatnonzero((model[1:-1] > model[:-2]) & (model[1:-1] >= model[2:])) + 1
    rises = [model[i] - max(model[:i].min(), model[i:].min()) for i in inner]
    return float(max(rises, default=0.0) / np.ptp(model))


def search(
    curve: Curve, grid: Grid, scan: Scan, options: PeriodOptions, backend: Backend
) -> Judgement | None:
    """Judge the peaks of a Lomb-Scargle scan; None where it has none.

    Where no model beats a constant, the best sine wave is the least bad of them: its
    criterion is then 0 or above, and it is as likely a false alarm as can be.
    """
    centres = window_centres(seeds(scan), grid, options)
    if not len(centres):
        return None
    curve = softened(curve)
    offsets = np.linspace(-HALF_WINDOW, HALF_WINDOW, WINDOW_POINTS) * grid.df
    series, _ = backend.fourier_bic(curve, centres, offsets, max_order(len(curve.time)))
    frequencies = (centres[:, None] + offsets).ravel()
    boxes, _ = backend.eclipse_bic(curve, frequencies, float(series.min()))
    bic = np.minimum(series.ravel(), boxes)
    bic[~allowed(frequencies, grid, options)] = 0.0
    separation = 1.0 / curve.time.max()
    count = max(options.n_top_columns, N_PEAKS)
    best = distinct(frequencies, bic, count, separation)
    if not len(best):
        return _least_bad(curve, scan.peak_frequency[:count], options, backend)
    eclipsed = bool(boxes[best[0]] < series.ravel()[best[0]])
    finer, more = _refined(curve, frequencies[best], bic[best], eclipsed, grid, options, backend)
    frequencies, bic = np.concatenate([frequencies, finer]), np.concatenate([bic, more])
    best = distinct(frequencies, bic, count, separation)
    best = simplest_first(best, frequencies, bic)
    found = float(frequencies[best[0]])
    doubled = looks_halved(curve, found)
    chance = log10_fap([curve], [-float(bic[best[0]])], grid)
    return Judgement(found, doubled, frequencies[best], bic[best], chance)


def simplest_first(
    best: npt.NDArray[np.int64], frequencies: Floats, bic: Floats
) -> npt.NDArray[np.int64]:
    """Put a multiple of the best frequency first that is nearly as good.

    What repeats after P repeats after 2 P and 3 P, and noise finds something to fit there.

    Parameters
    ----------
    best : (k,) int64
        Positions of the best distinct frequencies, best first.
    frequencies : (n,) float64
    bic : (n,) float64

    Returns
    -------
    (k,) int64
        `best`, with that multiple first.
    """
    near = bic[best] < bic[best[0]] + NEARLY
    for multiple in (2.0, 3.0):
        ratio = frequencies[best] / (multiple * frequencies[best[0]])
        same = np.flatnonzero(near & (np.abs(ratio - 1.0) < SAME_MULTIPLE))
        if len(same):
            return np.concatenate([best[same[:1]], np.delete(best, same[0])])
    return best


def _least_bad(curve: Curve, peaks: Floats, options: PeriodOptions, backend: Backend) -> Judgement:
    """The best sine waves at the peaks of a scan, where no model beats a constant."""
    bic = sine_criterion([curve], peaks, options, backend)
    order = np.lexsort((peaks, np.round(bic, 6)))
    return Judgement(float(peaks[order[0]]), False, peaks[order], bic[order], 0.0)


def sine_criterion(
    curves: Sequence[Curve], frequencies: Floats, options: PeriodOptions, backend: Backend
) -> Floats:
    """Return the criterion of a sine wave at each frequency, summed over light curves.

    `frequencies` (1/d) and the result: (k,) float64.
    """
    total = np.zeros(len(frequencies))
    for curve in curves:
        power = backend.evaluate("LS", curve, frequencies, options)
        n = len(curve.time)
        total += n * np.log(np.maximum(1.0 - power, 1e-12)) + 2.0 * np.log(n)
    return total


def _refined(
    curve: Curve,
    best: Floats,
    bic: Floats,
    eclipsed: bool,
    grid: Grid,
    options: PeriodOptions,
    backend: Backend,
) -> tuple[Floats, Floats]:
    """Frequencies around the best ones and their parts, 1/d, and their criteria."""
    centres, offsets = fine_windows(best, eclipsed, grid)
    order = max_order(len(curve.time), REFINED_POINTS_PER_TERM)
    series, _ = backend.fourier_bic(curve, centres, offsets, order)
    finer = (centres[:, None] + offsets).ravel()
    criterion = series.ravel()
    inside = allowed(finer, grid, options)
    finer, criterion = finer[inside], criterion[inside]
    if eclipsed:
        boxes, _ = backend.eclipse_bic(curve, finer, float(min(bic[0], criterion.min(initial=0.0))))
        criterion = np.minimum(criterion, boxes)
    return finer, criterion


def fine_windows(best: Floats, eclipsed: bool, grid: Grid) -> tuple[Floats, Floats]:
    """Return centres and offsets of windows around the best frequencies, and parts if eclipsed.

    The windows' steps of about 0.1/T shift the phase by a twentieth of a cycle within T: more
    than an eclipse may last, though not more than it lasts when folded at half its period.

    `best`: (k,) float64, 1/d; the result: (m,) and (lanes,) float64, 1/d.
    """
    parts = (best[:N_REFINED, None] * np.array(FINE_RATIOS)).ravel() if eclipsed else best[:0]
    centres = np.unique(np.concatenate([best, parts]))
    return centres, np.linspace(-FINE_HALF_WINDOW, FINE_HALF_WINDOW, WINDOW_POINTS) * grid.df


def distinct(
    frequencies: Floats, bic: Floats, count: int, separation: float
) -> npt.NDArray[np.int64]:
    """Return positions of the best criteria below 0, more than `separation` apart, best first.

    `frequencies` (1/d) and `bic`: (n,) float64; the result: (k,) int64, k up to `count`.

    `separation` is in 1/d.
    """
    left = np.flatnonzero(bic < 0.0)
    # Neighbours whose boxes hold the same points tie but for rounding: the lowest frequency
    # wins, on every machine.
    criterion = np.round(bic, 6)
    chosen: list[int] = []
    while len(left) and len(chosen) < count:
        tied = left[criterion[left] == criterion[left].min()]
        best = tied[np.argmin(frequencies[tied])]
        chosen.append(int(best))
        left = left[np.abs(frequencies[left] - frequencies[best]) > separation]
    return np.array(chosen, dtype=np.int64)
