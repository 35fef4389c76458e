"""Run folders as Snakemake and the scheduler leave them, made by hand."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scope.runs.records import RECORDS, Job, begin_run


def job(unit: str = "ccd_01_quad_1", rule: str = "compute_features", **changes: Any) -> Job:
    stage = {"compute_features": "features", "fetch_lightcurves": "lightcurves"}[rule]
    values: dict[str, Any] = {
        "rule": rule,
        "target": "field_7",
        "unit": unit,
        "output": f"results/{stage}/field_7/{unit}.parquet",
        "log": f"logs/{rule}/field_7/{unit}.log",
        "benchmark": f"benchmarks/{rule}/field_7/{unit}.tsv",
        "needed": True,
    }
    return Job(**{**values, **changes})


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def record(folder: Path, jobs: Sequence[Job] = (), log: str = "", **changes: Any) -> Path:
    """Write a record of this very process, then change what it says."""
    number = len(list((folder / RECORDS).glob("*.json")))
    text = write(folder / ".snakemake/log" / f"{number}.snakemake.log", log)
    path = begin_run(jobs, folder=folder, command="snakemake", logs=[str(text)])
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return path


def finish(folder: Path, done: Job, seconds: float = 10.0) -> None:
    """Leave what a job leaves that has ended well."""
    write(folder / done.output)
    write(folder / (done.benchmark or ""), f"s\th:m:s\n{seconds}\t0:00:10\n")


def mark(folder: Path, running: Job) -> None:
    """Leave Snakemake's marker of a job that has begun."""
    name = base64.urlsafe_b64encode(running.output.encode()).decode()
    write(folder / ".snakemake/incomplete" / name)


def ended_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def fake_slurm(folder: Path, queue: Sequence[str]) -> dict[str, str]:
    """Put `squeue` and `scancel` into a folder; return the PATH that finds them first.

    Cancelled jobs leave the queue, and their ids are kept in the file `cancelled`.
    """
    lines = write(folder / "queue", "".join(f"{line}\n" for line in queue))
    cancelled = folder / "cancelled"
    write(folder / "bin" / "squeue", f"#!/bin/sh\ncat {lines}\n").chmod(0o755)
    write(
        folder / "bin" / "scancel",
        f"""#!/bin/sh
echo "$@" >> {cancelled}
for id in "$@"; do sed -i "/^$id|/d" {lines}; done
""",
    ).chmod(0o755)
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
