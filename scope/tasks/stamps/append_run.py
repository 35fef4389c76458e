"""Rows that are added to a labelled set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scope.errors import ConfigError
from scope.tasks.stamps.label_runs import (
    PARTS,
    part_blocks,
    part_tables,
    write_chunks,
)
from scope.tasks.stamps.sets import Stamps, append, read_labels


def append_run(
    folder: Path, items: Sequence[Any], chunk: int, jobs: Any, nproc: int, size: int
) -> None:
    """Write rows as chunks into the folder of a set, and add them to it."""
    import shutil

    read_labels(folder / "data_labels.csv")
    with Stamps(folder / "data_stamps.h5") as stamps:
        if stamps.shape[0] != size:
            raise ConfigError(
                f"stamp_size of rows to add to {folder}", value=size, allowed=str(stamps.shape[0])
            )
    work = folder / PARTS / "adding"
    shutil.rmtree(folder / PARTS, ignore_errors=True)
    try:
        n = write_chunks(work, items, chunk, jobs, nproc=nproc, size=size)
        append(folder, part_tables(work, n), part_blocks(work, n))
    finally:
        shutil.rmtree(folder / PARTS, ignore_errors=True)
