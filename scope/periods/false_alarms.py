"""How likely a period is a false alarm: the chance that order alone would do as well.

The question is asked of the light curve's own points: if its magnitudes, each with its error,
were dealt out to its times in a random order, with what probability would the search find a
model as good as the one it found, or better? A normal law is no answer. Errors of very
different size leave few points that count, and a few faint points, as of an eclipse, lie in
one box of phase at some of a million trial frequencies. Both follow from the points themselves:

1. At one frequency, a Fourier series of K harmonics explains a part q of the variance or more
   with the probability of a Beta law of K and (m - 2 K - 1) / 2 (Schwarzenberg-Czerny 1998,
   MNRAS 301, 831), m being the effective number of points, ``1 / sum(w^2 z^2)`` of weights w of
   sum 1 and magnitudes z of mean 0 and variance 1.
2. A box that holds j of n points is fainter by the amount needed with a probability of
   ``C(n, j) p^j (1 - p)^(n - j) exp(-j I)``, the most favourable of the search's widths p; I is the
   large-deviation rate of the mean of j magnitudes drawn from the curve's own (Cramer 1938).
3. The search looks at about M = (f_last - f0) T independent frequencies, so that
   ``FAP = 1 - exp(-exp(-(x - location) / scale))`` with ``x = -ln(M P)`` (Gumbel 1958), the law
   of the largest of many.

Location and scale stand for what is left out: that models are tried between independent
frequencies too, that a second box is, that the best of several is taken. They are smooth
functions of what tells one kind of light curve from another, fitted to real light curves
with shuffled magnitudes and checked on others (docs/periods.md): `tests.benchmarks.false_alarms`.
Red noise and trends are no shuffled magnitudes: of them this says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from scope.periods.backends import Curve, Floats
from scope.periods.grid import Grid

BOX_SHARE = 0.25
"""Boxes hold at most this part of the points, or somewhat more than the widest by chance."""
SIZE_STEPS = np.linspace(0.0, 1.0, 24)
"""Where between the smallest and the largest number of points the chance of a box is worked out."""
LEAST_FREEDOM = 0.25
"""Of the Beta law: with fewer degrees of freedom left, a series explains any order."""
BOX_PLACES = 4.0
"""Logarithm of how many boxes of a width and their neighbours stand at one frequency."""
MOST_REPEATS = 100
SIDEREAL = 1.0027379
"""Rotations of the Earth per day."""
SLOPES = np.concatenate([[0.0], np.geomspace(0.02, 60.0, 48)])
"""Of the cumulant-generating function, in units of one over the brightest-to-faintest reach."""


class Shape(NamedTuple):
    """Numbers that the chances of one light curve depend on.

    Attributes
    ----------
    n : int
        Points.
    errors : float
        Effective number of points by their weights alone, ``1 / sum(w^2)``.
    points : float
        The same by what they add to the variance, ``1 / sum(w^2 z^2)``.
    skewness, kurtosis : float
        Weighted, of the magnitudes; 0 for a normal law. Faint outliers skew to above 0.
    repeats : float
        How often the same frequencies come again: 1 where none are aliases of others.
    """

    n: int
    errors: float
    points: float
    skewness: float
    kurtosis: float
    repeats: float


def shape_of(curve: Curve, f_last: float) -> Shape:
    """The shape of a light curve whose magnitudes are not all equal.

    Parameters
    ----------
    curve : Curve
    f_last : float
        The highest trial frequency, 1/d.
    """
    weight, z = curve.weight, _standard(curve)
    return Shape(
        len(z),
        float(1.0 / np.sum(weight**2)),
        float(1.0 / np.sum((weight * z) ** 2)),
        float(np.sum(weight * z**3)),
        float(np.sum(weight * z**4) - 3.0),
        _repeats(curve, f_last),
    )


def _repeats(curve: Curve, f_last: float) -> float:
    """How often a frequency comes again among those that are whole cycles per day away.

    ``1 + 2 sum_k (1 - k / (K + 1)) |W(k)|^2`` over k of 1 to K cycles per solar or sidereal
    day, whichever is more alike; |W|^2 is the spectral window, with which the powers of noise at
    two frequencies are correlated (Scargle 1982, ApJ 263, 835, appendix D).
    """
    last = min(max(int(f_last), 1), MOST_REPEATS)
    rank = np.arange(1, last + 1)
    window = np.zeros(last)
    for day in (1.0, SIDEREAL):
        turn = np.exp(2j * np.pi * ((curve.time * day) % 1.0))
        turns = np.cumprod(np.broadcast_to(turn[:, None], (len(turn), last)), axis=1)
        window = np.maximum(window, np.abs(np.sum(turns * curve.weight[:, None], axis=0)) ** 2)
    return float(1.0 + 2.0 * np.sum((1.0 - rank / (last + 1.0)) * window))


def _log_sum(logarithms: Floats) -> float:
    """Logarithm of a sum of numbers, given theirs."""
    largest = logarithms.max()
    return float(largest + np.log(np.sum(np.exp(logarithms - largest))))


def _standard(curve: Curve) -> Floats:
    return curve.mag / np.sqrt(np.sum(curve.weight * curve.mag**2))


def log_chance(curve: Curve, shape: Shape, gain: float) -> float:
    """Logarithm of the probability of a gain at one frequency, of magnitudes in random order.

    Parameters
    ----------
    curve : Curve
        As it is judged, with softened errors.
    shape : Shape
    gain : float
        Criterion of a constant less that of the best model.

    Returns
    -------
    float
        At most 0.
    """
    if gain <= 0.0:
        return 0.0
    chances = np.append(_series_chances(shape, gain), _box_chances(curve, shape, gain))
    return min(_log_sum(chances), 0.0) if len(chances) else 0.0


def _series_chances(shape: Shape, gain: float) -> list[float]:
    """Logarithms of the chances of Fourier series of each order.

    With an integer K the tail of the Beta law is a finite sum.
    """
    from scipy.special import gammaln

    from scope.periods.ls_bic import REFINED_POINTS_PER_TERM, max_order

    chances = []
    for order in range(1, max_order(shape.n, REFINED_POINTS_PER_TERM) + 1):
        b = (shape.points - 2 * order - 1) / 2.0
        if b <= LEAST_FREEDOM:
            break
        # The criterion turned round: the part of the variance that is left for this gain.
        log_left = -(gain + 2.0 * order * math.log(shape.n)) / shape.n
        i = np.arange(order)
        terms = gammaln(b + i) - gammaln(b) - gammaln(i + 1.0)
        terms += i * math.log(-math.expm1(log_left))
        chances.append(b * log_left + _log_sum(terms))
    return chances


def _box_chances(curve: Curve, shape: Shape, gain: float) -> Floats:
    """Logarithms of the chances of boxes with so and so many points."""
    from scope.periods.kernels.eclipse import MIN_POINTS

    n = shape.n
    explained = -math.expm1(-(gain + 3.0 * math.log(n)) / n)
    most = min(max(BOX_SHARE * n, MIN_POINTS + 1.0), n / 2.0)
    if most < MIN_POINTS:
        return np.empty(0)
    size = np.round(MIN_POINTS * (most / MIN_POINTS) ** SIZE_STEPS)
    size = size[np.diff(size, prepend=0.0) > 0.0]
    depth = np.sqrt(explained * (n - size) / size)
    mean, rate = _rates(_standard(curve), curve.weight)
    reached = depth < mean[-1]
    size, depth = size[reached], depth[reached]
    place = _log_binomial(n, size)
    return np.asarray(BOX_PLACES + place - size * shape.errors / n * np.interp(depth, mean, rate))


def _rates(z: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Large-deviation rate of the mean of draws: means, rising, and the rate of each."""
    top = float(z.max())
    slope = SLOPES / max(top, 0.3)
    # Relative to the faintest point, so that nothing overflows.
    tilted = weight * np.exp(slope[:, None] * (z - top))
    total = tilted.sum(axis=1)
    mean = (tilted * z).sum(axis=1) / total
    return mean, slope * mean - (np.log(total) + slope * top)


