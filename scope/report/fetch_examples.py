"""The best examples of each class and their light curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.errors import InputError
from scope.io import iter_batches, read_metadata
from scope.lightcurves import LightCurves
from scope.lightcurves.cleaning import CleaningOptions
from scope.lightcurves.files import (
    CleanedLightCurves,
    iter_lightcurve_file,
    write_lightcurve_file,
)
from scope.lightcurves.sky import separation_arcsec, unit_vectors
from scope.plugins import ALGORITHMS
from scope.provenance import record
from scope.report.catalogue_rows import add_best, best_rows, iter_rows, score_tags
from scope.report.sampling import Smallest
from scope.surveys.base import Survey
from scope.surveys.cleaned_by_id import cleaned_by_id

N_EXAMPLES = 3
SAME_STAR_ARCSEC = 1.5

APERIODIC = frozenset(
    "vnv longt i fla dip bogus ext blend bright artfct agn cv yso transient".split()  # noqa: SIM905
)
"""Classes without a period of their own: their examples are drawn against time."""


@dataclass(frozen=True)
class Example:
    """A light curve with a high score.

    Attributes
    ----------
    id : int
    ra, dec : float
        Degrees.
    filter : int
        -1 where unknown.
    period : float
        Days, NaN where none was found.
    log10_fap : float
        Decimal logarithm of its false-alarm probability, NaN where that is not known.
    n_epochs : int
    mean : float
        Mean of the scores of both algorithms, or the one there is.
    scores : dict of float
        Per algorithm, NaN where there is none.
    probability : float
        Of the class, ``{tag}_p``; NaN where there is none.
    name : str
        What the list asked for calls it; empty where it has no name.
    gaia_id : int
        0 where there is none.
    """

    id: int
    ra: float
    dec: float
    filter: int
    period: float
    log10_fap: float
    n_epochs: int
    mean: float
    scores: dict[str, float]
    probability: float
    name: str
    gaia_id: int


@dataclass(frozen=True)
class Curve:
    """The points of one light curve: HMJD (days), magnitudes, errors; (n,) float64 each."""

    time: npt.NDArray[np.float64]
    mag: npt.NDArray[np.float64]
    magerr: npt.NDArray[np.float64]


def choose_examples(best: Smallest, count: int = N_EXAMPLES) -> list[Example]:
    """Return the rows of highest mean score, one per star, at most `count`.

    Rows within 1.5 arcsec of a better one are the same star in another filter or field.
    Equal means are ordered by id.

    Parameters
    ----------
    best : Smallest
        Candidates, as `scope.report.tally.add_best` collects them.
    """
    columns = best.columns
    if not len(best.ids):
        return []
    vectors = unit_vectors(columns["ra"], columns["dec"])
    chosen: list[int] = []
    for row in range(len(best.ids)):
        near = separation_arcsec(vectors[chosen], vectors[row]) <= SAME_STAR_ARCSEC
        if not np.any(near):
            chosen.append(row)
    return [_example(best, row) for row in chosen[:count]]


def _example(best: Smallest, row: int) -> Example:
    value: dict[str, Any] = {
        name: values[row : row + 1].tolist()[0] for name, values in best.columns.items()
    }
    return Example(
        id=int(best.ids[row]),
        ra=value["ra"],
        dec=value["dec"],
        filter=value["filter"],
        period=value["period"],
        log10_fap=value["log10_fap"],
        n_epochs=value["n_epochs"],
        mean=value["mean"],
        scores={name: value[name] for name in value if name in ALGORITHMS},
        probability=value["p"],
        name=value["name"],
        gaia_id=value["Gaia_EDR3___id"],
    )


def read_curves(paths: Sequence[Path], ids: Iterable[int]) -> dict[int, Curve]:
    """Read the cleaned light curves of a few ids, with memory for one piece of a file.

    Parameters
    ----------
    paths : sequence of Path
        Files of cleaned light curves.
    ids : iterable of int

    Returns
    -------
    dict of Curve
        By id; ids without points are absent.

    Raises
    ------
    NotFoundError, CorruptFileError, MissingColumnError
    """
    wanted = np.unique(np.fromiter(ids, np.int64))
    curves: dict[int, Curve] = {}
    for path in paths:
        if len(curves) == len(wanted):
            break
        # Ids are a small part of the file: most files of a field need no second look.
        batches = iter_batches(path, columns=["_id"], rows=1 << 16)
        if any(np.isin(batch.column("_id").to_numpy(), wanted).any() for batch in batches):
            for piece in iter_lightcurve_file(path, rows=1024):
                curves.update(_curves_of(piece.lightcurves, wanted))
    return curves


def _curves_of(lightcurves: LightCurves, wanted: npt.NDArray[np.int64]) -> dict[int, Curve]:
    found = np.flatnonzero(np.isin(lightcurves.ids, wanted) & (lightcurves.n_epochs > 0))
    offsets = lightcurves.offsets
    curves = {}
    for row in found.tolist():
        points = slice(offsets[row], offsets[row + 1])
        curves[int(lightcurves.ids[row])] = Curve(
            lightcurves.time[points].copy(),
            lightcurves.mag[points].astype(np.float64),
            lightcurves.magerr[points].astype(np.float64),
        )
    return curves


def best_examples(
    catalog_path: Path, count: int = N_EXAMPLES, strange_below: float = 0.0
) -> dict[str, list[Example]]:
    """Return the best examples of every class in a catalogue, by tag.

    The choice for a class does not depend on which other classes are looked at. Rows with an
    ``ood_p`` below `strange_below` are none.
    """
    best = {tag: best_rows() for tag in score_tags(catalog_path)}
    for rows in iter_rows(catalog_path, strange_below=strange_below):
        for tag, candidates in best.items():
            add_best(candidates, rows, tag)
    return {tag: choose_examples(candidates, count) for tag, candidates in best.items()}


def fetch_examples(
    catalog: str | Path,
    surveys: Sequence[Survey],
    output: str | Path,
    *,
    cleaning: CleaningOptions,
    strange_below: float = 0.0,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write the cleaned light curves of the best examples of each class.

    They are a few hundred at most, so that a report can be drawn after the light curves
    of a whole field are gone.

    Parameters
    ----------
    catalog : path
        Catalogue of a target.
    surveys : sequence of Survey
        Where light curves are looked for, one after the other.
    output : path
        Light-curve file, a row per example by rising id; empty where there is none.
    cleaning : CleaningOptions
        As for the features, so that the picture shows the points they are made of.
    strange_below : float
        As for the report, so that it finds the light curves of the examples that it chooses.
    facts : mapping, optional
        Facts for the file's record.

    Raises
    ------
    InputError
        If there is no survey to look in.
    """
    if not surveys:
        raise InputError(
            "light curves of examples without a survey", allowed="at least one archive"
        )
    chosen = best_examples(Path(catalog), strange_below=strange_below)
    ids = np.unique([one.id for examples in chosen.values() for one in examples]).astype(np.int64)
    curves, reasons = cleaned_by_id(surveys, ids, cleaning)
    write_lightcurve_file(
        [CleanedLightCurves(curves, curves.n_epochs, reasons)],
        output,
        record("report", read_metadata(catalog), **(facts or {})),
    )
