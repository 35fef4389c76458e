"""How fast the desk is at a million stars, measured by a browser; prints, asserts nothing.

Run as ``python -m tests.benchmarks.desk [--stars N]``; takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from scope.io import TableWriter
from scope.provenance import record
from tests.browser import Browser

NAMES = """vnv pnp sin el saw longt e ea eb ew i fla dip bogus agn bis ceph ceph2 cv dscu lpv mir
    puls rrlyr rrab rrc rscvn srv yso"""
TAGS = NAMES.split()
ENDINGS = ("dnn", "xgb", "p", "p_train", "p_field")
FILTERS = (
    "rrab_p > .9 and mag < 18",
    "period < 1 and amplitude > .3",
    "class = 'rrab' and class_p > .5",
    "cone(0, 22, 3600)",
    "log10(period) - 2 * amplitude > .5 or ea_dnn + ew_xgb > 1.2",
)
SORTS = ("mag", "class_p", "period", "class")
PIECE = 65536


def write_results(results: Path, stars: int) -> None:
    """Write a catalogue and features of invented stars."""
    rng = np.random.default_rng(1)
    ids = np.sort(rng.choice(10**9, stars, replace=False)) + 250_101_100_000_000
    catalog = results / "catalog" / "field_250.parquet"
    features = results / "features" / "field_250" / "ccd_01_quad_1.parquet"
    first = ids[:1]
    with (
        TableWriter(catalog, _catalog(rng, first).schema, record("catalog")) as rows,
        TableWriter(features, _features(rng, first).schema, record("features")) as more,
    ):
        for start in range(0, stars, PIECE):
            piece = ids[start : start + PIECE]
            rows.write(_catalog(rng, piece))
            more.write(_features(rng, piece))


def _catalog(rng: np.random.Generator, ids: np.ndarray) -> pa.Table:
    n = len(ids)
    columns = {
        "_id": pa.array(ids),
        "ra": (359 + rng.uniform(0, 7, n)) % 360,
        "dec": 20 + rng.uniform(0, 7, n),
        "filter": pa.array(rng.integers(1, 4, n), pa.int32()),
        "n_epochs": pa.array(rng.integers(50, 1500, n), pa.int32()),
        "period": 10 ** rng.uniform(-1.5, 2.5, n),
        "significance": rng.uniform(0, 50, n),
        "reason": pa.nulls(n, pa.string()),
        "Gaia_EDR3___id": pa.array(rng.integers(0, 2**60, n)),
    }
    for tag in TAGS:
        for ending in ENDINGS:
            columns[f"{tag}_{ending}"] = rng.beta(0.2, 3, n).astype(np.float32)
        columns[f"{tag}_set"] = pa.array(rng.integers(1, 4, n), pa.int8())
    return pa.table(columns)


def _features(rng: np.random.Generator, ids: np.ndarray) -> pa.Table:
    n = len(ids)
    return pa.table(
        {
            "_id": pa.array(ids),
            "median": rng.normal(18.5, 1.3, n),
            "i90r": 10 ** rng.normal(-1.1, 0.35, n),
            "Gaia_EDR3__phot_bp_mean_mag": rng.normal(18, 1, n),
            "Gaia_EDR3__phot_rp_mean_mag": rng.normal(17, 1, n),
        }
    )


def started(results: Path) -> tuple[subprocess.Popen[str], str, float]:
    """Start the desk; its address, and the seconds until it told it."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "scope.cli.main", "desk", str(results)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "The desk is at " in line:
            return process, line.split("The desk is at ")[1].strip(), time.monotonic() - begin
    raise SystemExit("the desk did not start")


def peak_mb(process: subprocess.Popen[str]) -> float:
    """The most memory that a process has had, megabytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def timed(browser: Browser, question: dict[str, object], name: str = "rows") -> float:
    """Milliseconds from asking to the parsed answer, in the browser."""
    script = (
        f"(async () => {{ const t = performance.now(); await Api.get('{name}', "
        f"{json.dumps(question)}); return performance.now() - t; }})()"
    )
    return float(browser.run(script))


def line(what: str, *milliseconds: float) -> None:
    shown = "  ".join(f"{value:8.0f}" for value in milliseconds)
    print(f"  {what:64s}{shown} ms", flush=True)


def measure(browser: Browser, address: str) -> None:
    """Print the times of the first screen, filters, sorts, pages and diagrams."""
    browser.go(address)
    browser.wait("document.querySelectorAll('#stars tbody tr').length")
    screen = browser.run(
        "performance.getEntriesByType('resource').filter(e => e.name.includes('api/rows'))[0]"
        ".responseEnd"
    )
    line("first screen: from the address to the rows of the table", screen)
    browser.wait("document.documentElement.dataset.ready")
    columns = browser.run("TableView.state.columns")
    total = browser.run("TableView.count")
    rows = {"columns": columns, "limit": 100}
    print("  two numbers: asked the first time, and again")
    for text in FILTERS:
        question = {**rows, "filter": text}
        line(text, timed(browser, question), timed(browser, question))
    for name in SORTS:
        question = {**rows, "sort": name, "descending": True}
        line(f"sort by {name}", timed(browser, question), timed(browser, question))
        filtered = {**question, "filter": FILTERS[1]}
        line(f"sort by {name}, filtered", timed(browser, filtered), timed(browser, filtered))
    for share in (0.1, 0.5, 0.999):
        question = {**rows, "sort": "mag", "offset": int(share * total)}
        line(f"page at {share:.1%} of the table, sorted", timed(browser, question))
    for name in browser.run("TableView.about.diagrams.map(one => one.name)"):
        question = {"name": name, "filter": FILTERS[1]}
        line(f"diagram {name}", timed(browser, {"name": name}, "diagram"))
        line(f"diagram {name}, filtered", timed(browser, question, "diagram"))
    angle = np.linspace(0, 2 * np.pi, 37)[:-1]
    corners = np.stack([0.4 * np.cos(angle), 0.3 * np.sin(angle) - 1.0], axis=1).tolist()
    region = {**rows, "regions": [{"diagram": "period_amplitude", "corners": corners}]}
    line("region of 36 corners", timed(browser, region), timed(browser, region))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scope-desk-") as folder:
        results = Path(folder) / "results"
        write_results(results, options.stars)
        process, _, seconds = started(results)
        print(f"{options.stars:,} stars; table made on the first start, in {seconds:.1f} s")
        process.terminate()
        process.wait()
        process, address, seconds = started(results)
        print(f"  started again in {seconds:.1f} s")
        browser = Browser()
        try:
            measure(browser, address)
            print(f"  most memory of the desk: {peak_mb(process):.0f} MB")
        finally:
            browser.close()
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
