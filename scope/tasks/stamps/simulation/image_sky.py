"""What there is in the field of one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.tasks.stamps.simulation.options import NightOptions

Floats = npt.NDArray[np.float64]

STAR_MAGNITUDES = (10.5, 22.5)
COUNTED_TO = 21.5
STAR_SLOPE = 0.26
"""Of log10 of the counts by magnitude: between the bright stars of the disc (0.35) and the
faint ones of the halo (0.2; Bahcall & Soneira 1980, ApJS 44, 73)."""

GALAXY_MAGNITUDES = (14.5, 20.5)
GALAXY_SLOPE = 0.4
"""Counts of galaxies fainter than 16 mag (Yasuda et al. 2001, AJ 122, 1104) fall below 0.6."""

EXPOSURE_GAP_DAYS = 75 / 86400


@dataclass(frozen=True)
class Sky:
    """Sources of a field. Positions are in pixels of the true grid, rows are sources.

    Attributes
    ----------
    stars : (n, 4) float
        x, y, magnitude in the template, magnitude at night.
    galaxies : (n, 7) float
        x, y, magnitude, half-light radius (px), axis ratio, angle (rad), Sersic index.
    movers : (n, 5) float
        x, y at the middle exposure, magnitude, motion in x and y (px/day).
    known : (n,) bool
        Whether a minor planet stands in the position table.
    transients : (n, 4) float
        x, y, magnitude, number of the host galaxy or -1.
    """

    stars: Floats
    galaxies: Floats
    movers: Floats
    known: npt.NDArray[np.bool_]
    transients: Floats

    @property
    def varies(self) -> npt.NDArray[np.bool_]:
        """Tell which stars are not as bright as in the template, (n,) bool."""
        return np.asarray(self.stars[:, 2] != self.stars[:, 3])


def draw_sky(rng: np.random.Generator, options: NightOptions) -> Sky:
    """Draw the sources of a field."""
    galaxies = _galaxies(rng, options)
    movers = _movers(rng, options)
    return Sky(
        stars=_stars(rng, options),
        galaxies=galaxies,
        movers=movers,
        known=rng.random(len(movers)) < options.known_minor_planets,
        transients=_transients(rng, options, galaxies),
    )


def _places(rng: np.random.Generator, n: int, size: int, margin: float = 0.0) -> Floats:
    return rng.uniform(-margin, size - 1 + margin, size=(n, 2))


def _magnitudes(
    rng: np.random.Generator, n: int, limits: tuple[float, float], slope: float
) -> Floats:
    """Draw from counts that rise as 10**(slope * mag) between two magnitudes."""
    low, high = (10 ** (slope * edge) for edge in limits)
    return np.asarray(np.log10(rng.uniform(low, high, n)) / slope)


def _stars(rng: np.random.Generator, options: NightOptions) -> Floats:
    scale = (options.size / 512) ** 2 * options.crowding ** rng.uniform(-1, 1)
    # A deep template shows stars that no exposure does.
    fainter = 10 ** (STAR_SLOPE * (STAR_MAGNITUDES[1] - COUNTED_TO))
    n = int(rng.poisson(options.stars * scale * fainter))
    magnitude = _magnitudes(rng, n, STAR_MAGNITUDES, STAR_SLOPE)
    varies = (rng.random(n) < options.variable_stars) & (magnitude < 19)
    change = rng.choice([-1, 1], n) * rng.uniform(*options.variable_change, n)
    now = np.where(varies, magnitude + change, magnitude)
    return np.column_stack([_places(rng, n, options.size, 20), magnitude, now])


def _galaxies(rng: np.random.Generator, options: NightOptions) -> Floats:
    n = int(rng.poisson(options.galaxies * (options.size / 512) ** 2))
    magnitude = _magnitudes(rng, n, GALAXY_MAGNITUDES, GALAXY_SLOPE)
    # Bright galaxies look larger; the scatter is a factor of 1.5.
    radius = 10 ** (-0.13 * (magnitude - 17) + rng.normal(0.35, 0.18, n)) / options.pixel_arcsec
    return np.column_stack(
        [
            _places(rng, n, options.size),
            magnitude,
            np.clip(radius, 0.6, 15),
            rng.uniform(0.3, 1, n),
            rng.uniform(0, np.pi, n),
            rng.choice([1.0, 4.0], n, p=[0.7, 0.3]),
        ]
    )


def _movers(rng: np.random.Generator, options: NightOptions) -> Floats:
    n = int(rng.poisson(options.minor_planets))
    speed = rng.uniform(0.2, 0.9, n) * 1440 / options.pixel_arcsec  # 0.2-0.9 arcsec a minute
    angle = rng.normal(0, 0.4, n)
    magnitude = rng.uniform(15.5, 20.4, n)
    motion = speed[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.column_stack([_places(rng, n, options.size, -8), magnitude, motion])


def _transients(rng: np.random.Generator, options: NightOptions, galaxies: Floats) -> Floats:
    """Draw new sources, three in four of them in galaxies, where the light is."""
    n = int(rng.poisson(options.transients))
    place = _places(rng, n, options.size, -8)
    host = np.full(n, -1.0)
    if len(galaxies):
        weight = 10 ** (-0.2 * galaxies[:, 2])
        chosen = rng.choice(len(galaxies), n, p=weight / weight.sum())
        inside = rng.random(n) < 0.75
        radius = galaxies[chosen, 3] * rng.gamma(2.0, 0.6, n)
        angle = rng.uniform(0, 2 * np.pi, n)
        offset = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        place = np.where(inside[:, None], galaxies[chosen, :2] + offset, place)
        host = np.where(inside, chosen.astype(np.float64), -1.0)
    return np.column_stack([place, rng.uniform(15.5, 20.2, n), host])
