"""Table schemas as data: name, type, unit and meaning of every column, once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from scope.errors import InputError, MissingColumnError, few

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

_PRIMITIVES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint64": pa.uint64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
}
_LIST = re.compile(r"^list<(?P<item>.+)>$")
_FIXED_LIST = re.compile(r"^fixed_size_list<(?P<item>.+)>\[(?P<size>\d+)\]$")


def arrow_type(dtype: str) -> pa.DataType:
    """Return the Arrow type that a column's type string stands for.

    Parameters
    ----------
    dtype : str
        ``int64``, ``float32``, ``string``, …, ``list<T>`` or ``fixed_size_list<T>[N]``.

    Raises
    ------
    InputError
        If the string is none of these.
    """
    if dtype in _PRIMITIVES:
        return _PRIMITIVES[dtype]
    if match := _LIST.match(dtype):
        return pa.list_(arrow_type(match["item"]))
    if match := _FIXED_LIST.match(dtype):
        return pa.list_(arrow_type(match["item"]), int(match["size"]))
    raise InputError(
        "unknown column type",
        value=dtype,
        allowed=[*_PRIMITIVES, "list<T>", "fixed_size_list<T>[N]"],
    )


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
    """

    name: str
    dtype: str
    unit: str = ""
    nullable: bool = True
    description: str = ""

    @property
    def field(self) -> pa.Field:
        """The Arrow field, unit and description in its metadata."""
        metadata = {"unit": self.unit, "description": self.description}
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


def to_json(value: Any) -> str:
    """Return canonical JSON: sorted keys, no spaces, no NaN.

    Raises
    ------
    InputError
        If something is not JSON; it names the key of an object.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            _encode(part, f", key {key!r}")
    return _encode(value)


def parse_json(text: str | bytes, **options: Any) -> Any:
    """Return what a JSON text holds, as `json.loads` does.

    Raises
    ------
    ValueError
        If it is no JSON, or nested so deeply that reading it would exhaust the stack.
    """
    try:
        return json.loads(text, **options)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _encode(value: Any, where: str = "") -> str:
    try:
        return json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except (TypeError, ValueError) as error:
        raise InputError(
            f"metadata that cannot be kept{where}",
            value=str(error),
            allowed="JSON values: text, finite numbers, true, false, null, lists, objects",
        ) from error


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


_ID = Column("_id", "int64", "", False, "Survey id of the light curve")
_FIELD = Column("field", "int32", "", True, "Survey field number")
_CCD = Column("ccd", "int32", "", True, "Detector, 1 to 16")
_QUAD = Column("quad", "int32", "", True, "Quadrant of the detector, 1 to 4")
_FILTER = Column("filter", "int32", "", True, "Filter: 1 g, 2 r, 3 i")
_OBJ_ID = Column("obj_id", "string", "", True, "Name of the object in the list asked for")
_REASON = Column("reason", "string", "", True, "Why there are no scores; null where all is well")

KEY_COLUMNS: tuple[Column, ...] = (
    _ID,
    Column("ra", "float64", "deg", True, "Right ascension, ICRS"),
    Column("dec", "float64", "deg", True, "Declination, ICRS"),
    _FIELD,
    _CCD,
    _QUAD,
    _FILTER,
    _OBJ_ID,
)
"""The identity columns, carried unchanged from the sources to every product."""

PLACE_NAMES = (_FIELD.name, _CCD.name, _QUAD.name)
"""Those of `KEY_COLUMNS` that products of a survey without fields and detectors do not have."""


def key_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """Return `KEY_COLUMNS`, less those of `PLACE_NAMES` where none of them is among `names`."""
    if not set(PLACE_NAMES).isdisjoint(names):
        return KEY_COLUMNS
    return tuple(column for column in KEY_COLUMNS if column.name not in PLACE_NAMES)


SOURCES: tuple[Column, ...] = (
    *KEY_COLUMNS,
    Column("n_listed", "int32", "", True, "Epochs listed by the survey, before any cut"),
    _REASON,
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
    return (
        _ID,
        Column("hmjd", "list<float64>", "d", False, "Heliocentric modified Julian dates"),
        Column("mag", f"list<{mag_dtype}>", "mag", False, "Magnitudes"),
        Column("magerr", f"list<{mag_dtype}>", "mag", False, "Standard errors of the magnitudes"),
        Column("n_epochs", "int32", "", False, "Points after cleaning"),
        _REASON,
    )


def source_columns(names: Iterable[str]) -> tuple[Column, ...]:
    """Return `SOURCES`, less those of `PLACE_NAMES` where none of them is among `names`."""
    return (*key_columns(names), *SOURCES[len(KEY_COLUMNS) :])


LIGHTCURVES: tuple[Column, ...] = lightcurve_schema()
"""Cleaned light curves; empty lists and a reason where one was dropped."""
