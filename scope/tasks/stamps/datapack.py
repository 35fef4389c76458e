"""Packs of stamps to send: the form of gotorb's validation pack, ``(stamps, meta)`` in hickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scope.tasks.stamps.hickle_files import read_hickle, write_hickle
from scope.tasks.stamps.normalise import Normalisation, normalised
from scope.tasks.stamps.sets import open_set

COLUMNS = ("id", "image_id", "mag", "realbogus", "label", "metalabel")


def write_datapack(
    data_dir: str | Path,
    path: str | Path,
    *,
    layers: tuple[int, ...] = (0, 1, 2, 3),
    most: int = 2000,
    seed: int = 0,
) -> int:
    """Write rows of a labelled set as a pack: normalised stamps, and a dict of columns.

    Parameters
    ----------
    path : path
        ``datapack.hkl``.
    layers : tuple of int
    most : int
        Rows; they are held in memory.

    Returns
    -------
    int
        Rows written.
    """
    labels, stamps = open_set(data_dir)
    rows = np.arange(len(labels))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    with stamps:
        images = normalised(stamps.read(rows, layers), Normalisation("l2"))
    part = labels.iloc[rows]
    meta = {name: _column(part[name]) for name in COLUMNS}
    write_hickle((images, meta), path)
    return len(rows)


def read_datapack(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Return stamps and columns of a pack, without running what is in it."""
    stamps, meta = read_hickle(path)
    return stamps, meta


def _column(values: Any) -> Any:
    array = values.to_numpy()
    return array.astype(str) if array.dtype.kind not in "iufb" else array
