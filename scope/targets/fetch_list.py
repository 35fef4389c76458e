"""The stage that finds the light curves of a list of sources."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from scope.identifiers import resolve
from scope.io.writer import write_table
from scope.provenance import hash_file, record
from scope.schema import SOURCES, Column, arrow_schema, source_columns
from scope.surveys.base import Survey
from scope.targets.lists import NO_ID, SourceList, read_source_list

NO_LIGHT_CURVE = "no_light_curve"

OUTCOMES: dict[str, str] = {
    "found": "its light curves are in the products under its name",
    "duplicate": "all its light curves were given to other rows, nearer or before it",
    "not_found": "the survey has no light curve of this id, or none within the radius",
    "no_position": "neither an id nor a position",
}
"""What became of a row of a list."""

ROWS: tuple[Column, ...] = (
    Column("row", "int64", "", False, "Row of the list, from 1"),
    Column("obj_id", "string", "", True, "Name of the object, given or made"),
    Column("ztf_id", "int64", "", True, "Id that was asked for"),
    Column("ra", "float64", "deg", True, "Right ascension that was asked for"),
    Column("dec", "float64", "deg", True, "Declination that was asked for"),
    Column("n_found", "int32", "", False, "Light curves of this id, or within the radius"),
    Column("n_given", "int32", "", False, "Of these, those that are in the products for it"),
    Column("outcome", "string", "", False, "; ".join(f"{k}: {v}" for k, v in OUTCOMES.items())),
)
"""One row for each row of a list: what became of it."""


class _Matches(NamedTuple):
    """Pairs of rows of a list and light curves.

    Attributes
    ----------
    row, light_curve : (m,) int64
        Row of the list from 0, and row of the table of light curves.
    separation_arcsec : (m,) float64
        -1 for a match by id, which is nearer than any position.
    """

    row: npt.NDArray[np.int64]
    light_curve: npt.NDArray[np.int64]
    separation_arcsec: npt.NDArray[np.float64]


def fetch_list(
    survey: Survey,
    path: str | Path,
    output: str | Path,
    rows_output: str | Path,
    *,
    cone_radius_arcsec: float,
    facts: Mapping[str, Any] | None = None,
) -> Counter[str]:
    """Find the light curves of a list of sources, and say what became of each of its rows.

    A row with an id stands for this light curve, one without for all within the radius of
    its position. A light curve that several rows stand for is given to the one with its id,
    else to the nearest, of equals to the first.

    Parameters
    ----------
    survey : Survey
    path : path
        See `scope.targets.lists.read_source_list`.
    output : path
        Parquet: columns `scope.schema.SOURCES`, each light curve once, by ``_id``, with the
        name of its object. An id that the survey lacks keeps its row, with the reason
        ``no_light_curve``.
    rows_output : path
        Parquet: columns `ROWS`, one row for each row of the list, in its order.
    cone_radius_arcsec : float
    facts : mapping, optional
        Further facts for the records of both.

    Returns
    -------
    Counter
        Rows by outcome, see `OUTCOMES`.

    Raises
    ------
    ScopeError
        As of the list and of the survey.
    """
    wanted = read_source_list(path)
    table, matches = _find(survey, wanted, cone_radius_arcsec)
    given = _given(matches, table.num_rows)
    names = pa.array([wanted.names[row] for row in given], pa.string())
    table = table.set_column(table.schema.get_field_index("obj_id"), "obj_id", names)
    # How many epochs a source needs to be listed is a question of fields.
    about = {name: value for name, value in survey.facts().items() if name != "min_listed_epochs"}
    said = {
        **(facts or {}),
        **about,
        "list_sha256": hash_file(path),
        "cone_radius_arcsec": float(cone_radius_arcsec),
    }
    metadata = record("sources", None, **said)
    rows = _rows(wanted, matches, given, table)
    schema = arrow_schema(source_columns(table.schema.names))
    write_table(table.cast(schema), output, metadata)
    write_table(rows, rows_output, metadata)
    counts = Counter(rows.column("outcome").to_pylist())
    _report(rows, counts, table.num_rows, path)
    return counts


def _find(survey: Survey, wanted: SourceList, radius_arcsec: float) -> tuple[pa.Table, _Matches]:
    """Return the light curves that rows stand for, by ``_id``, and which stand for which."""
    by_id = np.flatnonzero(wanted.ids != NO_ID)
    by_place = np.flatnonzero(
        (wanted.ids == NO_ID) & np.isfinite(wanted.ra) & np.isfinite(wanted.dec)
    )
    asked = np.unique(wanted.ids[by_id])
    parts = [arrow_schema(SOURCES).empty_table()]
    found = None
    if len(asked):
        found = survey.sources_by_id(asked)
        missing = np.setdiff1d(asked, found.column("_id").to_numpy())
        parts += [found, _without_light_curve(missing)]
    cone = None
    if len(by_place):
        cone = survey.cone(wanted.ra[by_place], wanted.dec[by_place], radius_arcsec)
        parts.append(cone)
    # What the survey does not have, such as detectors, nothing that is not in it has.
    there = [part.schema.names for part in (found, cone, parts[0]) if part is not None]
    schema = arrow_schema(source_columns(there[0]))
    joined = pa.concat_tables([part.select(schema.names).cast(schema) for part in parts])
    ids, first = np.unique(joined.column("_id").to_numpy(), return_index=True)
    table = joined.take(pa.array(first))
    # Ids without a light curve are rows of the product; they are no find.
    rows, curves = [by_id], [np.searchsorted(ids, wanted.ids[by_id])]
    separations = [np.full(len(by_id), -1.0)]
    if cone is not None:
        rows.append(by_place[cone.column("query").to_numpy()])
        curves.append(np.searchsorted(ids, cone.column("_id").to_numpy()))
        separations.append(cone.column("separation_arcsec").to_numpy())
    return table.combine_chunks(), _Matches(
        np.concatenate(rows), np.concatenate(curves), np.concatenate(separations)
    )


def _given(matches: _Matches, size: int) -> npt.NDArray[np.int64]:
    """Return the row of the list that each light curve is given to."""
    order = np.lexsort((matches.row, matches.separation_arcsec, matches.light_curve))
    curves, first = np.unique(matches.light_curve[order], return_index=True)
    given = np.full(size, -1, dtype=np.int64)
    given[curves] = matches.row[order[first]]
    return given


def _rows(
    wanted: SourceList, matches: _Matches, given: npt.NDArray[np.int64], table: pa.Table
) -> pa.Table:
    size = len(wanted)
    # A light curve with another reason was found, and its row says what is wrong with it.
    reasons = table.column("reason").to_pylist()
    there = np.array([reason != NO_LIGHT_CURVE for reason in reasons], bool)
    n_found = np.bincount(matches.row[there[matches.light_curve]], minlength=size)
    n_given = np.bincount(given[there], minlength=size)
    nothing = (wanted.ids == NO_ID) & ~(np.isfinite(wanted.ra) & np.isfinite(wanted.dec))
    again = (wanted.ids != NO_ID) & (np.bincount(given, minlength=size) == 0)
    outcome = np.select(
        [nothing, again, n_found == 0, n_given == 0],
        ["no_position", "duplicate", "not_found", "duplicate"],
        "found",
    )
    arrays = [
        pa.array(np.arange(1, size + 1)),
        pa.array(wanted.names, pa.string()),
        pa.array(wanted.ids, mask=wanted.ids == NO_ID),
        pa.array(wanted.ra, from_pandas=True),
        pa.array(wanted.dec, from_pandas=True),
        pa.array(n_found.astype(np.int32)),
        pa.array(n_given.astype(np.int32)),
        pa.array(outcome.tolist(), pa.string()),
    ]
    return pa.table(arrays, schema=arrow_schema(ROWS))


def _without_light_curve(ids: npt.NDArray[np.int64]) -> pa.Table:
    """Return rows for ids that the survey does not have."""
    size = len(ids)
    placement = resolve(ids, {})._asdict()
    arrays = {
        "_id": pa.array(ids, pa.int64()),
        **placement,
        "reason": pa.array([NO_LIGHT_CURVE] * size, pa.string()),
    }
    schema = arrow_schema(SOURCES)
    return pa.table(
        [arrays.get(field.name, pa.nulls(size, field.type)) for field in schema], schema=schema
    )


def _report(rows: pa.Table, counts: Counter[str], light_curves: int, path: str | Path) -> None:
    _log.info("%s: %d rows, %d light curves", path, rows.num_rows, light_curves)
    for outcome, meaning in OUTCOMES.items():
        if outcome == "found" or not counts[outcome]:
            continue
        part = rows.filter(pc.equal(rows.column("outcome"), outcome)).slice(0, 5)
        shown = ", ".join(
            f"{row} ({name})"
            for row, name in zip(
                part.column("row").to_pylist(), part.column("obj_id").to_pylist(), strict=True
            )
        )
        _log.warning("%d rows %s (%s), such as row %s", counts[outcome], outcome, meaning, shown)


_log = logging.getLogger(__name__)
