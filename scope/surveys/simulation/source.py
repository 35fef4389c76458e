"""One simulated source, from its class to the light curves that the survey lists of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.mean_magnitudes import MeanPhotometry, mean_photometry
from scope.surveys.simulation.noise import ErrorCurve, Observed, draw_coverage, observe
from scope.surveys.simulation.simulated_star import Variability
from scope.surveys.simulation.sky_classes import StarClass

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class BandCurve:
    """A source in one band.

    Attributes
    ----------
    filter_id : int
        1 g, 2 r, 3 i.
    observed : Observed
        Empty where the band lists nothing.
    amplitude_mag : float
        Peak to peak of the noise-free magnitudes at the listed exposures; 0 for one.
    mean_mag : float
        Mean of the noise-free magnitudes there.
    noise_mag : float
        Standard error of a measurement at that magnitude.
    visibility : float
        Chi-square by which the noise-free magnitudes stand out of the errors there: the sum of
        their squared distances from the mean, in units of the errors.
    """

    filter_id: int
    observed: Observed
    amplitude_mag: float
    mean_mag: float
    noise_mag: float
    visibility: float


@dataclass(frozen=True)
class Source:
    """A simulated source: its truth and its light curves.

    Attributes
    ----------
    number : int
        From 0 on, in the order of creation.
    star_class : StarClass
    variability : Variability
    photometry : MeanPhotometry
    curves : tuple of BandCurve
        One per band.
    rng : numpy.random.Generator
        The source's own random numbers, for what is drawn later (positions, catalogues).
    """

    number: int
    star_class: StarClass
    variability: Variability
    photometry: MeanPhotometry
    curves: tuple[BandCurve, ...]
    rng: np.random.Generator


def make_source(
    number: int,
    star_class: StarClass,
    seed: np.random.SeedSequence,
    cadence: Cadence,
    error_curves: dict[int, ErrorCurve],
) -> Source:
    """Draw a source of a class and observe it.

    Parameters
    ----------
    number : int
        Of the source.
    star_class : StarClass
    seed : numpy.random.SeedSequence
        Of this source alone: it depends on nothing that happened to others.
    cadence : Cadence
    error_curves : dict of int to ErrorCurve
        By filter id; these are the bands that are observed.
    """
    rng = np.random.default_rng(seed)
    variability, physique = star_class.draw(rng)
    photometry = mean_photometry(rng, physique, star_class.draw_r_mag(rng))
    coverage = draw_coverage(rng)
    if variability.coverage is not None:
        coverage = variability.coverage
    signal = variability.signal(rng, cadence)
    curves = tuple(
        _observe_band(rng, cadence, signal, photometry, filter_id, curve, variability, coverage)
        for filter_id, curve in error_curves.items()
    )
    return Source(number, star_class, variability, photometry, curves, rng)


def _observe_band(
    rng: np.random.Generator,
    cadence: Cadence,
    signal: Array,
    photometry: MeanPhotometry,
    filter_id: int,
    curve: ErrorCurve,
    variability: Variability,
    coverage: float,
) -> BandCurve:
    rows = np.flatnonzero(cadence.band == filter_id)
    true_mag = photometry.ztf_mag(filter_id) + signal[rows]
    observed = observe(
        rng,
        cadence,
        true_mag,
        rows,
        curve,
        coverage=coverage,
        outlier_rate=variability.outlier_rate,
        flag_rate=variability.flag_rate,
    )
    listed = photometry.ztf_mag(filter_id) + signal[observed.rows]
    if not len(listed):
        return BandCurve(filter_id, observed, 0.0, float("nan"), float("nan"), 0.0)
    mean = float(listed.mean())
    noise = float(curve(np.array([mean]))[0])
    seen = float(np.sum(((listed - mean) / curve(listed)) ** 2))
    return BandCurve(filter_id, observed, float(np.ptp(listed)), mean, noise, seen)