def _log_binomial(n: int, size: Floats) -> Floats:
    """Logarithm of the chance that a box holds so many of n points, of its likeliest width."""
    from scipy.special import gammaln

    from scope.periods.kernels.eclipse import N_BINS, WIDTHS

    width = (WIDTHS / N_BINS)[:, None]
    ways = gammaln(n + 1.0) - gammaln(size + 1.0) - gammaln(n - size + 1.0)
    return np.asarray((ways + size * np.log(width) + (n - size) * np.log1p(-width)).max(axis=0))


LOCATION = (-4.563, 1.142, -2.885, -3.921, 9.277, 0.346)
"""Coefficients of `covariates`."""
LOG_SCALE = (0.295, 0.217)
"""Coefficients of `scale_covariates`, of the natural logarithm of the scale."""
MOST_POINTS = 150
"""The scale grows with the number of points up to this one."""
HEAVIEST = 30.0
"""Kurtosis up to which the law was fitted."""


def log10_fap(curves: Sequence[Curve], gains: Sequence[float], grid: Grid) -> float:
    """Decimal logarithm of the false-alarm probability of a period.

    Parameters
    ----------
    curves : sequence of Curve
        The light curves that were searched together, as they are judged, with softened errors.
    gains : sequence of float
        Criterion of a constant less that of the best model, for each of them.
    grid : Grid
        The trial frequencies.

    Returns
    -------
    float
        At most 0. Of several light curves the chances are multiplied as Fisher (1932,
        Statistical Methods for Research Workers, 4th edition, section 21.1) did. 0 where the
        gains sum to 0 or less: no model beats a constant.
    """
    if sum(gains) <= 0.0:
        return 0.0
    from scipy.special import gammaln

    shapes = [shape_of(curve, grid.f_last) for curve in curves]
    # The product of k uniform chances is below its value p with a probability of
    # p sum_{i<k} (-ln p)^i / i!.
    least = -sum(map(log_chance, curves, shapes, gains))
    k = np.arange(len(curves))
    joined = _log_sum(k * math.log(max(least, 1e-300)) - gammaln(k + 1.0)) - least
    location = float(np.mean([np.dot(LOCATION, covariates(shape)) for shape in shapes]))
    log_scale = float(np.mean([np.dot(LOG_SCALE, scale_covariates(shape)) for shape in shapes]))
    reduced = (-joined - math.log(grid.n_independent) - location) / math.exp(log_scale)
    return _log10_largest(reduced)


def covariates(shape: Shape) -> tuple[float, ...]:
    """Return what the location of the law is a linear function of."""
    skew = math.tanh(shape.skewness / 2.0)
    tails = math.log1p(min(max(shape.kurtosis, -1.5), HEAVIEST) / 2.0)
    return (
        1.0,
        math.log(shape.n) - 4.5,
        tails,
        skew,
        skew**2,
        math.log(shape.repeats) - 1.5,
    )


def scale_covariates(shape: Shape) -> tuple[float, ...]:
    """Return what the logarithm of the law's scale is a linear function of."""
    return (1.0, math.log(min(shape.n, MOST_POINTS)) - 4.5)


def _log10_largest(reduced: float) -> float:
    """``log10(1 - exp(-exp(-u)))``, for u of any size."""
    rate = math.exp(-max(reduced, -700.0)) if reduced < 700.0 else 0.0
    if rate < 1e-12:
        return -reduced / math.log(10.0)
    return math.log10(-math.expm1(-min(rate, 700.0)))
