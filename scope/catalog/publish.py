"""Join the predictions of all algorithms into the catalogue of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from scope.catalog.cursor import Cursor
from scope.catalog.field_check import CheckOptions, FieldCheck, joined_check
from scope.catalog.merge import check_same_ids
from scope.errors import InputError
from scope.io import TableWriter, count_rows, read_metadata, read_schema, read_table
from scope.plugins import ALGORITHMS
from scope.provenance import record
from scope.schema import ALIAS_TREND

if TYPE_CHECKING:
    from scope.catalog.catalog_columns import CatalogColumns
    from scope.catalog.probabilities import Probabilities

WINDOW_ROWS = 4096
"""Rows that are joined at a time."""

PER_MODEL = ("imputed", "ood_p", "provenance")
"""Columns that differ between algorithms whose models were trained apart."""

_BITS = {pa.float32(): pa.int32(), pa.float64(): pa.int64()}


def publish_catalog(
    predictions: Sequence[str | Path],
    output: str | Path,
    facts: Mapping[str, Any] | None = None,
    *,
    probabilities: Probabilities | None = None,
    nulls: str | Path | None = None,
    check: CheckOptions | None = None,
) -> None:
    """Write one row per light curve with the scores of all algorithms, and what they mean.

    The columns before the scores stand once and are checked to be equal, bit by bit.
    Where the algorithms' models do not share their preprocessing, ``imputed`` and
    ``provenance`` stand once per algorithm, with its name as suffix, and ``reason`` is
    that of the first algorithm that has one. Probabilities follow the scores, for the
    classes that are calibrated; they are null where a row lacks a score.

    Parameters
    ----------
    predictions : sequence of path
        Prediction files of one target, each of another algorithm.
    output : path
    facts : mapping, optional
        Further facts for the record of `output`.
    probabilities : Probabilities, optional
        Of the models that scored. None writes scores alone.
    nulls : path, optional
        Scored nulls of the target (`scope.catalog.score_nulls`). The record of `output`
        then says, under ``field_check``, how many of these are of which class.
    check : CheckOptions, optional
        What is counted, and what is too much.

    Raises
    ------
    InputError
        If the files differ in rows or in a column before the scores, or two hold the
        same algorithm.
    BundleError
        If the probabilities are of other models than the scores.
    """
    algorithms = [_algorithm(path) for path in predictions]
    if not algorithms or len(set(algorithms)) != len(algorithms):
        raise InputError(
            "predictions that make no catalogue",
            value=", ".join(algorithms) or "no files",
            allowed="one file per algorithm",
        )
    records = dict(zip(algorithms, map(read_metadata, predictions), strict=True))
    apart = len({str(entry.get("preprocessing")) for entry in records.values()}) > 1
    rows = _check_rows(predictions)
    schema = _schema([read_schema(path) for path in predictions], algorithms, apart)
    own = {**(facts or {}), **joined_check(records.values())}
    more = None
    if probabilities is not None:
        probabilities.check_models(records)
        more = probabilities.for_scores(schema.names)
        _count(more, predictions, rows)
        if more.columns:
            own["probabilities"] = more.facts()
    if nulls is not None:
        made = [] if more is None else [column.name for column in more.columns]
        found = FieldCheck(_decisive(schema.names, made), check or CheckOptions(), made)
        own["field_check"] = _field_check(found, more, predictions, rows, nulls)
    whole = schema if more is None else pa.schema([*schema, *(c.field for c in more.columns)])
    cursors = [Cursor(path) for path in predictions]
    with TableWriter(output, whole, _metadata(records, own, apart)) as writer:
        for start in range(0, rows, WINDOW_ROWS):
            parts = [cursor.take(min(WINDOW_ROWS, rows - start)) for cursor in cursors]
            for part, path in zip(parts[1:], predictions[1:], strict=True):
                _check_same_keys(parts[0], part, predictions[0], path, apart)
            table = _join(parts, algorithms, schema, apart)
            for name, column in ({} if more is None else more.columns_of(table)).items():
                table = table.append_column(name, column)
            writer.write(table)


def _count(more: CatalogColumns, predictions: Sequence[str | Path], rows: int) -> None:
    """Show all scores to what tells from them how frequent the classes are."""
    if more.needs_counting:
        names = [_decided_by(read_schema(path).names) for path in predictions]
        cursors = [Cursor(path, part) for path, part in zip(predictions, names, strict=True)]
        for start in range(0, rows, WINDOW_ROWS):
            parts = [cursor.take(min(WINDOW_ROWS, rows - start)) for cursor in cursors]
            more.count(_side_by_side(parts))
    more.settle()


def _decisive(names: Sequence[str], made: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns that decide about each class: its probability, else its scores."""
    found: dict[str, list[str]] = {}
    for name in filter(is_score, names):
        found.setdefault(name.rpartition("_")[0], []).append(name)
    return {tag: [f"{tag}_p"] if f"{tag}_p" in made else own for tag, own in found.items()}


def _field_check(
    found: FieldCheck,
    more: CatalogColumns | None,
    predictions: Sequence[str | Path],
    rows: int,
    nulls: str | Path,
) -> dict[str, Any]:
    """Return what the record says of nulls, made probable by what all rows are made by."""

    def with_probabilities(table: pa.Table) -> pa.Table:
        for name, column in ({} if more is None else more.columns_of(table)).items():
            table = table.append_column(name, column)
        return table

    found.count_nulls(with_probabilities(read_table(nulls)))
    names = [_decided_by(read_schema(path).names) for path in predictions]
    cursors = [Cursor(path, part) for path, part in zip(predictions, names, strict=True)]
    for start in range(0, rows, WINDOW_ROWS):
        parts = [cursor.take(min(WINDOW_ROWS, rows - start)) for cursor in cursors]
        found.count("real", with_probabilities(_side_by_side(parts)))
    return found.facts()


