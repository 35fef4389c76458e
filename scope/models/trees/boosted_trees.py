"""Gradient-boosted trees: training, and scoring by XGBoost itself."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from scope.errors import BundleError, ConfigError, InputError
from scope.imports import quick_import_of_xgboost
from scope.models.runtime.devices import check_device
from scope.models.training.class_examples import Examples
from scope.models.training.splits import star_folds
from scope.models.trees.tree_file import check_tree_file

if TYPE_CHECKING:
    import xgboost

Floats = npt.NDArray[np.float32]

LOWER_IS_BETTER = {"logloss": True, "auc": False, "aucpr": False}


@dataclass(frozen=True)
class TreeOptions:
    """Options of the training of boosted trees.

    The parameters are those that XGBoost knows by these names. With `skip_cv` they are
    used as they are; without, they are where the search over the grids starts. Grids run
    from start to stop in steps, both ends included.

    Attributes
    ----------
    num_boost_round : int
        Trees at most.
    early_stopping_rounds : int
        Rounds without a better validation `eval_metric` after which training stops.
    eval_metric : {"logloss", "auc", "aucpr"}
        By ``auc``, which the published models used, training ends with the first tree
        that separates the validation rows, when scores still lie close to 0.5;
        ``logloss`` goes on until they say how sure the model is.
    n_folds : int
        Folds of the search, made of whole stars.
    """

    max_depth: int = 3
    min_child_weight: float = 1.0
    eta: float = 0.3
    subsample: float = 0.6
    colsample_bytree: float = 0.6
    num_boost_round: int = 999
    early_stopping_rounds: int = 10
    eval_metric: str = "logloss"
    n_folds: int = 5
    skip_cv: bool = True
    max_depth_grid: tuple[int, int, int] = (3, 7, 2)
    min_child_weight_grid: tuple[int, int, int] = (1, 5, 2)
    subsample_grid: tuple[float, float, float] = (0.6, 1.0, 0.2)
    colsample_bytree_grid: tuple[float, float, float] = (0.6, 1.0, 0.2)
    eta_list: tuple[float, ...] = (0.3, 0.2, 0.1, 0.05)

    def __post_init__(self) -> None:
        for name in ("subsample", "colsample_bytree"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(
                    f"trees with {name} that cannot be used",
                    value=getattr(self, name),
                    allowed="above 0, at most 1",
                    todo=f"correct training.xgboost.{name}",
                )
        if self.eval_metric not in LOWER_IS_BETTER:
            raise ConfigError(
                "measure that trees cannot be stopped by",
                value=self.eval_metric,
                allowed=LOWER_IS_BETTER,
                todo="correct training.xgboost.eval_metric",
            )


@dataclass(frozen=True)
class TrainedTrees:
    """Trained trees and what they were trained with.

    Attributes
    ----------
    content : bytes
        An XGBoost model in UBJSON.
    parameters : dict
        Those of the search's winner, with the number of trees.
    importance : dict of str to float
        Gain per feature, of those that are used.
    """

    content: bytes
    parameters: dict[str, Any]
    importance: dict[str, float]


def grid(start: float, stop: float, step: float) -> list[float]:
    """Return start, start + step, … up to stop, which is included if it is hit.

    Raises
    ------
    ConfigError
        If the step does not lead from start to stop.
    """
    if step <= 0 or stop < start:
        raise ConfigError(
            "grid that cannot be walked",
            value=[start, stop, step],
            allowed="start, stop, step with start <= stop and a step above 0",
        )
    n_steps = int((stop - start) / step + 1e-9)
    return [round(start + i * step, 10) for i in range(n_steps + 1)]


def train_trees(
    train: Examples,
    validation: Examples,
    feature_names: Sequence[str],
    options: TreeOptions | None = None,
    *,
    weight_per_class: bool = False,
    seed: int = 42,
    device: str = "cpu",
    start: str | Path | None = None,
) -> TrainedTrees:
    """Train the trees of one class; the same seed gives the same bytes.

    Boosting stops early by the measure on the validation rows and the trees up to the best
    round are kept, which is what growing that many again would give. The rarer side
    weighs as much as the other one (``scale_pos_weight``) where the class says so.

    Parameters
    ----------
    train, validation : Examples
        Of different stars.
    feature_names : sequence of str
        Names of the columns.
    weight_per_class : bool
        Weigh rows so that both sides count alike.
    start : path, optional
        Trained trees that boosting goes on from; they count as boosting rounds.

    Raises
    ------
    BackendError
        If ``cuda`` is asked for and there is none.
    BundleError
        If `start` cannot be read or was trained on other features.
    """
    import xgboost

    check_tree_device(device)
    options = options or TreeOptions()
    names = list(feature_names)
    first = None if start is None else read_trees(start, names)
    matrices = [
        xgboost.DMatrix(part.features, part.target, feature_names=names, nthread=1)
        for part in (train, validation)
    ]
    weights = train.side_weights if weight_per_class else (1.0, 1.0)
    fixed = {
        "objective": "binary:logistic",
        "eval_metric": options.eval_metric,
        "scale_pos_weight": weights[1] / weights[0],
        "seed": seed,
        "nthread": 1,
        "device": device,
    }
    if not options.skip_cv:
        options = search(matrices[0], search_folds(train, options), options, fixed)
    stopped = xgboost.train(
        {**fixed, **_tuned(options)},
        matrices[0],
        options.num_boost_round,
        evals=[(matrices[1], "validation")],
        early_stopping_rounds=options.early_stopping_rounds,
        verbose_eval=False,
        xgb_model=first,
    )
    n_trees = stopped.best_iteration + 1
    booster = stopped[:n_trees]
    importance: dict[str, Any] = dict(booster.get_score(importance_type="gain"))
    return TrainedTrees(
        content=bytes(booster.save_raw("ubj")),
        parameters={**_tuned(options), "num_boost_round": n_trees},
        importance={name: float(importance[name]) for name in names if name in importance},
    )


def search_folds(
    train: Examples, options: TreeOptions
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return (training rows, left-out rows) of each fold of a search.

    Of each fold ((k,) int64, (m,) int64).

    Raises
    ------
    InputError
        If a fold has no star, or one side of the class only where the figure needs both.
    """
    folds = star_folds(train.stars, options.n_folds)
    for number, (_, left_out) in enumerate(folds):
        positive = int(train.target[left_out].sum())
        if options.eval_metric != "logloss" and positive in (0, len(left_out)):
            raise InputError(
                f"fold {number + 1} of a search by {options.eval_metric} without positive and "
                "negative rows",
                value=f"{positive} of {len(left_out)} rows are positive",
                todo="add stars, choose fewer folds (training.xgboost.n_folds) or smaller blocks "
                "of the sky, or search by logloss (training.xgboost.eval_metric)",
            )
    return folds


