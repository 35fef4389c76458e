"""Labelled sets, made without people.

`get_images` and `get_individual_images` say which images there are; replace them, and the
``*_EXT`` names of FITS extensions, to label the images of another survey:

    from gotorb import label_data
    label_data.IMAGE_EXT = "SCI"
    label_data.get_images = my_images              # number -> list of DifferenceImage
    label_data.get_individual_images = my_exposures  # DifferenceImage -> list of paths
    label_data.make(n_images=100)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from scope.errors import ConfigError, NotFoundError, few
from scope.tasks.stamps import images as _images
from scope.tasks.stamps.append_run import append_run
from scope.tasks.stamps.clean_data import (
    clean_asteroids,
    clean_cosmics,
    clean_varstars,
    remove_flagged_images,
)
from scope.tasks.stamps.cutouts import check_size
from scope.tasks.stamps.image_folder import MINOR_PLANET_COLUMNS
from scope.tasks.stamps.image_table import read_index
from scope.tasks.stamps.images import (
    Candidate,
    DifferenceImage,
    Extensions,
    ImageSource,
    galaxies_near,
)
from scope.tasks.stamps.label_images import (
    LabelOptions,
    SyntheticOptions,
    label_image,
    synthetic_image,
)
from scope.tasks.stamps.label_runs import (
    Job,
    RunLog,
    finish_run,
    log,
    number_of_images,
    start_run,
    write_chunks,
)
from scope.tasks.stamps.marshall import marshall_image, read_votes
from scope.tasks.stamps.minor_planets import MOST_REQUESTS, SKYBOT_URL, Provider, open_provider
from scope.tasks.stamps.run_settings import hash_table, run_settings
from scope.tasks.stamps.settings import open_images

__all__ = [
    "DETECTIONS_EXT",
    "DIFFERENCE_IMAGE_EXT",
    "IMAGE_EXT",
    "INDIVIDUAL_IMAGE_EXT",
    "TEMPLATE_IMAGE_EXT",
    "add_marshall_cands",
    "add_synthetic_transients",
    "clean_asteroids",
    "clean_cosmics",
    "clean_varstars",
    "get_images",
    "get_individual_images",
    "make",
    "remove_flagged_images",
]

IMAGE_EXT = _images.IMAGE_EXT
TEMPLATE_IMAGE_EXT = _images.TEMPLATE_IMAGE_EXT
DIFFERENCE_IMAGE_EXT = _images.DIFFERENCE_IMAGE_EXT
DETECTIONS_EXT = _images.DETECTIONS_EXT
INDIVIDUAL_IMAGE_EXT = _images.IMAGE_EXT

_MOST_AHEAD = 4
_GALAXY_RADIUS_DEG = 1.8


def get_images(nimages: int | None, images: Any = None) -> list[DifferenceImage]:
    """Return the difference images that labels are drawn from.

    Parameters
    ----------
    nimages : int or None
        How many, at most; None is all.
    images : path or ImageSource, optional
        A folder with an index; by default what ``.env`` names.

    Returns
    -------
    list of DifferenceImage
        In the order of their ids.
    """
    return open_images(images).images(nimages)


def get_individual_images(image: DifferenceImage, images: Any = None) -> list[str]:
    """Return the FITS files of the single exposures of an image.

    None is an answer: the layers of the exposures are then zero.
    """
    return open_images(images).exposures(image)


def make(
    nimages: int | None = None,
    out_dir: str | Path = ".",
    mp_prov: str | None = None,
    search_rad: float = 1.8,
    match_rad: float = 1.0,
    max_mag: float = 20.2,
    stamp_size: int = 55,
    bogus_every: int = 4,
    nproc: int = 0,
    image_chunk: int = 1500,
    *,
    n_images: int | None = None,
    images: str | Path | ImageSource | None = None,
    position_table: str | Path | None = None,
    seed: int = 0,
    skybot_url: str = SKYBOT_URL,
    xephem_path: str | None = None,
) -> Path:
    """Make a labelled set: known minor planets are real, random other detections bogus.

    Parameters
    ----------
    nimages, n_images : int
        Difference images to use; two spellings of one parameter.
    out_dir : path
        Parent of the folder ``data_YYYYMMDD-HHMMSS``.
    mp_prov : {"skybot", "pympc", "table"}, optional
        Who knows the minor planets. By default the position table, if one is given or the
        folder of images has one, and else SkyBoT.
    search_rad : float
        Radius around the image centre for minor planets (degrees).
    match_rad : float
        Between prediction and detection (arcsec).
    max_mag : float
        Faint limit of predicted minor planets (mag).
    stamp_size : int
        Pixels.
    bogus_every : int
        Bogus detections of an image above the number of its minor planets; 0 is none.
    nproc : int
        Processes; 0 is one a CPU, 1 none besides this one.
    image_chunk : int
        Images after which what is done is safe from a kill.
    images : path or ImageSource, optional
        A folder with an index; by default what ``.env`` names.
    position_table : path, optional
        CSV of name, mjd, ra, dec (degrees), mag.
    seed : int
        Start of the random draws.

    Returns
    -------
    Path
        The folder, with its log, ``data_labels.csv`` and ``data_stamps.h5``.

    Raises
    ------
    ScopeError
        If there are no images, or none can be used.
    """
    size, number = check_size(stamp_size), number_of_images(nimages, n_images)
    source = open_images(images) if images is not None else None
    chosen = get_images(number) if source is None else source.images(number)
    if not chosen:
        raise NotFoundError(
            "no difference image to label",
            allowed="image_type DIFFERENCE, |dec| < 35, quality < 128, at least 3 coadds",
        )
    options = LabelOptions(float(match_rad), size, int(bogus_every), int(seed), _extensions())
    provider, planets = _provider(mp_prov, images, position_table, skybot_url, xephem_path)
    settings = {"options": asdict(options), "search_rad": search_rad, "max_mag": max_mag, **planets}
    run = run_settings("make", chosen, source or _default_source(), image_chunk, **settings)
    folder = start_run(out_dir, run)

    def jobs(part: Sequence[DifferenceImage]) -> Iterator[tuple[str, Job]]:
        for image, planets in _with_planets(part, provider, search_rad, max_mag):
            exposures = _exposures(image, source)
            yield str(image.image_id), (label_image, (image, exposures, planets, options))

    with RunLog(folder / f"{folder.name}.log"):
        log.info("labelling %d images into %s", len(chosen), folder.name)
        n = write_chunks(folder, chosen, image_chunk, jobs, nproc=nproc, size=size)
        table = finish_run(folder, n, size)
        log.info("%d rows, %d real", len(table), int((table["label"] == 1).sum()))
    return folder


def _extensions() -> Extensions:
    """Return the names of extensions as they are set now."""
    return Extensions(
        science=IMAGE_EXT,
        template=TEMPLATE_IMAGE_EXT,
        difference=DIFFERENCE_IMAGE_EXT,
        detections=DETECTIONS_EXT,
        exposure=INDIVIDUAL_IMAGE_EXT,
    )


def _default_source() -> ImageSource | None:
    """Return what ``.env`` names; None where images come from functions of the user's own."""
    try:
        return open_images()
    except ConfigError:
        return None


