"""Batch scripts: above all a Snakemake that is a SLURM job itself, as login nodes want it."""

from __future__ import annotations

import math
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from scope.errors import BackendError, NotFoundError, ServiceError, UsageError
from scope.io.atomic import write_bytes
from scope.runs.records import CONTROLLER_VARIABLE
from scope.runs.slurm import call, has_slurm

SCRIPT = "slurm.sub"
"""The file that `write_batch_job` writes."""

JOBS_VARIABLE = "SCOPE_MAX_JOBS"
"""Environment variable of the controller: jobs in the queue at a time."""

MAX_JOBS = 200
"""Jobs of a controller in the queue at a time, as in the profile."""

_DURATION = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_SUBMITTED = re.compile(r"Submitted batch job (\d+)")


@dataclass(frozen=True)
class Allocation:
    """What a job asks SLURM for; None leaves it to the cluster.

    Attributes
    ----------
    partition, account : str or None
    memory_gb : float or None
    time : str or None
        As SLURM writes it: ``48:00:00``, ``2-00:00:00``.
    nodes, cores, gpus : int
    mail_user : str or None
        Who is told of its end.
    """

    partition: str | None = None
    account: str | None = None
    memory_gb: float | None = None
    time: str | None = None
    nodes: int = 1
    cores: int = 1
    gpus: int = 0
    mail_user: str | None = None


@dataclass(frozen=True)
class Workers:
    """What differs from the profile for the jobs that the controller submits.

    Attributes
    ----------
    partition, gpu_partition, account : str or None
        Of all jobs, and of those that use a GPU.
    gpus : int or None
        Of a job that computes features or trains.
    cores : int or None
        Of the largest job.
    memory_gb : float or None
        Of the largest job.
    time : str or None
        Of the longest job, as SLURM writes it.
    gpu_rules : tuple of str
        Rules whose jobs use a GPU.
    """

    partition: str | None = None
    gpu_partition: str | None = None
    account: str | None = None
    gpus: int | None = None
    cores: int | None = None
    memory_gb: float | None = None
    time: str | None = None
    gpu_rules: tuple[str, ...] = ("compute_features",)

    def arguments(self, profile: Mapping[str, Any]) -> list[str]:
        """Return the options of Snakemake that put this in place of what a profile says.

        An option replaces a whole key of the profile, so that it has what else stands there.

        Parameters
        ----------
        profile : mapping
            Content of the profile, see `read_profile`.
        """
        defaults = {"slurm_partition": self.partition, "slurm_account": self.account}
        of_gpu: dict[str, Any] = {"slurm_partition": self.gpu_partition}
        if self.gpus is not None or self.gpu_partition:
            of_gpu["gpu"] = 1 if self.gpus is None else self.gpus
        bounds = {
            "mem_mb": None if self.memory_gb is None else round(1000 * self.memory_gb),
            "runtime": None if self.time is None else minutes_of(self.time),
        }
        found = _assignments("--default-resources", profile, defaults)
        sets = {
            f"{rule}:{name}": value for rule in self.gpu_rules for name, value in of_gpu.items()
        }
        found += _assignments("--set-resources", profile, sets)
        found += _assignments("--resources", profile, bounds)
        return found if self.cores is None else [*found, "--cores", str(self.cores)]


@dataclass(frozen=True)
class BatchJob:
    """A job that is submitted to SLURM.

    Attributes
    ----------
    name : str
    commands : sequence of str
        Lines of bash; the job ends at the first that fails.
    folder : Path
        Where they run.
    logs : Path
        Folder for what they print.
    allocation : Allocation
    environment : str or None
        Name of a conda environment to activate first.
    array : int or None
        So many jobs of it, which have `SLURM_ARRAY_TASK_ID` from 1 on.
    """

    name: str
    commands: Sequence[str]
    folder: Path
    logs: Path
    allocation: Allocation = field(default_factory=Allocation)
    environment: str | None = None
    array: int | None = None

    def script(self) -> str:
        """Return the text of the batch script."""
        asked = self.allocation
        log = "%x-%j.out" if self.array is None else "%x-%A_%a.out"
        options = {
            "job-name": self.name,
            "output": str(self.logs.absolute() / log),
            "array": None if self.array is None else f"1-{self.array}",
            "nodes": asked.nodes,
            "ntasks": 1,
            "cpus-per-task": asked.cores,
            "gres": f"gpu:{asked.gpus}" if asked.gpus else None,
            "partition": asked.partition,
            "account": asked.account,
            "mem": None if asked.memory_gb is None else f"{math.ceil(1000 * asked.memory_gb)}M",
            "time": asked.time,
            "mail-user": asked.mail_user,
            "mail-type": "END,FAIL" if asked.mail_user else None,
        }
        lines = [
            "#!/usr/bin/env bash",
            *(f"#SBATCH --{name}={value}" for name, value in options.items() if value),
            "set -euo pipefail",
            *([] if self.environment is None else [f"source activate {self.environment}"]),
            f"cd {shlex.quote(str(self.folder.absolute()))}",
            *self.commands,
        ]
        return "\n".join(lines) + "\n"


