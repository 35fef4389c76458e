"""Transients that no training sees: their forms, on epochs and errors of real light curves.

Magnitudes are flux over a host or over nothing; epochs at which the light is below the limit
are not listed, as in a survey that measures what it detects.

    supernova_ia    rise and decline in two power-exponentials with a second bump: the form of
                    Bazin et al. 2009 (A&A 499, 653), plus a later normal bump
    supernova_ii    plateau: the form of Villar et al. 2019 (ApJ 884, 83)
    supernova_slow  Bazin, slow on both sides (superluminous)
    tde             rise, then t^(-5/3) (Rees 1988, Nature 333, 523)
    nova            rise within a day, decline by a power of time (Hachisu & Kato 2006)
    microlensing    point lens (Paczynski 1986, ApJ 304, 1) with blended light
    outburst        one superoutburst: plateau of two weeks, steep decline
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.lightcurves import LightCurves

Floats = npt.NDArray[np.float64]
SEED = 20_261_129
LIMIT_MAG = 20.6
"""Beyond it nothing is listed."""


def bazin(time: Floats, rise: float, fall: float) -> Floats:
    """Return the flux, peak 1 at about 0, of Bazin et al. 2009, eq. 1."""
    flux = np.exp(-time / fall) / (1 + np.exp(-np.clip(time / rise, -500, 500)))
    peak = (fall / rise - 1) * 1.0
    top = np.exp(-rise * np.log(peak) / fall) / (1 + 1 / peak)
    return np.where(np.isfinite(flux), flux, 0.0) / top


def _ia(time: Floats, rng: np.random.Generator) -> Floats:
    flux = bazin(time, rng.uniform(2.5, 4.5), rng.uniform(15, 25))
    return flux + 0.2 * np.exp(-0.5 * ((time - 28) / 7) ** 2)


def _ii(time: Floats, rng: np.random.Generator) -> Floats:
    rise, plateau = rng.uniform(2, 6), rng.uniform(60, 110)
    fall, slope = rng.uniform(15, 40), rng.uniform(0, 0.006)
    up = 1 / (1 + np.exp(-np.clip(time / rise, -500, 500)))
    flat = 1 - slope * np.clip(time, 0, plateau)
    return up * flat * np.exp(-np.clip(time - plateau, 0, None) / fall)


def _slow(time: Floats, rng: np.random.Generator) -> Floats:
    return bazin(time, rng.uniform(10, 20), rng.uniform(50, 100))


def _tde(time: Floats, rng: np.random.Generator) -> Floats:
    start = rng.uniform(25, 50)
    after = (1 + np.clip(time, 0, None) / start) ** (-5 / 3)
    return after / (1 + np.exp(-np.clip((time + 15) / 4, -500, 500)))


def _nova(time: Floats, rng: np.random.Generator) -> Floats:
    half, power = rng.uniform(3, 20), rng.uniform(1.5, 2)
    return np.where(time < 0, 0.0, (1 + np.clip(time, 0, None) / half) ** -power)


def _outburst(time: Floats, rng: np.random.Generator) -> Floats:
    length = rng.uniform(10, 18)
    flat = 10 ** (-0.4 * 0.1 * np.clip(time, 0, length))
    return np.where(time < 0, 0.0, flat * np.exp(-np.clip(time - length, 0, None) / 1.2))


def _lens(time: Floats, rng: np.random.Generator) -> Floats:
    u = np.sqrt(rng.uniform(0.05, 0.6) ** 2 + (time / rng.uniform(10, 60)) ** 2)
    return (u**2 + 2) / (u * np.sqrt(u**2 + 4)) - 1


FORMS: dict[str, Callable[[Floats, np.random.Generator], Floats]] = {
    "supernova_ia": _ia,
    "supernova_ii": _ii,
    "supernova_slow": _slow,
    "tde": _tde,
    "nova": _nova,
    "microlensing": _lens,
    "outburst": _outburst,
}
ALWAYS_SEEN = ("microlensing",)
"""Forms whose star is there before and after."""


def transients(
    form: str, real: LightCurves, number: int, least_epochs: int, draw: int = 0
) -> LightCurves:
    """Return transients of one form on epochs of real light curves, as many as asked for.

    Each `draw` gives others. Half of those that can be are seen over a host galaxy, the others
    alone. Draws with fewer points than `least_epochs` are made again.
    """
    rng = np.random.default_rng([SEED, sorted(FORMS).index(form), *([draw] if draw else [])])
    parts: list[dict[str, Any]] = []
    while len(parts) < number:
        curve = real[(row := int(rng.integers(len(real)))) : row + 1]
        mag, listed = _light(form, curve, rng)
        if listed.sum() >= least_epochs:
            parts.append({"time": curve.time[listed], "mag": mag[listed], **_errors(curve, listed)})
    lengths = [len(part["time"]) for part in parts]
    together = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    first = 10**6 * (1 + sorted(FORMS).index(form))
    return LightCurves(
        ids=np.arange(first, first + number),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        **together,
    )


def _errors(curve: LightCurves, listed: npt.NDArray[np.bool_]) -> dict[str, Floats]:
    return {"magerr": curve.magerr[listed].astype(np.float64)}


def _light(
    form: str, curve: LightCurves, rng: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the magnitudes with noise, and which of them are listed."""
    when = curve.time[int(rng.integers(len(curve.time)))] + rng.normal(0, 20)
    flux = FORMS[form](curve.time - when, rng)
    level = float(np.median(curve.mag))
    always = form in ALWAYS_SEEN or rng.random() < 0.5
    contrast = rng.uniform(0.3, 3) if always else 1.0
    light = flux * contrast + (1.0 if always else 0.0)
    mag = level - 2.5 * np.log10(np.maximum(light, 1e-9))
    mag = mag + curve.magerr * rng.standard_normal(len(mag))
    return mag, mag < LIMIT_MAG