def _decided_by(names: Sequence[str]) -> list[str]:
    """Return the columns that probabilities follow from, of those that there are."""
    return [n for n in names if n in ("reason", ALIAS_TREND.name) or is_score(n)]


def _side_by_side(parts: Sequence[pa.Table]) -> pa.Table:
    """Return the scores of all algorithms with the first reason for having none."""
    columns = {name: part.column(name) for part in parts for name in part.schema.names}
    columns["reason"] = pc.coalesce(*(part.column("reason") for part in parts))
    return pa.table(columns)


def is_score(name: str) -> bool:
    """Return whether a column holds scores: ``<class>_<algorithm>``."""
    return name.rpartition("_")[2] in ALGORITHMS and name.rpartition("_")[0] not in PER_MODEL


def _algorithm(path: str | Path) -> str:
    """Return the one algorithm whose scores a file has."""
    found = sorted({name.rpartition("_")[2] for name in read_schema(path).names if is_score(name)})
    if len(found) != 1:
        raise InputError(
            "predictions of one algorithm expected",
            value=f"{', '.join(found) or 'no scores'} in {path}",
            allowed=ALGORITHMS,
        )
    return found[0]


def _metadata(
    records: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any], apart: bool
) -> dict[str, Any]:
    """Return the record of the catalogue; what belongs to one algorithm stands under its name."""
    own = ("bundle", "device", *(("preprocessing", "imputable", "provenance") if apart else ()))
    shared = [
        # What the check says of one algorithm is no word about both.
        {name: value for name, value in entry.items() if name not in (*own, "field_check")}
        for entry in records.values()
    ]
    apiece: dict[str, Any] = {}
    for name in own:
        values = {algorithm: entry[name] for algorithm, entry in records.items() if name in entry}
        if values:
            apiece[name] = values
    return record("catalog", shared, **{**apiece, **facts})


def _check_rows(predictions: Sequence[str | Path]) -> int:
    counts = [count_rows(path) for path in predictions]
    if len(set(counts)) != 1:
        raise InputError(
            "predictions with different numbers of rows",
            value=", ".join(f"{n} in {p}" for n, p in zip(counts, predictions, strict=True)),
            todo="make them again from the same features",
        )
    return counts[0]


def _schema(schemas: Sequence[pa.Schema], algorithms: Sequence[str], apart: bool) -> pa.Schema:
    """Return the catalogue's columns: the shared ones, those per algorithm, the scores."""
    own = PER_MODEL if apart else ()
    fields = [field for field in schemas[0] if not is_score(field.name) and field.name not in own]
    for schema, algorithm in zip(schemas, algorithms, strict=True):
        fields += [schema.field(name).with_name(f"{name}_{algorithm}") for name in own]
    for schema in schemas:
        fields += [field for field in schema if is_score(field.name)]
    return pa.schema(fields)


def _join(
    parts: Sequence[pa.Table], algorithms: Sequence[str], schema: pa.Schema, apart: bool
) -> pa.Table:
    columns: dict[str, pa.ChunkedArray] = {}
    for part, algorithm in zip(parts, algorithms, strict=True):
        for name in part.schema.names:
            own = apart and name in PER_MODEL
            columns.setdefault(f"{name}_{algorithm}" if own else name, part.column(name))
    columns["reason"] = pc.coalesce(*(part.column("reason") for part in parts))
    return pa.table({name: columns[name] for name in schema.names})


def _check_same_keys(
    left: pa.Table, right: pa.Table, left_path: str | Path, right_path: str | Path, apart: bool
) -> None:
    """Raise unless two tables agree in all columns before the scores."""
    check_same_ids(left, right, left_path, right_path)
    excepted = {"reason", *PER_MODEL} if apart else set()
    names = [[name for name in part.schema.names if not is_score(name)] for part in (left, right)]
    if names[0] != names[1]:
        raise InputError(
            f"predictions with different columns, {left_path} and {right_path}",
            value=", ".join(sorted(set(names[0]) ^ set(names[1]))),
            todo="make both again",
        )
    for name in names[0]:
        if name in excepted:
            continue
        row = _first_difference(left.column(name), right.column(name))
        if row is not None:
            raise InputError(
                f"predictions of different rows, {left_path} and {right_path}",
                value=f"{name} {left.column(name)[row]} and {right.column(name)[row]}, "
                f"_id {left.column('_id')[row]}",
                allowed="the same value in both",
                todo="use models that were trained with one period search, and make both again",
            )


def _first_difference(left: pa.ChunkedArray, right: pa.ChunkedArray) -> int | None:
    """Return the first row in which two columns differ; null equals null and NaN equals NaN."""
    if left.equals(right):
        return None
    both = (left.combine_chunks(), right.combine_chunks())
    if pa.types.is_floating(left.type):
        # NaN is unequal to itself, so floats are compared by their bits.
        both = (both[0].view(_BITS[left.type]), both[1].view(_BITS[right.type]))
    differs = pc.or_(
        pc.fill_null(pc.not_equal(*both), False),
        pc.xor(pc.is_null(both[0]), pc.is_null(both[1])),
    )
    row = int(pc.index(differs, True).as_py())
    return None if row < 0 else row
