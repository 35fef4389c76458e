"""The table of images: its columns, and which of its rows are usable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scope.errors import InputError, NotFoundError
from scope.io.user_tables import read_user_table
from scope.io.values import exact_numbers
from scope.schema import require_columns
from scope.tasks.stamps.images import DifferenceImage, refuse_twice

IMAGE_COLUMNS = (
    "id",
    "image_type",
    "ra_c",
    "dec_c",
    "jd",
    "quality",
    "ncoadds",
    "instrument",
    "filepath",
    "relatedimage",
)
CANDIDATE_COLUMNS = ("id", "image_id", "ra", "dec", "x", "y", "mag", "fwhm", "realbogus")
IDS = ("id", "image_id", "relatedimage", "photometry_id")
TEXTS = ("instrument", "filepath", "name", "image_type")
PLACES = (("ra", "dec"), ("ra_c", "dec_c"))
NUMBERS = ("jd", "mjd", "quality", "ncoadds", "x", "y", "mag", "fwhm", "realbogus")
WHOLE_NUMBERS = "whole numbers below 2**63"

MOST_ABS_DEC = 35.0
QUALITY_BELOW = 128
LEAST_COADDS = 3

JD_OF_MJD = 2400000.5


def read_index(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read an index with exact ids, in the order of the ids.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError, InputError, DuplicateIdError
    """
    if not path.is_file():
        raise NotFoundError(
            "no such table",
            value=str(path),
            allowed="a folder of images as written by `scope simulate-night`: images.csv, "
            "candidates.csv and the FITS files that they name",
        )
    ids = [name for name in IDS if name in columns]
    frame = read_user_table(path, text=TEXTS, ids=ids, places=_places(columns))
    require_columns(list(frame.columns), columns, f" in {path}")
    for name in ids:
        refuse_gaps(frame[name], name, path)
    numbers = {
        name: exact_numbers(frame[name], name, path)
        for name in NUMBERS
        if name in columns and not pd.api.types.is_numeric_dtype(frame[name])
    }
    frame = frame.assign(**numbers)
    if "id" in columns:
        refuse_twice(frame["id"].to_numpy(), str(path))
        frame = frame.sort_values("id", kind="stable", ignore_index=True)
    return frame


def _places(columns: tuple[str, ...]) -> tuple[str, str] | None:
    """Return the columns of positions."""
    return next((pair for pair in PLACES if set(pair) <= set(columns)), None)


def refuse_gaps(
    column: pd.Series[Any], name: str, path: Path, allowed: str = WHOLE_NUMBERS
) -> None:
    """Raise InputError where a column of a table has empty cells; the message names the row."""
    gaps = np.flatnonzero(column.isna())
    if len(gaps):
        raise InputError(
            f"column {name} of {path} with empty cells",
            value=f"row {gaps[0] + 1} is empty ({len(gaps)} such rows)",
            allowed=allowed,
        )


def is_usable(frame: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows are difference images that labels may be drawn from."""
    chosen = (
        (frame["image_type"] == "DIFFERENCE")
        & (frame["dec_c"].abs() < MOST_ABS_DEC)
        & (frame["quality"] < QUALITY_BELOW)
        & (frame["ncoadds"] >= LEAST_COADDS)
    )
    return chosen


def difference_image(row: Mapping[str, Any], path: str) -> DifferenceImage:
    """Return a row of the table as an image.

    Raises
    ------
    InputError
        If the instrument does not end with the number of a telescope.
    """
    instrument = str(row["instrument"])
    if not instrument[-1:].isdigit():
        raise InputError(
            f"instrument of image {row['id']}",
            value=instrument,
            allowed="a name that ends with the number of the telescope, such as UT3",
        )
    return DifferenceImage(
        image_id=int(row["id"]),
        path=path,
        ra=float(row["ra_c"]),
        dec=float(row["dec_c"]),
        mjd=float(row["jd"]) - JD_OF_MJD,
        telescope=int(instrument[-1]),
        ncoadd=int(row["ncoadds"]),
        related=int(row["relatedimage"]),
    )
