"""From exposures and a template to a difference image and its detections."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.tasks.stamps.simulation.detector import SATURATED

Floats = npt.NDArray[np.float64]

KERNEL_RADIUS = 8
BASIS = ((0.8, 2), (1.6, 2), (3.0, 0))
"""Widths (px) of the Gaussians of the matching kernel, and the degree of their polynomials."""

ROUNDS = 6
SKY_VARIANCE = 400.0
CORE_ERROR = 0.03
CAUCHY = 2.4
MAD_TO_SIGMA = 1.4826
STAMP_RADIUS = 14
MOST_STARS = 60
REJECT_SIGMA = 14.0
"""Exposures that are higher than their median by this are left out of the mean."""


def combine(exposures: list[Floats], noise: Floats) -> Floats:
    """Return the mean of exposures without what is in one of them alone.

    The cut is far out, as in pipelines that fear for the cores of stars: faint cosmic rays
    and the ends of bright ones get through.

    Parameters
    ----------
    exposures : list of (rows, columns) float
        Sky subtracted.
    noise : (rows, columns) float
        Standard deviation of one exposure.

    Returns
    -------
    (rows, columns) float64
    """
    cube = np.stack(exposures)
    middle = np.median(cube, axis=0)
    allowed = REJECT_SIGMA * noise + 0.3 * np.abs(middle)
    good = cube - middle < allowed
    return np.asarray((cube * good).sum(axis=0) / np.maximum(good.sum(axis=0), 1))


def matched_template(
    science: Floats, template: Floats, x: Floats, y: Floats, scale: float
) -> Floats:
    """Return the template with the point-spread function and flux scale of an image.

    The kernel is a sum of Gaussians times polynomials, the same everywhere, found by least
    squares around stars (Alard & Lupton 1998, ApJ 503, 325). Its sum is the flux scale, which a
    survey knows from the zero points of both images: the few stars of a small image would make
    all stars brighter or fainter than they are. Odd terms take up a common shift; what turns
    or stretches between the images stays, and makes dipoles.

    Pixels that the kernel does not explain (a star that varies, a minor planet, a cosmic ray)
    count less with each round of the fit (Cauchy's weights).

    Parameters
    ----------
    science, template : (rows, columns) float
    x, y : (n,) float
        Stars that are not saturated, the brightest first.
    scale : float
        Flux of a star in `science` over that in `template`.

    Returns
    -------
    (rows, columns) float64
    """
    from scipy.ndimage import maximum_filter
    from scipy.signal import fftconvolve

    first, *others = _basis()
    # Kernels that sum to nothing leave the scale as it is.
    kernels = [scale * first, *(kernel - kernel.sum() * first for kernel in others)]
    start, *parts = (fftconvolve(template, kernel, mode="same") for kernel in kernels)
    blank = (template == 0) | (template >= SATURATED)
    inside = _around(science.shape, x[:MOST_STARS], y[:MOST_STARS])
    inside &= ~maximum_filter(blank, size=2 * KERNEL_RADIUS + 1)
    design = np.column_stack([*(part[inside] for part in parts), np.ones(int(inside.sum()))])
    found = _robust_fit(design, (science - start)[inside], np.clip(science[inside], 0, None))
    matched = start + sum(c * part for c, part in zip(found[:-1], parts, strict=True))
    return np.asarray(matched + found[-1])


def _robust_fit(design: Floats, target: Floats, light: Floats) -> Floats:
    """Return coefficients (m,) of the columns of a design (n, m) that give a target (n,)."""
    # Pixels count by their photon noise, and by how well any kernel does in the core of a star:
    # else the brightest star alone decides.
    usual = 1 / (light + SKY_VARIANCE + (CORE_ERROR * light) ** 2)
    weight = usual
    for _ in range(ROUNDS):
        weighted = design * weight[:, None]
        found = np.linalg.lstsq(weighted.T @ design, weighted.T @ target, rcond=None)[0]
        off = (target - design @ found) ** 2 * usual
        if not len(off) or not (middle := float(np.median(off))):
            break
        weight = usual / (1 + off / (CAUCHY**2 * MAD_TO_SIGMA**2 * middle))
    return np.asarray(found)


def _basis() -> list[Floats]:
    axis = np.arange(-KERNEL_RADIUS, KERNEL_RADIUS + 1)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    kernels = []
    for sigma, degree in BASIS:
        gauss = np.exp(-(x**2 + y**2) / (2 * sigma**2))
        for i in range(degree + 1):
            for j in range(degree + 1 - i):
                kernel = gauss * (x / sigma) ** i * (y / sigma) ** j
                kernels.append(kernel / np.abs(kernel).sum())
    return kernels


def _around(shape: tuple[int, ...], x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    inside = np.zeros(shape, dtype=bool)
    for column, row in zip(np.rint(x).astype(int), np.rint(y).astype(int), strict=True):
        rows = slice(max(row - STAMP_RADIUS, 0), row + STAMP_RADIUS + 1)
        inside[rows, max(column - STAMP_RADIUS, 0) : column + STAMP_RADIUS + 1] = True
    return inside


def detect(
    difference: Floats, threshold_sigma: float
) -> tuple[pd.DataFrame, npt.NDArray[np.int32]]:
    """Return the positive detections of a difference image, by `sep`, and their pixels.

    Parameters
    ----------
    difference : (rows, columns) float64
        Electrons.
    threshold_sigma : float
        Over the noise of the background.

    Returns
    -------
    DataFrame
        x, y (px), flux (electrons in a circle of 4 px), snr, fwhm (px), ellipticity, and
        ``peak``, ``negative``: the highest pixel, and the lowest within 5 px, over the noise.
    (rows, columns) int32
        The number of the detection that a pixel belongs to, from 1 in the table's order; or 0.
    """
    import sep

    image = np.ascontiguousarray(difference)
    background = sep.Background(image, bw=64, bh=64)
    image = image - background.back()
    noise = float(background.globalrms)
    found, segments = _extract(image, threshold_sigma, noise, 3)
    x, y = found["x"], found["y"]
    flux, error, _ = sep.sum_circle(image, x, y, 4.0, err=noise)
    negative = [_lowest(image, int(a + 0.5), int(b + 0.5)) for a, b in zip(x, y, strict=True)]
    table = pd.DataFrame(
        {
            "x": x,
            "y": y,
            "flux": flux,
            "snr": flux / error,
            "fwhm": 2.3548 * np.sqrt((found["a"] ** 2 + found["b"] ** 2) / 2),
            "ellipticity": 1 - found["b"] / np.maximum(found["a"], 1e-9),
            "peak": found["peak"] / noise,
            "negative": np.array(negative) / noise,
        }
    )
    return table, segments


def detect_single(exposure: Floats) -> pd.DataFrame:
    """Return x and y (px) of what is detected in one exposure.

    `exposure`: (rows, columns) float64, electrons.
    """
    import sep

    image = np.ascontiguousarray(exposure)
    background = sep.Background(image)
    found, _ = _extract(image - background.back(), 3.0, float(background.globalrms), 2)
    return pd.DataFrame({"x": found["x"], "y": found["y"]})


def _extract(
    image: Floats, sigma: float, noise: float, minarea: int
) -> tuple[npt.NDArray[np.void], npt.NDArray[np.int32]]:
    import sep

    # A trail or a bleed is one object of many pixels, with many peaks.
    sep.set_extract_pixstack(image.size)
    sep.set_sub_object_limit(20_000)
    found, segments = sep.extract(
        image, sigma, err=noise, minarea=minarea, deblend_cont=0.005, segmentation_map=True
    )
    return np.asarray(found), np.asarray(segments)


def _lowest(image: Floats, x: int, y: int) -> float:
    part = image[max(y - 5, 0) : y + 6, max(x - 5, 0) : x + 6]
    return float(part.min()) if part.size else 0.0


def old_scores(found: pd.DataFrame, psf_fwhm: float) -> tuple[Floats, Floats]:
    """Return the scores of two simple judges, each from 0 to 1.

    They look at what a table holds of a detection, as classifiers did before networks:
    whether it is as wide as a star, round, and without a hole beside it. The second knows
    only the width.

    (n,) float64 each, one per row of `found`.
    """
    width = np.abs(np.log(np.maximum(found["fwhm"].to_numpy(), 0.1) / psf_fwhm))
    hole = np.clip(-found["negative"].to_numpy() / found["peak"].to_numpy(), 0, None)
    first = _logistic(3 - 5 * width - 4 * hole - 4 * found["ellipticity"].to_numpy() ** 2)
    return first, _logistic(2 - 4 * width)


def _logistic(value: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-value)))
