"""One number for each class: the mean score of the algorithms, or the probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scope.catalog.publish import is_score
from scope.catalog.sample import NOT_VARIABLE, VARIABLE
from scope.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

PROBABILITY = "_p"
"""How columns of probabilities end, see `scope.catalog.probabilities`."""


def combine_scores(sources: pd.DataFrame, algorithms: Sequence[str]) -> pd.DataFrame:
    """Return sources with the mean of the algorithms' scores of each class, ``<class>``.

    It is empty where an algorithm has no score. ``nonvar`` is 1 - ``vnv``.

    Raises
    ------
    InputError
        If there are no scores of an algorithm.
    """
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
    return _with_classes(sources, means)


def take_probabilities(sources: pd.DataFrame) -> pd.DataFrame:
    """Return sources with the probability of each class that is calibrated, ``<class>``.

    It is that of the catalogue, ``<class>_p``. ``nonvar`` is 1 - ``vnv``.

    Raises
    ------
    InputError
        If there are no probabilities.
    """
    names = [str(name) for name in sources if is_probability(str(name))]
    if not names:
        raise InputError(
            "catalogue without probabilities",
            todo="use models of both algorithms with their fusion, or set "
            "gcn.post_probabilities to false",
        )
    found = {name.removesuffix(PROBABILITY): sources[name] for name in names}
    return _with_classes(sources, found)


def is_probability(name: str) -> bool:
    """Return whether a column of a catalogue holds the probability of a class."""
    return name.endswith(PROBABILITY) and not is_score(name.removesuffix(PROBABILITY))


def _with_classes(sources: pd.DataFrame, classes: Mapping[str, Any]) -> pd.DataFrame:
    result = sources.copy()
    for tag, values in classes.items():
        result[tag] = values
    if VARIABLE in classes:
        result[NOT_VARIABLE] = 1.0 - classes[VARIABLE]
    return result


def _is_of(name: Any, algorithm: str) -> bool:
    return str(name).endswith(f"_{algorithm}")
