"""Options that commands on SLURM have in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scope.checkout import CHECKOUT
from scope.cli.arguments import Parser, boolean, non_negative_int, positive_float, positive_int

if TYPE_CHECKING:
    from scope.config.model import Config
    from scope.runs.controller import Allocation, BatchJob, Workers

PROFILE = CHECKOUT / "profiles" / "slurm"
"""The profile of the checkout."""

_LOOPS = "Snakemake looks after its jobs itself"


def add_slurm_options(
    parser: Parser, *, dirname: str, job_name: str, has_controller: bool = True
) -> None:
    """Declare where the batch script goes and what its jobs ask for.

    Parameters
    ----------
    parser : Parser
    dirname, job_name : str
        Defaults.
    has_controller : bool
        Whether the script runs Snakemake, which submits the jobs that do the work.
    """
    parser.add_argument(
        "--dirname",
        default=dirname,
        metavar="FOLDER",
        help="folder to write slurm/slurm.sub and logs/ into",
    )
    parser.add_argument("--job-name", default=job_name, metavar="NAME", help="name of the job")
    parser.add_argument(
        "--partition-type", metavar="NAME", help="partition of the jobs; by default the profile's"
    )
    parser.add_argument(
        "--account-name", metavar="NAME", help="account of all jobs; by default the profile's"
    )
    parser.add_argument("--gpus", type=non_negative_int, metavar="N", help="GPUs of a job")
    parser.add_argument(
        "--memory-GB", type=positive_float, metavar="GB", help="memory of the largest job"
    )
    parser.add_argument(
        "--time", metavar="TIME", help="longest time of a job, as SLURM writes it: 48:00:00"
    )
    parser.add_argument("--mail-user", metavar="ADDRESS", help="who is told of the end")
    parser.add_argument(
        "--python-env-name", metavar="NAME", help="conda environment; by default this Python"
    )
    if has_controller:
        _add_controller(parser)
    add_ineffective(parser, "--cluster-name", "the profile knows the cluster")
    add_ineffective(parser, "--nodes", "a job runs on one node")


def _add_controller(parser: Parser) -> None:
    parser.add_argument(
        "--submit-partition-type", metavar="NAME", help="partition of the controller itself"
    )
    parser.add_argument(
        "--submit-memory-GB",
        type=positive_float,
        default=2.0,
        metavar="GB",
        help="memory of the controller",
    )
    parser.add_argument(
        "--submit-Ncore", type=positive_int, default=1, metavar="N", help="cores of the controller"
    )
    parser.add_argument(
        "--max-instances", type=positive_int, metavar="N", help="jobs in the queue at a time"
    )
    parser.add_argument(
        "--profile",
        default=str(PROFILE),
        metavar="FOLDER",
        help="profile of Snakemake, with the settings of the cluster",
    )
    add_ineffective(parser, "--submit-nodes", "a controller runs on one node")


def add_loop_options(parser: Parser) -> None:
    """Declare options of a loop that submits jobs, which there is none of."""
    for name in ("--user", "--wait-time-minutes", "--submit-interval-minutes"):
        add_ineffective(parser, name, _LOOPS)
    add_ineffective(parser, "--submit-interval-seconds", _LOOPS)
    for name in ("--doSubmitLoop", "--runParallel"):
        add_ineffective(parser, name, _LOOPS, flag=True)


def add_ineffective(parser: Parser, name: str, why: str, *, flag: bool = False) -> None:
    """Declare an option that is accepted and changes nothing; a line says so."""

    class Ineffective(argparse.Action):
        def __call__(
            self, parser: object, namespace: object, values: object, option: str | None = None
        ) -> None:
            print(f"{option} has no effect: {why}", file=sys.stderr)

    settings: dict[str, Any] = {"metavar": "VALUE"}
    if flag:
        settings = {"nargs": "?", "type": boolean, "metavar": "true|false"}
    parser.add_argument(
        name,
        action=Ineffective,
        default=argparse.SUPPRESS,
        help=f"has no effect: {why}",
        **settings,
    )


def controller_allocation(args: argparse.Namespace) -> Allocation:
    """Return what the controller itself asks for."""
    from scope.runs.controller import Allocation

    return Allocation(
        partition=args.submit_partition_type,
        account=args.account_name,
        memory_gb=args.submit_memory_GB,
        time=args.time,
        cores=args.submit_Ncore,
        mail_user=args.mail_user,
    )


def job_allocation(args: argparse.Namespace) -> Allocation:
    """Return what a job asks for that does the work itself."""
    from scope.runs.controller import Allocation

    return Allocation(
        partition=args.partition_type,
        account=args.account_name,
        memory_gb=args.memory_GB,
        time=args.time,
        cores=args.Ncore,
        gpus=args.gpus or 0,
        mail_user=args.mail_user,
    )


def check_controller(args: argparse.Namespace) -> None:
    """Make sure that a controller can be written, before anything is.

    Raises
    ------
    UsageError, NotFoundError, ConfigError
        If SLURM cannot be given the options, or the profile is not there.
    """
    from scope.runs.allocation import check_job_name, output_pattern
    from scope.runs.controller import read_profile

    check_job_name(args.job_name)
    output_pattern(Path(args.dirname) / "logs", "")
    controller_allocation(args)
    read_profile(args.profile)


def write_controller(
    args: argparse.Namespace,
    config: Config,
    workers: Workers,
    products: Sequence[str],
    *,
    afterwards: Sequence[str] = (),
) -> None:
    """Write a controller's batch script and its settings, and say how it is submitted.

    Parameters
    ----------
    args : argparse.Namespace
        Options of `add_slurm_options`.
    config : Config
        Of the run; written beside the script.
    workers : Workers
        What its jobs ask for.
    products : sequence of str
        What Snakemake makes.
    afterwards : sequence of str
        Lines of bash that follow.
    """
    from scope.cli.workflow import SNAKEFILE, write_json
    from scope.runs.controller import MAX_JOBS, BatchJob, controller_commands, read_profile

    check_controller(args)
    asked = workers.arguments(read_profile(args.profile))
    settings = write_json(config.model_dump(mode="json"), Path(args.dirname) / "slurm", "config")
    commands = controller_commands(
        [
            *("--profile", args.profile, "--snakefile", str(SNAKEFILE)),
            *("--configfile", str(settings), *asked, "--", *products),
        ],
        max_jobs=args.max_instances or MAX_JOBS,
        python=interpreter(args),
    )
    job = BatchJob(
        name=args.job_name,
        commands=[*(commands if products else ()), *afterwards],
        folder=Path(),
        logs=Path(args.dirname) / "logs",
        allocation=controller_allocation(args),
        environment=args.python_env_name,
    )
    write_job(args, job)


def interpreter(args: argparse.Namespace) -> str:
    """Return the Python that a batch script runs."""
    return sys.executable if args.python_env_name is None else "python"


def write_job(args: argparse.Namespace, job: BatchJob) -> None:
    """Write a batch script, and say how it is submitted."""
    from scope.runs.controller import write_batch_job

    path = write_batch_job(job, Path(args.dirname) / "slurm")
    print(path)
    print(f"submit it with: sbatch {path}")
