"""Table schemas as data: name, type, unit and meaning of every column, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from scope.bands import BANDS_MEANING
from scope.column_types import arrow_type
from scope.errors import InputError, MissingColumnError, few
from scope.jsontext import to_json

METADATA_KEY = "scope"
"""Key of this package's JSON object in the metadata of a Parquet schema."""

REASONS: dict[str, str] = {
    "impossible_id": "a negative id",
    "impossible_position": "right ascension and declination are no place on the sky",
    "impossible_filter": "a filter, detector or quadrant that there is not",
    "bright_star": "close to a bright star, whose light spoils the photometry",
    "no_position": "times are to be brought to the Sun, and it is not known where this is",
    "no_light_curve": "listed by the survey, which returned no light curve",
    "unequal_lists": "as many times as magnitudes, errors and flags are needed, and are not there",
    "other_dates": "dates are not of the system that their column says, so no cut is possible",
    "no_good_epochs": "no point survives the quality cuts",
    "too_few_epochs": "fewer points than the minimum after decimation",
    "baseline_too_long": "the period search would need more trial frequencies than are allowed",
    "no_period": "no period to try: fewer than three points, or too short a time span",
    "undefined_feature": "a model feature that is never imputed is not a number",
    "no_features": "the collection of features asked for has none for this light curve",
}
"""Why a row has no scores. A null reason means that nothing is wrong."""