def controller_commands(
    arguments: Sequence[str], *, max_jobs: int = MAX_JOBS, python: str = sys.executable
) -> list[str]:
    """Return lines of bash that run Snakemake, or go on with a run that was killed.

    Parameters
    ----------
    arguments : sequence of str
        Snakemake's, without ``--jobs``.
    max_jobs : int
        Jobs in the queue at a time, unless the environment variable `JOBS_VARIABLE` is set.
    python : str
        The interpreter.
    """
    words = [python, "-m", "scope.cli.main", "resume", *arguments]
    divide = words.index("--") if "--" in words else len(words)
    jobs = f'--jobs "${{{JOBS_VARIABLE}:-{max_jobs}}}"'
    command = [shlex.join(words[:divide]), jobs, shlex.join(words[divide:])]
    return [
        f'export {CONTROLLER_VARIABLE}="${{SLURM_JOB_ID:-}}"',
        # What the job inherits from its own allocation would be taken for the wishes of the
        # jobs that it submits. SLURM_CONF says where the cluster is.
        "unset $(compgen -v SLURM_ | grep -vx SLURM_CONF)",
        " ".join(filter(None, command)),
    ]


def write_batch_job(job: BatchJob, folder: str | Path) -> Path:
    """Write the batch script of a job into a folder; return its path."""
    path = Path(folder) / SCRIPT
    # SLURM does not make the folder of the output, and ends the job without a word.
    job.logs.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(job.script().encode(), path)
    path.chmod(0o755)
    return path


def submit(script: str | Path, *, max_jobs: int | None = None) -> int:
    """Submit a batch script, and return the number of its job.

    Parameters
    ----------
    script : path
    max_jobs : int, optional
        Jobs that a controller may have in the queue, or an array run, at a time.

    Raises
    ------
    NotFoundError
        If there is no such script.
    BackendError
        If SLURM is not there.
    ServiceError
        If SLURM refuses it, or such a controller is in the queue already.
    """
    script = Path(script)
    if not script.is_file():
        raise NotFoundError("no such batch script", value=str(script), todo="write it first")
    if not has_slurm():
        raise BackendError(
            "no SLURM on this machine", todo=f"run `bash {script}` where jobs are submitted from"
        )
    text = script.read_text()
    name = _option(text, "job-name") or ""
    queued = call("squeue", "--me", "--noheader", "--name", name, "--format", "%i").split()
    if queued:
        raise ServiceError(
            f"a job {name!r} is in the queue already",
            value=f"job {', '.join(queued)}",
            todo="let it end, or cancel it with scancel",
        )
    exports = "ALL" if max_jobs is None else f"ALL,{JOBS_VARIABLE}={max_jobs}"
    array = _option(text, "array")
    throttle = [] if max_jobs is None or array is None else ["--array", f"{array}%{max_jobs}"]
    answer = call("sbatch", *throttle, "--export", exports, str(script))
    if match := _SUBMITTED.search(answer):
        return int(match[1])
    raise ServiceError("answer of sbatch that is not understood", value=answer.strip())


def minutes_of(time: str) -> int:
    """Return a time as SLURM writes it in minutes, rounded up.

    ``90`` and ``90:00`` are minutes, ``1:30:00`` hours, ``1-12`` and ``1-12:00:00`` days
    and hours.

    Raises
    ------
    UsageError
        If it is none.
    """
    match = _DURATION.fullmatch(time)
    if match is None:
        raise UsageError(
            "time that SLURM does not know", value=time, allowed="minutes, H:M:S or D-H:M:S"
        )
    days, *rest = match.groups()
    parts = [int(part) for part in rest if part is not None]
    if days is not None:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
        return 1440 * int(days) + 60 * hours + minutes + math.ceil(seconds / 60)
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        return parts[0] + math.ceil(parts[1] / 60)
    return 60 * parts[0] + parts[1] + math.ceil(parts[2] / 60)


def read_profile(profile: str | Path) -> dict[str, Any]:
    """Return the content of a profile of Snakemake: a folder, or a name in the user's profiles.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    home = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    for folder in (Path(profile), home / "snakemake" / profile):
        for path in sorted(folder.glob("config*.y*ml"), reverse=True):
            content = yaml.safe_load(path.read_text())
            return dict(content or {})
    raise NotFoundError(
        "no such profile", value=str(profile), todo="name its folder, or run `make install-profile`"
    )


def _assignments(
    option: str, profile: Mapping[str, Any], changes: Mapping[str, object]
) -> list[str]:
    """Return an option with the profile's values and the changes; nothing without changes."""
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        return []
    there = profile.get(option.removeprefix("--"), {})
    pairs = there.items() if isinstance(there, dict) else (each.split("=", 1) for each in there)
    flat: dict[str, object] = {}
    for name, value in pairs:
        if isinstance(value, dict):
            flat |= {f"{name}:{key}": item for key, item in value.items()}
        else:
            flat[name] = value
    return [option, *(f"{name}={value}" for name, value in (flat | given).items())]


def _option(script: str, name: str) -> str | None:
    match = re.search(rf"^#SBATCH --{name}=(\S+)", script, re.MULTILINE)
    return match and match[1]
