"""Training light curves that copies are made of, with what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.features.generate_features import ACCEPTED
from scope.identifiers import Scheme, decode
from scope.io import read_schema, read_table
from scope.lightcurves.cleaning import CleaningOptions, good_epochs
from scope.lightcurves.curves import HJD_OF_HMJD_ZERO
from scope.lightcurves.files import iter_raw_lightcurves
from scope.schema import require_columns
from scope.surveys.label_map import SIMULATION

Floats = npt.NDArray[np.float64]

PLACE = ("field", "ccd", "quad", "filter")


@dataclass(frozen=True)
class Parent:
    """A training light curve, cleaned, with its truth.

    Attributes
    ----------
    objectid : int
    star, survey : str
    labels, unknown : list of str
    place : dict of str to int
        Field, detector, quadrant and filter, where known.
    ra, dec : float
        Degrees; NaN where unknown.
    time : (n,) float64
        Modified heliocentric Julian dates, ascending.
    mag, magerr : (n,) float64
    """

    objectid: int
    star: str
    survey: str
    labels: list[str]
    unknown: list[str]
    place: dict[str, int]
    ra: float
    dec: float
    time: Floats
    mag: Floats
    magerr: Floats

    def __len__(self) -> int:
        return len(self.time)


def read_truth(path: str | Path) -> dict[int, dict[str, Any]]:
    """Return the lines of a truth table by ``objectid``: star, labels, and what else there is.

    Raises
    ------
    MissingColumnError
    """
    names = read_schema(path).names
    needed = ("objectid", "sourceid", "labels")
    require_columns(names, needed, f" in {path}")
    wanted = [*needed, *(name for name in ("unknown", "survey", "ra", "dec") if name in names)]
    return {line["objectid"]: line for line in read_table(path, wanted).to_pylist()}


def read_parents(
    path: str | Path,
    truth: Mapping[int, Mapping[str, Any]],
    cleaning: CleaningOptions,
    skip_unlabelled: bool = False,
) -> Iterator[Parent]:
    """Yield the light curves of a file that cleaning keeps, with their truth.

    Parameters
    ----------
    path : path
        Raw or cleaned light curves.
    truth : mapping
        Of `read_truth`.
    cleaning : CleaningOptions
    skip_unlabelled : bool
        Leave out light curves without truth, and do not raise.

    Raises
    ------
    MissingColumnError
    InputError
        If a light curve has no truth.
    """
    present = read_schema(path).names
    names = {
        meaning: next((name for name in accepted if name in present), None)
        for meaning, accepted in ACCEPTED.items()
    }
    require_columns(present, [names[m] or m for m in ("_id", "time", "mag")], f" in {path}")
    further = [name for m in (*PLACE, "ra", "dec") if (name := names[m]) is not None]
    stream = iter_raw_lightcurves(
        path,
        id_column=names["_id"] or "",
        time_column=names["time"] or "",
        columns=further,
        flags=names["catflags"] is not None,
    )
    for table, raw in stream:
        good = good_epochs(raw, cleaning)
        zero = good.time_zero_hjd - HJD_OF_HMJD_ZERO
        for row, line in enumerate(table.to_pylist()):
            points = slice(good.offsets[row], good.offsets[row + 1])
            if points.stop - points.start < cleaning.min_epochs:
                continue
            objectid = int(good.ids[row])
            if objectid not in truth and skip_unlabelled:
                continue
            if objectid not in truth:
                raise InputError(
                    f"light curve of {path} without a line of truth",
                    value=objectid,
                    todo="give the truth of all light curves",
                )
            about = truth[objectid]
            ra, dec = (_number(line.get(names[m]), about.get(m)) for m in ("ra", "dec"))
            yield Parent(
                objectid,
                str(about["sourceid"]),
                about.get("survey", SIMULATION),
                list(about["labels"]),
                list(about.get("unknown") or ()),
                _place(objectid, {m: line.get(names[m]) for m in PLACE}),
                ra,
                dec,
                good.time[points] + zero,
                good.mag[points].astype(np.float64),
                good.magerr[points].astype(np.float64),
            )


def _place(objectid: int, columns: Mapping[str, Any]) -> dict[str, int]:
    """Return where a light curve is from: as its id says, else as its columns say."""
    said = decode([objectid])
    if said.scheme[0] != Scheme.OPAQUE:
        return {name: int(getattr(said, name)[0]) for name in PLACE}
    return {name: int(value) for name, value in columns.items() if value is not None}


def _number(*values: Any) -> float:
    """Return the first number that is there, NaN if none is."""
    return next((float(value) for value in values if value is not None), float("nan"))
