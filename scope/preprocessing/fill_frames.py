"""Filling the missing features of a DataFrame, as SCoPe's users know it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scope.checkout import CHECKOUT
from scope.errors import NotFoundError
from scope.preprocessing.frozen import Preprocessing

if TYPE_CHECKING:
    import pandas as pd

    from scope.config.model import Config

logger = logging.getLogger(__name__)


def impute_features(
    df: pd.DataFrame,
    n_neighbors: int = 5,
    self_impute: bool = False,
    period_suffix: str | None = None,
    *,
    reference: pd.DataFrame | Preprocessing | str | Path | None = None,
    config: Config | None = None,
) -> pd.DataFrame:
    """Return a copy of `df` with missing model features filled, unscaled.

    What replaces a missing (or infinite) value of each feature is in the configuration,
    ``features.ontological``: zero, median, mean, the mean of the nearest neighbours, or
    nothing. Rows in which a feature without replacement is undefined are dropped, with a
    message to the log, and the index starts at 0 again; the workflow itself keeps such
    rows, with a reason.

    Neighbours are those of scikit-learn's ``KNNImputer`` on columns scaled to 0 to 1,
    with equal distances ordered by their place in the reference.

    Parameters
    ----------
    df : pandas.DataFrame
        Has the columns of the ontological models.
    n_neighbors : int
        Neighbours per filled value.
    self_impute : bool
        Learn medians and neighbours from `df` itself. The result of a row then depends
        on the other rows.
    period_suffix : str, optional
        Suffix of the periodic columns; by default that of the configuration. ``"None"``
        is no suffix.
    reference : DataFrame, path or Preprocessing, optional
        What to learn from if not `self_impute`: a training set, or the
        ``preprocessing.json`` of a model bundle. By default that of the configured models.
    config : Config, optional
        By default what `scope.config.load_config` finds.

    Raises
    ------
    MissingColumnError
        If `df` or the reference lacks a feature.
    NotFoundError
        If there is nothing to learn from.
    """
    from scope.config.load import load_config

    config = config or load_config()
    suffix = config.features.info.period_suffix if period_suffix is None else period_suffix
    learned = df if self_impute else reference
    if isinstance(learned, str | Path) and Path(learned).suffix == ".json":
        learned = Preprocessing.load(learned)
    elif isinstance(learned, str | Path):
        from scope.io.user_tables import read_user_table

        learned = read_user_table(learned)
    elif learned is None:
        learned = _configured(config, suffix)
    if not isinstance(learned, Preprocessing):
        learned = _fitted(learned, config, suffix, n_neighbors)
    if learned.neighbours is not None:
        neighbours = replace(learned.neighbours, n_neighbors=n_neighbors)
        learned = replace(learned, neighbours=neighbours)
    return _filled(df, learned)


def _fitted(
    reference: pd.DataFrame, config: Config, suffix: str, n_neighbors: int
) -> Preprocessing:
    from scope.features.registry import REGISTRY, model_features

    settings = config.features.ontological
    column_suffix = None if suffix in ("None", "") else suffix
    return Preprocessing.fit(
        reference,
        model_features(
            "ontological", column_suffix, {name: item.include for name, item in settings.items()}
        ),
        {
            REGISTRY[name].column_name(column_suffix): item.impute_strategy
            for name, item in settings.items()
        },
        n_neighbors=n_neighbors,
        n_reference=len(reference),
        period_suffix=column_suffix or "",
    )


def _configured(config: Config, suffix: str) -> Preprocessing:
    """Return the preprocessing of the first configured models that is there and fits."""
    groups = config.inference.group
    tried = []
    for root in (Path(), CHECKOUT):
        for algorithm, group in groups.items():
            for part in (Path("variables", algorithm), Path(algorithm)):
                path = root / "models" / part / group / "preprocessing.json"
                tried.append(str(path))
                if path.is_file():
                    found = Preprocessing.load(path)
                    if found.period_suffix == suffix:
                        return found
    raise NotFoundError(
        f"nothing to learn imputation from for period suffix {suffix!r}",
        value=", ".join(dict.fromkeys(tried)),
        todo="pass reference= (a training set, or the preprocessing.json of a model bundle), "
        "or self_impute=True",
    )


def _filled(df: pd.DataFrame, preprocessing: Preprocessing) -> pd.DataFrame:
    filled = preprocessing.fill(df)
    result = df.copy()
    for j, name in enumerate(preprocessing.features):
        column = filled.values[:, j]
        integral = str(df[name].dtype).lower().startswith(("int", "uint"))
        whole = np.array_equal(column[filled.ok], np.round(column[filled.ok]))
        result[name] = (
            np.where(filled.ok, column, 0).astype(np.int64) if integral and whole else column
        )
    dropped = int((~filled.ok).sum())
    if dropped:
        logger.warning(
            "impute_features dropped %d of %d rows, in which a feature without imputation is "
            "undefined",
            dropped,
            len(df),
        )
    return result[filled.ok].reset_index(drop=True)
