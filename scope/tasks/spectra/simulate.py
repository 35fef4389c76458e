"""A simulated survey of spectra, as DESI writes coadds, with truth tables.

Quasars have a power law (slope in wavelength -1.9 to -1.1; Vanden Berk et al. 2001, AJ 122,
549: -1.56), the lines that networks look for and their neighbours, with equivalent widths and
widths from the same composite (scatter of a factor 1.6; FWHM 2000 to 9000 km/s), C IV shifted
to the blue by up to 1500 km/s (Richards et al. 2011, AJ 141, 167), the mean Lyman-alpha forest,
tau = 0.0036 (1+z)^3.45 (Kim et al. 2007, MNRAS 382, 1657, rounded), with scatter from pixel to
pixel, and broad absorption in 15 % (Gibson et al. 2009, ApJ 692, 758), 3000 to 20,000 km/s from
C IV. Galaxies have a
4000-Angstrom break, narrow emission or absorption; stars a black body of 3000 to 20,000 K with
Balmer or molecular absorption. Noise is that of sky lines and of cameras, whose steps, dead
cameras and exposures of different depth are there too. It is no population: proportions are
settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import UsageError

Floats = npt.NDArray[np.float64]

CAMERA_RANGES = {"B": (3600.0, 5800.0), "R": (5760.0, 7620.0), "Z": (7520.0, 9824.0)}
"""[Angstrom]; DESI Collaboration 2022, AJ 164, 207."""

EMISSION = {
    # Rest wavelength [A]: equivalent width [A], FWHM [km/s]; Vanden Berk et al. 2001, table 2.
    1033.0: (9.0, 5000.0),
    1215.67: (92.0, 5500.0),
    1240.1: (14.0, 5000.0),
    1399.0: (8.0, 5000.0),
    1549.0: (24.0, 5000.0),
    1908.7: (21.0, 6500.0),
    2798.7: (32.0, 4500.0),
    4341.7: (12.0, 4000.0),
    4862.7: (46.0, 4500.0),
    4960.3: (4.0, 900.0),
    5008.2: (13.0, 900.0),
    6564.6: (195.0, 4500.0),
}
NARROW = {3728.5: 25.0, 4862.7: 8.0, 4960.3: 7.0, 5008.2: 20.0, 6564.6: 35.0, 6585.3: 12.0}
STELLAR = (3934.8, 3969.6, 4305.0, 5176.0, 5895.6)
BALMER = (4102.9, 4341.7, 4862.7, 6564.6)
SKY_LINES = (5577.3, 5891.9, 6300.3, 6363.8, 7715.0, 8399.0, 8885.0, 9375.0)
C_KM_S = 299_792.458
BAL_SHARE = 0.15
KINDS = ("QSO", "GALAXY", "STAR")


@dataclass(frozen=True)
class SurveyOptions:
    """Options of a simulated survey of spectra.

    Attributes
    ----------
    objects : int
    shares : tuple of float
        Of quasars, galaxies and stars.
    exposures : int
        Of each object.
    step : float
        Width of a pixel [Angstrom]; DESI has 0.8.
    fibres : int
        Spectra of a file.
    seed : int
    """

    objects: int = 600
    shares: tuple[float, float, float] = (0.45, 0.3, 0.25)
    exposures: int = 1
    step: float = 2.4
    fibres: int = 500
    seed: int = 1

    def __post_init__(self) -> None:
        if self.objects < 1 or self.exposures < 1 or self.fibres < 1 or self.step <= 0:
            raise UsageError("size of a simulated survey", value=str(self), allowed="above 0")


@dataclass(frozen=True)
class Source:
    """One object: its kind, redshift, and whether it has broad absorption."""

    targetid: int
    kind: str
    z: float
    bal: bool


def draw_sources(options: SurveyOptions) -> list[Source]:
    """Draw the objects of a survey."""
    rng = np.random.default_rng([options.seed, 0])
    shares = np.array(options.shares) / sum(options.shares)
    kinds = rng.choice(KINDS, options.objects, p=shares)
    sources = []
    for number, kind in enumerate(kinds):
        z = {"QSO": rng.uniform(0.3, 4.0), "GALAXY": rng.uniform(0.05, 1.3)}.get(str(kind), 0.0)
        bal = bool(kind == "QSO" and z > 1.5 and rng.random() < BAL_SHARE)
        # 17 digits, as DESI has them: more than a float holds.
        sources.append(Source(39_627_000_000_000_000 + 1009 * number + 1, str(kind), float(z), bal))
    return sources


def template(source: Source, wavelength: Floats, rng: np.random.Generator) -> Floats:
    """Return the flux of an object at wavelengths [Angstrom], 1 at its median.

    `wavelength` and the result: (bins,) float64.
    """
    makers = {"QSO": _quasar, "GALAXY": _galaxy, "STAR": _star}
    flux = makers[source.kind](source, wavelength, rng)
    return np.asarray(flux / max(float(np.median(flux)), 1e-6), dtype=np.float64)


def _line(wavelength: Floats, centre: float, fwhm_km_s: float) -> Floats:
    sigma = centre * fwhm_km_s / C_KM_S / 2.355
    return np.asarray(np.exp(-0.5 * ((wavelength - centre) / sigma) ** 2), dtype=np.float64)


def _quasar(source: Source, wavelength: Floats, rng: np.random.Generator) -> Floats:
    rest = wavelength / (1 + source.z)
    flux = (rest / 2500.0) ** rng.uniform(-1.9, -1.1)
    strength, wide = rng.lognormal(0, 0.3), np.clip(rng.lognormal(0, 0.3), 0.4, 1.8)
    shift = rng.uniform(-1500, 200)
    continuum = flux.copy()
    for centre, (width, fwhm) in EMISSION.items():
        moved = centre * (1 + (shift if centre < 1910 else 0.2 * shift) / C_KM_S)
        sigma = centre * fwhm * wide / C_KM_S / 2.355
        height = width * strength * rng.lognormal(0, 0.3) / (sigma * 2.507)
        flux = flux + continuum * height * _line(rest, moved, fwhm * wide)
    if source.bal:
        from scipy.special import expit

        edge, deep = rng.uniform(3000, 8000), rng.uniform(0.5, 0.95)
        width = rng.uniform(2000, 12_000)
        for centre in (1240.1, 1399.0, 1549.0):
            speed = (1 - rest / centre) * C_KM_S
            trough = expit((speed - edge) / 300) * expit((edge + width - speed) / 300)
            flux = flux * (1 - deep * trough)
    forest = rest < 1215.67
    tau = 0.0036 * (wavelength / 1215.67) ** 3.45
    scatter = rng.lognormal(-0.125, 0.5, len(rest))
    return np.where(forest, flux * np.exp(-tau * scatter), flux)


def _galaxy(source: Source, wavelength: Floats, rng: np.random.Generator) -> Floats:
    rest = wavelength / (1 + source.z)
    young = rng.random()
    flux = (rest / 5000.0) ** rng.uniform(-0.5, 1.0) / (
        1 + (1.5 - young) * np.exp((4000 - rest) / 60)
    )
    flux = flux + 0.15 * (1 - young)
    for centre in STELLAR:
        flux = flux * (1 - rng.uniform(0.1, 0.4) * (1.2 - young) * _line(rest, centre, 900))
    for centre, width in NARROW.items():
        flux = flux + young**2 * width * rng.lognormal(0, 0.4) / 8 * _line(rest, centre, 300) * 0.4
    return np.maximum(flux, 1e-3)


def _star(source: Source, wavelength: Floats, rng: np.random.Generator) -> Floats:
    kelvin = np.exp(rng.uniform(np.log(3000), np.log(20_000)))
    flux = (wavelength / 5000.0) ** -5 / np.expm1(np.minimum(1.438e8 / wavelength / kelvin, 60))
    flux = flux / flux.max()
    if kelvin > 7000:
        for centre in BALMER:
            flux = flux * (
                1 - rng.uniform(0.3, 0.6) * _line(wavelength, centre, rng.uniform(800, 3500))
            )
    else:
        for centre in STELLAR:
            flux = flux * (1 - rng.uniform(0.2, 0.6) * _line(wavelength, centre, 1200))
    if kelvin < 4000:
        for head in (4955, 5450, 6150, 7050, 7650, 8430):
            band = (wavelength > head) * np.exp(-(wavelength - head).clip(0) / 150)
            flux = flux * (1 - rng.uniform(0.3, 0.6) * band)
    return np.maximum(flux, 1e-4)


def observe(
    source: Source, exposure: int, options: SurveyOptions, signal_to_noise: float
) -> dict[str, tuple[Floats, Floats]]:
    """Return flux and inverse variance of an object in each camera, of one exposure.

    Of each camera (pixels,) float64 both.
    """
    own = np.random.default_rng([options.seed, 1, source.targetid])
    noise = np.random.default_rng([options.seed, 2, source.targetid, exposure])
    waves = camera_wavelengths(options.step)
    joined = np.concatenate(list(waves.values()))
    flux = template(source, joined, own)
    dead = str(noise.choice(list(waves))) if noise.random() < 0.02 else ""
    out, start = {}, 0
    for camera, wavelength in waves.items():
        part = flux[start : start + len(wavelength)]
        start += len(wavelength)
        sky = 1 + sum(6 * _line(wavelength, centre, 250) for centre in SKY_LINES)
        sky = sky + 1.5 * np.exp(-(wavelength - 3600) / 250)
        sigma = sky / signal_to_noise / np.sqrt(options.step / 0.8)
        # Calibration of a camera is off by a few per cent, sky subtraction by a part of the noise.
        scale, residual = noise.normal(1, 0.03), noise.normal(0, 0.2) * (sky - 1) / signal_to_noise
        seen = part * scale + residual + noise.normal(0, sigma)
        ivar = sigma**-2.0
        cosmic = noise.random(len(wavelength)) < 0.002
        ivar = np.where(cosmic, 0.0, ivar) * (camera != dead)
        out[camera] = (seen + cosmic * 30.0, ivar)
    return out


def camera_wavelengths(step: float) -> dict[str, Floats]:
    """Return the pixels of each camera [Angstrom].

    Of each camera (pixels,) float64.
    """
    return {name: np.arange(low, high, step) for name, (low, high) in CAMERA_RANGES.items()}


def simulate_survey(folder: str | Path, options: SurveyOptions | None = None) -> Path:
    """Write a survey as ``<tile>/<exposure>/coadd-<petal>-<tile>-<exposure>exposure.fits``.

    Beside the tiles lie ``truth.csv`` (TARGETID, VI_Z, VI_QUALITY, VI_CLASS, BAL) and
    ``combined.fits`` with all exposures, as training takes them.

    Returns
    -------
    Path
        The folder.
    """
    options, folder = options or SurveyOptions(), Path(folder)
    sources = draw_sources(options)
    depth = np.random.default_rng([options.seed, 3]).uniform(0.6, 1.6, options.exposures)
    bright = np.random.default_rng([options.seed, 4]).lognormal(0.9, 0.6, len(sources))
    collected: list[tuple[Any, ...]] = []
    for first in range(0, len(sources), options.fibres):
        tile = 1000 + first // options.fibres
        part = sources[first : first + options.fibres]
        for exposure in range(options.exposures):
            number = 10_000 + 100 * (tile - 1000) + exposure
            seen = [
                observe(one, exposure, options, float(bright[first + i] * depth[exposure]))
                for i, one in enumerate(part)
            ]
            ids = [one.targetid for one in part]
            place = folder / str(tile) / f"{number:08d}"
            name = f"coadd-0-{tile}-{number:08d}exposure.fits"
            rows = (ids, [tile] * len(ids), [number] * len(ids), seen)
            write_coadd(place / name, *rows, options.step)
            collected.append(rows)
    joined = [[item for rows in collected for item in rows[i]] for i in range(4)]
    write_coadd(folder / "combined.fits", joined[0], joined[1], joined[2], joined[3], options.step)
    _write_truth(folder / "truth.csv", sources)
    return folder


def write_coadd(path: Path, ids: Any, tiles: Any, exposures: Any, seen: Any, step: float) -> None:
    """Write spectra in the form of DESI's coadds."""
    from astropy.io import fits

    from scope.io.atomic import atomic_path

    table = [
        fits.Column("TARGETID", "K", array=np.array(ids)),
        fits.Column("TILEID", "J", array=np.array(tiles)),
        fits.Column("EXPID", "J", array=np.array(exposures)),
    ]
    parts = [fits.PrimaryHDU(), fits.BinTableHDU.from_columns(table, name="FIBERMAP")]
    for camera, wavelength in camera_wavelengths(step).items():
        parts.append(fits.ImageHDU(wavelength, name=f"{camera}_WAVELENGTH"))
        for place, what in enumerate(("FLUX", "IVAR")):
            values = np.array([one[camera][place] for one in seen], dtype=np.float32)
            parts.append(fits.ImageHDU(values, name=f"{camera}_{what}"))
    with atomic_path(path) as temporary:
        fits.HDUList(parts).writeto(temporary, overwrite=True)


def _write_truth(path: Path, sources: list[Source]) -> None:
    from scope.io.atomic import write_bytes

    lines = ["TARGETID,VI_Z,VI_QUALITY,VI_CLASS,BAL"]
    for one in sources:
        bal = (1 if one.bal else -1) if one.kind == "QSO" else 0
        lines.append(f"{one.targetid},{one.z:.6f},4.0,{one.kind},{bal}")
    write_bytes(("\n".join(lines) + "\n").encode(), path)


__all__ = ["Source", "SurveyOptions", "draw_sources", "simulate_survey", "write_coadd"]
