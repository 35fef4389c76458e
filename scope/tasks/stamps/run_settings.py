"""What decides the rows of a labelled set: only the same run is gone on with where it was killed.

Ids of images are not enough: nights of one seed share them, whatever else differs.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from scope.provenance import hash_json
from scope.tasks.stamps.images import DifferenceImage, ImageSource


def run_settings(
    what: str,
    images: Sequence[DifferenceImage],
    source: ImageSource | None,
    chunk: int,
    **more: Any,
) -> dict[str, Any]:
    """Return the settings of a run, for `label_runs.start_run`.

    Parameters
    ----------
    what : str
        Name of the step.
    images : sequence of DifferenceImage
        All that are used, in their order.
    source : ImageSource or None
        Where they come from; its method ``record``, where it has one, says which it is.
    chunk : int
        Images of a chunk: parts are counted in chunks.
    **more
        What else decides the rows, as JSON.

    Returns
    -------
    dict
        JSON.
    """
    record = getattr(source, "record", None)
    return {
        "what": what,
        "images": [_image_record(image) for image in images],
        "source": None if record is None else record(),
        "chunk": int(chunk),
        **more,
    }


def _image_record(image: DifferenceImage) -> dict[str, Any]:
    """Return an image's row of the index, and which file it is: none where it is not there."""
    path = Path(image.path).resolve()
    # Size and time, and not a hash: pixels of a thousand images are too much to read twice.
    try:
        found = os.stat(path)
        file = [found.st_size, found.st_mtime_ns]
    except OSError:
        file = []
    return {**asdict(image), "path": str(path), "file": file}


def hash_table(table: pd.DataFrame | None) -> str | None:
    """Return the SHA-256 of the cells of a table, in hexadecimal; None where there is no table."""
    if table is None:
        return None
    return hash_json([list(map(str, table.columns)), table.astype(str).to_numpy().tolist()])
