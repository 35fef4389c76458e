"""A field of 20,000 light curves on the stub of Kowalski, with faults; by hand, half an hour.

    python -m tests.benchmarks.kowalski_faults FOLDER [--stars 10000] [--cores 2]

Four runs of the workflow: without faults; with 5 % of all queries failing in some way; with
the server gone for a minute; with a wrong token. Products of the first three must be equal,
byte by byte.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from scope.surveys.simulation import simulate_quadrant
from tests.services.kowalski_stub import StubKowalski
from tests.services.kowalski_stub.documents import collections_of

ROOT = Path(__file__).resolve().parents[2]
QUADRANTS = [(1, 1), (1, 2), (2, 1), (2, 2)]
FETCHED = ("sources", "lightcurves", "crossmatch")
GONE_SECONDS = float(os.environ.get("GONE_SECONDS", "60"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--stars", type=int, default=10_000)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    archive = options.folder / "archive"
    if not archive.is_dir():
        for ccd, quad in QUADRANTS:
            simulate_quadrant(
                archive / f"{ccd}_{quad}",
                field=700,
                ccd=ccd,
                quad=quad,
                n_stars=options.stars // len(QUADRANTS),
                years=1.0,
                n_epochs_median=60,
            )
    collections = collections_of(archive)
    print({name: len(documents) for name, documents in collections.items()}, flush=True)
    with StubKowalski(collections) as stub:
        first = run(stub, options, "clean", ["results/preds_xgb/field_700.parquet"])
        stub.faults.at_random(0.05)
        second = run(stub, options, "faults", ["results/preds_xgb/field_700.parquet"])
        print(f"  faults: {dict(stub.faults.injected)}")
        compare(first, second)
        stub.faults.clear()
        threading.Thread(target=be_gone, args=(stub, len(stub.requests)), daemon=True).start()
        compare(first, run(stub, options, "gone", fetched()), FETCHED)
        run(stub, options, "token", fetched(), token="eyJ.wrong.token", status=1)


def fetched() -> list[str]:
    """Return what comes from the database."""
    return [
        f"results/{stage}/field_700/ccd_{ccd:02d}_quad_{quad}.parquet"
        for stage in FETCHED
        for ccd, quad in QUADRANTS
    ]


def be_gone(stub: StubKowalski, before: int) -> None:
    """Stop the server for a minute, some queries after the run began."""
    while len(stub.requests) < before + 12:
        time.sleep(0.02)
    stub.stop()
    print(f"  gone for {GONE_SECONDS:.0f} s", flush=True)
    time.sleep(GONE_SECONDS)
    stub.start()


def run(
    stub: StubKowalski,
    options: argparse.Namespace,
    name: str,
    products: list[str],
    *,
    token: str | None = None,
    status: int = 0,
) -> Path:
    """Run the workflow in an empty folder and return it."""
    folder = options.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    units = ", ".join(f"ccd_{ccd:02d}_quad_{quad}" for ccd, quad in QUADRANTS)
    host = f"{{stub: {{host: 127.0.0.1, port: {stub.port}, protocol: http}}}}"
    settings = [
        "survey=kowalski",
        f"kowalski={{hosts: {host}, units: [{units}], timeout: 60, ids_per_query: 200, "
        "positions_per_query: 200}",
        "feature_generation={min_n_lc_points: 20, period_search: {max_freq: 0.2}}",
    ]
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", str(options.cores), "--config", *settings, "--", *products]
    environment = {"PYTHONPATH": str(ROOT), "STUB_INSTANCE_TOKEN": token or stub.token()}
    began, queries = time.perf_counter(), len(stub.requests)
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds, count = time.perf_counter() - began, len(stub.requests) - queries
    print(f"{name}: {seconds:.0f} s, {count} queries, status {done.returncode}", flush=True)
    for line in done.stdout.splitlines():
        if line.startswith("error:"):
            print(f"  {line}")
            break
    if done.returncode != status:
        raise SystemExit(done.stdout[-4000:])
    return folder


def compare(first: Path, second: Path, stages: tuple[str, ...] = ()) -> None:
    """Say whether the products of two runs are equal, byte by byte."""
    results = first / "results"
    paths = [
        path.relative_to(results)
        for path in sorted(results.rglob("*.parquet"))
        if not stages or path.relative_to(results).parts[0] in stages
    ]
    differing = [
        path
        for path in paths
        if (results / path).read_bytes() != (second / "results" / path).read_bytes()
    ]
    print(f"  {len(paths)} products, {len(differing)} differ {differing[:3]}", flush=True)


if __name__ == "__main__":
    main()
