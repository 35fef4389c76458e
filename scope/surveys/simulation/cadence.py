"""When a quadrant is observed, and how well: the exposures that all its stars share.

Modelled on the first three years of ZTF (Bellm et al. 2019, PASP 131, 018002 and 068003):
a public survey that comes back to every field each third night in g and r, partnership
surveys that add nights and repeated visits, a few nights of continuous cadence, the
yearly gap when the field is behind the Sun, full moons, and Palomar's weather in spells
of several nights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.surveys.simulation import pointing

Array = npt.NDArray[np.float64]

FIRST_MJD = 58194.0
"""First night of the public survey, 2018-03-17."""

FILTER_IDS = {"g": 1, "r": 2, "i": 3}

BAD_EXPOSURE = 32768
"""catflags bit that the survey sets on every source of an unusable exposure."""

_DARK_DEPTH_MAG = {1: 20.95, 2: 20.75, 3: 20.2}
"""5-sigma limits at zenith in dark, clear nights (Bellm et al. 2019, table 1, median)."""

_DECIMATION_DAYS = 30.0 / 1440.0
_VISITS = np.array([0.83, 0.10, 0.05, 0.02])
"""Share of nights with 1, 2, 3 and 4 visits; pairs of exposures come on top."""

_NIGHTLY_MONTHS = 0.3
_MAX_VISITS = 8
_BAND_SHARE = {1: 0.95, 2: 1.08, 3: 0.6}
"""Epochs in a band over the median of g and r: r is observed more than g, i seldom."""

_TYPICAL_SURVIVAL = 0.815
"""Share of a quadrant's good exposures that the median star of a field keeps."""


@dataclass(frozen=True)
class Cadence:
    """The exposures of a quadrant, in all bands, by time.

    Attributes
    ----------
    time : (n,) float64
        Heliocentric MJD.
    band : (n,) int64
        Filter ids: 1 g, 2 r, 3 i.
    depth : (n,) float64
        5-sigma limiting magnitude.
    seeing : (n,) float64
        Full width at half maximum of the point-spread function, in arcsec.
    flags : (n,) int64
        catflags that every source of the exposure gets.
    """

    time: Array
    band: npt.NDArray[np.int64]
    depth: Array
    seeing: Array
    flags: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time)

    @property
    def start(self) -> float:
        """Time of the first exposure."""
        return float(self.time[0])

    @property
    def baseline(self) -> float:
        """Days between the first and the last exposure."""
        return float(self.time[-1] - self.time[0])


def make_cadence(
    rng: np.random.Generator,
    ra: float,
    dec: float,
    *,
    bands: tuple[str, ...] = ("g", "r"),
    years: float = 3.0,
    n_epochs_median: int = 150,
) -> Cadence:
    """Draw the exposures of a quadrant.

    Parameters
    ----------
    rng : numpy.random.Generator
    ra, dec : float
        Of the quadrant, in degrees.
    bands : tuple of str
        Of g, r and i.
    years : float
        From the first night of the public survey on.
    n_epochs_median : int
        How many good epochs, at least 30 minutes apart, the median star shall have in
        each band.

    Raises
    ------
    InputError
        If a band or number is not allowed, or the position is never up long enough.
    """
    _check(bands, years, n_epochs_median)
    nights = np.arange(FIRST_MJD, FIRST_MJD + 365.25 * years)
    start, length = pointing.observing_windows(nights, ra, dec, min_altitude_deg=_lowest(dec))
    clear = _weather(rng, nights) & (length > 0.4 / 24.0)
    moonlight = _moonlight(nights + 0.33, ra, dec)
    parts = []
    for band in sorted(FILTER_IDS[name] for name in bands):
        dark = moonlight < (0.55 if band == 1 else 0.9)
        usable = np.flatnonzero(clear & (dark | (rng.random(len(nights)) < 0.15)))
        wanted = n_epochs_median * _BAND_SHARE[band]
        times = _visits(rng, start[usable], length[usable], wanted)
        parts.append(_expose(rng, times, band, ra, dec))
    return _merge(parts)


def _check(bands: tuple[str, ...], years: float, n_epochs_median: int) -> None:
    unknown = [band for band in bands if band not in FILTER_IDS]
    if unknown or not bands or len(set(bands)) != len(bands):
        raise InputError("bands to simulate", value=", ".join(bands), allowed="g, r, i, each once")
    if not 0.1 <= years <= 20.0:
        raise InputError("years to simulate", value=years, allowed="0.1 to 20")
    if n_epochs_median < 1:
        raise InputError("epochs to simulate", value=n_epochs_median, allowed="1 or more")


def _lowest(dec: float) -> float:
    """Return the altitude from which on a field is observed: airmass 2.4, or near its best.

    Southern fields hardly come up to that and are observed around culmination.
    """
    culmination = 90.0 - abs(pointing.PALOMAR_LATITUDE_DEG - dec)
    return min(24.5, culmination - 5.0)


def _weather(rng: np.random.Generator, nights: Array) -> npt.NDArray[np.bool_]:
    """Draw clear nights: a Markov chain with wet winters, and shutdowns for maintenance."""
    season = np.cos(2 * np.pi * (nights - 58119.0) / 365.25)
    to_bad, to_clear = 0.17 + 0.11 * season, 0.40 - 0.08 * season
    uniform = rng.random(len(nights))
    clear = np.ones(len(nights), dtype=bool)
    for k in range(1, len(nights)):
        clear[k] = uniform[k] >= to_bad[k] if clear[k - 1] else uniform[k] < to_clear[k]
    for _ in range(rng.poisson(len(nights) / 365.25)):
        first = rng.integers(0, len(nights))
        clear[first : first + rng.integers(5, 26)] = False
    return clear


