"""Samples of sources for people to look at, some for each class."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from scope.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import pandas as pd

NOT_VARIABLE = "nonvar"
"""The class of what is not variable, 1 - vnv."""

VARIABLE = "vnv"
SEED = 9

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleOptions:
    """Options of how a sample is drawn.

    Attributes
    ----------
    classes : tuple of str or None
        Tags; None is all.
    threshold : float
        Examples of a class have at least this score.
    count : int or None
        Examples of each class; None takes all sources.
    top : bool
        Take those of highest score, and not any above the threshold at random.
    all_labels : bool
        With `top`: show the scores of all classes of a source that reach the threshold, and
        not only of those that it was chosen for.
    """

    classes: tuple[str, ...] | None = None
    threshold: float = 0.9
    count: int | None = 1000
    top: bool = False
    all_labels: bool = False


def with_not_variable(sources: pd.DataFrame, algorithm: str) -> pd.DataFrame:
    """Return sources with a score of not being variable, where there is one of being so."""
    name = f"{VARIABLE}_{algorithm}"
    if name not in sources:
        return sources
    result = sources.copy()
    result[f"{NOT_VARIABLE}_{algorithm}"] = 1 - sources[name]
    result.attrs = sources.attrs
    return result


def select_sample(
    sources: pd.DataFrame, algorithm: str, options: SampleOptions
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Draw examples of each class from sources.

    Parameters
    ----------
    sources : pandas.DataFrame
        See `scope.catalog.consolidate`, with `with_not_variable`.
    algorithm : str
    options : SampleOptions

    Returns
    -------
    sample : pandas.DataFrame
        At random: all columns. Of highest score: ``obj_id``, ``survey_id``, ``ra``, ``dec``,
        ``period`` and the scores that a source was chosen for, 0 for the others. In the
        order of `sources`.
    counts : dict of str to int
        Class -> sources that reach the threshold.

    Raises
    ------
    NotFoundError
        If there are no scores of a class.
    """
    tags = _tags(sources, algorithm, options.classes)
    names = [f"{tag}_{algorithm}" for tag in tags]
    scores = sources[names].to_numpy(dtype=np.float64)
    reach = scores >= options.threshold
    counts = {tag: int(column.sum()) for tag, column in zip(tags, reach.T, strict=True)}
    if options.top:
        return _top(sources, names, scores, reach, options), counts
    chosen = _random(reach, options.count)
    for tag, column in zip(tags, reach.T, strict=True):
        if options.count is not None and column.sum() < options.count:
            _log.info("%s: only %d sources reach %s", tag, column.sum(), options.threshold)
    return sources[chosen].reset_index(drop=True), counts


def _tags(sources: pd.DataFrame, algorithm: str, wanted: Sequence[str] | None) -> list[str]:
    ending = f"_{algorithm}"
    there = [str(n).removesuffix(ending) for n in sources.columns if str(n).endswith(ending)]
    if not there:
        raise InputError(f"sources without scores by {algorithm}")
    if wanted is None:
        return there
    extra = [NOT_VARIABLE] if NOT_VARIABLE in there else []
    if missing := [tag for tag in wanted if tag not in there]:
        raise NotFoundError(
            "class without scores", value=", ".join(missing), allowed=there, todo="score it first"
        )
    return list(dict.fromkeys([*wanted, *extra]))


def _random(reach: npt.NDArray[np.bool_], count: int | None) -> npt.NDArray[np.bool_]:
    """Return which rows are drawn; rows that count for one class count for others too."""
    chosen = np.zeros(len(reach), dtype=bool)
    if count is None:
        return np.ones(len(reach), dtype=bool)
    generator = np.random.default_rng(SEED)
    for column in reach.T:
        missing = count - int((chosen & column).sum())
        rest = np.flatnonzero(column & ~chosen)
        if missing > 0 and len(rest):
            chosen[generator.choice(rest, min(missing, len(rest)), replace=False)] = True
    return chosen


def _top(
    sources: pd.DataFrame,
    names: Sequence[str],
    scores: npt.NDArray[np.float64],
    reach: npt.NDArray[np.bool_],
    options: SampleOptions,
) -> pd.DataFrame:
    shown = np.zeros_like(scores)
    for number, column in enumerate(scores.T):
        order = np.argsort(-column, kind="stable")[: options.count]
        best = order[reach[order, number]]
        shown[best, number] = column[best]
    chosen = np.flatnonzero(shown.any(axis=1) | (options.count is None))
    if options.all_labels:
        shown = np.where(reach, scores, 0.0)
    result: pd.DataFrame = sources[["obj_id", "survey_id", "ra", "dec", "period"]].copy()
    for number, name in enumerate(names):
        result[name] = shown[:, number]
    return result.iloc[chosen].reset_index(drop=True)
