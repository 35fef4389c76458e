"""Files of a HATS catalogue: partitions ordered by their index, metadata, folders swapped whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scope.io.folders import place_folder
from scope.product.hats_layout import (
    HEALPIX,
)


def write_rows(table: pa.Table, path: Path) -> None:
    """Write a partition in the order of its index; never into a file that others share."""
    cells = table.column(HEALPIX).to_numpy()
    order = np.lexsort((table.column("star_id").to_numpy(), cells))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    pq.write_table(table.take(pa.array(order)), path, compression="zstd")


def write_metadata(dataset: Path, paths: Sequence[str]) -> None:
    """Write ``_metadata`` and ``_common_metadata`` of the files of a catalogue."""
    found = []
    for name in paths:
        entry = pq.read_metadata(dataset / name)
        entry.set_file_path(name)
        found.append(entry)
    if not found:
        return
    schema = found[0].schema.to_arrow_schema()
    for name, entries in (("_common_metadata", None), ("_metadata", found)):
        (dataset / name).unlink(missing_ok=True)
        pq.write_metadata(schema, dataset / name, metadata_collector=entries)


def count_rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def link_all(folder: Path, copy: Path) -> None:
    """Fill a folder with hard links to the files of another."""
    shutil.copytree(folder, copy, copy_function=os.link, dirs_exist_ok=True)


def swap_folders(staged: Path, output: Path) -> None:
    """Put a folder in the place of another."""
    if output.exists():
        aside = Path(tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".old", dir=output.parent))
        os.replace(output, aside / output.name)
        os.replace(staged, output)
        shutil.rmtree(aside)
    else:
        place_folder(staged, output)
