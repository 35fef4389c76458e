"""Write a simulated night: FITS files, the index, position tables and the truth."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scope.errors import UsageError
from scope.io.atomic import check_writable, write_bytes
from scope.tasks.stamps.image_table import JD_OF_MJD
from scope.tasks.stamps.images import (
    DETECTIONS_EXT,
    DIFFERENCE_IMAGE_EXT,
    EXPOSURE_DETECTIONS_EXT,
    IMAGE_EXT,
    TEMPLATE_IMAGE_EXT,
    separation_arcsec,
)
from scope.tasks.stamps.simulation.detector import draw_chip
from scope.tasks.stamps.simulation.image_sky import EXPOSURE_GAP_DAYS, Sky, draw_sky
from scope.tasks.stamps.simulation.night import NightImage, take_image
from scope.tasks.stamps.simulation.options import NightOptions

FIRST_MJD = 60000.0
TELESCOPES = 4
FILES = "final"
"""Folder of the FITS files: where the database's ``reduced`` files lie in the end."""

Tables = dict[str, pd.DataFrame]


def simulate_night(
    folder: str | Path, options: NightOptions | None = None, *, nproc: int = 1
) -> Path:
    """Write a night of images into a folder, see `scope.tasks.stamps.image_folder`.

    Besides the tables of an image folder there is ``truth.csv``: of each detection its
    ``kind``, whether it is ``real``, whether it is ``fainter`` than in the template, its ``snr``,
    the magnitude of the source, the distance to the nearest galaxy (arcsec), and the columns of
    `origins`; and ``variable_stars.csv`` (ra,
    dec), the reference catalogue of the stars that vary.

    Parameters
    ----------
    folder : path
        The index is written last: a folder without one is not whole.
    options : NightOptions, optional
    nproc : int
        Processes; the files do not depend on it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UsageError
        If the folder holds another night, or cannot be written to.
    """
    folder, options = Path(folder), options or NightOptions()
    check_writable(folder)
    settings = repr(options).encode()
    settings_file = folder / "night.txt"
    if settings_file.is_file() and settings_file.read_bytes() != settings:
        raise UsageError(
            "folder that holds another simulated night",
            value=str(folder),
            allowed=settings_file.read_text(),
            todo="name another folder",
        )
    (folder / FILES).mkdir(parents=True, exist_ok=True)
    write_bytes(settings, settings_file)
    parts = list(_written(folder, options, nproc))
    names = ("minor_planets", "galaxies", "variable_stars", "truth", "candidates", "images")
    for name in names:
        table = pd.concat([part[name] for part in parts], ignore_index=True)
        write_bytes(table.to_csv(index=False).encode(), folder / f"{name}.csv")
    return folder


def _written(folder: Path, options: NightOptions, nproc: int) -> Iterator[Tables]:
    numbers = range(options.n_images)
    if nproc == 1:
        for number in numbers:
            yield _write_image(folder, options, number)
        return
    from multiprocessing import get_context

    with ProcessPoolExecutor(nproc or None, mp_context=get_context("spawn")) as pool:
        yield from pool.map(
            _write_image, [folder] * len(numbers), [options] * len(numbers), numbers
        )


def _write_image(folder: Path, options: NightOptions, number: int) -> Tables:
    """Simulate and write one image, and return its rows of the tables."""
    telescope = number % TELESCOPES + 1
    chip = draw_chip(np.random.default_rng([options.seed, 7, telescope]), options.size)
    rng = np.random.default_rng([options.seed, 1, number])
    sky = draw_sky(rng, options)
    wcs = _wcs(rng, options)
    image = take_image(sky, chip, options, rng)
    mjd = FIRST_MJD + options.seed % 1000 + number * 0.004
    first = options.seed * 1_000_000 + number * 1000
    names = [f"{FILES}/r{first:09d}_UT{telescope}.fits"]
    names += [f"{FILES}/r{first:09d}_UT{telescope}_{i + 1}.fits" for i in range(options.exposures)]
    detections = _sky_positions(image.detections, wcs)
    detections.insert(0, "id", first * 100 + np.arange(len(detections)))
    _write_fits(folder / names[0], _difference_hdus(image, wcs, detections))
    for name, pixels, found in zip(
        names[1:], image.exposures, image.exposure_detections, strict=True
    ):
        tables = [(EXPOSURE_DETECTIONS_EXT, _sky_positions(found, wcs))]
        _write_fits(folder / name, [(IMAGE_EXT, pixels, wcs), *tables])
    return _tables(sky, wcs, options, detections, mjd, first, names, telescope)


def _wcs(rng: np.random.Generator, options: NightOptions) -> Any:
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [float(rng.uniform(5, 355)), float(rng.uniform(-30, 30))]
    wcs.wcs.crpix = [(options.size + 1) / 2] * 2
    scale = options.pixel_arcsec / 3600
    turn = float(rng.uniform(-0.05, 0.05))
    cos, sin = np.cos(turn), np.sin(turn)
    wcs.wcs.cd = scale * np.array([[-cos, sin], [sin, cos]])
    wcs.wcs.set()
    return wcs


