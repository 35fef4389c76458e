"""Options that commands on SLURM have in common."""

from __future__ import annotations

from scope.checkout import CHECKOUT
from scope.cli.arguments import Parser, non_negative_int, positive_float, positive_int

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
    parser.add_ineffective("--cluster-name", "the profile knows the cluster")
    parser.add_ineffective("--nodes", "a job runs on one node")


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
    parser.add_ineffective("--submit-nodes", "a controller runs on one node")


def add_loop_options(parser: Parser) -> None:
    """Declare options of a loop that submits jobs, which there is none of."""
    for name in ("--user", "--wait-time-minutes", "--submit-interval-minutes"):
        parser.add_ineffective(name, _LOOPS)
    parser.add_ineffective("--submit-interval-seconds", _LOOPS)
    for name in ("--doSubmitLoop", "--runParallel"):
        parser.add_ineffective(name, _LOOPS, flag=True)


def add_submission_options(parser: Parser, *, dirname: str) -> None:
    """Declare what script is submitted; options of a loop have no effect.

    One submission does all: the controller goes on with what is left, throttles its jobs and
    tries failed ones again.
    """
    parser.add_argument(
        "--dirname", default=dirname, metavar="FOLDER", help="folder with slurm/slurm.sub"
    )
    parser.add_argument(
        "--filetype", "-f", default="slurm", metavar="NAME", help="name of the script, without .sub"
    )
    parser.add_argument(
        "--max-instances", type=positive_int, metavar="N", help="jobs in the queue at a time"
    )
    add_loop_options(parser)
    parser.add_ineffective(
        "--reset-running", "what is not complete is made again anyway", flag=True
    )
