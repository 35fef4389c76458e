"""Spectra in files: DESI coadds and spectra, SDSS ``spec-``, and the stacked training set.

All come as `Spectra`, in pieces of some thousand rows, however large the file is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import CorruptFileError, InputError, MissingColumnError, NotFoundError
from scope.models.spectra.wavelength_grid import LOG_GRID, Grid
from scope.tasks.spectra.rebin import Camera, Flag, combine, normalise

CAMERAS = ("B", "R", "Z")
ROWS = 2000
"""Spectra of a piece: about 250 MB of pixels of DESI."""

STACKED_FIRST, STACKED_STEP = 3.555, 1e-4
"""Grid of the stacked format: log10 of its first wavelength [Angstrom], and the step."""


@dataclass(frozen=True)
class Spectra:
    """Normalised spectra on a grid.

    Attributes
    ----------
    targetid : (n,) int64
    x : (n, bins) float32
        Zeros where a spectrum cannot be used.
    flags : (n,) uint8
        See `scope.tasks.spectra.rebin.Flag`.
    tileid, expid : (n,) int64
        -1 where nobody says.
    row : (n,) int64
        Row in the file.
    path : Path
    """

    targetid: npt.NDArray[np.int64]
    x: npt.NDArray[np.float32]
    flags: npt.NDArray[np.uint8]
    tileid: npt.NDArray[np.int64]
    expid: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    path: Path

    def __len__(self) -> int:
        return len(self.targetid)


def read_spectra(path: str | Path, grid: Grid = LOG_GRID, rows: int = ROWS) -> Iterator[Spectra]:
    """Yield the spectra of a file of any of the formats, in pieces.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError, InputError
    """
    path = Path(path)
    with opened(path) as file:
        names = {hdu.name.upper() for hdu in file}
        if {f"{camera}_FLUX" for camera in CAMERAS} & names:
            yield from _desi(file, path, grid, rows)
        elif len(file) > 1 and _has_columns(file[1], "loglam", "flux", "ivar"):
            yield _sdss(file, path, grid)
        elif file[0].header.get("NAXIS") == 2:
            yield from _stacked(file, path, grid, rows)
        else:
            raise InputError(
                f"spectra in {path} of an unknown form",
                value=", ".join(sorted(names)),
                allowed="DESI ({B,R,Z}_FLUX), SDSS spec- (loglam, flux, ivar), or stacked "
                "(flux, ivar, table)",
            )


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a FITS file and check that it is as long as its headers say."""
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    if not path.is_file():
        raise NotFoundError("no such file of spectra", value=str(path), todo="check the path")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            file = fits.open(path, memmap=True)
        except (OSError, ValueError) as error:
            raise _corrupt(path, str(error)) from error
        with file:
            try:
                size, end = path.stat().st_size, 0
                for hdu in file:
                    place = hdu.fileinfo()
                    if place and place["datLoc"] + hdu.size > size:
                        raise _corrupt(path, f"extension {hdu.name or 'PRIMARY'} is cut off")
                    end = place["datLoc"] + place["datSpan"] if place else end
                # Cut inside a header, astropy ends the file before that extension.
                if path.suffix != ".gz" and end < size:
                    raise _corrupt(path, f"{size - end} bytes at its end are no extension")
            except (OSError, ValueError, TypeError) as error:
                raise _corrupt(path, str(error)) from error
            yield file


def _corrupt(path: Path, why: str) -> CorruptFileError:
    return CorruptFileError(
        "truncated or foreign file, not readable as FITS",
        value=f"{path}: {why}",
        todo="copy it again",
    )


def _has_columns(hdu: Any, *names: str) -> bool:
    there = {name.lower() for name in getattr(getattr(hdu, "columns", None), "names", [])}
    return set(names) <= there


def _extension(file: Any, name: str, path: Path) -> Any:
    try:
        return file[name]
    except KeyError as error:
        raise MissingColumnError(
            f"spectra without the extension {name}",
            value=str(path),
            allowed="{B,R,Z}_{FLUX,IVAR,WAVELENGTH}",
        ) from error


def _desi(file: Any, path: Path, grid: Grid, rows: int) -> Iterator[Spectra]:
    names = {hdu.name.upper() for hdu in file}
    kinds = ("FLUX", "IVAR", "WAVELENGTH")
    there = [one for one in CAMERAS if any(f"{one}_{kind}" in names for kind in kinds)]
    parts = {
        camera: [_extension(file, f"{camera}_{what}", path) for what in ("FLUX", "IVAR")]
        for camera in there
    }
    waves = {
        camera: np.asarray(_extension(file, f"{camera}_WAVELENGTH", path).data, dtype=np.float64)
        for camera in there
    }
    n = parts[there[0]][0].shape[0]
    for camera, images in parts.items():
        if any(image.shape != (n, len(waves[camera])) for image in images):
            raise CorruptFileError(
                f"camera {camera} of {path}",
                value=[image.shape for image in images],
                allowed=f"({n}, {len(waves[camera])})",
            )
    ids = _fibermap(file, path, n, there)
    missing = sum(Flag[f"DEAD_{camera}"].value for camera in CAMERAS if camera not in there)
    for start in range(0, n, rows):
        part = slice(start, min(start + rows, n))
        cameras = {
            camera: Camera(flux.section[part], ivar.section[part], waves[camera])
            for camera, (flux, ivar) in parts.items()
        }
        flux, ivar, flags = combine(cameras, grid)
        x, flags = normalise(flux, ivar, flags | np.uint8(missing))
        yield Spectra(
            ids["TARGETID"][part],
            x,
            flags,
            ids["TILEID"][part],
            ids["EXPID"][part],
            np.arange(part.start, part.stop),
            path,
        )


