"""Two real ZTF quadrants of the public data release 5, from bulk files to predictions.

The numbers of light curves that survive were counted with an independent cleaning in plain
Python (tests/lightcurves). The grid of trial frequencies is short, to save time: it decides
no count.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from scope.io import read_parquet
from tests.workflow.conftest import Run

FILES = {250: "ztf_000250_zg_c01_q1_dr5.parquet", 202: "ztf_000202_zg_c16_q2_dr5.parquet"}


@pytest.fixture(scope="module", params=[20])
def fields(request: pytest.FixtureRequest, make_run: Callable[..., Run], real_data: Path) -> Run:
    """A run over both fields with that cut on the number of epochs."""
    archive = real_data / "light_curves" / "ztf_dr5_bulk"
    cut = request.param
    generation = f"{{min_n_lc_points: {cut}, period_search: {{max_freq: 1.0}}}}"
    run = make_run(f"real_{cut}", config=[f"archive={archive}", f"feature_generation={generation}"])
    run.snakemake(
        *(
            f"results/preds_{algo}/field_{field}.parquet"
            for algo in ("dnn", "xgb")
            for field in FILES
        )
    )
    run.environment["CUT"] = str(cut)
    return run


@pytest.mark.parametrize(
    ("field", "rows", "scored"),
    [(250, 5449, {"50": 832, "20": 1362}), (202, 3003, {"50": 0, "20": 654})],
)
def test_each_real_light_curve_is_in_the_product_once(
    fields: Run, real_data: Path, field: int, rows: int, scored: dict[str, int]
) -> None:
    source = real_data / "light_curves" / "ztf_dr5_bulk" / FILES[field]
    ids = np.sort(pq.read_table(source, columns=["objectid"])["objectid"].to_numpy())
    for algorithm in ("dnn", "xgb"):
        preds = read_parquet(fields.folder / f"results/preds_{algorithm}/field_{field}.parquet")
        assert len(preds) == rows
        np.testing.assert_array_equal(preds["_id"], ids)
        scores = preds[[name for name in preds if name.endswith(f"_{algorithm}")]]
        done = preds["reason"].isna().to_numpy()
        assert done.sum() == scored[fields.environment["CUT"]]
        assert np.isfinite(scores[done].to_numpy(dtype=float)).all()
        assert (preds["field"] == field).all()
        assert (preds["filter"] == 1).all()