def _moonlight(mjd: Array, ra: float, dec: float) -> Array:
    """Return how much moonlight a position gets: 0 in dark nights, 1 beside a full moon."""
    distance = pointing.separation_deg(*pointing.moon_position(mjd), ra, dec)
    return (
        pointing.moon_illumination(mjd)
        * np.exp(-distance / 110.0)
        * (1.0 + 0.6 * np.exp(-((distance / 25.0) ** 2)))
    )


def _visits(rng: np.random.Generator, start: Array, length: Array, n_epochs: float) -> Array:
    """Choose nights and times within them until the good epochs suffice.

    Nights of the public survey come first, then others in random order; where even all
    nights do not suffice, visits are added to them.
    """
    wanted = n_epochs / _TYPICAL_SURVIVAL
    order = _priority(rng, start)
    visits = rng.choice(len(_VISITS), size=len(order), p=_VISITS) + 1
    room = np.floor(length[order] / (1.4 * _DECIMATION_DAYS)).astype(int) + 1
    counts = np.minimum(visits, room)
    while counts.sum() < wanted and np.any(more := (counts < np.minimum(room, _MAX_VISITS))):
        counts = counts + more
    if counts.sum() < wanted:
        raise InputError(
            "more epochs than the nights have room for",
            value=round(n_epochs),
            allowed=f"up to {int(counts.sum() * _TYPICAL_SURVIVAL)} here",
            todo="ask for fewer epochs or more years",
        )
    used = int(np.searchsorted(np.cumsum(counts), wanted)) + 1
    chosen, counts = order[:used], counts[:used]
    times = np.concatenate(
        [
            _times_in_night(rng, start[night], length[night], count)
            for night, count in zip(chosen, counts, strict=True)
        ]
    )
    return np.sort(np.concatenate([times, _continuous(rng, start[chosen], length[chosen], wanted)]))


def _priority(rng: np.random.Generator, start: Array) -> npt.NDArray[np.int64]:
    """Return indices of nights, those that are used first in front.

    The public survey returns after three nights; in some months a partnership survey
    observes the field every night. What is left out are single nights and whole
    fortnights alike, so that short gaps stay frequent and long ones occur.
    """
    night = np.floor(start)
    month = ((night - FIRST_MJD) // 30).astype(int)
    nightly = rng.random(month.max(initial=0) + 1) < _NIGHTLY_MONTHS
    chosen = np.zeros(len(start), dtype=bool)
    last = -np.inf
    for k, time in enumerate(night):
        if time - last >= (1 if nightly[month[k]] else 3) and rng.random() < 0.85:
            chosen[k], last = True, time
    fortnight = ((night - FIRST_MJD) // 14).astype(int)
    rank = 0.5 * rng.random(fortnight.max(initial=0) + 1)[fortnight] + rng.random(len(start))
    return np.argsort(np.where(chosen, rank, 10.0 + rank), kind="stable")


def _times_in_night(rng: np.random.Generator, start: float, length: float, count: int) -> Array:
    """Draw visits at least 30 minutes apart, each in a slot of its own."""
    slot = length / count
    free = max(slot - 1.05 * _DECIMATION_DAYS, 0.0) if count > 1 else slot
    times = start + slot * np.arange(count) + free * rng.random(count)
    # One visit in ten is a pair of exposures minutes apart.
    pairs = times[rng.random(count) < 0.1] + rng.uniform(0.7, 8.0) / 1440.0
    return np.concatenate([times, pairs])


def _continuous(rng: np.random.Generator, start: Array, length: Array, wanted: float) -> Array:
    """Draw the exposures of one or a few nights of continuous cadence.

    Kupfer et al. 2021, MNRAS 505, 1254.
    """
    runs = []
    for night in rng.permutation(len(start))[: 1 + rng.poisson(wanted / 180.0)]:
        cadence = rng.uniform(0.67, 1.4) / 1440.0
        count = min(int(rng.integers(20, 91)), int(length[night] / cadence))
        runs.append(start[night] + cadence * np.arange(count))
    return np.concatenate(runs)


def _expose(rng: np.random.Generator, time: Array, band: int, ra: float, dec: float) -> Cadence:
    """Draw depth, seeing and flags of exposures."""
    count = len(time)
    airmass = 1.0 / np.sin(np.radians(np.clip(pointing.altitude_deg(time, ra, dec), 15.0, 90.0)))
    seeing = 1.9 * airmass**0.6 * np.exp(rng.normal(0.0, 0.16, count))
    clouds = np.where(rng.random(count) < 0.22, rng.exponential(0.6, count), 0.0)
    depth = (
        _DARK_DEPTH_MAG[band]
        - (1.9 if band == 1 else 1.2) * _moonlight(time, ra, dec)
        - 1.25 * np.log10(seeing / 1.9) * 1.6
        - 0.18 * (airmass - 1.0)
        - np.minimum(clouds, 3.5)
        + rng.normal(0.0, 0.12, count)
    )
    # Clouds and bad frames go together.
    bad = rng.random(count) < rng.uniform(0.07, 0.19) * (0.5 + 2.5 * (clouds > 0.3))
    depth = depth - 0.3 * bad
    flags = np.where(bad, BAD_EXPOSURE, 0).astype(np.int64)
    return Cadence(time, np.full(count, band, dtype=np.int64), depth, seeing, flags)


def _merge(parts: list[Cadence]) -> Cadence:
    """Put the exposures of all bands in order of time."""
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("time", "band", "depth", "seeing", "flags")
    }
    order = np.argsort(joined["time"], kind="stable")
    return Cadence(**{name: values[order] for name, values in joined.items()})
