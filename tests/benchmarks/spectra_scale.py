"""Memory and time of scoring trees of 1,000 to 100,000 simulated spectra by an ensemble.

    python -m tests.benchmarks.spectra_scale [--sizes 1000 10000 100000] [--members 8]

Trees are in the form of DESI, 500 fibres a file; each is scored by ``ensemble_run.py`` in a
process of its own, whose largest memory the system tells. The first 10,000 spectra differ, the
files of all further tiles are links to theirs. A run over those 10,000 is ended in its middle and
goes on: its table must be the same to the byte as the one of the run without it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scope.tasks.spectra.run_ensemble import PARTS, TABLE
from scope.tasks.spectra.simulate import (
    SurveyOptions,
    draw_sources,
    observe,
    simulate_survey,
    write_coadd,
)

FIBRES, STEP, DIFFERENT = 500, 4.8, 10_000


def write_tree(folder: Path, first: int, spectra: int) -> None:
    """Write so many spectra, one exposure of each, tile by tile."""
    options = SurveyOptions(objects=first + spectra, step=STEP, seed=11)
    sources = draw_sources(options)[first:]
    for start in range(0, spectra, FIBRES):
        tile = 1000 + (first + start) // FIBRES
        part = sources[start : start + FIBRES]
        seen = [observe(one, 0, options, 2.5) for one in part]
        place = folder / str(tile) / "00010000"
        name = place / f"coadd-0-{tile}-00010000exposure.fits"
        ids = [one.targetid for one in part]
        write_coadd(name, ids, [tile] * len(part), [10_000] * len(part), seen, STEP)


def grow_tree(folder: Path, spectra: int, more: int) -> None:
    """Add spectra to a tree: new ones up to `DIFFERENT`, then links to its files."""
    new = max(0, min(more, DIFFERENT - spectra))
    write_tree(folder, spectra, new)
    files = sorted(folder.glob("*/*/*.fits"))
    for number in range((spectra + new) // FIBRES, (spectra + more) // FIBRES):
        place = folder / str(1000 + number) / "00010000"
        place.mkdir(parents=True)
        name = f"coadd-0-{1000 + number}-00010000exposure.fits"
        (place / name).hardlink_to(files[number % (DIFFERENT // FIBRES)])


def run_script(name: str, *arguments: str) -> tuple[float, float]:
    """Run a documented script; return CPU seconds and the largest memory in MB."""
    code = f"import sys; from scope.cli.{name} import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    if status != 0:
        raise SystemExit(f"{name} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def end_in_its_middle(arguments: list[str], parts: Path, n: int) -> None:
    """Start scoring and kill it once half of the exposures are there."""
    code = "import sys; from scope.cli.ensemble_run import main; sys.exit(main(sys.argv[1:]))"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = subprocess.Popen([sys.executable, "-c", code, *arguments], **quiet)
    while len(list(parts.glob("*.parquet"))) < n // 2 and started.poll() is None:
        time.sleep(0.2)
    started.kill()
    started.wait()


def goes_on(arguments: list[str], again: Path, whole: Path, files: int) -> bool:
    """Whether a run that is killed and goes on leaves the table of the one that was not."""
    arguments = [*arguments[:3], str(again), *arguments[4:]]
    end_in_its_middle(arguments, again / PARTS, files)
    run_script("ensemble_run", *arguments)
    return _hash(again / TABLE) == _hash(whole / TABLE)


def main() -> None:
    """Train a small ensemble, score trees of growing size, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--members", type=int, default=8)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        survey = simulate_survey(folder / "survey", SurveyOptions(objects=400, step=STEP))
        data = ["-dd", str(survey / "combined.fits"), "-dt", str(survey / "truth.csv")]
        how = ["-n", str(options.members), "-e", "3", "--filters", "16", "--som-cells", "15"]
        run_script("train_qnet_ensemble", "-o", str(folder), *data, *how)
        written = 0
        for size in options.sizes:
            grow_tree(folder / "tree", written, size - written)
            written, out = size, folder / f"out_{size}"
            arguments = ["-d", str(folder / "tree"), "-o", str(out), "-i", str(folder / "ensemble")]
            cpu, memory = run_script("ensemble_run", *arguments)
            rows = (out / TABLE).read_bytes().count(b"\n") - 1
            print(f"{rows:,} spectra: {memory:.0f} MB at most, {cpu:.0f} s of CPU", flush=True)
            if size == min(DIFFERENT, options.sizes[-1]):
                same = goes_on(arguments, folder / "again", out, size // FIBRES)
                print(f"killed in its middle, it ends with the same bytes: {same}", flush=True)
        shutil.rmtree(folder / "tree")


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
