"""Two tests of normality as numba kernels: Anderson-Darling A² and Shapiro-Wilk W.

Both give what `scipy.stats.anderson` and `scipy.stats.shapiro` give, without the cost
of a call into Python per light curve.
"""

from __future__ import annotations

import math

import numpy as np

from scope.features.kernels import Array, kernel

_SQRT_HALF = math.sqrt(0.5)
_HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)

_FAR_TAIL = -20.0
"""Below this the error function nears underflow and the asymptotic series takes over."""

_SMALLEST_RANGE = 1e-19
"""Range of the data below which W is 1 by convention."""


@kernel
def log_normal_cdf(z: float) -> float:
    """Return the logarithm of the standard normal distribution function.

    Abramowitz & Stegun 1964, 26.2.12 gives the asymptotic series of the far tail; nine
    terms leave an error below 1e-14 at -20.
    """
    if z > _FAR_TAIL:
        if z > 0.0:
            return math.log1p(-0.5 * math.erfc(z * _SQRT_HALF))
        return math.log(0.5 * math.erfc(-z * _SQRT_HALF))
    inverse = 1.0 / (z * z)
    series = 0.0
    term = 1.0
    for k in range(1, 10):
        term *= -(2 * k - 1) * inverse
        series += term
    return -0.5 * z * z - math.log(-z) - _HALF_LOG_2_PI + math.log1p(series)


@kernel
def anderson_darling(ordered: Array) -> float:
    """Return A² of sorted values against a normal law of their own mean and deviation.

    Parameters
    ----------
    ordered : (n,) float64
        The values, rising.

    Returns
    -------
    float
        Anderson & Darling 1954, Stephens 1974 (case 3); NaN below two values or where
        all are equal.
    """
    n = len(ordered)
    if n < 2:
        return math.nan
    mean = 0.0
    for value in ordered:
        mean += value
    mean /= n
    variance = 0.0
    for value in ordered:
        variance += (value - mean) ** 2
    deviation = math.sqrt(variance / (n - 1))
    if not deviation > 0.0:
        return math.nan
    total = 0.0
    for i in range(n):
        low = (ordered[i] - mean) / deviation
        high = (ordered[n - 1 - i] - mean) / deviation
        total += (2 * i + 1.0) / n * (log_normal_cdf(low) + log_normal_cdf(-high))
    return -n - total


@kernel
def normal_quantile(p: float) -> float:
    """Return the normal quantile by Beasley & Springer 1977 (AS 111), good to 1e-9.

    A better quantile would not give the W of Royston, whose weights are made of this one.
    """
    q = p - 0.5
    if abs(q) <= 0.42:
        r = q * q
        above = ((-25.44106049637 * r + 41.39119773534) * r - 18.61500062529) * r + 2.50662823884
        below = (
            ((3.13082909833 * r - 21.06224101826) * r + 23.08336743743) * r - 8.47351093090
        ) * r + 1.0
        return q * above / below
    r = math.sqrt(-math.log(1.0 - p if q > 0.0 else p))
    above = ((2.32121276858 * r + 4.85014127135) * r - 2.29796479134) * r - 2.78718931138
    below = (1.63706781897 * r + 3.54388924762) * r + 1.0
    return -above / below if q < 0.0 else above / below


@kernel
def shapiro_wilk_weights(n: int) -> Array:
    """Return the weights of the upper half of `n` order statistics, (n // 2,) float64.

    Royston 1995 (AS R94): normal scores, with polynomial corrections of the outermost
    one or two. `n` is at least 3.
    """
    half = n // 2
    weights = np.empty(half)
    if n == 3:
        weights[0] = _SQRT_HALF
        return weights
    sum_squares = 0.0
    for i in range(half):
        weights[i] = normal_quantile((i + 0.625) / (n + 0.25))
        sum_squares += weights[i] ** 2
    sum_squares *= 2.0
    norm = math.sqrt(sum_squares)
    x = 1.0 / math.sqrt(n)
    first = (
        ((((-2.706056 * x + 4.434685) * x - 2.07119) * x - 0.147981) * x + 0.221157) * x
    ) - weights[0] / norm
    start = 1
    rest = sum_squares - 2.0 * weights[0] ** 2
    left = 1.0 - 2.0 * first**2
    if n > 5:
        second = (
            ((((-3.582633 * x + 5.682633) * x - 1.752461) * x - 0.293762) * x + 0.042981) * x
        ) - weights[1] / norm
        start = 2
        rest -= 2.0 * weights[1] ** 2
        left -= 2.0 * second**2
        weights[1] = second
    weights[0] = first
    factor = math.sqrt(rest / left)
    for i in range(start, half):
        weights[i] /= -factor
    return weights


@kernel
def shapiro_wilk(ordered: Array) -> float:
    """Return W of sorted values.

    Parameters
    ----------
    ordered : (n,) float64
        The values, rising, less some central value of theirs: W does not depend on it,
        its rounding does.

    Returns
    -------
    float
        Shapiro & Wilk 1965, with the weights of Royston 1995; NaN below three values,
        1 where all are equal.
    """
    n = len(ordered)
    if n < 3:
        return math.nan
    spread = ordered[n - 1] - ordered[0]
    if spread < _SMALLEST_RANGE:
        return 1.0
    weights = shapiro_wilk_weights(n)
    mean = 0.0
    for value in ordered:
        mean += value / spread
    mean /= n
    # The weights are antisymmetric, so their own mean is zero.
    squares_weights = 0.0
    squares = 0.0
    product = 0.0
    for i in range(n):
        j = n - 1 - i
        weight = 0.0
        if i < j:
            weight = -weights[i]
        elif i > j:
            weight = weights[j]
        deviation = ordered[i] / spread - mean
        squares_weights += weight * weight
        squares += deviation * deviation
        product += weight * deviation
    scale = math.sqrt(squares_weights * squares)
    # 1 - W, from the difference of nearly equal numbers, before W itself.
    complement = (scale - product) * (scale + product) / (squares_weights * squares)
    w = 1.0 - complement
    return max(w, 0.75) if n == 3 else w
