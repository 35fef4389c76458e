"""Labels of the detections of one image, and their stamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.tasks.stamps.cutouts import (
    N_LAYERS,
    OpenImage,
    open_layers,
    sky_to_pixel,
    with_exposures,
)
from scope.tasks.stamps.images import (
    DifferenceImage,
    Extensions,
    open_fits,
    read_detections,
    separation_arcsec,
)
from scope.tasks.stamps.sets import COLUMNS, detection_id

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

LEAST_DETECTIONS = 2
REAL_SCORE = 0.01
BOGUS_SCORE = 0.6
NO_VALUE = 99.99
"""Width and old score of what no photometry was done on."""

GALAXY_LIMIT = 18.0


@dataclass(frozen=True)
class LabelOptions:
    """Options of labelling detections.

    Attributes
    ----------
    match_rad_arcsec : float
        Between a prediction and the detection of it.
    stamp_size : int
        Pixels.
    bogus_every : int
        Bogus rows of an image above its number of real ones; 0 is none at all.
    seed : int
    names : Extensions
    """

    match_rad_arcsec: float = 1.0
    stamp_size: int = 55
    bogus_every: int = 4
    seed: int = 0
    names: Extensions = field(default_factory=Extensions)


@dataclass(frozen=True)
class SyntheticOptions:
    """Options of putting sources into galaxies.

    Attributes
    ----------
    min_mag : float
        Minor planets brighter than this are left out (mag).
    search_arcsec : float
        How far from the minor planet its galaxy is looked for.
    jitter_arcsec : float
        Largest displacement from the galaxy in each coordinate.
    resid_every : int
        Galaxy residuals for each synthetic transient.
    """

    min_mag: float = 16.0
    search_arcsec: float = 600.0
    jitter_arcsec: float = 7.0
    resid_every: int = 1


@dataclass(frozen=True)
class Labelled:
    """Rows of one image.

    Attributes
    ----------
    table : DataFrame
        The columns of `sets.COLUMNS`.
    stamps : (n, size, size, 6) float64
    note : str
        What the log says of the image.
    """

    table: pd.DataFrame
    stamps: Floats
    note: str


def rng_of(seed: int, image_id: int, purpose: int) -> np.random.Generator:
    """Return the random numbers of an image: the same in any order and process."""
    return np.random.default_rng([seed, purpose, int(image_id)])


def empty(size: int, note: str) -> Labelled:
    """Return no rows, and why."""
    table = pd.DataFrame(columns=list(COLUMNS))
    return Labelled(table, np.empty((0, size, size, N_LAYERS)), note)


def label_image(
    image: DifferenceImage,
    exposures: Sequence[str],
    planets: pd.DataFrame,
    options: LabelOptions,
) -> Labelled:
    """Label the detections of an image by known minor planets, and draw bogus ones.

    Raises
    ------
    ScopeError
        If a file of it cannot be used.
    """
    size = options.stamp_size
    detections = read_image_detections(image, options.names)
    if len(detections) < LEAST_DETECTIONS:
        return empty(size, f"{len(detections)} detections, at least {LEAST_DETECTIONS} needed")
    if not len(planets):
        return empty(size, "no known minor planet in the field")
    real, bogus = choose_rows(detections, planets, image.image_id, options)
    rows = np.concatenate([real, bogus])
    chosen = detections.iloc[rows]
    layers = open_layers(image.path, exposures, options.names)
    stamps = layers.stamps(chosen["ra"].to_numpy(), chosen["dec"].to_numpy(), size)
    table = rows_of(image, chosen, [detection_id(image.image_id, row) for row in rows])
    table["label"] = np.repeat([1, 0], [len(real), len(bogus)])
    table["metalabel"] = np.repeat(np.array(["mp", "randjunk"], object), [len(real), len(bogus)])
    return Labelled(table, stamps, f"{len(real)} minor planets, {len(bogus)} bogus")


def read_image_detections(image: DifferenceImage, names: Extensions) -> pd.DataFrame:
    """Return the detections of an image."""
    with open_fits(image.path) as file:
        return read_detections(file, names.detections, image.path)


def choose_rows(
    detections: pd.DataFrame, planets: pd.DataFrame, image_id: int, options: LabelOptions
) -> tuple[Rows, Rows]:
    """Return which detections are minor planets, and which are taken for bogus.

    A detection that is the nearest of any prediction, however far, is never bogus.

    Returns
    -------
    real, bogus : (k,) intp
        Row numbers, rising.
    """
    nearest, far = _nearest(detections, planets)
    score = detections["realbogus"].to_numpy()
    matched = (far < options.match_rad_arcsec) & (score[nearest] > REAL_SCORE)
    real = np.unique(nearest[matched])
    if options.bogus_every == 0:
        return real, np.empty(0, dtype=np.intp)
    rest = np.setdiff1d(np.arange(len(detections)), nearest)
    n = min(len(rest), len(real) + options.bogus_every)
    rng = rng_of(options.seed, image_id, 1)
    drawn = np.sort(rng.choice(rest, n, replace=False))
    return real, drawn[score[drawn] < BOGUS_SCORE]


def _nearest(detections: pd.DataFrame, planets: pd.DataFrame) -> tuple[Rows, Floats]:
    """Return the nearest detection of each prediction, and its distance (arcsec)."""
    nearest = np.empty(len(planets), dtype=np.intp)
    far = np.empty(len(planets))
    ra, dec = detections["ra"].to_numpy(), detections["dec"].to_numpy()
    # One by one: a cone of degrees holds thousands of predictions.
    for row, (each_ra, each_dec) in enumerate(zip(planets["ra"], planets["dec"], strict=True)):
        apart = np.nan_to_num(separation_arcsec(each_ra, each_dec, ra, dec), nan=np.inf)
        nearest[row] = np.argmin(apart)
        far[row] = apart[nearest[row]]
    return nearest, far


def rows_of(image: DifferenceImage, detections: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    """Return the columns of a labelled set but the labels."""
    wanted = ("x", "y", "ra", "dec", "mag", "fwhm", "realbogus")
    return pd.DataFrame(
        {
            "id": ids,
            "image_id": image.image_id,
            **{name: detections[name].to_numpy() for name in wanted},
            "fits_filepath": image.path,
            "ut": image.telescope,
            "ncoadd": image.ncoadd,
            "label": 0,
            "metalabel": "",
            "number": 0,
        }
    )


def synthetic_image(
    image: DifferenceImage,
    exposures: Sequence[str],
    planets: pd.DataFrame,
    galaxies: pd.DataFrame,
    options: LabelOptions,
    synthetic: SyntheticOptions,
) -> Labelled:
    """Put the minor planets of an image into its galaxies, and take galaxies alone as bogus.

    The stamp of the minor planet is added to that of the galaxy, exposure by exposure; the
    layers that come from the exposures are worked out of the sum.

    Raises
    ------
    ScopeError
        If a file of it cannot be used.
    """
    size = options.stamp_size
    detections = read_image_detections(image, options.names)
    galaxies = galaxies[galaxies["mag"].to_numpy() < GALAXY_LIMIT]
    if len(detections) < LEAST_DETECTIONS or not len(planets) or not len(galaxies):
        return empty(size, "too few detections, minor planets or galaxies")
    real, _ = choose_rows(detections, planets, image.image_id, options)
    real = real[detections["mag"].to_numpy()[real] > synthetic.min_mag]
    pairs = _pairs(detections.iloc[real], galaxies, synthetic.search_arcsec)
    rng = rng_of(options.seed, image.image_id, 2)
    layers = open_layers(image.path, exposures, options.names)
    movers = detections.iloc[real[[row for row, _ in pairs]]]
    hosts = _displaced(galaxies.iloc[[g for _, g in pairs]], synthetic.jitter_arcsec, rng)
    mine, theirs = _radec(movers), _radec(hosts)
    stamps = with_exposures(
        layers.coadded_stamps(*mine, size) + layers.coadded_stamps(*theirs, size),
        layers.exposure_stamps(*mine, size) + layers.exposure_stamps(*theirs, size),
    )
    table = rows_of(image, movers, _ids(image, len(pairs), "synthetic"))
    table[["ra", "dec"]] = hosts[["ra", "dec"]].to_numpy()
    table[["x", "y"]] = _pixels(layers.wcs[0], *theirs)
    table["label"], table["metalabel"] = 1, "syntransient"
    residuals, more = _residuals(image, layers, galaxies, pairs, options, synthetic, rng)
    return Labelled(
        pd.concat([table, residuals], ignore_index=True),
        np.concatenate([stamps, more]),
        f"{len(table)} synthetic transients, {len(residuals)} galaxy residuals",
    )


def _ids(image: DifferenceImage, n: int, kind: str) -> list[str]:
    return [detection_id(image.image_id, number, kind) for number in range(n)]


def _radec(table: pd.DataFrame) -> tuple[Floats, Floats]:
    return table["ra"].to_numpy(), table["dec"].to_numpy()


def _pixels(wcs: object, ra: Floats, dec: Floats) -> Floats:

    return np.column_stack(sky_to_pixel(wcs, ra, dec))


def _pairs(
    movers: pd.DataFrame, galaxies: pd.DataFrame, reach_arcsec: float
) -> list[tuple[int, int]]:
    """Return (row of a minor planet, row of a galaxy): the brightest in reach, each once."""
    mag = galaxies["mag"].to_numpy()
    free = np.ones(len(galaxies), dtype=bool)
    pairs = []
    for row, (ra, dec) in enumerate(zip(movers["ra"], movers["dec"], strict=True)):
        near = separation_arcsec(ra, dec, galaxies["ra"], galaxies["dec"]) <= reach_arcsec
        choice = np.flatnonzero(near & free)
        if len(choice):
            chosen = int(choice[np.argmin(mag[choice])])
            free[chosen] = False
            pairs.append((row, chosen))
    return pairs


def _displaced(
    galaxies: pd.DataFrame, jitter_arcsec: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Return galaxies with each coordinate moved by up to the jitter, on the sky."""
    offset = rng.uniform(-jitter_arcsec, jitter_arcsec, (len(galaxies), 2)) / 3600
    dec = galaxies["dec"].to_numpy() + offset[:, 1]
    ra = (galaxies["ra"].to_numpy() + offset[:, 0] / np.cos(np.radians(dec))) % 360
    return galaxies.assign(ra=ra, dec=dec).reset_index(drop=True)


def _residuals(
    image: DifferenceImage,
    layers: OpenImage,
    galaxies: pd.DataFrame,
    pairs: list[tuple[int, int]],
    options: LabelOptions,
    synthetic: SyntheticOptions,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, Floats]:
    """Return the brightest galaxies that no minor planet was put into, as bogus rows."""
    used = [galaxy for _, galaxy in pairs]
    rest = galaxies.drop(galaxies.index[used]).sort_values("mag", kind="stable")
    chosen = rest.head(synthetic.resid_every * len(pairs))
    chosen = _displaced(chosen, synthetic.jitter_arcsec / 2, rng)
    ra, dec = _radec(chosen)
    stamps = layers.stamps(ra, dec, options.stamp_size)
    place = _pixels(layers.wcs[0], ra, dec)
    described = chosen.assign(x=place[:, 0], y=place[:, 1], fwhm=NO_VALUE, realbogus=NO_VALUE)
    table = rows_of(image, described, _ids(image, len(chosen), "residual"))
    table["label"], table["metalabel"] = 0, "glxresid"
    return table, stamps
