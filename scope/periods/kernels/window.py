"""The Kaiser-Bessel window, which is narrow in time and in frequency.

Its Fourier transform is known exactly (Fessler & Sutton 2003, IEEE Trans. Signal Process.
51, 560).
"""

from __future__ import annotations

import numpy as np

from scope.periods.kernels.types import Floats


def shape_parameter(taps: int, oversampling: float) -> float:
    """Best shape for a number of taps (Beatty, Nishimura & Pauly 2005, eq. 5)."""
    return float(np.pi * np.sqrt((taps / oversampling * (oversampling - 0.5)) ** 2 - 0.8))


def window(x: Floats, taps: int, shape: float) -> Floats:
    """Return the window at distances in grid steps, which must be within half the taps.

    `x` and the result are float64 of one shape, (...).
    """
    inside = np.maximum(1.0 - (2.0 * x / taps) ** 2, 0.0)
    return np.asarray(np.i0(shape * np.sqrt(inside)), dtype=np.float64)


def window_transform(frequency: Floats, taps: int, shape: float) -> Floats:
    """Return the Fourier transform of the window at frequencies in cycles per grid step.

    `frequency` and the result are float64 of one shape, (...).
    """
    # Real within the band that the shape is made for, frequencies below shape / (pi taps).
    root = np.sqrt(shape**2 - (np.pi * taps * frequency) ** 2)
    return taps * np.sinh(root) / root
