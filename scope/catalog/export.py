"""Write a product as CSV or HDF5 beside its Parquet file."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from scope.errors import InputError
from scope.io import atomic_path, iter_batches, metadata_of, read_schema
from scope.io.readers import UNITS, units_of
from scope.jsontext import to_json
from scope.schema import METADATA_KEY

PREDICTION_FORMATS = ("csv", "h5")
"""Formats of the predictions besides Parquet, named by their extension."""

PIECE_ROWS = 16384


def export(path: str | Path, output: str | Path) -> None:
    """Write a Parquet product as ``.csv`` or ``.h5``, metadata included.

    CSV is written piece by piece, with the metadata and types as a comment in the first
    line; `scope.io.read_csv` restores both. Lists of integers become texts with blanks
    between. HDF5 is what pandas reads under the key ``df``, and needs memory for the whole
    table.

    Raises
    ------
    InputError
        If the extension of `output` is neither, or a CSV file would have to hold lists.
    """
    suffix = Path(output).suffix.removeprefix(".")
    if suffix not in PREDICTION_FORMATS:
        raise InputError(
            "export to an unknown format", value=str(output), allowed=PREDICTION_FORMATS
        )
    if suffix == "csv":
        _export_csv(path, output)
    else:
        from scope.io.frames import read_parquet, write_dataframe

        write_dataframe(read_parquet(path), output)


def _export_csv(path: str | Path, output: str | Path) -> None:
    from scope.io.frames import to_frame

    schema = read_schema(path)
    types = {field.name: _pandas_type(field, path) for field in schema}
    facts, units = metadata_of(schema, path), units_of(schema)
    metadata = to_json({**facts, UNITS: units} if units else facts)
    with (
        atomic_path(output) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as file,
    ):
        file.write(f'# {{"{METADATA_KEY}":{metadata},"dtypes":{json.dumps(types)}}}\n')
        to_frame(_flat(schema.empty_table())).to_csv(file, index=False, lineterminator="\n")
        for piece in iter_batches(path, rows=PIECE_ROWS):
            frame = to_frame(_flat(piece)).astype(types)
            frame.to_csv(file, index=False, header=False, lineterminator="\n")


def _flat(table: pa.Table) -> pa.Table:
    """Return a table whose lists of integers are texts with blanks between."""
    for number, field in enumerate(table.schema):
        if _is_list_of_integers(field.type):
            texts = pc.binary_join(table.column(number).cast(pa.list_(pa.string())), " ")
            table = table.set_column(number, field.with_type(pa.string()), texts)
    return table


def _is_list_of_integers(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_integer(kind.value_type))


def _pandas_type(field: pa.Field, path: str | Path) -> str:
    """Return the pandas type of a column, the same for every piece of it."""
    kind = field.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_list_of_integers(kind):
        return "str"
    if pa.types.is_nested(kind):
        raise InputError(
            f"column of lists that has no place in a CSV file, {path}",
            value=field.name,
            allowed="numbers, texts and lists of integers",
            todo="export to .h5, or leave the column out",
        )
    name = str(kind.to_pandas_dtype().__name__).replace("bool_", "bool")
    if not field.nullable or pa.types.is_floating(kind):
        return name
    return "boolean" if name == "bool" else name.replace("i", "I", 1).replace("uI", "UI")
