"""Files: tables with metadata that survives, written whole or not at all."""

from scope.io.atomic import atomic_path, write_bytes
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
    "conform",
    "count_rows",
    "iter_batches",
    "metadata_of",
    "read_ids",
    "read_metadata",
    "read_schema",
    "read_table",
    "sorted_by_id",
    "write_bytes",
    "write_table",
]
