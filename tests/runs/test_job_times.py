"""Times of jobs, from benchmark files in the form that Snakemake writes."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from scope.cli import analyze_logs
from scope.runs.job_times import read_times

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
DAY = 86_400


def write(path: Path, seconds: float, memory: str, cpu: str, *, days_old: float = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:00\t{memory}\t1\t1\t1\t0\t0\t50\t{cpu}\n")
    when = path.stat().st_mtime - days_old * DAY
    os.utime(path, (when, when))


@pytest.fixture
def benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "benchmarks"
    for quad, seconds in enumerate((10.0, 20.0, 3600.0), 1):
        path = folder / f"compute_features/field_7/ccd_01_quad_{quad}.tsv"
        write(path, seconds, f"{100 * quad}", f"{seconds / 2}", days_old=10 * (quad == 3))
    # Snakemake could not look at a job that was over at once.
    write(folder / "merge/xgb/field_7.tsv", 0.5, "NA", "NA")
    return folder


def test_jobs_are_summed_up_by_rule_the_longest_first(benchmarks: Path) -> None:
    features, merge = read_times(benchmarks)
    assert features.row() == {
        "rule": "compute_features",
        "jobs": "3",
        "median_s": "20.0",
        "p90_s": "2884.0",
        "longest_s": "3600.0",
        "sum_h": "1.01",
        "cpu_h": "0.50",
        "largest_mb": "300",
    }
    assert (merge.rule, merge.row()["largest_mb"]) == ("merge", "")
    np.testing.assert_array_equal(merge.seconds, [0.5])


def test_the_command_prints_the_table_and_writes_it_beside_a_picture(
    benchmarks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze_logs.main(["--logs-path", "benchmarks", "--output-prefix", "out/times"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        ["rule", "jobs"],
        ["compute_features", "3"],
        ["merge", "1"],
    ]
    with open("out/times.csv", newline="") as file:
        assert [row["jobs"] for row in csv.DictReader(file)] == ["3", "1"]
    assert Path("out/times.png").read_bytes().startswith(b"\x89PNG")


def test_rules_and_dates_can_be_chosen(benchmarks: Path) -> None:
    last = (benchmarks / "compute_features/field_7/ccd_01_quad_1.tsv").stat().st_mtime
    day = np.datetime64(int(last - 5 * DAY), "s").astype(object)
    (times,) = read_times(benchmarks, pattern="compute_*", since=day)
    assert times.seconds.tolist() == [10.0, 20.0]


def test_a_folder_without_such_files_is_named(
    benchmarks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze_logs.main(["--log-name-pattern", "infer"]) == 2
    assert "benchmarks/infer" in capsys.readouterr().err
    assert analyze_logs.main(["--start-date", "yesterday"]) == 2
    assert "is no date such as" in capsys.readouterr().err
