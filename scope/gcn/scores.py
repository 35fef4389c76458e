"""One score of each class from those of both algorithms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scope.catalog.sample import NOT_VARIABLE
from scope.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def combine_scores(sources: pd.DataFrame, algorithms: Sequence[str]) -> pd.DataFrame:
    """Return sources with the mean of the algorithms' scores of each class, ``<class>``.

    It is empty where an algorithm has no score. ``nonvar`` is 1 - ``vnv``.

    Raises
    ------
    InputError
        If there are no scores of an algorithm.
    """
    result = sources.copy()
    end = f"_{algorithms[0]}"
    tags = [str(name).removesuffix(end) for name in sources if _is_of(name, algorithms[0])]
    for algorithm in algorithms:
        if not any(_is_of(name, algorithm) for name in sources):
            raise InputError("catalogue without scores of an algorithm", value=algorithm)
    means: Mapping[str, Any] = {
        tag: sources[[f"{tag}_{algorithm}" for algorithm in algorithms]].mean(axis=1, skipna=False)
        for tag in tags
        if all(f"{tag}_{algorithm}" in sources for algorithm in algorithms)
    }
    for tag, values in means.items():
        result[tag] = values
    if "vnv" in means:
        result[NOT_VARIABLE] = 1.0 - means["vnv"]
    return result


def _is_of(name: Any, algorithm: str) -> bool:
    return str(name).endswith(f"_{algorithm}")