def _sky_positions(table: pd.DataFrame, wcs: Any) -> pd.DataFrame:
    ra, dec = wcs.all_pix2world(table["x"].to_numpy(), table["y"].to_numpy(), 0)
    return pd.DataFrame({"ra": ra, "dec": dec, **{name: table[name] for name in table}})


def _difference_hdus(image: NightImage, wcs: Any, detections: pd.DataFrame) -> list[Any]:
    columns = ["id", "ra", "dec", "x", "y", "mag", "fwhm", "realbogus", "cnn_realbogus"]
    return [
        (IMAGE_EXT, image.science, wcs),
        (TEMPLATE_IMAGE_EXT, image.template, wcs),
        (DIFFERENCE_IMAGE_EXT, image.difference, wcs),
        (DETECTIONS_EXT, detections[columns]),
    ]


def _write_fits(path: Path, parts: list[Any]) -> None:
    """Write a FITS file whose bytes depend on its content alone."""
    from astropy.io import fits
    from astropy.table import Table

    hdus: list[Any] = [fits.PrimaryHDU()]
    for name, data, *wcs in parts:
        if isinstance(data, pd.DataFrame):
            hdu = fits.table_to_hdu(Table.from_pandas(data))
        else:
            header = wcs[0].to_header() if wcs else None
            hdu = fits.ImageHDU(data.astype(np.float32), header=header)
        hdu.name = name
        hdus.append(hdu)
    content = io.BytesIO()
    fits.HDUList(hdus).writeto(content)
    write_bytes(content.getvalue(), path)


def _tables(
    sky: Sky,
    wcs: Any,
    options: NightOptions,
    detections: pd.DataFrame,
    mjd: float,
    first: int,
    names: list[str],
    telescope: int,
) -> Tables:
    galaxies = _sky_positions(pd.DataFrame({"x": sky.galaxies[:, 0], "y": sky.galaxies[:, 1]}), wcs)
    galaxies = galaxies[["ra", "dec"]].assign(mag=sky.galaxies[:, 2])
    stars = pd.DataFrame(sky.stars[sky.varies, :2], columns=["x", "y"])
    return {
        "minor_planets": _ephemerides(sky, wcs, mjd, first),
        "galaxies": galaxies,
        "variable_stars": _sky_positions(stars, wcs)[["ra", "dec"]],
        "truth": _truth_rows(detections, galaxies, first),
        "candidates": detections.assign(image_id=first)[
            ["id", "image_id", "ra", "dec", "x", "y", "mag", "fwhm", "realbogus"]
        ],
        "images": _image_rows(wcs, options, mjd, first, names, telescope),
    }


def _truth_rows(detections: pd.DataFrame, galaxies: pd.DataFrame, image: int) -> pd.DataFrame:
    if len(galaxies):
        far = separation_arcsec(
            detections["ra"].to_numpy()[:, None],
            detections["dec"].to_numpy()[:, None],
            galaxies["ra"].to_numpy()[None, :],
            galaxies["dec"].to_numpy()[None, :],
        ).min(axis=1)
    else:
        far = np.full(len(detections), np.inf)
    columns = ["id", "kind", "real", "fainter", "share", "template_part", "snr", "mag_true"]
    return detections[columns].assign(image_id=image, galaxy_arcsec=far)


def _ephemerides(sky: Sky, wcs: Any, mjd: float, first: int) -> pd.DataFrame:
    """Return positions before and after the exposures of those that are known."""
    rows = []
    reach = 3 * EXPOSURE_GAP_DAYS
    numbers = np.flatnonzero(sky.known)
    for days in (-reach, reach):
        x = sky.movers[numbers, 0] + days * sky.movers[numbers, 3]
        y = sky.movers[numbers, 1] + days * sky.movers[numbers, 4]
        place = _sky_positions(pd.DataFrame({"x": x, "y": y}), wcs)
        rows.append(
            pd.DataFrame(
                {
                    "name": [f"{first}-{number}" for number in numbers],
                    "mjd": mjd + days,
                    "ra": place["ra"],
                    "dec": place["dec"],
                    "mag": sky.movers[numbers, 2],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _image_rows(
    wcs: Any, options: NightOptions, mjd: float, first: int, names: list[str], telescope: int
) -> pd.DataFrame:
    n = len(names)
    middle = (options.exposures - 1) / 2
    times = [mjd, *(mjd + (i - middle) * EXPOSURE_GAP_DAYS for i in range(options.exposures))]
    return pd.DataFrame(
        {
            "id": first + np.arange(n),
            "image_type": ["DIFFERENCE", *["SCIENCE"] * options.exposures],
            "ra_c": wcs.wcs.crval[0],
            "dec_c": wcs.wcs.crval[1],
            "jd": np.array(times) + JD_OF_MJD,
            "quality": 0,
            "ncoadds": [options.exposures, *[1] * options.exposures],
            "instrument": f"UT{telescope}",
            "filepath": names,
            "relatedimage": first,
        }
    )
