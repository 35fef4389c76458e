"""What planning whole fields costs: time and memory of a dry-run.

``python -m tests.benchmarks.planning [--fields N]``

An archive of empty files stands for the fields: 64 quadrants in three filters each. No file
is opened while planning; if one were, the dry-run would fail.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scope.surveys.layout import file_name

ROOT = Path(__file__).resolve().parents[2]


def empty_archive(folder: Path, fields: int, quadrants: int = 64, bands: str = "gri") -> None:
    """Make empty files with the names that a bulk archive gives to whole fields."""
    for field in range(250, 250 + fields):
        (folder / f"{field:06d}").mkdir(parents=True)
        for number in range(quadrants):
            ccd, quad = number // 4 + 1, number % 4 + 1
            for band in bands:
                (folder / f"{field:06d}" / file_name(field, ccd, quad, band, 5)).touch()


def plan(archive: Path, folder: Path) -> int:
    """Dry-run all products of an archive and return the number of jobs."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")),
            *("--directory", str(folder), "--cores", "2", "--dry-run", "--quiet", "all"),
            *("--config", f"archive={archive}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    total = re.search(r"^total\s+(\d+)", done.stdout, re.MULTILINE)
    if done.returncode != 0 or total is None:
        raise RuntimeError(done.stdout[-3000:])
    return int(total[1])


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description="Time and memory of planning.")
    parser.add_argument("--fields", type=int, default=77)
    fields = parser.parse_args().fields
    with tempfile.TemporaryDirectory() as place:
        empty_archive(Path(place) / "archive", fields)
        (Path(place) / "run").mkdir()
        began = time.monotonic()
        jobs = plan(Path(place) / "archive", Path(place) / "run")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{fields} fields, {jobs:,} jobs: {used.ru_utime:.1f} user s, "
        f"{time.monotonic() - began:.0f} s by the clock, {used.ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    main()
