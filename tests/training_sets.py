"""A small training set with all columns of the registry, made once per test session."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.io import write_table
from scope.tasks.variables.training.train_bundle import default_features

LABELS = ("variable", "non-variable", "periodic", "eclipsing", "EA", "RR Lyrae", "pulsator")


def labelled_features(n_stars: int = 200, *, suffix: str = "LS_BIC", seed: int = 3) -> pa.Table:
    """Two light curves per star: those with a large ``iqr`` vary, with a short period pulsate."""
    rng = np.random.default_rng(seed)
    n = 2 * n_stars
    star = np.repeat(np.arange(n_stars), 2)
    columns = {name: rng.normal(size=n) for name in default_features(suffix)["ontological"]}
    columns["iqr"] = rng.uniform(size=n_stars)[star] + rng.normal(size=n) / 50
    columns[f"period_{suffix}"] = 10 ** rng.uniform(-1, 2, n_stars)[star]
    varies = columns["iqr"] > 0.4
    pulsates = varies & (columns[f"period_{suffix}"] < 3)
    eclipses = varies & ~pulsates
    values = (varies, ~varies, varies, eclipses, eclipses, pulsates, pulsates)
    dmdt = rng.random((n, 676)).astype(np.float32)
    dmdt /= np.linalg.norm(dmdt, axis=1)[:, None]
    return pa.table(
        {
            "_id": np.arange(n),
            "star": pa.array([f"star {number}" for number in star]),
            "n_epochs": pa.array(np.full(n, 60), pa.int32()),
            **columns,
            "dmdt": pa.FixedSizeListArray.from_arrays(pa.array(dmdt.reshape(-1)), 676),
            **{name: v.astype(np.float32) for name, v in zip(LABELS, values, strict=True)},
        }
    )


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="scope-test-training-")


@functools.cache
def training_set(suffix: str = "LS_BIC") -> Path:
    """Return the training set as a file, written once."""
    path = Path(_folder().name) / f"training_{suffix}.parquet"
    write_table(labelled_features(suffix=suffix), path, {})
    return path
