"""The job that follows events, in the bare environment of cron."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from scope.runs.records import read_records
from tests.gcn.events import add_event
from tests.services.fritz_sky import SCALE, furnish
from tests.services.fritz_stub import StubFritz

MAP = '{"vnv": {"fritz_label": "variable", "taxonomy_id": 1}}\n'
SETTINGS = """
archive: {sky}
feature_generation: {{min_n_lc_points: 20, period_search: {{max_freq: 1.0}}}}
inference: {{classes: [vnv]}}
thresholds: {{posting: 0.05}}
gcn: {{post_group_ids: [4], post_group_ids_by_tag: {{}}, tags: [GW], taxonomy_map: map.json}}
fritz: {{host: 127.0.0.1, port: {port}, protocol: http, timeout: 10, patience_seconds: 20,
         requests_per_second: {rate}, settle_seconds: {settle}}}
"""


def write_run(folder: Path, stub: StubFritz, sky: Path) -> None:
    """Write what a user has in the folder of the run: settings, a map, the token."""
    rate, settle = 4 * SCALE, 10 / SCALE
    text = SETTINGS.format(sky=sky, port=stub.port, rate=rate, settle=settle)
    (folder / "config.yaml").write_text(text)
    (folder / "map.json").write_text(MAP)
    private = folder / "private.yaml"
    private.touch(mode=0o600)
    private.write_text(f"fritz: {{fritz: {{token: {stub.admin}}}}}\n")


def crontab(root: Path) -> str:
    """Return the documented command of a crontab, with this Python in place of .venv's."""
    lines = (root / "docs" / "gcn.md").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("0 */2 ") and "--profile" not in line]
    command = line.removeprefix("0 */2 * * * ")
    assert "%" not in command  # to cron it is a newline
    return command.replace("$HOME/scope/.venv/bin/python", sys.executable)


def start(
    root: Path, folder: Path, command: str = "", options: Sequence[str] = (), **more: str
) -> subprocess.Popen[str]:
    """Start the job in the environment that cron gives; by default without its shell.

    `more` are variables that a crontab sets.
    """
    if command:
        words = ["/bin/sh", "-c", command]
    else:
        words = [sys.executable, str(root / "gcn_cronjob.py"), *options]
    variables = {"HOME": str(folder.parent), "SHELL": "/bin/sh", **more}
    return subprocess.Popen(
        ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(job: subprocess.Popen[str], status: int = 0) -> str:
    printed = job.communicate(timeout=300)[0]
    assert job.returncode == status, printed[-6000:]
    return printed


def kill(job: subprocess.Popen[str], folder: Path) -> None:
    """Kill the job, its Snakemake and what that runs on this machine, at once."""
    os.killpg(job.pid, signal.SIGKILL)
    for record in read_records(folder):
        if record.state == "at work":
            with suppress(ProcessLookupError):
                os.killpg(record.pid, signal.SIGKILL)
    job.communicate()


def recent_event(stub: StubFritz, stars: list[dict[str, Any]], sources: int) -> str:
    """Add an event of two days ago, and return its time as in names of files."""
    when = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(days=2)
    mjd = (when - datetime(1858, 11, 17)).total_seconds() / 86400.0
    furnish(stub)
    add_event(stub, stars, when.isoformat(), ("GW",), mjd, sources=sources)
    return when.isoformat().replace(":", "-")


def stars_of(archive: Path) -> list[dict[str, Any]]:
    """Return the light curves in g of an archive, with their ids and places."""
    path = next(archive.glob("ztf_*_zg_*.parquet"))
    return pq.read_table(path, columns=["objectid", "objra", "objdec"]).to_pylist()
