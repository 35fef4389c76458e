"""Where the sources of a quadrant lie, and the bright stars among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.lightcurves.bright_stars import exclusion_radius_arcsec
from scope.surveys.simulation.pointing import QUADRANT_SIZE_DEG, offset_position

Array = npt.NDArray[np.float64]

_BRIGHTEST_G, _FAINTEST_G = 6.0, 12.5
_STARS_TO_12_5 = 115.0
_COUNT_SLOPE = 0.45
"""Stars to G 12.5 in a quadrant at middle galactic latitudes and the slope of their
counts, dex per magnitude (Robin et al. 2003, A&A 409, 523)."""

_NEAR_BRIGHT_SHARE = 0.02


@dataclass(frozen=True)
class BrightStars:
    """Stars that are saturated in the survey and blind it around them.

    Attributes
    ----------
    ra, dec : (n,) float64
        Degrees.
    g, bp_rp : (n,) float64
        Gaia magnitude and colour.
    """

    ra: Array
    dec: Array
    g: Array
    bp_rp: Array

    def __len__(self) -> int:
        return len(self.ra)


def draw_bright_stars(rng: np.random.Generator, ra: float, dec: float) -> BrightStars:
    """Draw the bright stars of the quadrant around a position; at least one is of G 8 to 9."""
    count = 1 + rng.poisson(_STARS_TO_12_5)
    brightest = 10 ** (_COUNT_SLOPE * (_BRIGHTEST_G - _FAINTEST_G))
    g = _FAINTEST_G + np.log10(rng.uniform(brightest, 1.0, count)) / _COUNT_SLOPE
    g[0] = rng.uniform(8.0, 9.0)
    places = [_anywhere(rng, ra, dec) for _ in range(count)]
    return BrightStars(
        np.array([place[0] for place in places]),
        np.array([place[1] for place in places]),
        g,
        np.clip(rng.normal(0.9, 0.3, count), 0.0, 2.0),
    )


def draw_position(
    rng: np.random.Generator, ra: float, dec: float, bright: BrightStars, *, beside_bright: bool
) -> tuple[float, float]:
    """Draw where a source lies, in degrees.

    Parameters
    ----------
    ra, dec : float
        Centre of the quadrant.
    beside_bright : bool
        Put it into the exclusion radius of a bright star. A few of all others lie there
        as well.
    """
    if not beside_bright and rng.random() >= _NEAR_BRIGHT_SHARE:
        return _anywhere(rng, ra, dec)
    radius = exclusion_radius_arcsec(bright.g, bright.bp_rp)
    star = int(rng.choice(len(bright), p=radius**2 / np.sum(radius**2)))
    # Far enough not to be taken for the star itself.
    distance = rng.uniform(0.25, 0.95) * radius[star] / 3600.0
    angle = rng.uniform(0.0, 2 * np.pi)
    return offset_position(
        float(bright.ra[star]),
        float(bright.dec[star]),
        float(distance * np.sin(angle)),
        float(distance * np.cos(angle)),
    )


def jitter(
    rng: np.random.Generator, position: tuple[float, float], sigma_arcsec: float
) -> tuple[float, float]:
    """Return a position off by a normal error in each direction."""
    east, north = rng.normal(0.0, sigma_arcsec / 3600.0, 2)
    return offset_position(*position, float(east), float(north))


def _anywhere(rng: np.random.Generator, ra: float, dec: float) -> tuple[float, float]:
    east, north = rng.uniform(-QUADRANT_SIZE_DEG / 2, QUADRANT_SIZE_DEG / 2, 2)
    return offset_position(ra, dec, float(east), float(north))