def _fibermap(
    file: Any, path: Path, n: int, cameras: list[str]
) -> dict[str, npt.NDArray[np.int64]]:
    """Return ids of a DESI file; where it has no FIBERMAP, rows are counted, below zero."""
    found = {"TARGETID": -1 - np.arange(n), "TILEID": np.full(n, -1), "EXPID": np.full(n, -1)}
    if "FIBERMAP" not in file:
        return found
    table = file["FIBERMAP"].data
    if len(table) != n or not _has_columns(file["FIBERMAP"], "targetid"):
        raise MissingColumnError(
            f"FIBERMAP of {path}",
            value=f"{len(table)} rows, {', '.join(table.names)}",
            allowed=f"TARGETID of {n} spectra",
        )
    upper = {name.upper(): name for name in table.names}
    for name in found:
        if name in upper:
            found[name] = np.asarray(table[upper[name]])
    return {name: values.astype(np.int64) for name, values in found.items()}


def _sdss(file: Any, path: Path, grid: Grid) -> Spectra:
    table = file[1].data
    camera = Camera(
        np.asarray(table["flux"])[None],
        np.asarray(table["ivar"])[None],
        10 ** np.asarray(table["loglam"], dtype=np.float64),
    )
    flux, ivar, flags = combine({"all": camera}, grid)
    x, flags = normalise(flux, ivar, flags)
    none = np.full(1, -1)
    return Spectra(np.array([_sdss_id(file)]), x, flags, none, none.copy(), np.arange(1), path)


def _sdss_id(file: Any) -> int:
    """THING_ID of an SDSS spectrum; where it has none, plate, MJD and fibre in one number."""
    if len(file) > 2 and _has_columns(file[2], "thing_id"):
        thing = int(file[2].data["THING_ID"][0])
        if thing > 0:
            return thing
    header = file[0].header
    parts = [int(header.get(name, 0)) for name in ("PLATEID", "MJD", "FIBERID")]
    return (parts[0] * 100_000 + parts[1]) * 10_000 + parts[2]


def _stacked(file: Any, path: Path, grid: Grid, rows: int) -> Iterator[Spectra]:
    """Flux and ivar as images of their own, or as halves of one that is on the grid already."""
    tables = [hdu for hdu in file if _has_columns(hdu, "targetid")]
    if not tables:
        raise MissingColumnError(f"spectra in {path} without a table", allowed="TARGETID")
    ids = np.asarray(tables[0].data["TARGETID"], dtype=np.int64)
    n, width = file[0].shape
    separate = len(file) > 2 and file[1].is_image
    if len(ids) != n or (separate and file[1].shape != (n, width)):
        raise CorruptFileError(
            f"parts of {path} of different length", value=f"{n} spectra, {len(ids)} ids"
        )
    if not separate and width != 2 * grid.n_bins:
        raise InputError(
            f"spectra in {path} of another grid",
            value=f"{width // 2} bins",
            allowed=f"{grid.n_bins} ({grid.name})",
        )
    for start in range(0, n, rows):
        part = slice(start, min(start + rows, n))
        if separate:
            wavelength = 10 ** (STACKED_FIRST + STACKED_STEP * np.arange(width))
            camera = Camera(file[0].section[part], file[1].section[part], wavelength)
            flux, ivar, flags = combine({"all": camera}, grid)
        else:
            both = np.asarray(file[0].section[part], dtype=np.float64)
            flux, ivar = both[:, : grid.n_bins], both[:, grid.n_bins :]
            flags = np.where(ivar.sum(axis=1) > 0, 0, Flag.NO_WEIGHT.value).astype(np.uint8)
        x, flags = normalise(flux, ivar, flags)
        unknown = np.full(part.stop - part.start, -1)
        yield Spectra(ids[part], x, flags, unknown, unknown, np.arange(part.start, part.stop), path)


def read_all(path: str | Path, grid: Grid = LOG_GRID) -> Spectra:
    """Return all spectra of a file at once."""
    parts = list(read_spectra(path, grid))
    names = ("targetid", "x", "flags", "tileid", "expid", "row")
    if not parts:
        raise InputError("file without spectra", value=str(path))
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Spectra(**arrays, path=Path(path))


def tree_files(folder: str | Path) -> list[tuple[int, int, Path]]:
    """Return (tile, exposure, file) of a tree ``tile/exposure/coadd-*.fits``, in that order.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    folder = Path(folder)
    found = [
        (int(path.parent.parent.name), int(path.parent.name), path)
        for path in folder.glob("*/*/coadd-*.fits")
        if path.parent.parent.name.isdecimal() and path.parent.name.isdecimal()
    ]
    if not found:
        raise NotFoundError(
            "no spectra",
            value=str(folder),
            allowed="<tile>/<exposure>/coadd-*.fits below it",
            todo="name the folder that holds the tiles",
        )
    return sorted(found)
