"""Writing stars of real fields for training, each without variability and with a signal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from scope.errors import InputError
from scope.io import TableWriter
from scope.lightcurves.cleaning import CleaningOptions, clean
from scope.lightcurves.curves import LightCurves
from scope.lightcurves.files import CleanedLightCurves, cleaned_table
from scope.lightcurves.nulls import draw_fraction, shuffled
from scope.lightcurves.sky import PositionTree, first_linked
from scope.provenance import record
from scope.surveys.base import Survey
from scope.surveys.field_stars.quiet import is_quiet
from scope.surveys.label_map import NOT_VARIABLE, SIMULATION
from scope.surveys.simulation.cadence import Cadence
from scope.surveys.simulation.sky_classes import CLASSES, StarClass
from scope.surveys.twins.twin_labels import BAD_PHOTOMETRY, FROM_CATALOGUES, VARIABLE
from scope.surveys.visibility import VISIBLE

Floats = npt.NDArray[np.float64]

LIGHT_CURVES = "lightcurves.parquet"
TRUTH = "truth.parquet"
FIELD = "field"
"""The survey of stars without a signal; those with one are of the simulation."""

FIRST_ID = 3 * 2**61
"""Ids with a signal lie beyond those of surveys (below 2^62) and of twins (2^62 to 2^62 + 2^56)."""

SHUFFLED, QUIET = "shuffled", "quiet"
CONSTANTS = (SHUFFLED, QUIET)
"""What the example of a star that does not vary can be."""

SAME_STAR_ARCSEC = 1.5
SATURATION, LIMIT = 12.4, 20.9
"""Points with a signal stay between these magnitudes: all epochs do, so that the cadence of a
star with a signal is that of the star without."""

MOST_TRIES = 20
"""Signals that are drawn for a star until one can be seen and leaves all of its epochs."""

_MEDIAN_SEEING, _MEDIAN_DEPTH = 2.2, 20.6

CURVE_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("objra", pa.float64()),
        pa.field("objdec", pa.float64()),
        pa.field("hmjd", pa.list_(pa.float64())),
        pa.field("mag", pa.list_(pa.float64())),
        pa.field("magerr", pa.list_(pa.float64())),
    ]
)
TRUTH_SCHEMA = pa.schema(
    [
        pa.field("objectid", pa.int64()),
        pa.field("sourceid", pa.string()),
        pa.field("survey", pa.string()),
        pa.field("class", pa.string()),
        pa.field("labels", pa.list_(pa.string())),
        pa.field("unknown", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class FieldStarOptions:
    """Options of choosing stars of a field.

    Attributes
    ----------
    fields : sequence of int
        Numbers of fields; none takes all of the survey.
    most : int
        Light curves of a quadrant, at most: the first by the hashes of their ids.
    least_epochs : int
        Good epochs of a light curve, at least.
    chance : float
        See `scope.surveys.field_stars.quiet.is_quiet`.
    constant : {"shuffled", "quiet"}
        What the example that does not vary is: the star with its magnitudes, each with its
        error, in random order, or as it is.
    seed : int

    Raises
    ------
    InputError
        If `constant` is neither.
    """

    fields: Sequence[int] = ()
    most: int = 1000
    least_epochs: int = 20
    chance: float = 0.02
    constant: str = SHUFFLED
    seed: int = 1

    def __post_init__(self) -> None:
        if self.constant not in CONSTANTS:
            raise InputError(
                "stars of fields that do not vary", value=self.constant, allowed=CONSTANTS
            )


def sample_field_stars(
    survey: Survey,
    output: str | Path,
    *,
    cleaning: CleaningOptions | None = None,
    options: FieldStarOptions | None = None,
    facts: Mapping[str, Any] | None = None,
) -> int:
    """Write quiet stars of fields, each twice: without variability, and with that of a class.

    Without, it is an example against each class. With a signal it has the noise, the
    systematics and the epochs of a real star, and the labels of the simulated class: nothing
    but the signal tells one from the other, and the cadence tells nothing. Both have one
    ``sourceid``: they are on one side of every split. The same arguments give the same bytes.

    Parameters
    ----------
    survey : Survey
    output : path
        Folder that gets ``lightcurves.parquet`` and ``truth.parquet``.
    cleaning : CleaningOptions, optional
        Its least number of epochs is that of `options`.
    options : FieldStarOptions, optional
    facts : mapping, optional
        Further facts for the records.

    Returns
    -------
    int
        Number of quiet light curves.

    Raises
    ------
    InputError
        If the survey has no star that can be used.
    """
    options = options or FieldStarOptions()
    cleaning = cleaning or CleaningOptions()
    own = CleaningOptions(
        options.least_epochs, cleaning.min_cadence_minutes, cleaning.max_timestamp_hjd
    )
    metadata = record(
        "field_stars", **{**(facts or {}), **survey.facts(), "field_stars": asdict(options)}
    )
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    curves = TableWriter(output / LIGHT_CURVES, CURVE_SCHEMA, metadata)
    with curves, TableWriter(output / TRUTH, TRUTH_SCHEMA, metadata) as truth:
        for field in options.fields or survey.fields():
            for unit in survey.units(field):
                for row, line in _stars(survey, field, unit, own, options):
                    curves.write(pa.Table.from_pylist(row, CURVE_SCHEMA))
                    truth.write(pa.Table.from_pylist(line, TRUTH_SCHEMA))
        if not truth.rows:
            raise InputError(
                "fields without a star for training",
                value=f"fields {', '.join(map(str, options.fields)) or 'of the whole survey'}",
                allowed=f"light curves with {options.least_epochs} good epochs or more",
                todo="choose other fields, or a lower training.field_stars.least_epochs",
            )
        return truth.rows // 2


def _stars(
    survey: Survey, field: int, unit: str, cleaning: CleaningOptions, options: FieldStarOptions
) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Yield rows and truth of each quiet star of a quadrant: without a signal, and with one."""
    curves = _sample(survey, field, unit, cleaning, options)
    curves = curves.take(np.flatnonzero(is_quiet(curves, options.chance, options.seed)))
    places = {row["_id"]: row for row in survey.sources_by_id(curves.ids).to_pylist()}
    lines = [places[one] for one in curves.ids.tolist()]
    names = _names(lines)
    constant = shuffled(curves, options.seed) if options.constant == SHUFFLED else curves
    for row, still, line, name in zip(_rows(curves), _rows(constant), lines, names, strict=True):
        star = _as_it_is(still, line)
        found = _with_signal(_as_it_is(row, line), line["filter"], options.seed)
        if found is None:
            continue
        other, kind = found
        yield (
            [star, other],
            [_truth(star, name, FIELD, options.constant), _truth(other, name, SIMULATION, kind)],
        )


