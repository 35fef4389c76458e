"""What SCoPe's documents say lies beside predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scope.io import count_rows, iter_batches, read_metadata
from scope.io.atomic import write_bytes
from scope.tasks.variables.bundles.model_bundle import VARIABLES

if TYPE_CHECKING:
    from scope.tasks.variables.bundles.model_bundle import ModelBundle

META = "meta.json"


def write_flagged(predictions: str | Path) -> Path:
    """Write which features were filled in: ``<predictions>_flagged.json``, id -> names.

    Light curves for which nothing was filled in are not in it.

    Parameters
    ----------
    predictions : path
        Parquet, see `scope.catalog.merge`.
    """
    predictions = Path(predictions)
    names = read_metadata(predictions)["imputable"]
    flagged: dict[str, list[str]] = {}
    for piece in iter_batches(predictions, ["_id", "imputed"]):
        masks = piece.column("imputed").fill_null(0).to_numpy()
        ids = piece.column("_id").to_numpy()
        for row in np.flatnonzero(masks):
            mask = int(masks[row])
            flagged[str(ids[row])] = [name for bit, name in enumerate(names) if mask >> bit & 1]
    path = predictions.with_name(f"{predictions.stem}_flagged.json")
    write_bytes(json.dumps(flagged, indent=1).encode(), path)
    return path


def write_meta(predictions: str | Path, field: str, bundle: ModelBundle) -> Path:
    """Write ``meta.json`` beside predictions: field, models and number of light curves."""
    predictions = Path(predictions)
    paths = [str(bundle.folder / member["file"]) for member in bundle.manifest["members"]]
    meta = {
        "field": field,
        **{
            f"{name}_models": paths if bundle.algorithm == name else []
            for name in VARIABLES.algorithms
        },
        "total": count_rows(predictions),
    }
    path = predictions.with_name(META)
    write_bytes(json.dumps(meta, indent=1).encode(), path)
    return path
