"""Lomb-Scargle power with errors and a floating mean (Zechmeister & Kürster 2009, A&A 496, 577).

With weights of sum 1 and magnitudes of weighted mean 0, and Y, C, S the weighted sums of
y, cos, sin and of their products, the power is their equation 5::

    p = (SS YC^2 + CC YS^2 - 2 CS YC YS) / (YY (CC SS - CS^2))

the fraction of the variance that a sine wave and a constant explain, in 0 .. 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scope.periods.kernels.types import Floats

SINGULAR = 1e-10
"""Determinants below this are of a fit that the points do not constrain; its power is 0."""


@njit(cache=True, nogil=True)
def power_at(time: Floats, mag: Floats, weight: Floats, frequencies: Floats) -> Floats:
    """Power at arbitrary frequencies [1/d], summed directly in float64.

    Parameters
    ----------
    time : (n,) float64
        Days since the first point.
    mag : (n,) float64
        Magnitudes less their weighted mean.
    weight : (n,) float64
        Of sum 1.
    frequencies : (k,) float64

    Returns
    -------
    (k,) float64
    """
    variance = np.sum(weight * mag * mag)
    result = np.empty(len(frequencies))
    for i in range(len(frequencies)):
        yc = ys = c1 = s1 = cc = cs = 0.0
        for j in range(len(time)):
            cycles = time[j] * frequencies[i]
            # Whole turns are taken off first: the cosine of a large angle has few digits left.
            angle = 2.0 * np.pi * (cycles - np.floor(cycles))
            c, s = np.cos(angle), np.sin(angle)
            wy = weight[j] * mag[j]
            yc += wy * c
            ys += wy * s
            c1 += weight[j] * c
            s1 += weight[j] * s
            cc += weight[j] * c * c
            cs += weight[j] * c * s
        # sin^2 is 1 - cos^2 under weights of sum 1; then the floating mean is taken off all three.
        ss = 1.0 - cc - s1 * s1
        cc -= c1 * c1
        cs -= c1 * s1
        determinant = cc * ss - cs * cs
        if determinant < SINGULAR:
            result[i] = 0.0
        else:
            result[i] = (ss * yc * yc + cc * ys * ys - 2.0 * cs * yc * ys) / (
                determinant * variance
            )
    return result
