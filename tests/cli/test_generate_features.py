"""``generate-features`` turns options into one call, and mistakes into one line."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scope.cli.generate_features import main
from scope.io import read_metadata, read_table
from scope.periods.backends.cuda.device import open_device
from tests.features.curves import random_curves


@pytest.fixture
def curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of five light curves in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    table = random_curves(5, low=60, high=100).to_arrow()
    pq.write_table(table, tmp_path / "curves.parquet")
    return tmp_path / "curves.parquet"


def run(*options: str) -> int:
    return main(
        ["--light-curves", "curves.parquet", "--output", "f.parquet", "--max-freq", "1", *options]
    )


def test_the_features_are_written_and_summed_up(
    curves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--min-n-lc-points", "80") == 0
    product = read_table("f.parquet")
    n_kept = int(np.sum(product.column("n_epochs").to_numpy() >= 80))
    assert product.num_rows == 5
    assert 0 < n_kept < 5
    assert product.column("reason").null_count == n_kept
    out = capsys.readouterr().out
    assert f"5 light curves: {n_kept} with features, {5 - n_kept} without" in out
    assert "too_few_epochs" in out


def test_options_reach_the_computation(curves: Path) -> None:
    assert (
        run(
            *("--min_cadence_minutes", "60", "--samples-per-peak=5", "--fourier", "polar"),
            *("--period-algorithms", "LS", "LS_BIC", "--doRemoveTerrestrial", "--doCesium"),
            *("--max-timestamp-hjd", "2458700.5", "--workers", "1", "--chunk-size", "2"),
            *("--doBandsTogether", "--bands-radius-arcsec", "2.5"),
        )
        == 0
    )
    metadata = read_metadata("f.parquet")
    assert metadata["min_cadence_minutes"] == 60.0
    assert metadata["max_timestamp_hjd"] == 2458700.5
    assert metadata["fourier"] == "polar"
    assert metadata["period_algorithms"] == ["LS", "LS_BIC"]
    assert metadata["period_suffix"] == "LS"
    assert metadata["period_search"]["max_freq"] == 1.0
    assert metadata["period_search"]["samples_per_peak"] == 5
    assert metadata["period_search"]["remove_terrestrial"] is True
    assert metadata["bands_radius_arcsec"] == 2.5
    assert {"period_LS", "f1_a_LS_BIC", "period_BANDS"} <= set(read_table("f.parquet").schema.names)


@pytest.mark.parametrize("options", [["--doCPU"], ["--doGPU=false"], ["--backend", "cpu"]])
def test_the_device_that_is_asked_for_is_recorded(curves: Path, options: list[str]) -> None:
    Path("config.yaml").write_text("feature_generation:\n  min_n_lc_points: 90\n")
    assert run(*options) == 0
    assert read_metadata("f.parquet")["backend"] == "cpu"


def test_a_gpu_that_cannot_be_used_is_an_error_and_no_fallback(
    curves: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    open_device.cache_clear()
    assert run("--doGPU") == 2
    assert "error: backend cuda" in capsys.readouterr().err
    assert not Path("f.parquet").exists()


def test_a_configuration_file_sets_what_no_option_does(curves: Path) -> None:
    Path("config.yaml").write_text("feature_generation:\n  fourier: polar\n  min_n_lc_points: 61\n")
    assert run("--min-n-lc-points", "60") == 0
    metadata = read_metadata("f.parquet")
    assert (metadata["fourier"], metadata["min_epochs"]) == ("polar", 60)


def test_a_latest_date_of_the_configuration_can_be_lifted(curves: Path) -> None:
    Path("config.yaml").write_text("feature_generation:\n  max_timestamp_hjd: 2458300.5\n")
    assert run() == 0
    assert read_metadata("f.parquet")["max_timestamp_hjd"] == 2458300.5
    assert run("--max-timestamp-hjd", "none") == 0
    assert read_metadata("f.parquet")["max_timestamp_hjd"] is None


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--nonsense"], "--nonsense"),
        (["--min-n-lc", "3"], "--min-n-lc"),
        (["--fourier", "spherical"], "raw"),
        (["--backend", "abacus"], "abacus"),
        (["--doCPU", "--doGPU"], "--doCPU, --doGPU"),
        (["--doGPU", "--backend", "cpu"], "--doGPU, --backend"),
        (["--period-algorithms", "GUESS"], "GUESS"),
        (["--doBandsTogether", "--bands-radius-arcsec", "90"], "radius_arcsec"),
        (["--light-curves", "nowhere.parquet"], "nowhere.parquet"),
        (["--config-path", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_mistakes_are_one_line_and_status_2(
    curves: Path, capsys: pytest.CaptureFixture[str], options: list[str], complaint: str
) -> None:
    assert run(*options) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert complaint in err
    assert err.count("\n") == 1
    assert not Path("f.parquet").exists()


def test_a_file_that_is_no_parquet_is_named(
    curves: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curves.write_text("objectid,hmjd\n")
    assert run() == 2
    assert "curves.parquet" in capsys.readouterr().err


def test_a_missing_column_is_named(curves: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table: pa.Table = pq.read_table(curves)
    pq.write_table(table.drop_columns(["mag"]), curves)
    assert run() == 2
    assert "'mag'" in capsys.readouterr().err