def _exposures(image: DifferenceImage, source: ImageSource | None) -> list[str]:
    return get_individual_images(image) if source is None else source.exposures(image)


def _provider(
    name: str | None,
    images: Any,
    position_table: str | Path | None,
    skybot_url: str,
    xephem_path: str | None,
) -> tuple[Provider, dict[str, Any]]:
    """Return who knows the minor planets, and what decides the answers, as JSON."""
    table = None
    if position_table is not None:
        table = read_index(Path(position_table), MINOR_PLANET_COLUMNS)
    elif name in (None, "table"):
        source = _default_source() if images is None else open_images(images)
        table = None if source is None else source.minor_planets()
    if name is None:
        name = "skybot" if table is None else "table"
    facts = {"planets": name, "positions": hash_table(table), "skybot": skybot_url}
    provider = open_provider(name, table, url=skybot_url, xephem_path=xephem_path)
    return provider, {**facts, "xephem": xephem_path}


def _with_planets(
    part: Sequence[DifferenceImage], provider: Provider, radius: float, limit: float
) -> Iterator[tuple[DifferenceImage, pd.DataFrame]]:
    """Yield images with their predictions, a few of which are asked for ahead."""
    with ThreadPoolExecutor(MOST_REQUESTS) as pool:
        ahead: list[Any] = []
        for image in part:
            ahead.append((image, pool.submit(provider, image, radius, limit)))
            if len(ahead) >= _MOST_AHEAD:
                first, future = ahead.pop(0)
                yield first, future.result()
        for image, future in ahead:
            yield image, future.result()


