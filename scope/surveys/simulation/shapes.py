"""Shapes of periodic light curves: Fourier series of pulsators, modulations of binaries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Shape = Callable[[Array], Array]

_TABLE_SIZE = 1024


def tabulate(
    function: Callable[[Array], Array], *, size: int = _TABLE_SIZE, normalise: bool = False
) -> Shape:
    """Return a periodic function of phase that interpolates a table of another.

    Parameters
    ----------
    function : callable
        From phases in [0, 1), (n,) float64, to magnitudes.
    size : int
        Entries of the table.
    normalise : bool
        Scale to unit peak-to-peak amplitude and zero mean.
    """
    grid = np.arange(size + 1) / size
    values = function(grid[:-1])
    if normalise:
        values = (values - values.mean()) / np.ptp(values)
    values = np.append(values, values[0])

    def shape(phase: Array) -> Array:
        return np.interp(np.mod(phase, 1.0), grid, values)

    return shape


def fourier_shape(ratios: list[float], phases: list[float]) -> Shape:
    """Return a light curve of unit amplitude with given Fourier parameters.

    Parameters
    ----------
    ratios : list of float
        R21, R31, … : amplitudes of the harmonics over that of the first.
    phases : list of float
        phi21, phi31, … in radians, of the cosine series
        m = sum A_k cos(2 pi k phase + phi_k), phi_k1 = phi_k - k phi_1.

    Notes
    -----
    Simon & Lee 1981, ApJ 248, 291; the cosine convention is that of OGLE
    (Soszynski et al. 2008, AcA 58, 163).
    """

    def series(phase: Array) -> Array:
        value = np.cos(2 * np.pi * phase)
        for k, (ratio, angle) in enumerate(zip(ratios, phases, strict=True), start=2):
            value = value + ratio * np.cos(2 * np.pi * k * phase + angle)
        return value

    return tabulate(series, normalise=True)


def sawtooth_shape(r21: float, r31: float, phi21: float, phi31: float, n_harmonics: int) -> Shape:
    """Return a pulsator's shape from its two leading ratios and phase differences.

    Higher harmonics continue the first ones: amplitude ratios fall geometrically, phase
    differences grow linearly, as observed for RR Lyrae stars of type ab (Jurcsik &
    Kovacs 1996, A&A 312, 111) and Cepheids (Simon & Moffett 1985, PASP 97, 1078).
    """
    # phi31 is known modulo a turn; take it near the straight line through phi21.
    turns = 2 * np.pi * np.round((2 * phi21 - phi31) / (2 * np.pi))
    slope = phi31 + turns - phi21
    fall = min(r31 / r21, 0.8) if r21 > 0 else 0.0
    ratios, phases = [r21, r31], [phi21, phi31]
    for k in range(4, n_harmonics + 1):
        ratios.append(r31 * fall ** (k - 3))
        phases.append(phi31 + (k - 3) * slope)
    return fourier_shape(ratios, phases)


def ellipsoidal_shape(asymmetry: float, beaming: float) -> Shape:
    """Return the unit-amplitude modulation of a tidally distorted star.

    Two maxima per orbit; `asymmetry` makes the minimum of the inner side deeper, after
    the third-order terms of Morris & Naftilan 1993, ApJ 419, 344; `beaming` makes the
    maxima unequal.
    """

    def modulation(phase: Array) -> Array:
        angle = 2 * np.pi * phase
        return (
            np.cos(2 * angle)
            + asymmetry * (np.cos(angle) + 0.4 * np.cos(3 * angle))
            + beaming * np.sin(angle)
        )

    return tabulate(modulation, normalise=True)


def spot_dimming(
    angle: Array, latitude: Array | float, inclination: float, linear_limb: float = 0.6
) -> Array:
    """Return the relative flux that a small dark spot takes away.

    Parameters
    ----------
    angle : (n,) float64
        Longitude of the spot from the line of sight, radians.
    latitude : float or (n,) float64
        Radians.
    inclination : float
        Of the axis to the line of sight, radians.

    Returns
    -------
    (n,) float64

    Notes
    -----
    Projected, limb-darkened area of a small spot (Eker 1994, ApJ 420, 373), 1 for a
    spot at the centre of the disc.
    """
    mu = np.sin(inclination) * np.cos(latitude) * np.cos(angle) + np.cos(inclination) * np.sin(
        latitude
    )
    mu = np.maximum(mu, 0.0)
    return mu * (1.0 - linear_limb * (1.0 - mu))