KINDS: dict[str, str] = {
    "id": "a number that names a light curve, here or in another survey",
    "name": "a text that names something",
    "position": "where on the sky",
    "place": "where on the camera and in the survey's fields, and through which filter",
    "time": "when, or how long",
    "count": "how many",
    "brightness": "magnitudes and what is made of them",
    "error": "a standard error",
    "feature": "what is computed of a light curve",
    "histogram": "numbers of a histogram",
    "score": "what a model says of a class, 0 to 1, not calibrated",
    "probability": "a calibrated probability",
    "set": "a prediction set, as bits",
    "flag": "true or false",
    "reason": "why something is not there, one of a closed list",
    "mask": "bits, one for each of several things",
    "provenance": "where a row comes from",
    "value": "any other",
}
"""What a column is; nobody has to tell it from the end of a name."""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    dtype : str
        Type string, see `arrow_type`.
    unit : str
        Unit; empty where there is none.
    nullable : bool
        Whether values may be missing.
    description : str
        What the column holds, in one line.
    kind : str
        A key of `KINDS`.
    ucd : str
        Unified content descriptor, UCD1+ of the IVOA; empty where none fits.

    Raises
    ------
    InputError
        If the kind is none.
    """

    name: str
    dtype: str
    unit: str = ""
    nullable: bool = True
    description: str = ""
    kind: str = "value"
    ucd: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"kind of column {self.name!r}", value=self.kind, allowed=KINDS)

    def required(self) -> Column:
        """Return the column as it is where no value is missing."""
        return replace(self, nullable=False)

    @property
    def field(self) -> pa.Field:
        """The Arrow field, all that is known of the column in its metadata."""
        metadata = {"unit": self.unit, "description": self.description}
        metadata |= {"kind": self.kind, "ucd": self.ucd}
        return pa.field(
            self.name,
            arrow_type(self.dtype),
            nullable=self.nullable,
            metadata={key: value for key, value in metadata.items() if value},
        )


def arrow_schema(columns: Iterable[Column], metadata: Mapping[str, Any] | None = None) -> pa.Schema:
    """Return the Arrow schema of `columns`.

    Parameters
    ----------
    columns : iterable of Column
    metadata : mapping, optional
        JSON object for the schema metadata key ``scope``.
    """
    schema = pa.schema([column.field for column in columns])
    if metadata is not None:
        schema = with_scope_metadata(schema, metadata)
    return schema


def with_scope_metadata(schema: pa.Schema, metadata: Mapping[str, Any]) -> pa.Schema:
    """Return `schema` with `metadata` as its ``scope`` object, other keys kept."""
    others = dict(schema.metadata or {})
    others[METADATA_KEY.encode()] = to_json(metadata).encode()
    return schema.with_metadata(others)


def validate(
    table: pa.Table | pa.RecordBatch | pa.Schema,
    columns: Iterable[Column],
    path: str | Path | None = None,
) -> None:
    """Check that a table has the columns of a schema; further columns are allowed.

    Parameters
    ----------
    table : pyarrow.Table, RecordBatch or Schema
        A bare schema is checked for names and types, a table for nulls too.
    path : str or Path, optional
        Where it came from, for the message.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    InputError
        If a column has another type, or nulls where none may be.
    """
    columns = list(columns)
    schema = table if isinstance(table, pa.Schema) else table.schema
    where = f" in {path}" if path is not None else ""
    require_columns(schema.names, [column.name for column in columns], where)
    for column in columns:
        found = schema.field(column.name).type
        if not found.equals(arrow_type(column.dtype)):
            raise InputError(
                f"column {column.name!r} of another type{where}",
                value=str(found),
                allowed=column.dtype,
            )
        if isinstance(table, pa.Schema) or column.nullable:
            continue
        if nulls := table.column(column.name).null_count:
            raise InputError(
                f"column {column.name!r} with missing values{where}",
                value=f"{nulls} nulls",
                allowed="a value in every row",
            )


def require_columns(names: Sequence[str], needed: Sequence[str], where: str = "") -> None:
    """Raise MissingColumnError where `names` lack some of `needed`."""
    present = set(names)
    if missing := [name for name in needed if name not in present]:
        raise MissingColumnError(
            f"missing columns{where}",
            value=few(missing),
            todo=f"the table has: {few(names, 40) or 'no columns'}",
        )


def kind_of(field: pa.Field) -> str:
    """Return the kind of a column, a key of `KINDS`; empty where its file does not say it."""
    return (field.metadata or {}).get(b"kind", b"").decode()


def _column(name: str, dtype: str, unit: str, description: str, kind: str, ucd: str) -> Column:
    return Column(name, dtype, unit, True, description, kind, ucd)


ID = Column("_id", "int64", "", False, "Survey id of the light curve", "id", "meta.id;meta.main")
RA = _column("ra", "float64", "deg", "Right ascension, ICRS", "position", "pos.eq.ra;meta.main")
DEC = _column("dec", "float64", "deg", "Declination, ICRS", "position", "pos.eq.dec;meta.main")
FIELD = _column("field", "int32", "", "Survey field number", "place", "meta.id;obs.field")
CCD = _column("ccd", "int32", "", "Detector, 1 to 16", "place", "meta.id;instr.det")
QUAD = _column(
    "quad", "int32", "", "Quadrant of the detector, 1 to 4", "place", "meta.id;instr.det"
)
FILTER = _column("filter", "int32", "", f"Filter: {BANDS_MEANING}", "place", "meta.id;instr.filter")
OBJ_ID = _column(
    *("obj_id", "string", "", "Name of the object, in the list asked for or in the survey"),
    *("name", "meta.id"),
)
REASON = _column(
    *("reason", "string", "", "Why there are no scores; null where all is well"),
    *("reason", "meta.note"),
)
N_EPOCHS = _column(
    "n_epochs", "int32", "", "Good epochs after decimation", "count", "meta.number;obs"
)
N_LISTED = _column(
    *("n_listed", "int32", "", "Epochs listed by the survey, before any cut"),
    *("count", "meta.number;obs"),
)
PERIOD = _column("period", "float64", "d", "Period that the models see", "feature", "time.period")
SIGNIFICANCE = _column(
    "significance", "float64", "", "Significance of the period", "feature", "stat.snr;time.period"
)
LOG10_FAP = _column(
    *("log10_fap", "float64", "", "Decimal logarithm of the period's false-alarm probability"),
    *("feature", "stat.probability;time.period"),
)
ALIAS_TREND = _column(
    *("alias_trend", "bool", ""),
    "The period may stand for something slower than half of the baseline, seen once a night",
    *("flag", "meta.code.qual;time.period"),
)
IMPUTED = _column(
    *("imputed", "uint64", ""),
    "Bit n: the n-th imputable feature was filled; null if no scores",
    *("mask", "meta.code"),
)
OOD = _column(
    *("ood_p", "float32", ""),
    "Part of light curves like those of training that are at least as strange as this one",
    *("probability", "stat.probability"),
)
PROVENANCE = Column(
    *("provenance", "int32", "", False, "Row's entry in the metadata table `provenance`"),
    *("provenance", "meta.code"),
)
SURVEY_IDS: tuple[Column, ...] = tuple(
    _column(name, "int64", "", f"{meaning} of the match", "id", "meta.id.cross")
    for name, meaning in (
        ("Gaia_EDR3___id", "Gaia EDR3 source_id"),
        ("AllWISE___id", "AllWISE cntr"),
        ("PS1_DR1___id", "Pan-STARRS1 objID"),
    )
)
"""Ids in other surveys, best first."""

SURVEY_ID_NAMES = tuple(column.name for column in SURVEY_IDS)

KEY_COLUMNS: tuple[Column, ...] = (ID, RA, DEC, FIELD, CCD, QUAD, FILTER, OBJ_ID)
"""The identity columns, carried unchanged from the sources to every product."""

PREDICTED_PLACE = tuple(c.name for c in (RA, DEC, PERIOD, FIELD, CCD, QUAD, FILTER))
"""Columns that published predictions have between the ids and the scores."""

PLACE_NAMES = (FIELD.name, CCD.name, QUAD.name)
"""Those of `KEY_COLUMNS` that products of a survey without fields and detectors do not have."""


def key_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """Return `KEY_COLUMNS`, less those of `PLACE_NAMES` where none of them is among `names`."""
    if not set(PLACE_NAMES).isdisjoint(names):
        return KEY_COLUMNS
    return tuple(column for column in KEY_COLUMNS if column.name not in PLACE_NAMES)


SOURCES: tuple[Column, ...] = (
    *KEY_COLUMNS,
    N_LISTED,
    REASON,
)
"""Every light curve of a unit, kept or dropped with a reason."""


def lightcurve_schema(mag_dtype: str = "float64") -> tuple[Column, ...]:
    """Return the columns of a cleaned light-curve file.

    Parameters
    ----------
    mag_dtype : {"float32", "float64"}
        Type of magnitudes and errors, as the survey gave them.
    """
    if mag_dtype not in ("float32", "float64"):
        raise InputError("type of magnitudes", value=mag_dtype, allowed=["float32", "float64"])
    values = f"list<{mag_dtype}>"
    return (
        ID,
        Column(
            *("hmjd", "list<float64>", "d", False, "Heliocentric modified Julian dates"),
            *("time", "time.epoch"),
        ),
        Column("mag", values, "mag", False, "Magnitudes", "brightness", "phot.mag"),
        Column(
            *("magerr", values, "mag", False, "Standard errors of the magnitudes"),
            *("error", "stat.error;phot.mag"),
        ),
        N_EPOCHS.required(),
        REASON,
    )


def source_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """Return `SOURCES`, less those of `PLACE_NAMES` where none of them is among `names`."""
    return (*key_columns(names), *SOURCES[len(KEY_COLUMNS) :])


LIGHTCURVES: tuple[Column, ...] = lightcurve_schema()
"""Cleaned light curves; empty lists and a reason where one was dropped."""
