"""Small gathered units, scores and predictions for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scope.io import write_table
from scope.preprocessing.impute import (
    ALIAS_TREND,
    DMDT,
    IMPUTED,
    LOG10_FAP,
    N_EPOCHS,
    OOD,
    PERIOD,
    REASON,
    SIGNIFICANCE,
    SURVEY_IDS,
)
from scope.provenance import record
from scope.schema import KEY_COLUMNS, Column, arrow_schema

SCHEMA = arrow_schema(
    [
        *KEY_COLUMNS,
        *(*SURVEY_IDS, N_EPOCHS, PERIOD, SIGNIFICANCE),
        *(LOG10_FAP, ALIAS_TREND, REASON, IMPUTED, OOD),
        Column("median", "float32", "", True, "median, scaled"),
        DMDT,
    ]
)
"""Columns of imputed features, with one feature."""


def imputed_table(ids: Sequence[int], *, obj_id: bool = False) -> pa.Table:
    """Return model-ready rows; every third has a reason and no survey ids."""
    n = len(ids)
    rng = np.random.default_rng(abs(hash(tuple(ids))) % 2**32)
    bad = np.arange(n) % 3 == 2
    names = [None if b else f"star_{i}" for i, b in zip(ids, bad, strict=True)]
    table = pa.table(
        {
            "_id": pa.array(ids, pa.int64()),
            "obj_id": pa.array(names if obj_id else [None] * n, pa.string()),
            "ra": pa.array(rng.uniform(0, 360, n)),
            "dec": pa.array(rng.uniform(-30, 90, n)),
            "field": pa.array([700] * n, pa.int32()),
            "ccd": pa.array([1] * n, pa.int32()),
            "quad": pa.array([2] * n, pa.int32()),
            "filter": pa.array([None if b else 1 for b in bad], pa.int32()),
            "Gaia_EDR3___id": pa.array(2**61 + rng.integers(0, 9, n), pa.int64(), mask=bad),
            "AllWISE___id": pa.nulls(n, pa.int64()),
            "PS1_DR1___id": pa.array(rng.integers(1, 99, n), pa.int64(), mask=bad),
            "period": pa.array(rng.uniform(0.1, 10, n), mask=bad),
            "significance": pa.array(rng.uniform(1, 10, n), mask=bad),
            "log10_fap": pa.array(rng.uniform(-30, 0, n), mask=bad),
            "alias_trend": pa.array(np.zeros(n, dtype=bool), mask=bad),
            "n_epochs": pa.array(np.where(bad, 3, 120), pa.int32()),
            "reason": pa.array(np.where(bad, "too_few_epochs", None).tolist(), pa.string()),
            "imputed": pa.array(rng.integers(0, 2**63, n).astype(np.uint64), mask=bad),
            "ood_p": pa.array(rng.uniform(0.05, 1, n).astype(np.float32), mask=bad),
            "median": pa.array(rng.normal(size=n).astype(np.float32), mask=bad),
            "dmdt": pa.FixedSizeListArray.from_arrays(
                pa.array(rng.random(n * 676).astype(np.float32)), 676
            ),
        }
    )
    return table.select(SCHEMA.names).cast(SCHEMA)


def write_unit(path: Path, ids: Sequence[int], *, obj_id: bool = False, **facts: Any) -> Path:
    """Write the imputed rows of a unit."""
    facts = {"config_hash": "c0ffee", "backend": "cpu", "preprocessing": "abc", **facts}
    write_table(imputed_table(ids, obj_id=obj_id), path, record("imputed", **facts))
    return path


def write_scores(
    path: Path, gathered: pa.Table, names: Sequence[str], *, facts: Mapping[str, Any] | None = None
) -> Path:
    """Write scores for each row without a reason."""
    n = gathered.num_rows
    columns = [Column("_id", "int64", "", False, "Survey id")]
    columns += [Column(name, "float32", "", True, f"Score {name}") for name in names]
    good = np.array([reason is None for reason in gathered.column("reason").to_pylist()], bool)
    values: dict[str, pa.Array] = {"_id": gathered.column("_id").combine_chunks()}
    for number, name in enumerate(names):
        scores = np.random.default_rng(number).random(n).astype(np.float32)
        values[name] = pa.array(scores, mask=~good)
    write_table(
        pa.table(values, schema=arrow_schema(columns)), path, record("scores", **(facts or {}))
    )
    return path