def search(
    matrix: Any,
    folds: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    options: TreeOptions,
    fixed: dict[str, Any],
) -> TreeOptions:
    """Return `options` with the parameters of the best cross-validated measure.

    The coordinate-wise search of the ZTF Source Classification Project: depth and child
    weight, then subsampling of rows and columns, then the learning rate, then the first
    two pairs again on finer grids around their best. Of equal results the first wins.

    Parameters
    ----------
    matrix : xgboost.DMatrix
        Training rows.
    folds : list of ((k,) int64, (m,) int64)
        Training rows, and those left out.
    fixed : dict
        Parameters that are not searched.
    """

    # Five small grids, each walked whole from the best of the one before: a search of optuna for
    # each would draw nothing, and be longer than the product and the maximum that this is.
    def best_of(current: TreeOptions, **grids: Sequence[float]) -> TreeOptions:
        candidates = [
            replace(current, **cast(dict[str, Any], dict(zip(grids, values, strict=True))))
            for values in itertools.product(*grids.values())
        ]
        return max(candidates, key=lambda item: cross_validated(matrix, folds, item, fixed))

    best = best_of(
        options,
        max_depth=[int(depth) for depth in grid(*options.max_depth_grid)],
        min_child_weight=grid(*options.min_child_weight_grid),
    )
    best = best_of(
        best,
        subsample=grid(*options.subsample_grid),
        colsample_bytree=grid(*options.colsample_bytree_grid),
    )
    best = best_of(best, eta=options.eta_list)
    best = best_of(
        best,
        max_depth=[int(depth) for depth in _around(best.max_depth, 2, 1) if depth >= 1],
        min_child_weight=[weight for weight in _around(best.min_child_weight, 2, 1) if weight >= 0],
    )
    return best_of(
        best,
        subsample=[part for part in _around(best.subsample, 0.2, 0.1) if 0 < part <= 1],
        colsample_bytree=[
            part for part in _around(best.colsample_bytree, 0.2, 0.1) if 0 < part <= 1
        ],
    )


