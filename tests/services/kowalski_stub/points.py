"""The points of a light curve, as arrays until somebody asks for documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt


class Points:
    """A list of epochs, each with the same keys; a fraction of the memory of dictionaries."""

    def __init__(self, columns: dict[str, npt.NDArray[Any]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def records(self, names: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Return the epochs as dictionaries with some of the keys, or all."""
        chosen = [name for name in self.columns if names is None or name in names]
        lists = [self.columns[name].tolist() for name in chosen]
        if not chosen:
            return [{} for _ in range(len(self))]
        return [dict(zip(chosen, values, strict=True)) for values in zip(*lists, strict=True)]


def plain(value: Any) -> Any:
    """Return a value with all points written out."""
    if isinstance(value, Points):
        return value.records()
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value


def points_of(**columns: npt.ArrayLike) -> Points:
    """Return points from columns of equal length."""
    return Points({name: np.asarray(values) for name, values in columns.items()})