def add_marshall_cands(
    data_dir: str | Path,
    marshall_file: str | Path,
    stamp_size: int = 55,
    nproc: int = 0,
    n_read: int | None = None,
    image_chunk: int = 1500,
    *,
    images: str | Path | ImageSource | None = None,
) -> Path:
    """Add detections that people have voted on.

    Parameters
    ----------
    data_dir : path
        A labelled set.
    marshall_file : path
        CSV of photometry_id and label (1, 0 or -1). Each label goes to the detection of its
        id, in whatever order the database answers.
    stamp_size : int
        Pixels; that of the set.
    n_read : int, optional
        Only the first rows of the file.

    Returns
    -------
    Path
        The folder. Votes whose detection is in no usable image are named in its log.

    Raises
    ------
    ScopeError
        If the file cannot be used, or a detection is in the set already.
    """
    folder = Path(data_dir)
    votes = read_votes(marshall_file, n_read)
    found = open_images(images).candidates([int(number) for number in votes["photometry_id"]])
    label_of = dict(zip(votes["photometry_id"], votes["label"], strict=True))
    by_image: dict[int, list[Candidate]] = {}
    for number in sorted(found):
        by_image.setdefault(found[number].image.image_id, []).append(found[number])
    groups = list(by_image.values())
    names, source = _extensions(), open_images(images) if images is not None else None

    def jobs(part: Sequence[list[Candidate]]) -> Iterator[tuple[str, Job]]:
        for group in part:
            labels = [int(label_of[one.candidate_id]) for one in group]
            exposures = _exposures(group[0].image, source)
            arguments = (group, labels, exposures, check_size(stamp_size), names)
            yield str(group[0].image.image_id), (marshall_image, arguments)

    with RunLog(folder / f"{folder.name}.log"):
        if missing := sorted(set(label_of) - set(found)):
            log.warning("votes without a detection in a usable image: %s", few(missing))
        append_run(folder, groups, image_chunk, jobs, nproc, stamp_size)
    return folder


def add_synthetic_transients(
    nimages: int | None = None,
    out_dir: str | Path = ".",
    match_rad: float = 1.0,
    search_rad: float = 1.8,
    min_mag: float = 16.0,
    max_mag: float = 19.5,
    glx_search_scale: float = 600.0,
    glx_jitter: float = 7.0,
    stamp_size: int = 55,
    nproc: int = 0,
    resid_every: int = 1,
    image_chunk: int = 1500,
    *,
    n_images: int | None = None,
    images: str | Path | ImageSource | None = None,
    mp_prov: str | None = None,
    position_table: str | Path | None = None,
    seed: int = 0,
    skybot_url: str = SKYBOT_URL,
    xephem_path: str | None = None,
) -> Path:
    """Make sources in galaxies, of minor planets and galaxies of the same image.

    Parameters
    ----------
    nimages, n_images : int
        Difference images to use.
    out_dir : path
        A labelled set, to which the rows are added; of any other folder the parent of a new
        ``data_YYYYMMDD-HHMMSS``.
    match_rad : float
        Between prediction and detection (arcsec).
    search_rad : float
        For minor planets (degrees).
    min_mag, max_mag : float
        Of the minor planets (mag).
    glx_search_scale : float
        How far from the minor planet its galaxy may be (arcsec).
    glx_jitter : float
        Largest displacement from the galaxy in each coordinate (arcsec); half of it for
        the residuals.
    resid_every : int
        Galaxies without a source for each one with one.

    Returns
    -------
    Path
        The folder of the set.

    Raises
    ------
    ScopeError
        If there are no images or galaxies, or none can be used.
    """
    size, number = check_size(stamp_size), number_of_images(nimages, n_images)
    source = open_images(images)
    chosen = source.images(number) if images is not None else get_images(number)
    options = LabelOptions(float(match_rad), size, 0, int(seed), _extensions())
    synthetic = SyntheticOptions(min_mag, glx_search_scale, glx_jitter, int(resid_every))
    provider, planets = _provider(mp_prov, images, position_table, skybot_url, xephem_path)

    def jobs(part: Sequence[DifferenceImage]) -> Iterator[tuple[str, Job]]:
        for image, planets in _with_planets(part, provider, search_rad, max_mag):
            galaxies = galaxies_near(source, image, _GALAXY_RADIUS_DEG)
            arguments = (image, source.exposures(image), planets, galaxies, options, synthetic)
            yield str(image.image_id), (synthetic_image, arguments)

    folder = Path(out_dir)
    if not (folder / "data_labels.csv").is_file():
        more = {"options": asdict(options), "search_rad": search_rad, "max_mag": max_mag, **planets}
        more |= {"synthetic": asdict(synthetic)}
        folder = start_run(out_dir, run_settings("synthetic", chosen, source, image_chunk, **more))
        with RunLog(folder / f"{folder.name}.log"):
            n = write_chunks(folder, chosen, image_chunk, jobs, nproc=nproc, size=size)
            finish_run(folder, n, size)
        return folder
    with RunLog(folder / f"{folder.name}.log"):
        append_run(folder, chosen, image_chunk, jobs, nproc, size)
    return folder