def _rows(curves: LightCurves) -> list[dict[str, Any]]:
    """Return the points of light curves, in HMJD, one row each."""
    reasons = np.full(len(curves), None, dtype=object)
    rows = cleaned_table(CleanedLightCurves(curves, curves.n_epochs, reasons)).to_pylist()
    return [dict(row) for row in rows]


def _sample(
    survey: Survey, field: int, unit: str, cleaning: CleaningOptions, options: FieldStarOptions
) -> LightCurves:
    """Return the cleaned light curves of a quadrant that come first by the hashes of their ids."""
    parts = []
    for raw in survey.iter_lightcurves(field, unit):
        cleaned, _ = clean(raw, cleaning)
        parts.append(cleaned.take(np.flatnonzero(cleaned.n_epochs)))
    if not parts:
        empty = np.empty(0)
        return LightCurves(np.empty(0, np.int64), np.zeros(1, np.int64), empty, empty, empty)
    curves = LightCurves.concatenate(parts)
    order = np.lexsort((curves.ids, draw_fraction(curves.ids, options.seed)))
    return curves.take(np.sort(order[: options.most]))


def _names(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the name of each star: light curves at one place are one star."""
    if not lines:
        return []
    ra, dec = (np.array([line[key] for line in lines], dtype=float) for key in ("ra", "dec"))
    near = PositionTree(ra, dec).within(ra, dec, SAME_STAR_ARCSEC)
    first = first_linked(len(lines), near.query, near.found)
    return [f"field {lines[index]['_id']}" for index in first]


def _as_it_is(row: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    points = {key: np.asarray(row[key], dtype=np.float64) for key in ("hmjd", "mag", "magerr")}
    return {"objectid": row["_id"], "objra": line["ra"], "objdec": line["dec"], **points}


def _with_signal(
    star: Mapping[str, Any], band: int | None, seed: int
) -> tuple[dict[str, Any], StarClass] | None:
    """Return the star with the signal of a variable star, and its class.

    None if no signal of a few leaves all epochs between the limits of the survey and stands
    out of the star's errors.
    """
    digest = hashlib.sha256(f"field star {seed}:{star['objectid']}".encode()).digest()
    rng = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    cadence = _cadence(star["hmjd"], band)
    kinds = [kind for kind in CLASSES.values() if VARIABLE in kind.labels and kind.balanced]
    for _ in range(MOST_TRIES):
        kind = kinds[int(rng.integers(len(kinds)))]
        variability, _ = kind.draw(rng)
        signal = variability.signal(rng, cadence)
        mag = star["mag"] + signal - np.median(signal)
        seen = np.sum(((signal - signal.mean()) / star["magerr"]) ** 2) >= VISIBLE
        if seen and mag.min() > SATURATION and mag.max() < LIMIT:
            number = FIRST_ID + int.from_bytes(digest[:7], "big")
            return {**star, "objectid": number, "mag": mag}, kind
    return None


def _cadence(time: Floats, band: int | None) -> Cadence:
    """Return the epochs of a light curve as exposures of middling seeing and depth."""
    count = len(time)
    return Cadence(
        time=time,
        band=np.full(count, band if band in (1, 2, 3) else 2, dtype=np.int64),
        depth=np.full(count, _MEDIAN_DEPTH),
        seeing=np.full(count, _MEDIAN_SEEING),
        flags=np.zeros(count, dtype=np.int64),
    )


def _truth(
    star: Mapping[str, Any], name: str, survey: str, kind: StarClass | str
) -> dict[str, Any]:
    """Return the line of truth. Photometry of a real star may be bad, and it may be a quasar."""
    labels = [NOT_VARIABLE] if isinstance(kind, str) else list(kind.labels)
    unknown = sorted({*BAD_PHOTOMETRY, *FROM_CATALOGUES} - set(labels))
    return {
        "objectid": star["objectid"],
        "sourceid": name,
        "survey": survey,
        "class": kind if isinstance(kind, str) else kind.name,
        "labels": labels,
        "unknown": unknown,
    }
