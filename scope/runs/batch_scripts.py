"""Batch scripts for SLURM from the options of the commands that write and submit them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scope.checkout import CHECKOUT, SNAKEFILE
from scope.runs.allocation import Allocation, check_job_name, output_pattern
from scope.runs.controller import (
    MAX_JOBS,
    BatchJob,
    Workers,
    controller_commands,
    read_profile,
    submit,
    write_batch_job,
)
from scope.runs.run_workflow import write_json

if TYPE_CHECKING:
    from scope.config.model import Config

PROFILE = CHECKOUT / "profiles" / "slurm"
"""The profile of the checkout."""


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Place of a batch script, and the resources that its jobs ask for.

    Attributes
    ----------
    dirname, job_name : str
        Folder that gets slurm/slurm.sub and logs/, and the name of the job.
    partition_type, account_name : str, optional
        Of the jobs; by default the profile's.
    gpus, ncore : int, optional
        GPUs and cores of a job.
    memory_gb : float, optional
        Memory of the largest job.
    time : str, optional
        Longest time of a job, as SLURM writes it.
    mail_user : str, optional
        Address that is told of the end.
    python_env_name : str, optional
        Conda environment; by default this Python.
    submit_partition_type, submit_memory_gb, submit_ncore
        Of the controller itself, where the script runs one.
    max_instances : int, optional
        Jobs in the queue at a time.
    profile : str
        Profile of Snakemake, with the settings of the cluster.
    """

    dirname: str
    job_name: str
    partition_type: str | None = None
    account_name: str | None = None
    gpus: int | None = None
    ncore: int | None = None
    memory_gb: float | None = None
    time: str | None = None
    mail_user: str | None = None
    python_env_name: str | None = None
    submit_partition_type: str | None = None
    submit_memory_gb: float = 2.0
    submit_ncore: int = 1
    max_instances: int | None = None
    profile: str = str(PROFILE)

    def interpreter(self) -> str:
        """Return the Python that a batch script runs."""
        return sys.executable if self.python_env_name is None else "python"

    def controller_allocation(self) -> Allocation:
        """Return what the controller itself asks for."""
        return Allocation(
            partition=self.submit_partition_type,
            account=self.account_name,
            memory_gb=self.submit_memory_gb,
            time=self.time,
            cores=self.submit_ncore,
            mail_user=self.mail_user,
        )

    def job_allocation(self) -> Allocation:
        """Return what a job asks for that does the work itself."""
        return Allocation(
            partition=self.partition_type,
            account=self.account_name,
            memory_gb=self.memory_gb,
            time=self.time,
            cores=self.ncore or 1,
            gpus=self.gpus or 0,
            mail_user=self.mail_user,
        )


def check_controller(options: BatchOptions) -> None:
    """Make sure that a controller can be written, before anything is.

    Raises
    ------
    UsageError, NotFoundError, ConfigError
        If SLURM cannot be given the options, or the profile is not there.
    """
    check_job_name(options.job_name)
    output_pattern(Path(options.dirname) / "logs", "")
    options.controller_allocation()
    read_profile(options.profile)


def write_controller(
    options: BatchOptions,
    config: Config,
    workers: Workers,
    products: Sequence[str],
    *,
    afterwards: Sequence[str] = (),
    report: Callable[[str], None],
) -> None:
    """Write a controller's batch script and its settings, and say how it is submitted.

    Parameters
    ----------
    options : BatchOptions
    config : Config
        Of the run; written beside the script.
    workers : Workers
        What its jobs ask for.
    products : sequence of str
        What Snakemake makes.
    afterwards : sequence of str
        Lines of bash that follow.
    report : callable
        Gets what is to be said, line by line.
    """
    check_controller(options)
    asked = workers.arguments(read_profile(options.profile))
    settings = write_json(config.model_dump(mode="json"), Path(options.dirname) / "slurm", "config")
    commands = controller_commands(
        [
            *("--profile", options.profile, "--snakefile", str(SNAKEFILE)),
            *("--configfile", str(settings), *asked, "--", *products),
        ],
        max_jobs=options.max_instances or MAX_JOBS,
        python=options.interpreter(),
    )
    lines = [*(commands if products else ()), *afterwards]
    write_job(options, lines, options.controller_allocation(), report)


def write_job(
    options: BatchOptions,
    commands: Sequence[str],
    allocation: Allocation,
    report: Callable[[str], None],
    *,
    array: int | None = None,
) -> None:
    """Write a batch script, and say how it is submitted.

    Parameters
    ----------
    options : BatchOptions
    commands : sequence of str
        Lines of bash, which run in the folder that the script is submitted in.
    allocation : Allocation
    report : callable
        Gets what is to be said, line by line.
    array : int, optional
        So many jobs of it.
    """
    job = BatchJob(
        name=options.job_name,
        commands=commands,
        folder=Path(),
        logs=Path(options.dirname) / "logs",
        allocation=allocation,
        environment=options.python_env_name,
        array=array,
    )
    path = write_batch_job(job, Path(options.dirname) / "slurm")
    report(str(path))
    report(f"submit it with: sbatch {path}")


def submit_script(
    dirname: str, filetype: str, report: Callable[[str], None], *, max_jobs: int | None = None
) -> None:
    """Submit ``<dirname>/slurm/<filetype>.sub``, and say by which number; see `submit`."""
    script = Path(dirname) / "slurm" / f"{filetype}.sub"
    report(f"submitted {script} as job {submit(script, max_jobs=max_jobs)}")


def write_command_job(
    options: BatchOptions, module: str, words: Sequence[str], report: Callable[[str], None]
) -> None:
    """Write a batch script that runs ``python -m <module> <words>``; see `write_job`."""
    command = shlex.join([options.interpreter(), "-m", module, *words])
    write_job(options, [command], options.job_allocation(), report)
