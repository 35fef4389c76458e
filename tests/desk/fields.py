"""Small results as the workflow leaves them, for the desk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.io import write_table
from scope.preprocessing import impute
from scope.provenance import record
from tests.report import fakes
from tests.small_models import feature_table, small_bundle


def invented(folder: Path, rows: int = 240) -> Path:
    """An invented field with light curves; see `tests.report.fakes.invent_field`."""
    results = folder / "results"
    _, features, curves = fakes.invent_field(folder / "made", rows)
    (results / "catalog").mkdir(parents=True)
    (folder / "made" / "catalog" / "field_250.parquet").rename(
        results / "catalog" / "field_250.parquet"
    )
    for stage, paths in (("features", features), ("lightcurves", curves)):
        (results / stage / "field_250").mkdir(parents=True)
        for path in paths:
            path.rename(results / stage / "field_250" / path.name)
    return results


def scored(folder: Path) -> tuple[Path, Path]:
    """Results of 600 light curves scored by small trees, and the folder of these models."""
    results, bundle = folder / "results", small_bundle("xgb")
    features = results / "features" / "field_1" / "ccd_01_quad_1.parquet"
    table = feature_table(seed=5)
    write_table(table, features, record("features"))
    gathered = results / "gathered" / "abc" / "field_1.parquet"
    impute(features, gathered, bundle.folder / "preprocessing.json")
    import pyarrow.parquet as pq

    scaled = pq.read_table(gathered)
    columns = {name: scaled[name] for name in ("_id", "ra", "dec", "period", "n_epochs", "reason")}
    for tag in bundle.classes:
        names = bundle.features(tag)
        matrix = np.stack([scaled[name].to_numpy() for name in names], axis=1)
        scores = bundle.classifier(tag).predict(matrix, np.empty((len(matrix), 0), np.float32))
        columns[bundle.column(tag)] = pa.array(scores)
    facts = {"bundle": {"xgb": {"group": bundle.group, "sha256": bundle.sha256}}}
    write_table(
        pa.table(columns), results / "catalog" / "field_1.parquet", record("catalog", **facts)
    )
    return results, bundle.folder.parent.parent
