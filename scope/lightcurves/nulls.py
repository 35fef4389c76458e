"""Light curves that cannot be what a class says: shuffled ones, and white noise.

A classifier that calls them variable or periodic says it of the cadence, the noise or the
field, not of the star. Each light curve keeps its epochs and errors, so that nothing but
the light tells it from the real one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from scope.lightcurves import shuffling
from scope.lightcurves.curves import LightCurves

_SALT = "scope null 1"

Floats = npt.NDArray[np.floating]
Draw = Callable[[LightCurves, np.random.Generator], tuple[Floats, Floats]]


def shuffled(lightcurves: LightCurves, seed: int = 0) -> LightCurves:
    """Return light curves whose magnitudes, each with its error, changed places.

    No period, trend or event is left; how much and how asymmetrically the star varies is.

    Parameters
    ----------
    lightcurves : LightCurves
        n light curves, cleaned.
    seed : int
        Of the draws. That of a light curve depends on this and on its id alone.

    Returns
    -------
    LightCurves
        n light curves with the same ids, times and time zero, without flags.
    """
    return _each(lightcurves, "shuffled", seed, _shuffle)


def shuffled_in_season(lightcurves: LightCurves, seed: int = 0) -> LightCurves:
    """Return light curves shuffled like `shuffled`, but within each season only.

    What changes from season to season stays: long trends, steps of the calibration.
    Seasons are those of `scope.lightcurves.shuffling.seasons`.
    """
    return _each(lightcurves, "shuffled_in_season", seed, _shuffle_seasons)


def white_noise(lightcurves: LightCurves, seed: int = 0) -> LightCurves:
    """Return constant stars on the epochs of light curves: normal noise of the stated errors.

    Each is as bright as the weighted mean of the real one. Nothing varies in them, for
    whoever believes the errors.
    """
    return _each(lightcurves, "white_noise", seed, _noise)


NULLS: Mapping[str, Callable[[LightCurves, int], LightCurves]] = MappingProxyType(
    {
        "shuffled": shuffled,
        "shuffled_in_season": shuffled_in_season,
        "white_noise": white_noise,
    }
)
"""Kind of null -> what makes it."""


def draw_fraction(ids: npt.ArrayLike, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return a number from 0 to below 1 for each id, by its hash: who is first in a sample.

    Parameters
    ----------
    ids : (n,) int64
    seed : int

    Returns
    -------
    (n,) float64
        The same for an id whatever other ids there are.
    """
    return np.array(
        [(_entropy("sample", seed, number)[0] >> 11) / 2**53 for number in np.asarray(ids).tolist()]
    )


def _each(lightcurves: LightCurves, kind: str, seed: int, draw: Draw) -> LightCurves:
    """Draw each light curve anew by random numbers of its own."""
    mag, magerr = lightcurves.mag.copy(), lightcurves.magerr.copy()
    for number, one_id in enumerate(lightcurves.ids.tolist()):
        points = slice(lightcurves.offsets[number], lightcurves.offsets[number + 1])
        rng = np.random.default_rng(_entropy(kind, seed, one_id))
        mag[points], magerr[points] = draw(lightcurves[number : number + 1], rng)
    return LightCurves(
        ids=lightcurves.ids,
        offsets=lightcurves.offsets,
        time=lightcurves.time,
        mag=mag,
        magerr=magerr,
        time_zero_hjd=lightcurves.time_zero_hjd,
    )


def _entropy(kind: str, seed: int, one_id: int) -> list[int]:
    digest = hashlib.sha256(f"{_SALT}:{kind}:{seed}:{one_id}".encode()).digest()
    return [int.from_bytes(digest[i : i + 8], "big") for i in (0, 8, 16, 24)]


def _shuffle(curve: LightCurves, rng: np.random.Generator) -> tuple[Floats, Floats]:
    order = shuffling.shuffled(rng, len(curve.time))
    return curve.mag[order], curve.magerr[order]


def _shuffle_seasons(curve: LightCurves, rng: np.random.Generator) -> tuple[Floats, Floats]:
    order = shuffling.shuffled_in_season(rng, curve.time)
    return curve.mag[order], curve.magerr[order]


def _noise(curve: LightCurves, rng: np.random.Generator) -> tuple[Floats, Floats]:
    if not len(curve.time):
        return curve.mag, curve.magerr
    mag, magerr = curve.mag.astype(np.float64), curve.magerr.astype(np.float64)
    return shuffling.white_noise(rng, mag, magerr).astype(curve.mag.dtype), curve.magerr
