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

from scope.errors import BackendError, ConfigError, NotFoundError, ServiceError
from scope.io.atomic import write_bytes
from scope.io.yamltext import parse_yaml
from scope.runs.allocation import (
    Allocation,
    check_job_name,
    check_names,
    minutes_of,
    output_pattern,
)
from scope.runs.records import CONTROLLER_VARIABLE
from scope.runs.slurm import call, has_slurm

SCRIPT = "slurm.sub"
"""The file that `write_batch_job` writes."""

JOBS_VARIABLE = "SCOPE_MAX_JOBS"
"""Environment variable of the controller: jobs in the queue at a time."""

MAX_JOBS = 200
"""Jobs of a controller in the queue at a time, as in the profile."""

_LONGEST = 525_600
"""Minutes of a year: a bound for jobs that shall have none."""

_SUBMITTED = re.compile(r"Submitted batch job (\d+)")


@dataclass(frozen=True)
class Workers:
    """Resources of the jobs that the controller submits, where they differ from the profile.

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

    def __post_init__(self) -> None:
        check_names(
            partition=self.partition, gpu_partition=self.gpu_partition, account=self.account
        )
        if self.time is not None:
            minutes_of(self.time)

    def arguments(self, profile: Mapping[str, Any]) -> list[str]:
        """Return the options of Snakemake that put this in place of what a profile says.

        An option replaces a whole key of the profile, so that it has what else stands there.

        Parameters
        ----------
        profile : mapping
            Content of the profile, see `read_profile`.
        """
        defaults = {
            "slurm_partition": _as_text(self.partition),
            "slurm_account": _as_text(self.account),
        }
        of_gpu: dict[str, Any] = {"slurm_partition": _as_text(self.gpu_partition)}
        if self.gpus is not None or self.gpu_partition:
            of_gpu["gpu"] = 1 if self.gpus is None else self.gpus
        bounds = {
            "mem_mb": None if self.memory_gb is None else round(1000 * self.memory_gb),
            "runtime": None if self.time is None else min(minutes_of(self.time), _LONGEST),
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

    def __post_init__(self) -> None:
        check_job_name(self.name)
        output_pattern(self.logs, "%x-%j.out")

    def script(self) -> str:
        """Return the text of the batch script."""
        asked = self.allocation
        log = "%x-%j.out" if self.array is None else "%x-%A_%a.out"
        options = {
            "job-name": self.name,
            "output": output_pattern(self.logs, log),
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
        given = {name: value for name, value in options.items() if value}
        lines = [
            "#!/usr/bin/env bash",
            *(f"#SBATCH --{name}={shlex.quote(str(value))}" for name, value in given.items()),
            "set -euo pipefail",
            *([] if not self.environment else [f"source activate {shlex.quote(self.environment)}"]),
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
            try:
                return dict(parse_yaml(path.read_text()) or {})
            except (ValueError, TypeError, yaml.YAMLError) as error:
                said = str(error).splitlines()[0]
                raise ConfigError(
                    "profile that cannot be read",
                    value=f"{path}: {said}",
                    allowed="lines like `key: value`",
                ) from None
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


def _as_text(name: str | None) -> str | None:
    """Return a name as Snakemake, which evaluates resources, takes it for itself."""
    # Bare, `all` would be a function, 0012 and 1e5 numbers.
    return None if name is None else repr(name)


def _option(script: str, name: str) -> str | None:
    match = re.search(rf"^#SBATCH --{name}=(.+)$", script, re.MULTILINE)
    return match and "".join(shlex.split(match[1], comments=True))
