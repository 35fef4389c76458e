"""Which light curves are unlike anything that the models know: they get no label unasked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from scope.schema import OOD


def novelty_columns(names: Iterable[str]) -> list[str]:
    """Return the columns with p-values of being like training: one, or one for each algorithm.

    Models that were trained apart have one each (`scope.catalog.publish`).
    """
    return [name for name in names if name == OOD.name or name.startswith(f"{OOD.name}_")]


def strange_rows(columns: Mapping[str, Any], below: float) -> npt.NDArray[np.bool_]:
    """Return which rows have a p-value below a cut: (n,) bool.

    Parameters
    ----------
    columns : mapping of str to (n,) array
        Of `novelty_columns`, at least one; NaN or null where there is no p-value, and such rows are
        not strange.
    below : float
        Configuration key ``probabilities.strange_below``; 0 finds none.
    """
    values = [np.asarray(column, dtype=np.float64) for column in columns.values()]
    # In float32, as they were written: 0.02 there is not below 0.02.
    return np.asarray(np.any([v.astype(np.float32) < np.float32(below) for v in values], axis=0))
