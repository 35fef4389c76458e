"""The whole workflow on two tiny simulated quadrants, through the Snakefile that users run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from scope.io import read_metadata, read_parquet
from scope.schema import REASONS
from tests.workflow.conftest import TINY, Run

CHECKOUT = ("Snakefile", "rules", "workflow", "profiles", "envs", "config", "models", "scope")
NOTHING = "Nothing to be done"


def _listed(run: Run, target: str = "field_700") -> np.ndarray:
    """Ids of all simulated light curves, from the files that the simulation wrote."""
    folder = run.folder / "results" / "simulation" / target
    files = sorted(folder.glob("*/ztf_*.parquet"))
    return np.sort(np.concatenate([pq.read_table(f, columns=["objectid"])[0] for f in files]))


def test_every_light_curve_comes_out_once_in_order_with_scores_or_a_reason(tiny: Run) -> None:
    for algorithm in ("dnn", "xgb"):
        preds = read_parquet(tiny.folder / f"results/preds_{algorithm}/field_700.parquet")
        scores = preds[[name for name in preds if name.endswith(f"_{algorithm}")]]
        assert len(preds) > 40
        np.testing.assert_array_equal(preds["_id"], _listed(tiny))
        done = preds["reason"].isna().to_numpy()
        assert 0 < done.sum() < len(preds)
        assert np.isfinite(scores[done].to_numpy(dtype=float)).all()
        assert scores[~done].isna().to_numpy().all()
        assert set(preds.loc[~done, "reason"]) <= set(REASONS)


def test_the_catalogue_joins_both_algorithms_row_by_row(tiny: Run) -> None:
    results = tiny.folder / "results"
    catalog = read_parquet(results / "catalog/field_700.parquet")
    np.testing.assert_array_equal(catalog["_id"], _listed(tiny))
    for algorithm in ("dnn", "xgb"):
        preds = read_parquet(results / f"preds_{algorithm}/field_700.parquet")
        tags = [name for name in preds if name.endswith(f"_{algorithm}")]
        pd.testing.assert_frame_equal(catalog[tags], preds[tags], check_flags=False)


def test_the_documented_merge_of_both_files_keeps_every_row(tiny: Run) -> None:
    results = tiny.folder / "results"
    dnn = read_parquet(results / "preds_dnn/field_700.parquet")
    xgb = read_parquet(results / "preds_xgb/field_700.parquet")
    columns = ["_id", "Gaia_EDR3___id", "AllWISE___id", "PS1_DR1___id"]
    columns += ["ra", "dec", "period", "field", "ccd", "quad", "filter"]
    assert len(pd.merge(dnn, xgb, on=columns)) == len(dnn)


def test_products_say_what_made_them(tiny: Run) -> None:
    record = read_metadata(tiny.folder / "results/preds_dnn/field_700.parquet")
    stages = {"sources", "lightcurves", "crossmatch", "features", "imputed", "scores", "preds"}
    assert stages <= set(record["stages"])
    assert {"pipeline_version", "config_hash", "data_release", "backend", "bundle"} <= set(record)
    text = repr(record)
    assert str(tiny.folder) not in text
    assert str(tiny.checkout) not in text


def test_the_report_is_one_file_with_pictures(tiny: Run) -> None:
    page = (tiny.folder / "results/report/field_700.html").read_text()
    assert "<svg" in page or "data:image/png" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    # Its examples lead to the pages of their stars, in the file beside it.
    linked = set(re.findall(r'href="stars/field_700.html#/curve/(\d+)"', page))
    stars = (tiny.folder / "results/report/stars/field_700.html").read_text()
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', stars, re.S)
    assert linked
    assert linked <= set(json.loads(data)["curves"])


def test_a_second_run_has_nothing_to_do(tiny: Run, root: Path) -> None:
    assert NOTHING in tiny.snakemake("--configfile", str(root / TINY))


def test_the_same_run_elsewhere_gives_the_same_bytes(
    tiny: Run, make_run: Callable[..., Run], root: Path
) -> None:
    other = make_run("again")
    other.snakemake("--configfile", str(root / TINY), cores=1)
    first, second = tiny.products(), other.products()
    assert len(first) > 20
    assert sorted(first) == sorted(second)
    differing = [name for name in first if first[name] != second[name]]
    assert differing == []


def test_one_class_per_job_gives_the_scores_of_one_job(
    tiny: Run, root: Path, tmp_path: Path
) -> None:
    together = read_parquet(tiny.folder / "results/preds_xgb/field_700.parquet")
    run = Run(tiny.checkout, shutil.copytree(tiny.folder, tmp_path / "run"))
    product = "results/preds_xgb/field_700.parquet"
    run.snakemake(
        *("--configfile", str(root / TINY), "--", product),
        config=("inference={classes_per_job: one, classes: [vnv, e]}",),
    )
    apart = read_parquet(run.folder / product)
    tags = [name for name in apart if name.endswith("_xgb")]
    assert tags == ["vnv_xgb", "e_xgb"]
    pd.testing.assert_frame_equal(apart[tags], together[tags], check_flags=False)


def test_the_bands_of_a_star_are_searched_together_in_columns_of_their_own(
    tiny: Run, root: Path, tmp_path: Path
) -> None:
    product = "results/features/field_700/ccd_01_quad_1.parquet"
    alone = pq.read_table(tiny.folder / product)
    run = Run(tiny.checkout, shutil.copytree(tiny.folder, tmp_path / "run"))
    run.snakemake(
        *("--configfile", str(root / TINY), "--", product),
        config=("feature_generation={bands_together: {search: true}}",),
    )
    together = pq.read_table(run.folder / product)
    assert together.select(alone.schema.names).equals(alone)
    new = set(together.schema.names) - set(alone.schema.names)
    assert {"period_BANDS", "n_bands_BANDS"} <= new
    assert all(name.endswith("_BANDS") for name in new)
    # Which light curves are of one star is in the simulation's own file.
    truth = pq.read_table(tiny.folder / "results/simulation/field_700/ccd_01_quad_1/truth.parquet")
    star = dict(zip(truth["objectid"].to_pylist(), truth["sourceid"].to_pylist(), strict=True))
    rows = together.to_pandas()
    usable = rows[rows["reason"].isna() | (rows["reason"] == "no_period")]
    stars = usable.groupby(usable["_id"].map(star))["period_BANDS"]
    sizes, found = stars.size(), stars.count()
    assert (sizes == 2).sum() > 5
    assert (found == sizes.where(sizes > 1, 0)).all()
    assert (stars.nunique() <= 1).all()


def test_snakemake_writes_its_own_report(tiny: Run, root: Path) -> None:
    tiny.snakemake("--configfile", str(root / TINY), "--report", "report.html")
    assert (tiny.folder / "report.html").stat().st_size > 100_000


def test_a_raised_stage_version_makes_what_depends_on_it_again(
    tiny: Run, root: Path, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in CHECKOUT:
        if (root / name).is_dir():
            shutil.copytree(root / name, checkout / name)
        else:
            shutil.copy(root / name, checkout / name)
    versions = checkout / "scope" / "provenance.py"
    text = versions.read_text()
    raised = re.sub(r'"imputed": (\d+)', lambda found: f'"imputed": {int(found[1]) + 1}', text)
    assert raised != text
    versions.write_text(raised)
    bumped = Run(checkout, tiny.folder)
    plan = bumped.snakemake(
        "--configfile", str(checkout / TINY), "-n", "--rerun-triggers", "params"
    )
    assert "impute " in plan
    for again in ("gather", "infer", "merge", "publish"):
        assert f"{again} " in plan
    assert "compute_features " not in plan.split("Job stats:")[1].split("Reasons:")[0]
