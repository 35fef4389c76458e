"""Files: tables with metadata that survives, written whole or not at all."""

from scope.io.atomic import atomic_path, check_output, check_writable, write_bytes
from scope.io.csvfile import read_csv, write_csv
from scope.io.frames import (
    from_frame,
    read_dataframe,
    read_parquet,
    to_frame,
    write_dataframe,
    write_parquet,
)
from scope.io.hdf5 import has_table, read_array, read_hdf, write_hdf
from scope.io.sorting import read_ids, sorted_by_id
from scope.io.tables import (
    count_rows,
    iter_batches,
    metadata_of,
    read_metadata,
    read_schema,
    read_table,
)
from scope.io.writer import TableWriter, conform, write_table

__all__ = [
    "TableWriter",
    "atomic_path",
    "check_output",
    "check_writable",
    "conform",
    "count_rows",
    "from_frame",
    "has_table",
    "iter_batches",
    "metadata_of",
    "read_array",
    "read_csv",
    "read_dataframe",
    "read_hdf",
    "read_ids",
    "read_metadata",
    "read_parquet",
    "read_schema",
    "read_table",
    "sorted_by_id",
    "to_frame",
    "write_bytes",
    "write_csv",
    "write_dataframe",
    "write_hdf",
    "write_parquet",
    "write_table",
]