def _around(centre: float, reach: float, step: float) -> list[float]:
    return grid(centre - reach, centre + reach, step)


def cross_validated(
    matrix: Any,
    folds: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    options: TreeOptions,
    fixed: dict[str, Any],
) -> float:
    """Return the best mean measure over the folds, its sign such that higher is better.

    `folds` are those of `search`: ((k,) int64, (m,) int64) each.
    """
    import xgboost

    history: Any = xgboost.cv(
        {**fixed, **_tuned(options)},
        matrix,
        options.num_boost_round,
        folds=folds,
        early_stopping_rounds=options.early_stopping_rounds,
        verbose_eval=False,
        as_pandas=False,
    )
    means = [float(value) for value in history[f"test-{options.eval_metric}-mean"]]
    return -min(means) if LOWER_IS_BETTER[options.eval_metric] else max(means)


def _tuned(options: TreeOptions) -> dict[str, Any]:
    names = ("max_depth", "min_child_weight", "eta", "subsample", "colsample_bytree")
    return {name: getattr(options, name) for name in names}


def check_tree_device(device: str) -> None:
    """Raise BackendError unless XGBoost can use `device`."""
    with quick_import_of_xgboost():
        import xgboost

    has_cuda = bool(xgboost.build_info().get("USE_CUDA", False))
    check_device(device, library="XGBoost", has_cuda=has_cuda)


def read_trees(path: str | Path, feature_names: Sequence[str]) -> xgboost.Booster:
    """Read trees that were trained on columns of these names.

    Raises
    ------
    BundleError
        If the file cannot be read or was trained on other features.
    """
    import xgboost

    try:
        # A damaged file would end the process in the library, without an exception.
        check_tree_file(path)
        booster = xgboost.Booster(model_file=str(path))
    except (xgboost.core.XGBoostError, ValueError, OSError) as error:
        # ValueError: the library's message quotes bytes of the file that are no text, too.
        raise BundleError(
            f"trees {path} cannot be read",
            value=(str(error).strip().splitlines() or ["empty"])[0],
            allowed="an XGBoost model",
            todo="train it again or take it from where the bundle came from",
        ) from error
    trained = booster.feature_names or []
    if list(trained) != list(feature_names):
        raise BundleError(
            f"trees {path} were trained on other features",
            value=", ".join(sorted(set(trained) ^ set(feature_names))) or "another order",
            allowed=", ".join(feature_names),
            todo="take the file and its bundle.json from one training",
        )
    return booster


class TreeEnsemble:
    """The trees of one class, ready to score rows.

    Runs on one thread: work is spread over classes by the caller. A row's score does
    not depend on the other rows.

    Parameters
    ----------
    path : path
        An XGBoost model file.
    feature_names : sequence of str
        Columns of the matrix that will be scored.
    device : {"cpu", "cuda"}

    Raises
    ------
    BundleError
        If the file cannot be read or was trained on other features.
    BackendError
        If ``cuda`` is asked for and there is none.
    """

    def __init__(
        self, path: str | Path, feature_names: Sequence[str], *, device: str = "cpu"
    ) -> None:
        check_tree_device(device)
        self._booster = read_trees(path, feature_names)
        self._booster.set_param({"nthread": 1, "device": device})

    def predict(self, features: Floats, dmdt: Floats | None = None) -> Floats:
        """Return the score of each row, (n,) float32 from 0 to 1.

        Parameters
        ----------
        features : (n, k) float32
            Filled and scaled, in the order of training.
        dmdt : None or (n, …) float32
            Trees do not look at it.
        """
        if len(features) == 0:
            return np.empty(0, dtype=np.float32)
        rows = np.ascontiguousarray(features, dtype=np.float32)
        scores = self._booster.inplace_predict(rows, validate_features=False)
        return np.asarray(scores, dtype=np.float32)
