"""The whole workflow over surveys that only the configuration describes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from scope.bands import BAND_NUMBERS
from scope.io import read_metadata, read_parquet
from tests.surveys.described import FLAT, RUBIN, RUBIN_BANDS, write_flat, write_rubin

from .conftest import Run

OBJECTS, EPOCHS = 2, 62


@pytest.fixture(scope="module")
def run(make_run: Callable[..., Run]) -> Run:
    """A finished run over a nested survey of two files and a flat one."""
    one = make_run("described")
    rubin = write_rubin(one.folder / "rubin", OBJECTS, EPOCHS, files=2)
    flat = write_flat(one.folder / "flat", 1, EPOCHS)
    config = {
        "targets": ["survey_rubin", "survey_flat"],
        "survey": "rubin",
        "surveys": {
            "rubin": {**RUBIN, "folder": str(rubin)},
            "flat": {**FLAT, "folder": str(flat)},
        },
        "feature_generation": {"period_search": {"max_freq": 2.0}},
    }
    path = one.folder / "described.yaml"
    path.write_text(yaml.safe_dump(config))
    one.snakemake("--configfile", str(path))
    return one


def test_every_light_curve_of_every_band_reaches_the_catalogue(run: Run) -> None:
    catalogue = read_parquet(run.folder / "results/catalog/survey_rubin.parquet")
    assert len(catalogue) == OBJECTS * len(RUBIN_BANDS)
    assert set(catalogue["filter"]) == {BAND_NUMBERS[name] for name in RUBIN_BANDS}
    assert set(catalogue["obj_id"]) == {str(600000000000000000 + n) for n in range(OBJECTS)}
    # the first flux is negative, the second flagged; no two epochs are within 30 minutes
    assert set(catalogue["n_epochs"]) <= set(range(EPOCHS - 8, EPOCHS - 1))
    assert catalogue["reason"].isna().all()
    scores = catalogue[[name for name in catalogue if name.endswith(("_dnn", "_xgb"))]]
    assert np.isfinite(scores.to_numpy(dtype=float)).all()
    flat = read_parquet(run.folder / "results/catalog/survey_flat.parquet")
    assert set(flat["filter"]) == {BAND_NUMBERS["V"], BAND_NUMBERS["g"]}
    assert set(flat["obj_id"]) == {"ASASSN-V J0"}


def test_products_of_surveys_without_detectors_have_no_columns_of_them(run: Run) -> None:
    for product in ("catalog", "preds_dnn", "preds_xgb"):
        names = pq.read_schema(run.folder / f"results/{product}/survey_rubin.parquet").names
        assert not {"field", "ccd", "quad"} & set(names)
        assert {"_id", "ra", "dec", "filter", "obj_id", "reason"} <= set(names)


def test_products_say_which_survey_they_are_of_and_how_it_was_read(run: Run) -> None:
    metadata = read_metadata(run.folder / "results/catalog/survey_rubin.parquet")
    assert metadata["data_release"] == "DP1"
    assert metadata["survey"] == "rubin"
    assert metadata["survey_layout"]["unit"] == "nJy"
    assert "folder" not in metadata["survey_layout"]
    assert str(run.folder) not in json.dumps(metadata)


def test_the_report_names_the_bands_and_draws_them(run: Run) -> None:
    page = Path(run.folder / "results/report/survey_rubin.html").read_text()
    for name in RUBIN_BANDS:
        assert f">{name}<" in page
        assert f"svg .f-{name} {{ stroke: " in page
    assert "unknown ccd" not in page
