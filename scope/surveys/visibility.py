"""Whether a light curve shows that its star varies.

A training light curve in which the noise hides all variation teaches that noise is a variable star:
such a light curve is no example of its class, whatever its star is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

VISIBLE = 60.0
"""Least chi-square by which a variation stands out of the noise. A search of a million
independent frequencies finds 40 by chance in one of a thousand light curves, ``2 ln(1e6 / 1e-3)``
(Schwarzenberg-Czerny 1998, MNRAS 301, 831); half as much again, since the noise itself makes
the estimate uncertain."""
EXTREME = 0.03
"""Part of the points at either end that may be outliers: they count as the next ones do."""


def visibility(mag: Floats, magerr: Floats, errors: Floats | None = None) -> float:
    """Return the chi-square by which the variation of a light curve stands out of its noise.

    What the magnitudes scatter beyond their stated errors is taken for the variation. Its variance,
    over that of the error of each point, is summed.

    Parameters
    ----------
    mag, magerr : (n,) float64
        Magnitudes and their errors, mag.
    errors : (n,) float64, optional
        Of each point where the star is observed otherwise, mag; by default `magerr`.

    Returns
    -------
    float
        0 or more; 0 without points. `VISIBLE` and more can be seen.
    """
    if not len(mag):
        return 0.0
    inner = np.clip(mag, *np.quantile(mag, (EXTREME, 1.0 - EXTREME)))
    variance = max(float(np.var(inner) - np.mean(magerr**2)), 0.0)
    # An error of 0, as some surveys list it, says nothing of how well a point is known.
    error = np.where((weighed := magerr if errors is None else errors) > 0, weighed, np.inf)
    return float(np.sum(variance / error**2))
