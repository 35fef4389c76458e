"""A Snakemake that runs as a SLURM job itself, for those who may not leave one on a login node."""

from __future__ import annotations

import math
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scope.errors import BackendError, NotFoundError, ServiceError, UsageError
from scope.io.atomic import write_bytes
from scope.runs.records import CONTROLLER_VARIABLE
from scope.runs.slurm import call, has_slurm

SCRIPT = "slurm.sub"
"""The file that `write_controller` writes."""

JOBS_VARIABLE = "SCOPE_MAX_JOBS"
"""Environment variable of the controller: jobs in the queue at a time."""

_JOBS = 200
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
    nodes, cores : int
    mail_user : str or None
        Who is told of its end.
    """

    partition: str | None = None
    account: str | None = None
    memory_gb: float | None = None
    time: str | None = None
    nodes: int = 1
    cores: int = 1
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
    max_jobs : int or None
        In the queue at a time.
    queries : int
        Of Kowalski at a time.
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
    max_jobs: int | None = None
    queries: int = 20
    gpu_rules: tuple[str, ...] = ("compute_features",)

    def arguments(self) -> list[str]:
        """Return the options of Snakemake, which replace whole keys of the profile."""
        found: list[str] = []
        defaults = {"slurm_partition": self.partition, "slurm_account": self.account}
        if any(defaults.values()):
            found += ["--default-resources"]
            found += [f"{name}={value}" for name, value in defaults.items() if value]
        if self.gpus is not None or self.gpu_partition:
            found += ["--set-resources"]
            for rule in self.gpu_rules:
                found.append(f"{rule}:gpu={1 if self.gpus is None else self.gpus}")
                if self.gpu_partition:
                    found.append(f"{rule}:slurm_partition={self.gpu_partition}")
        if self.memory_gb is not None or self.time is not None:
            memory = 128_000 if self.memory_gb is None else round(1000 * self.memory_gb)
            longest = 2880 if self.time is None else minutes_of(self.time)
            found += ["--resources", f"mem_mb={memory}", f"runtime={longest}"]
            found += [f"kowalski={self.queries}"]
        if self.cores is not None:
            found += ["--cores", str(self.cores)]
        return found


@dataclass(frozen=True)
class Controller:
    """A run of Snakemake that is submitted to SLURM.

    Attributes
    ----------
    name : str
        Of its job.
    arguments : sequence of str
        Snakemake's, without ``--jobs``.
    folder : Path
        Of the run; the script runs there.
    logs : Path
        Folder for what the controller prints.
    allocation : Allocation
        Of the controller itself.
    max_jobs : int
        Jobs in the queue at a time, unless the environment variable `JOBS_VARIABLE` is set.
    environment : str or None
        Name of a conda environment to activate; by default this interpreter is used as it is.
    afterwards : sequence of sequence of str
        Commands to run when Snakemake has made everything.
    """

    name: str
    arguments: Sequence[str]
    folder: Path
    logs: Path
    allocation: Allocation = field(default_factory=Allocation)
    max_jobs: int = _JOBS
    environment: str | None = None
    afterwards: Sequence[Sequence[str]] = ()

    def script(self) -> str:
        """Return the text of the batch script."""
        asked, logs = self.allocation, self.logs.absolute() / "controller-%j.out"
        options = {
            "job-name": self.name,
            "output": str(logs),
            "nodes": asked.nodes,
            "ntasks": 1,
            "cpus-per-task": asked.cores,
            "partition": asked.partition,
            "account": asked.account,
            "mem": None if asked.memory_gb is None else f"{math.ceil(1000 * asked.memory_gb)}M",
            "time": asked.time,
            "mail-user": asked.mail_user,
            "mail-type": "END,FAIL" if asked.mail_user else None,
        }
        header = [f"#SBATCH --{name}={value}" for name, value in options.items() if value]
        python = sys.executable if self.environment is None else "python"
        resume = [python, "-m", "scope.cli.main", "resume", *self.arguments]
        divide = resume.index("--") if "--" in resume else len(resume)
        jobs = f'--jobs "${{{JOBS_VARIABLE}:-{self.max_jobs}}}"'
        command = f"{shlex.join(resume[:divide])} {jobs} {shlex.join(resume[divide:])}".rstrip()
        activate = [] if self.environment is None else [f"source activate {self.environment}"]
        lines = [
            "#!/usr/bin/env bash",
            *header,
            "# Runs Snakemake, which submits the jobs. After a fault submit it again: it goes",
            "# on where it was.",
            "set -euo pipefail",
            *activate,
            f'export {CONTROLLER_VARIABLE}="${{SLURM_JOB_ID:-}}"',
            f"cd {shlex.quote(str(self.folder.absolute()))}",
            command,
            *map(shlex.join, self.afterwards),
        ]
        return "\n".join(lines) + "\n"


def write_controller(controller: Controller, folder: str | Path) -> Path:
    """Write the batch script of a controller into a folder; return its path."""
    path = Path(folder) / SCRIPT
    # SLURM does not make the folder of the output, and ends the job without a word.
    controller.logs.mkdir(parents=True, exist_ok=True)
    write_bytes(controller.script().encode(), path)
    path.chmod(0o755)
    return path


def submit(script: str | Path, *, max_jobs: int | None = None) -> int:
    """Submit a batch script, and return the number of its job.

    Parameters
    ----------
    script : path
    max_jobs : int, optional
        Jobs that the controller may have in the queue at a time.

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
    name = _job_name(script)
    queued = call("squeue", "--me", "--noheader", "--name", name, "--format", "%i").split()
    if queued:
        raise ServiceError(
            f"a controller {name!r} is in the queue already",
            value=f"job {', '.join(queued)}",
            todo="let it end, or cancel it with scancel",
        )
    exports = "ALL" if max_jobs is None else f"ALL,{JOBS_VARIABLE}={max_jobs}"
    answer = call("sbatch", "--export", exports, str(script))
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


def _job_name(script: Path) -> str:
    match = re.search(r"^#SBATCH --job-name=(\S+)", script.read_text(), re.MULTILINE)
    if match is None:
        raise NotFoundError("batch script without a job name", value=str(script))
    return match[1]
