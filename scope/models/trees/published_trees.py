"""Trees in XGBoost's JSON, as others published them, in the form of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scope.errors import BundleError
from scope.jsontext import parse_json
from scope.models.trees.tree_file import check_tree_file


def ubj_of_json(path: Path, expected: Sequence[str]) -> tuple[bytes, list[str]]:
    """Return trees as UBJSON, and the names of their features in order.

    Parameters
    ----------
    path : Path
        XGBoost's JSON. A ``.params`` file beside it is XGBoost's configuration.
    expected : sequence of str
        Features that the trees should take, in any order; names of trees without.

    Raises
    ------
    BundleError
        If a file cannot be read, or the trees take other features.
    """
    import xgboost

    try:
        check_tree_file(path)
        booster = xgboost.Booster(model_file=str(path))
        parameters = path.with_suffix(".params")
        if parameters.is_file():
            text = parameters.read_text(encoding="utf-8")
            parse_json(text)
            booster.load_config(text)
        names = list(booster.feature_names or expected)
        if booster.feature_names is None and booster.num_features() == len(names):
            booster.feature_names = names
    except (xgboost.core.XGBoostError, ValueError, OSError, RecursionError) as error:
        raise BundleError(
            f"trees {path} cannot be read",
            value=(str(error).strip().splitlines() or ["empty"])[0],
            allowed="a whole XGBoost model in JSON, with or without its .params",
            todo="take the files again from where they came from",
        ) from error
    if sorted(names) != sorted(expected) or booster.num_features() != len(names):
        raise BundleError(
            f"trees {path} were trained on other features",
            value=", ".join(sorted(set(names) ^ set(expected))) or str(booster.num_features()),
            allowed=", ".join(expected),
            todo="set features and features.info.period_suffix to those of the training",
        )
    return bytes(booster.save_raw("ubj")), names
