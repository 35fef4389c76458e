"""One image of a simulated night: exposures, template, difference, detections, truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.tasks.stamps.simulation.detector import (
    READ_NOISE,
    SATURATED,
    Chip,
    Faults,
    add_chip,
    add_cosmic_rays,
    add_ghosts,
    add_trail,
    expose,
    saturate,
)
from scope.tasks.stamps.simulation.image_sky import EXPOSURE_GAP_DAYS, Sky
from scope.tasks.stamps.simulation.light_origins import Origins
from scope.tasks.stamps.simulation.optics import Psf, Shift, add_galaxies, add_points, draw_shift
from scope.tasks.stamps.simulation.options import NightOptions
from scope.tasks.stamps.simulation.subtract import (
    combine,
    detect,
    detect_single,
    matched_template,
    old_scores,
)

Floats = npt.NDArray[np.float64]

TRAIL_CHANCE = 0.08


@dataclass(frozen=True)
class NightImage:
    """Products of one pointing.

    Attributes
    ----------
    exposures : list of (rows, columns) float64
    science, template, difference : (rows, columns) float64
    detections : DataFrame
        x, y, mag, fwhm, realbogus, cnn_realbogus, snr, the columns of `origins`, and
        ``fainter``: detected on the negative of the difference.
    exposure_detections : list of DataFrame
        x, y of each exposure.
    fwhm_px : float
    """

    exposures: list[Floats]
    science: Floats
    template: Floats
    difference: Floats
    detections: pd.DataFrame
    exposure_detections: list[pd.DataFrame]
    fwhm_px: float


@dataclass(frozen=True)
class _Frame:
    """What was seen in one exposure, and under which conditions.

    Attributes
    ----------
    changed : (rows, columns) float64
        Light of what is in the sky and was not so in the template, without noise.
    flux_scale : float
        Flux of a star over that without cloud.
    """

    image: Floats
    psf: Psf
    shift: Shift
    sky: float
    changed: Floats
    flux_scale: float


def take_image(sky: Sky, chip: Chip, options: NightOptions, rng: np.random.Generator) -> NightImage:
    """Take the exposures of a field, and subtract its template."""
    faults = Faults()
    seeing = rng.uniform(*options.seeing_arcsec) / options.pixel_arcsec
    frames = [
        _exposure(sky, chip, options, rng, seeing, number, faults)
        for number in range(options.exposures)
    ]
    noise = np.sqrt(np.clip(frames[0].image, 0, None) + frames[0].sky + READ_NOISE**2)
    science = combine([frame.image for frame in frames], noise)
    template = _template(sky, options, rng, faults)
    scale = np.mean([frame.flux_scale for frame in frames]) * rng.normal(1, options.scale_error)
    difference = science - _match(science, template, sky, options, float(scale))
    fwhm = float(np.mean([frame.psf.fwhm for frame in frames]))
    changed = np.mean([frame.changed for frame in frames], axis=0)
    table = _detections(sky, faults, difference, changed, options, fwhm)
    singles = [detect_single(frame.image) for frame in frames]
    return NightImage(
        [frame.image for frame in frames], science, template, difference, table, singles, fwhm
    )


def _detections(
    sky: Sky,
    faults: Faults,
    difference: Floats,
    changed: Floats,
    options: NightOptions,
    fwhm: float,
) -> pd.DataFrame:
    """Detect what is brighter than the template, then what is fainter: on the negative."""
    tables = []
    for sign in (1, -1) if options.fainter_too else (1,):
        found, segments = detect(sign * difference, options.threshold_sigma)
        origins = Origins(sky, faults, segments, sign * difference, sign * changed)
        tables.append(_described(found, origins, options, fwhm).assign(fainter=sign < 0))
    return pd.concat(tables, ignore_index=True)


def _flux(magnitude: Floats, options: NightOptions) -> Floats:
    return np.asarray(10 ** (-0.4 * (magnitude - options.zero_point)))


def _exposure(
    sky: Sky,
    chip: Chip,
    options: NightOptions,
    rng: np.random.Generator,
    seeing: float,
    number: int,
    faults: Faults,
) -> _Frame:
    """Draw one exposure; its sky is subtracted."""
    psf = Psf(seeing * rng.uniform(0.93, 1.08), abs(rng.normal(0, 0.05)), rng.uniform(0, np.pi))
    shift = draw_shift(rng, options.registration_px, options.size)
    # Thin cloud takes light away; the sky is brighter by the moon.
    flux_scale, background = 10 ** (-0.4 * abs(rng.normal(0, 0.1))), 10 ** rng.uniform(2.4, 3.0)
    light, changed = np.zeros((2, options.size, options.size))
    days = (number - (options.exposures - 1) / 2) * EXPOSURE_GAP_DAYS
    for x, y, magnitude in _points(sky, days):
        add_points(light, *shift(x, y), flux_scale * _flux(magnitude, options), psf)
    for x, y, flux in _changes(sky, days, options):
        add_points(changed, *shift(x, y), flux_scale * flux, psf)
    _draw_galaxies(light, sky, shift, flux_scale, options, psf)
    bright = sky.stars[:, 3] < 13
    x, y = shift(sky.stars[bright, 0], sky.stars[bright, 1])
    add_ghosts(light, x, y, _flux(sky.stars[bright, 3], options), rng, faults)
    if rng.random() < TRAIL_CHANCE:
        add_trail(light, rng, psf.fwhm, faults)
    image = expose(light, background, rng)
    add_cosmic_rays(image, rng, options.cosmic_rays, faults)
    add_chip(image, chip, faults)
    saturate(image, faults)
    # What ran over the full well is recorded nowhere.
    changed[image >= SATURATED] = 0.0
    return _Frame(image - background, psf, shift, background, changed, flux_scale)


def _points(sky: Sky, days: float) -> list[tuple[Floats, Floats, Floats]]:
    stars, movers, new = sky.stars, sky.movers, sky.transients
    return [
        (stars[:, 0], stars[:, 1], stars[:, 3]),
        (movers[:, 0] + days * movers[:, 3], movers[:, 1] + days * movers[:, 4], movers[:, 2]),
        (new[:, 0], new[:, 1], new[:, 2]),
    ]


def _changes(sky: Sky, days: float, options: NightOptions) -> list[tuple[Floats, Floats, Floats]]:
    """Return x, y and the flux above that of the template: what varies, moves or is new."""
    stars, moving, new = sky.stars[sky.varies], *_points(sky, days)[1:]
    brighter = _flux(stars[:, 3], options) - _flux(stars[:, 2], options)
    return [
        (stars[:, 0], stars[:, 1], brighter),
        *((x, y, _flux(magnitude, options)) for x, y, magnitude in (moving, new)),
    ]


def _draw_galaxies(
    light: Floats, sky: Sky, shift: Shift, scale: float, options: NightOptions, psf: Psf
) -> None:
    moved = sky.galaxies.copy()
    moved[:, 0], moved[:, 1] = shift(sky.galaxies[:, 0], sky.galaxies[:, 1])
    add_galaxies(light, moved, scale * _flux(sky.galaxies[:, 2], options), psf)


def _template(sky: Sky, options: NightOptions, rng: np.random.Generator, faults: Faults) -> Floats:
    """Draw the template: deeper, sharper, another pointing, so that an edge may lack it."""
    from scipy.ndimage import gaussian_filter

    psf = Psf(options.seeing_arcsec[0] / options.pixel_arcsec * rng.uniform(0.9, 1.05))
    shift = draw_shift(rng, options.registration_px, options.size)
    light = np.zeros((options.size, options.size))
    x, y = shift(sky.stars[:, 0], sky.stars[:, 1])
    add_points(light, x, y, _flux(sky.stars[:, 2], options), psf)
    _draw_galaxies(light, sky, shift, 1.0, options, psf)
    background = 400.0
    fewest, most = np.log(options.template_exposures)
    depth = np.exp(rng.uniform(fewest, most))
    noise = np.sqrt((np.clip(light, 0, None) + background + READ_NOISE**2) / depth)
    # Exposures are resampled before they are added: the noise of neighbouring pixels is alike.
    smoothing = rng.uniform(*options.template_smoothing_px)
    image = light + gaussian_filter(rng.standard_normal(light.shape), smoothing) * noise
    saturate(image, Faults())
    if rng.random() < options.template_edge:
        width = int(rng.integers(*options.template_edge_px))
        edges: list[Any] = [np.s_[:width], np.s_[-width:], np.s_[:, :width], np.s_[:, -width:]]
        edge = edges[int(rng.integers(4))]
        image[edge] = 0.0
        inside = np.zeros(image.shape, dtype=bool)
        inside[edge] = True
        rows, columns = np.nonzero(inside)
        faults.add("edge", columns, rows)
    return image


def _match(
    science: Floats, template: Floats, sky: Sky, options: NightOptions, scale: float
) -> Floats:
    stars = sky.stars[np.argsort(sky.stars[:, 2], kind="stable")]
    inner = (np.abs(stars[:, :2] - options.size / 2) < options.size / 2 - 20).all(axis=1)
    # Constant ones, as a pipeline chooses: known, not saturated.
    usable = inner & (stars[:, 2] > 14.5) & (stars[:, 2] == stars[:, 3])
    chosen = stars[usable]
    return matched_template(science, template, chosen[:, 0], chosen[:, 1], scale)


def _described(
    found: pd.DataFrame, origins: Origins, options: NightOptions, fwhm: float
) -> pd.DataFrame:
    """Return the detections with magnitudes, old scores and what they really are."""
    found = found[found["flux"] > 0]
    truth = origins.of(found)
    first, second = old_scores(found, fwhm)
    table = pd.DataFrame(
        {
            "x": found["x"],
            "y": found["y"],
            "mag": options.zero_point - 2.5 * np.log10(found["flux"]),
            "fwhm": found["fwhm"],
            "realbogus": first,
            "cnn_realbogus": second,
            "snr": found["snr"],
        }
    )
    return pd.concat([table, truth], axis=1).reset_index(drop=True)
