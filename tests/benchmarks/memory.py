"""Peak memory of features and inference for few and for many light curves.

    python -m tests.benchmarks.memory [--sizes 20000 100000] [--epochs 60]

Simulated light curves of one year, the period search up to 2 cycles per day, the starter
models. A stage whose memory grew with the number of light curves would show it here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

from scope.surveys.simulation import simulate_quadrant

ROOT = Path(__file__).resolve().parents[2]


def peak(module: str, *arguments: str) -> tuple[float, float]:
    """Run a command and return its peak memory [MB] and CPU time [s]."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{module} ended with status {status}")
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[20_000, 100_000])
    parser.add_argument("--epochs", type=int, default=60, help="epochs in the middle")
    options = parser.parse_args()
    print("| stage | light curves | peak memory [MB] | CPU time [s] |")
    print("|---|---|---|---|")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as name:
            measure(Path(name), size, options.epochs)


def measure(folder: Path, size: int, epochs: int) -> None:
    """Print the rows of one number of light curves, which come in one filter."""
    sky = folder / "sky"
    simulate_quadrant(
        sky,
        n_stars=size,
        seed=1,
        bands="r",
        years=1.0,
        n_epochs_median=epochs,
        with_crossmatch=False,
    )
    (curves,) = sky.glob("ztf_*.parquet")
    rows = pq.ParquetFile(curves).metadata.num_rows
    features = folder / "features.parquet"
    found = {
        "features": peak(
            "scope.cli.generate_features",
            *("--light-curves", str(curves), "--output", str(features)),
            *("--max-freq", "2", "--min-n-lc-points", "20", "--workers", "2"),
        )
    }
    for algorithm in ("dnn", "xgb"):
        found[f"inference, {algorithm}"] = peak(
            "scope.cli.run_inference",
            *("--features", str(features), "--group-name", "starter"),
            *("--models-dir", str(ROOT / "models"), "--algorithm", algorithm),
            *("--output", str(folder / f"{algorithm}.parquet")),
        )
    for stage, (memory, seconds) in found.items():
        print(f"| {stage} | {rows} | {memory:.0f} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    started = time.time()
    main()
    print(f"\n{time.time() - started:.0f} s in all")
