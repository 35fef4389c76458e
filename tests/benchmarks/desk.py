"""How fast the desk is at a million stars, measured by a browser; prints, asserts nothing.

Run as ``python -m tests.benchmarks.desk [--stars N]``; takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import os
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
FILTERED = {"filter": FILTERS[1]}
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


TIMED = """(async () => {{
    const start = performance.now();
    Object.assign(TableView.state, {{ filter: "", regions: [], sort: null, descending: false,
      offset: 0 }}, {state});
    await TableView.refresh({figures});
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    if (TableView.problem.textContent) throw new Error(TableView.problem.textContent);
    return performance.now() - start;
}})()"""
"""From what a click asks for to the frame that shows it."""


def timed(browser: Browser, state: dict[str, object], figures: bool = False) -> float:
    """Milliseconds from a change of the table's state to the frame that shows the rows."""
    script = TIMED.format(state=json.dumps(state), figures=json.dumps(figures))
    return float(browser.run(script))


def line(what: str, *milliseconds: float) -> None:
    shown = "  ".join(f"{value:8.0f}" for value in milliseconds)
    print(f"  {what:64s}{shown} ms", flush=True)


def first_screen(browser: Browser, address: str, what: str) -> None:
    """Print how long after the address the rows and the diagrams were there."""
    browser.go("about:blank")
    browser.go(address)
    browser.wait("!!document.documentElement.dataset.ready")
    marks = [
        browser.run(f"performance.getEntriesByName('desk-{name}')[0].startTime")
        for name in ("rows", "figures")
    ]
    line(f"first screen{what}: rows of the table, and all diagrams", *marks)


def measure(browser: Browser, address: str) -> None:
    """Print the times of the first screen, filters, sorts, pages and regions."""
    first_screen(browser, address, "")
    first_screen(browser, address, ", again")
    total = browser.run("TableView.count")
    print("  rows of the table asked the first time, again, and with all diagrams")
    for text in FILTERS:
        state: dict[str, object] = {"filter": text}
        line(text, *(timed(browser, state, figures) for figures in (False, False, True)))
    angle = np.linspace(0, 2 * np.pi, 37)[:-1]
    corners = np.stack([0.4 * np.cos(angle), 0.3 * np.sin(angle) - 1.0], axis=1).tolist()
    state = {"regions": [{"diagram": "period_amplitude", "corners": corners}]}
    times = [timed(browser, state, figures) for figures in (False, False, True)]
    line("region of 36 corners", *times)
    print("  all rows, and those of a filter, in an order")
    for name in SORTS:
        state = {"sort": name, "descending": True}
        line(f"sort by {name}", timed(browser, state), timed(browser, {**state, **FILTERED}))
    for share in (0.1, 0.5, 0.999):
        state = {"sort": "mag", "offset": int(share * total)}
        line(f"page at {share:.1%} of the table, sorted", timed(browser, state))
    every_column(browser)


def every_column(browser: Browser) -> None:
    """Print the middle and the longest time of a filter and of an order, over all columns."""
    columns = browser.run("TableView.about.columns.map(one => [one.name, one.kind])")
    numbers = [name for name, kind in columns if kind == "number"]
    tests = {
        f"order by each of {len(columns)} columns": [
            {"sort": name, "descending": falls} for name, _ in columns for falls in (False, True)
        ],
        f"filter by each of {len(numbers)} columns": [
            {"filter": f"`{name}` > .2"} for name in numbers
        ],
        "filter and order by each": [
            {"filter": f"`{name}` > .2", "sort": name, "descending": True} for name in numbers
        ],
    }
    print("  middle, 95 %, longest, and the longest once more")
    for what, states in tests.items():
        times = [timed(browser, state) for state in states]
        # Whether the longest is long by itself, or waited for other work of the machine.
        again = timed(browser, states[int(np.argmax(times))])
        line(what, *np.quantile(times, [0.5, 0.95, 1.0]), again)


def two_cores() -> int:
    """Keep this process and those that it starts on two cores; the number of them."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, cores)
    return len(cores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stars", type=int, default=1_000_000)
    options = parser.parse_args()
    print(f"{two_cores()} cores, for the desk and the browser together")
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
