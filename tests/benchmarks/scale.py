"""Cost per light curve and peak memory of every stage, from ten thousand light curves to a million.

    python -m tests.benchmarks.scale FOLDER [--sizes 10000 100000 1000000] [--cores 2]

A synthetic field of up to 64 quadrants: one filter, 100 days, some 30 epochs, periods up to
1 cycle per day, so that a million fit on one machine. The workflow runs as anybody runs it;
times and memory are those of its own benchmark files. What lies in FOLDER is used again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from scope.runs.job_times import RuleTimes, read_times
from scope.surveys.simulation import simulate_quadrant

ROOT = Path(__file__).resolve().parents[2]
FIELD = 600
SMALLEST = 5_000
"""Light curves of a quadrant, at least."""

SETTINGS = {
    "feature_generation": {"min_n_lc_points": 20, "period_search": {"max_freq": 1.0}},
}


def main() -> None:
    """Run the workflow for each size and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    found = {}
    for size in options.sizes:
        place = options.folder / str(size)
        rows = simulate(place / "archive", size, options.cores)
        run(place, options.cores)
        found[rows] = read_times(place / "benchmarks")
    print_tables(found)


def simulate(archive: Path, size: int, cores: int) -> int:
    """Write an archive of about `size` light curves; return their number."""
    # Starting its jobs would be all that a quadrant of few light curves cost.
    number = max(1, min(64, size // SMALLEST))
    places = [(place // 4 + 1, place % 4 + 1) for place in range(number)]
    with ProcessPoolExecutor(cores) as pool:
        jobs = [pool.submit(quadrant, archive, *place, -(-size // number)) for place in places]
        return sum(job.result() for job in jobs)


def quadrant(archive: Path, ccd: int, quad: int, n_stars: int) -> int:
    """Write the files of a quadrant unless they are there; return the light curves in them."""
    folder = archive / f"ccd_{ccd}_quad_{quad}"
    if not list(folder.glob("ztf_*.parquet")):
        simulate_quadrant(
            folder,
            field=FIELD,
            ccd=ccd,
            quad=quad,
            n_stars=n_stars,
            seed=100 * ccd + quad,
            bands="r",
            years=100 / 365.25,
            n_epochs_median=30,
            with_crossmatch=False,
        )
    return sum(pq.ParquetFile(path).metadata.num_rows for path in folder.glob("ztf_*.parquet"))


def run(place: Path, cores: int) -> None:
    """Let the workflow make everything of the field."""
    settings = place / "settings.json"
    settings.write_text(json.dumps({**SETTINGS, "archive": str(place / "archive")}))
    command = [sys.executable, "-m", "scope.cli.main", "resume"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(place)]
    command += ["--configfile", str(settings), "--cores", str(cores)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def print_tables(found: dict[int, list[RuleTimes]]) -> None:
    """Print CPU time per light curve, and peak memory, of each rule and size."""
    rules = [times.rule for times in found[max(found)]]
    heads = [f"{rows:,}" for rows in found]
    for title, cell in (("CPU time per light curve [ms]", cost), ("peak memory [MB]", memory)):
        print(f"\n{title}\n\n| rule | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
        for rule in rules:
            cells = [
                next((cell(times, rows) for times in found[rows] if times.rule == rule), "")
                for rows in found
            ]
            print(f"| `{rule}` | {' | '.join(cells)} |")
    total = [sum(np.nansum(each.cpu_seconds) for each in times) for times in found.values()]
    print("\nall rules:", *(f"{1000 * s / n:.2f} ms" for s, n in zip(total, found, strict=True)))


def cost(times: RuleTimes, rows: int) -> str:
    """Return the CPU time of a rule for a light curve [ms]."""
    return f"{1000 * np.nansum(times.cpu_seconds) / rows:.3f}"


def memory(times: RuleTimes, rows: int) -> str:
    """Return the largest memory of a rule's jobs [MB]."""
    return f"{np.nanmax(times.memory_mb):.0f}"


if __name__ == "__main__":
    main()
