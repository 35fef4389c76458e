"""One image of a simulated night: exposures, template, difference, detections, truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.tasks.stamps.simulation.detector import (
    READ_NOISE,
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

TEMPLATE_EXPOSURES = 8
MATCH_PX = 2.5
NEAR_GALAXY_PX = 6.0
TRAIL_CHANCE = 0.08


@dataclass(frozen=True)
class NightImage:
    """What comes of one pointing.

    Attributes
    ----------
    exposures : list of (rows, columns) float64
    science, template, difference : (rows, columns) float64
    detections : DataFrame
        x, y, mag, fwhm, realbogus, cnn_realbogus, snr, kind, real, mag_true.
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
    """What was seen in one exposure, and under which conditions."""

    image: Floats
    psf: Psf
    shift: Shift
    sky: float


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
    difference = science - _match(science, template, sky, options)
    found = detect(difference, options.threshold_sigma)
    fwhm = float(np.mean([frame.psf.fwhm for frame in frames]))
    table = _described(found, sky, faults, options, fwhm)
    singles = [detect_single(frame.image) for frame in frames]
    return NightImage(
        [frame.image for frame in frames], science, template, difference, table, singles, fwhm
    )


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
    light = np.zeros((options.size, options.size))
    days = (number - (options.exposures - 1) / 2) * EXPOSURE_GAP_DAYS
    for x, y, magnitude in _points(sky, days):
        add_points(light, *shift(x, y), flux_scale * _flux(magnitude, options), psf)
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
    return _Frame(image - background, psf, shift, background)


def _points(sky: Sky, days: float) -> list[tuple[Floats, Floats, Floats]]:
    stars, movers, new = sky.stars, sky.movers, sky.transients
    return [
        (stars[:, 0], stars[:, 1], stars[:, 3]),
        (movers[:, 0] + days * movers[:, 3], movers[:, 1] + days * movers[:, 4], movers[:, 2]),
        (new[:, 0], new[:, 1], new[:, 2]),
    ]


def _draw_galaxies(
    light: Floats, sky: Sky, shift: Shift, scale: float, options: NightOptions, psf: Psf
) -> None:
    moved = sky.galaxies.copy()
    moved[:, 0], moved[:, 1] = shift(sky.galaxies[:, 0], sky.galaxies[:, 1])
    add_galaxies(light, moved, scale * _flux(sky.galaxies[:, 2], options), psf)


def _template(sky: Sky, options: NightOptions, rng: np.random.Generator, faults: Faults) -> Floats:
    """Draw the template: deeper, sharper, another pointing, so that an edge may lack it."""
    psf = Psf(options.seeing_arcsec[0] / options.pixel_arcsec * rng.uniform(0.9, 1.05))
    shift = draw_shift(rng, options.registration_px, options.size)
    light = np.zeros((options.size, options.size))
    x, y = shift(sky.stars[:, 0], sky.stars[:, 1])
    add_points(light, x, y, _flux(sky.stars[:, 2], options), psf)
    _draw_galaxies(light, sky, shift, 1.0, options, psf)
    background = 400.0
    noise = np.sqrt((np.clip(light, 0, None) + background + READ_NOISE**2) / TEMPLATE_EXPOSURES)
    image = light + rng.standard_normal(light.shape) * noise
    saturate(image, Faults())
    if rng.random() < 0.5:
        width = int(rng.integers(3, 15))
        edges: list[Any] = [np.s_[:width], np.s_[-width:], np.s_[:, :width], np.s_[:, -width:]]
        edge = edges[int(rng.integers(4))]
        image[edge] = 0.0
        inside = np.zeros(image.shape, dtype=bool)
        inside[edge] = True
        rows, columns = np.nonzero(inside)
        faults.add("edge", columns, rows)
    return image


def _match(science: Floats, template: Floats, sky: Sky, options: NightOptions) -> Floats:
    stars = sky.stars[np.argsort(sky.stars[:, 2], kind="stable")]
    inner = (np.abs(stars[:, :2] - options.size / 2) < options.size / 2 - 20).all(axis=1)
    # Constant ones, as a pipeline chooses: known, alone, not saturated.
    usable = inner & (stars[:, 2] > 14.5) & (stars[:, 2] == stars[:, 3])
    chosen = stars[usable]
    return matched_template(science, template, chosen[:, 0], chosen[:, 1])


def _described(
    found: pd.DataFrame, sky: Sky, faults: Faults, options: NightOptions, fwhm: float
) -> pd.DataFrame:
    """Return the detections with magnitudes, old scores and what they really are."""
    found = found[found["flux"] > 0].reset_index(drop=True)
    first, second = old_scores(found, fwhm)
    kind, magnitude = _truth(found["x"].to_numpy(), found["y"].to_numpy(), sky, faults)
    return pd.DataFrame(
        {
            "x": found["x"],
            "y": found["y"],
            "mag": options.zero_point - 2.5 * np.log10(found["flux"]),
            "fwhm": found["fwhm"],
            "realbogus": first,
            "cnn_realbogus": second,
            "snr": found["snr"],
            "kind": kind,
            "real": np.isin(kind, REAL),
            "mag_true": magnitude,
        }
    )


REAL = ("minor_planet", "transient", "variable_star")
"""What is in the sky and changes; all else is an artefact."""


def _truth(x: Floats, y: Floats, sky: Sky, faults: Faults) -> tuple[list[str], Floats]:
    """Return what each detection is: the first kind of a list that is close enough."""
    kind = np.full(len(x), "noise", dtype=object)
    magnitude = np.full(len(x), np.nan)
    varies = np.abs(sky.stars[:, 2] - sky.stars[:, 3]) > 0
    bright = sky.stars[:, 2] < 16
    stars, galaxies = sky.stars, sky.galaxies
    places = [
        ("galaxy_residual", galaxies[:, :2], None, NEAR_GALAXY_PX),
        ("star_residual", stars[~varies][:, :2], stars[~varies][:, 2], 4.0),
        ("bright_star", stars[bright & ~varies][:, :2], stars[bright & ~varies][:, 2], 14.0),
        *((name, faults.places(name), None, reach) for name, reach in _FAULT_REACH.items()),
        ("variable_star", stars[varies][:, :2], stars[varies][:, 3], MATCH_PX),
        ("transient", sky.transients[:, :2], sky.transients[:, 2], MATCH_PX),
        ("minor_planet", sky.movers[:, :2], sky.movers[:, 2], MATCH_PX),
    ]
    # Later kinds go before earlier ones: what is real is told from the fault beside it.
    for name, place, mags, reach in places:
        near, far = _nearest(x, y, place)
        hit = far <= reach
        kind[hit] = name
        magnitude[hit] = np.nan if mags is None else mags[near[hit]]
    return kind.tolist(), magnitude


_FAULT_REACH = {
    "ghost": 1.5,
    "trail": 3.0,
    "edge": 3.0,
    "bad_column": 1.5,
    "hot_pixel": 1.5,
    "cosmic_ray": 1.5,
    "bleed": 3.0,
}


def _nearest(x: Floats, y: Floats, places: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    from scipy.spatial import cKDTree

    if not len(places):
        return np.zeros(len(x), dtype=np.intp), np.full(len(x), np.inf)
    far, near = cKDTree(places).query(np.column_stack([x, y]))
    return np.asarray(near, dtype=np.intp), np.asarray(far)
