"""Time from 1,000 positions to predictions on a local archive, and where it goes; by hand.

    python -m tests.benchmarks.positions FOLDER [--sources 1000] [--cores 2]

FOLDER gets an archive of simulated quadrants (kept for the next time) and a run.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from scope.surveys.archive import Archive
from scope.surveys.index import INDEX
from scope.surveys.simulation import simulate_quadrant

ROOT = Path(__file__).resolve().parents[2]
QUADRANTS = [(ccd, quad) for ccd in (1, 2) for quad in (1, 2)]
STARS = 1500


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    archive = options.folder / "archive"
    if not archive.is_dir():
        for ccd, quad in QUADRANTS:
            simulate_quadrant(
                archive / f"{ccd}_{quad}", field=700, ccd=ccd, quad=quad, n_stars=STARS
            )
    (archive / INDEX).unlink(missing_ok=True)
    run = options.folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    positions(archive, run / "stars.csv", options.sources)
    for what in ("index made", "index there"):
        began = time.perf_counter()
        found = Archive(archive).cone([60.0, 64.0], [38.0, 38.0], 2.0)
        print(
            f"one cone search, {what}: {time.perf_counter() - began:.3f} s, {found.num_rows} found"
        )
    command = [sys.executable, "-m", "scope.cli.run_scope_local", "--path-dataset", "stars.csv"]
    command += ["--archive", str(archive.resolve()), "--algorithms", "xgb", "dnn"]
    command += ["--group-names", "starter", "starter", "--Ncore", str(options.cores)]
    began = time.perf_counter()
    subprocess.run(command, cwd=run, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    print(f"all: {time.perf_counter() - began:.1f} s on {options.cores} cores")
    cpu = by_rule(run, "cpu_time")
    for rule, seconds in sorted(by_rule(run, "s").items(), key=lambda item: -item[1]):
        print(f"  {rule:<20} {seconds:6.1f} s, {cpu[rule]:6.1f} s of CPU")


def positions(archive: Path, path: Path, count: int) -> None:
    """Write positions of stars, taken at random from the g files."""
    survey = Archive(archive)
    tables = [survey.sources(700, unit) for unit in survey.units(700)]
    places = {
        (ra, dec)
        for table in tables
        for ra, dec, band in zip(
            *(table.column(name).to_pylist() for name in ("ra", "dec", "filter")), strict=True
        )
        if band == 1
    }
    rows = sorted(places)
    chosen = np.random.default_rng(0).choice(len(rows), min(count, len(rows)), replace=False)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ra", "dec", "obj_id"])
        writer.writerows([*rows[row], f"star_{number}"] for number, row in enumerate(chosen))


def by_rule(run: Path, column: str) -> Counter[str]:
    """Return the seconds that the jobs of each rule took, a column of the benchmark files."""
    seconds: Counter[str] = Counter()
    for path in (run / "benchmarks").rglob("*.tsv"):
        with path.open() as file:
            seconds[path.relative_to(run).parts[1]] += sum(
                float(row[column]) for row in csv.DictReader(file, delimiter="\t")
            )
    return seconds


if __name__ == "__main__":
    main()
