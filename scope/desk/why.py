"""Why a star is of a class: what each feature adds to the log-odds by the trees, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scope.desk.sql_text import files_sql
from scope.desk.star_facts import bundles_of, find_row, light_curves, standing_for
from scope.desk.star_features import imputed_files
from scope.errors import BundleError, NotFoundError
from scope.features.registry import REGISTRY
from scope.io import read_metadata
from scope.models.trees.boosted_trees import read_trees
from scope.tasks.variables.bundles.model_bundle import ModelBundle, bundle_folder

if TYPE_CHECKING:
    from scope.desk.desk import Desk

TREES = "xgb"
N_SHOWN = 12


def reasons_of(desk: Desk, target: str, text: str, tag: str) -> dict[str, Any]:
    """Return the Shapley values of the features for a class, largest first.

    They are those of the trees on the log-odds (Lundberg et al. 2020, Nat. Mach. Intell. 2, 56;
    exact, as XGBoost computes them): with the bias they add up to the log-odds of the score.

    Raises
    ------
    NotFoundError
        If there is no such star, or its scaled features are gone.
    BundleError
        If the models that scored it are not here.
    """
    own_id = standing_for(light_curves(desk, target, find_row(desk, target, text)))
    record = read_metadata(desk.targets[target].catalog)
    bundle = _bundle(desk.models, str(bundles_of(record).get(TREES, {}).get("group", "")))
    _check(bundle, bundles_of(record).get(TREES, {}))
    if tag not in bundle.classes:
        raise BundleError("trees without this class", value=tag[:40], allowed=bundle.classes)
    names = bundle.features(tag)
    values = _scaled(desk, target, own_id, names)
    if values is None:
        return {"rows": [], "why": "this light curve has no features for the models"}
    shares = _shapley(bundle, tag, values)
    order = np.argsort(-np.abs(shares[:-1]), kind="stable")
    shown = [_line(names[i], float(values[i]), float(shares[i])) for i in order[:N_SHOWN]]
    return {
        "rows": shown,
        "bias": float(shares[-1]),
        "rest": float(shares[:-1].sum() - sum(one["share"] for one in shown)),
        "log_odds": float(shares.sum()),
        "score": float(1.0 / (1.0 + np.exp(-shares.sum()))),
    }


def _line(name: str, value: float, share: float) -> dict[str, Any]:
    plain = next((one for one in REGISTRY if name == one or name.startswith(f"{one}_")), None)
    text = REGISTRY[plain].description if plain is not None else ""
    return {"name": name, "scaled": value, "share": share, "text": text}


def _shapley(bundle: ModelBundle, tag: str, values: Any) -> Any:
    import xgboost

    path = bundle.folder / next(
        member["file"] for member in bundle.manifest["members"] if member["class"] == tag
    )
    names = list(bundle.features(tag))
    booster = read_trees(path, names)
    booster.set_param({"nthread": 1, "device": "cpu"})
    row = xgboost.DMatrix(values[None, :], feature_names=names)
    return booster.predict(row, pred_contribs=True)[0].astype(np.float64)


@lru_cache(maxsize=4)
def _bundle(models: Path, group: str) -> ModelBundle:
    return ModelBundle.load(bundle_folder(models, TREES, group))


def _check(bundle: ModelBundle, identity: Mapping[str, Any]) -> None:
    if identity.get("sha256") not in (None, bundle.sha256):
        raise BundleError(
            "other trees than those that scored this catalogue",
            value=bundle.sha256[:12],
            allowed=str(identity["sha256"])[:12],
            todo="name the folder of the models in use with --models",
        )


def _scaled(desk: Desk, target: str, row_id: int, names: Any) -> Any:
    """Return the scaled features of a light curve, (k,) float32; None where it has none."""
    files = imputed_files(desk.targets[target])
    if not files:
        raise NotFoundError(
            "no scaled features of this target any more",
            value=target,
            todo="keep results/gathered, or run the workflow again",
        )
    chosen = ", ".join(f'"{name}"' for name in names)
    found = desk.table.ask(f"SELECT {chosen} FROM {files_sql(files)} WHERE _id = {row_id}")
    values = [column[0].as_py() for column in found.columns] if len(found) else [None]
    return None if any(v is None for v in values) else np.array(values, dtype=np.float32)
