"""A small sky, its features, and both as Kowalski holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scope.config import Config, load_config
from scope.surveys.archive import Archive
from scope.surveys.computed_features import ComputedFeatures
from tests.services.kowalski_stub.documents import (
    FEATURES,
    collections_of,
    feature_documents,
    kowalski_id,
)
from tests.surveys.kowalski_sky import FIELD, UNIT

SMALL = {"min_n_lc_points": 20, "period_search": {"max_freq": 1.0}}


def small_config(**overrides: Any) -> Config:
    """Return settings with which features take no time."""
    return load_config(overrides={"feature_generation": SMALL, **overrides})


def computed(folder: Path, columns: list[str] | None = None) -> ComputedFeatures:
    """Return the features of an archive's only quadrant."""
    return ComputedFeatures(Archive(folder), FIELD, [UNIT], small_config(), columns=columns)


def all_ids(folder: Path) -> np.ndarray:
    """Return the ids of the archive's light curves."""
    return Archive(folder).sources(FIELD, UNIT).column("_id").to_numpy()


def collections_with_features(folder: Path) -> tuple[dict[str, Any], pa.Table]:
    """Return the collections that an archive would be, and the features in one of them.

    Only light curves with features are in that one, as in the real one.
    """
    table, _ = computed(folder).read(all_ids(folder))
    table = table.filter(pc.is_null(table.column("reason")))
    ids = [kowalski_id(number, 0) for number in table.column("_id").to_pylist()]
    table = table.set_column(0, "_id", pa.array(ids)).sort_by("_id")
    documents = list(feature_documents([table], "LS_BIC"))
    return {**collections_of(folder), FEATURES: documents}, table
