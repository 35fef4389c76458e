"""Cleaning of labelled sets. Each step writes a new pair of files and leaves the old ones.

Each function takes the prefix of the files that it begins with (none by default), and puts
its own before the names ``data_labels.csv`` and ``data_stamps.h5``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scope.errors import InputError, ScopeError
from scope.schema import require_columns
from scope.tasks.stamps.image_folder import MINOR_PLANET_COLUMNS
from scope.tasks.stamps.image_table import read_index
from scope.tasks.stamps.images import (
    EXPOSURE_DETECTIONS_EXT,
    DifferenceImage,
    ImageSource,
    extension,
    open_fits,
)
from scope.tasks.stamps.minor_planets import MOST_REQUESTS, SKYBOT_URL, open_provider
from scope.tasks.stamps.sets import open_set, write_selection
from scope.tasks.stamps.settings import open_images

NOT_CHECKED = 99
WIDE_RADIUS_DEG = 3.0
FAINT_LIMIT = 23.0

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def clean_varstars(
    data_dir: str | Path, refcat: str | Path, match_rad: float = 3.0, prefix: str = ""
) -> Path:
    """Leave out what lies on a known variable star: about 4 % of what people call junk.

    Parameters
    ----------
    data_dir : path
    refcat : path
        CSV, or Parquet, of ra, dec (degrees).
    match_rad : float
        Arcsec.

    Returns
    -------
    Path
        ``varcleaned_data_labels.csv``.
    """
    from scope.io.user_tables import read_user_table

    folder = Path(data_dir)
    labels = _labels(folder, prefix)
    stars = read_user_table(refcat)
    require_columns(list(stars.columns), ("ra", "dec"), f" in {refcat}")
    near = near_any(labels, stars["ra"].to_numpy(float), stars["dec"].to_numpy(float), match_rad)
    return write_selection(folder, ~near, prefix, f"varcleaned_{prefix}")


def clean_cosmics(
    data_dir: str | Path,
    xmatch_dist: float = 3.0,
    nproc: int = 1,
    prefix: str = "",
    *,
    images: str | Path | ImageSource | None = None,
) -> Path:
    """Leave out bogus rows that are seen in exactly one exposure.

    Seen in none they are only in the sum, in two or more a source; rows whose exposures
    cannot be read are kept.

    Parameters
    ----------
    data_dir : path
    xmatch_dist : float
        Between a row and a detection in an exposure (arcsec).
    nproc : int
        Threads that read exposures; 0 is 4.

    Returns
    -------
    Path
        ``cosmiccleaned_data_labels.csv``.
    """
    folder = Path(data_dir)
    labels = _labels(folder, prefix)
    counts = count_exposures(labels, open_images(images), xmatch_dist, nproc)
    keep = (labels["label"].to_numpy() != 0) | (counts != 1)
    return write_selection(folder, keep, prefix, f"cosmiccleaned_{prefix}")


def count_exposures(
    labels: pd.DataFrame, source: ImageSource, xmatch_arcsec: float, nproc: int = 1
) -> npt.NDArray[np.int64]:
    """Return in how many exposures each bogus row is seen; `NOT_CHECKED` where nobody knows.

    (n,) int64, one per row of `labels`.
    """
    counts = np.full(len(labels), NOT_CHECKED, dtype=np.int64)
    images = {image.image_id: image for image in source.images(None)}
    bogus = labels["label"].to_numpy() == 0
    groups = [
        (number, rows)
        for number, rows in labels[bogus].groupby("image_id").groups.items()
        if number in images
    ]

    def count(group: tuple[int, pd.Index[int]]) -> tuple[pd.Index[int], npt.NDArray[np.int64]]:
        number, rows = group
        return rows, _seen(labels.loc[rows], source.exposures(images[number]), xmatch_arcsec)

    with ThreadPoolExecutor(nproc or 4) as pool:
        for rows, seen in pool.map(count, groups):
            counts[rows.to_numpy()] = seen
    return counts


def _seen(
    labels: pd.DataFrame, exposures: Sequence[str], xmatch_arcsec: float
) -> npt.NDArray[np.int64]:
    if not exposures:
        return np.full(len(labels), NOT_CHECKED, dtype=np.int64)
    seen = np.zeros(len(labels), dtype=np.int64)
    for path in exposures:
        try:
            with open_fits(path) as file:
                table = extension(file, EXPOSURE_DETECTIONS_EXT, path).data
                ra, dec = np.array(table["ra"], float), np.array(table["dec"], float)
        except (ScopeError, KeyError, OSError):
            return np.full(len(labels), NOT_CHECKED, dtype=np.int64)
        seen += near_any(labels, ra, dec, xmatch_arcsec)
    return seen


def clean_asteroids(
    data_dir: str | Path,
    xmatch_dist: float = 10.0,
    nproc: int = 1,
    prefix: str = "",
    *,
    images: str | Path | ImageSource | None = None,
    mp_prov: str | None = None,
    position_table: str | Path | None = None,
    skybot_url: str = SKYBOT_URL,
    xephem_path: str | None = None,
) -> Path:
    """Leave out bogus rows that lie on a known minor planet, however faint it should be.

    Parameters
    ----------
    data_dir : path
    xmatch_dist : float
        Arcsec.

    Returns
    -------
    Path
        ``mpcleaned_data_labels.csv``.
    """
    folder = Path(data_dir)
    labels = _labels(folder, prefix)
    source = open_images(images)
    table = source.minor_planets()
    if position_table is not None:
        table = read_index(Path(position_table), MINOR_PLANET_COLUMNS)
    name = mp_prov or ("skybot" if table is None else "table")
    provider = open_provider(name, table, url=skybot_url, xephem_path=xephem_path)
    wanted = set(labels.loc[labels["label"] == 0, "image_id"])
    chosen = [image for image in source.images(None) if image.image_id in wanted]
    near = np.zeros(len(labels), dtype=bool)

    def ask(image: DifferenceImage) -> tuple[DifferenceImage, pd.DataFrame]:
        return image, provider(image, WIDE_RADIUS_DEG, FAINT_LIMIT)

    with ThreadPoolExecutor(MOST_REQUESTS) as pool:
        for image, planets in pool.map(ask, chosen):
            mine = np.flatnonzero(labels["image_id"].to_numpy() == image.image_id)
            ra, dec = planets["ra"].to_numpy(float), planets["dec"].to_numpy(float)
            near[mine] = near_any(labels.iloc[mine], ra, dec, xmatch_dist)
    keep = (labels["label"].to_numpy() != 0) | ~near
    return write_selection(folder, keep, prefix, f"mpcleaned_{prefix}")


def remove_flagged_images(
    data_dir: str | Path,
    flaglist: str | Path | Iterable[int],
    nkeep: int = 10,
    prefix: str = "",
    *,
    seed: int = 0,
) -> Path:
    """Leave out the rows of bad images, but for a few voted ones of each.

    Parameters
    ----------
    data_dir : path
    flaglist : path or iterable of int
        Ids of bad images, in a file one a line.
    nkeep : int
        Rows of metalabel ``marshall`` that are kept of each, drawn at random.

    Returns
    -------
    Path
        ``clean_data_labels.csv``.
    """
    folder = Path(data_dir)
    labels = _labels(folder, prefix)
    flagged = _flagged(flaglist)
    keep = ~labels["image_id"].isin(flagged).to_numpy()
    voted = labels["metalabel"].to_numpy() == "marshall"
    for number in sorted(flagged):
        rows = np.flatnonzero(voted & (labels["image_id"].to_numpy() == number))
        rng = np.random.default_rng([seed, 3, number])
        keep[rng.choice(rows, min(nkeep, len(rows)), replace=False)] = True
    return write_selection(folder, keep, prefix, f"clean_{prefix}")


def _flagged(flaglist: str | Path | Iterable[int]) -> set[int]:
    if not isinstance(flaglist, str | Path):
        return {int(number) for number in flaglist}
    words = Path(flaglist).read_text(encoding="utf-8").split()
    if wrong := [word for word in words if not word.isdigit()]:
        raise InputError(f"id of an image in {flaglist}", value=wrong[0], allowed="whole numbers")
    return {int(word) for word in words}


def _labels(folder: Path, prefix: str) -> pd.DataFrame:
    labels, stamps = open_set(folder, prefix)
    stamps.close()
    return labels


def near_any(labels: pd.DataFrame, ra: Floats, dec: Floats, reach_arcsec: float) -> Bools:
    """Return which rows have one of many positions (degrees) near them.

    Chords on the unit sphere, so that nothing is special at the poles or at 0 h.

    `ra` and `dec`: (m,) float64; the result: (n,) bool, one per row of `labels`.
    """
    from scipy.spatial import cKDTree

    if not len(ra) or not len(labels):
        return np.zeros(len(labels), dtype=bool)
    chord = 2 * np.sin(np.radians(reach_arcsec / 3600) / 2)
    rows = unit_vectors(labels["ra"].to_numpy(float), labels["dec"].to_numpy(float))
    far, _ = cKDTree(unit_vectors(ra, dec)).query(rows, distance_upper_bound=chord * (1 + 1e-12))
    return np.isfinite(far)


def unit_vectors(ra: Floats, dec: Floats) -> Floats:
    """Return the unit vectors of positions, (n, 3) float64.

    `ra` and `dec`: (n,) float64, degrees.
    """
    a, d = np.radians(ra), np.radians(dec)
    return np.column_stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
