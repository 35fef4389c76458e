"""What a run costs that has hardly anything to compute: jobs that are forked, and jobs that start.

    python -m tests.benchmarks.start_up FOLDER [--parts tiny list demo classify] [--repeats 2]

FOLDER gets the runs, and is made. Each part runs in turn with the scripts of the workflow as
copies of one process, and with an interpreter for each (`SCOPE_FRESH_JOBS`), after a run that is
not counted; printed are the best by the clock and of CPU, and whether all products are equal.

    tiny        config/test/tiny.yaml: two quadrants of 12 simulated stars, 23 jobs
    list        six of their stars by id through run-scope-local, both algorithms
    demo        what `make demo` runs: one quadrant of simulated stars
    classify    scope.classify in this process: seconds per star, after a first call
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scope.lightcurves.files import iter_raw_lightcurves
from scope.plugins import DEFAULT_ALGORITHMS
from scope.runs.forked_jobs import FRESH_JOBS

ROOT = Path(__file__).resolve().parents[2]
TINY = ("--configfile", str(ROOT / "config/test/tiny.yaml"), "-s", str(ROOT / "Snakefile"))
STARS = 6
WAYS = {"forked": {}, "started": {FRESH_JOBS: "1"}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts and print what they cost."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.start_up")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="+", choices=[*PARTS, "classify"], default=[*PARTS])
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    print("| part | jobs | clock [s] | CPU [s] | products |\n|---|---|---|---|---|")
    for part in options.parts:
        if part == "classify":
            classify(options)
        else:
            compare(part, PARTS[part], options)


def compare(part: str, command: Callable[[Path], list[str]], options: argparse.Namespace) -> None:
    """Print the cost of both ways of one part."""
    found: dict[str, tuple[float, float]] = {}
    for repeat in range(options.repeats + 1):
        for way, variables in WAYS.items():
            folder = options.folder / f"{part}_{way}"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            costs = cost(command(options.folder), folder, variables)
            if repeat:
                clock, cpu = found.get(way, costs)
                found[way] = min(clock, costs[0]), min(cpu, costs[1])
    left, right = (contents(options.folder / f"{part}_{way}") for way in WAYS)
    same = "equal" if left == right else f"{sum(left[n] != right.get(n) for n in left)} differ"
    for way, (clock, cpu) in found.items():
        print(f"| {part} | {way} | {clock:.1f} | {cpu:.1f} | {len(left)}, {same} |", flush=True)


def cost(command: Sequence[str], folder: Path, variables: dict[str, str]) -> tuple[float, float]:
    """Run a command; return seconds by the clock, and of CPU in it and all that it waited for."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, check=True, capture_output=True
    )
    clock = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, cpu


def contents(folder: Path) -> dict[str, bytes]:
    """Return the products of a run; names that have the time of a run in them are left aside."""
    paths = (path for path in (folder / "results").rglob("*.parquet") if "ids_" not in str(path))
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def tiny(folder: Path) -> list[str]:
    """Return the command that runs the smallest field."""
    return [sys.executable, "-m", "snakemake", "-c2", *TINY]


def six_stars(folder: Path) -> list[str]:
    """Return the command for a list of six stars, of a sky that is made first."""
    sky, stars = folder / "sky", folder / "six.csv"
    if not stars.exists():
        run = [sys.executable, "-m", "scope.cli.main", "simulate", "--output", str(sky)]
        subprocess.run(run, check=True, capture_output=True, cwd=folder)
        ids = next(iter_raw_lightcurves(_archive_file(sky)))[1].ids[:STARS].tolist()
        stars.write_text("\n".join(["_id", *map(str, ids)]) + "\n")
    command = [sys.executable, "-m", "scope.cli.run_scope_local", "--path-dataset", str(stars)]
    models = ["--algorithms", "dnn", "xgb", "--group-names", "starter", "starter"]
    return [*command, "--archive", str(sky), *models]


def _archive_file(sky: Path) -> Path:
    """Return the first file of light curves of an archive."""
    return next(iter(sorted(sky.rglob("ztf_*.parquet"))))


def demo(folder: Path) -> list[str]:
    """Return the command that ``make demo`` runs."""
    scores = [f"results/preds_{algorithm}/field_700.parquet" for algorithm in DEFAULT_ALGORITHMS]
    products = [*scores, "results/catalog/field_700.parquet", "results/report/field_700.html"]
    snakemake = [sys.executable, "-m", "snakemake", "-c2", "-s", str(ROOT / "Snakefile")]
    return [*snakemake, "--", *products]


def classify(options: argparse.Namespace) -> None:
    """Print the seconds per star of the function, once models are loaded."""
    import scope

    six_stars(options.folder)
    curves = next(iter_raw_lightcurves(_archive_file(options.folder / "sky")))[1]
    for number in (1, STARS, 60):
        scope.classify(curves[:number])
        start = time.monotonic()
        table = scope.classify(curves[:number])
        seconds = (time.monotonic() - start) / number
        print(f"scope.classify, {number} light curves: {seconds:.3f} s each, {len(table)} rows")


PARTS: dict[str, Callable[[Path], list[str]]] = {"tiny": tiny, "list": six_stars, "demo": demo}


if __name__ == "__main__":
    main()
