"""``train-algorithm-slurm``: a batch script that trains each class of a script in a job."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import run_command
from scope.cli.slurm_options import (
    add_ineffective,
    add_loop_options,
    add_slurm_options,
    interpreter,
    job_allocation,
    write_job,
)
from scope.errors import UsageError

COMMAND = "scope-train"


def build_parser(prog: str = "train-algorithm-slurm") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a batch script for SLURM that trains each class of a training script "
        "in a job of its own, as an array. All classes of a group in one run, with calibration: "
        "`snakemake --profile slurm train`.",
    )
    parser.add_version()
    parser.add_argument(
        "--scriptname",
        default="train_script.sh",
        metavar="FILE",
        help="script of create-training-script",
    )
    parser.add_argument("--Ncore", type=positive_int, default=4, metavar="N", help="cores of a job")
    parser.add_flag("--sweep", help="search for the best settings of each class")
    add_slurm_options(parser, dirname="training", job_name="train", has_controller=False)
    for name in ("--submit-partition-type", "--submit-nodes", "--submit-Ncore"):
        add_ineffective(parser, name, "SLURM runs the array itself")
    add_ineffective(parser, "--submit-memory-GB", "SLURM runs the array itself")
    add_ineffective(
        parser, "--max-instances", "train-algorithm-job-submission --max-instances bounds it"
    )
    add_ineffective(parser, "--generateTrainingFile", "create-training-script writes it", flag=True)
    add_loop_options(parser)
    return parser


def train_algorithm_slurm(args: argparse.Namespace) -> None:
    """Write the batch script."""
    from scope.runs.controller import BatchJob

    commands = training_commands(args.scriptname)
    python = interpreter(args)
    lines = ["case $SLURM_ARRAY_TASK_ID in"]
    for number, words in enumerate(commands, 1):
        sweep = ["--run-sweeps"] if args.sweep else []
        lines.append(
            f"{number}) {shlex.join([python, '-m', 'scope.cli.train', *words, *sweep])} ;;"
        )
    job = BatchJob(
        name=args.job_name,
        commands=[*lines, "esac"],
        folder=Path(),
        logs=Path(args.dirname) / "logs",
        allocation=job_allocation(args),
        environment=args.python_env_name,
        array=len(commands),
    )
    write_job(args, job)
    print(f"{len(commands)} classes")


def training_commands(path: str | Path) -> list[list[str]]:
    """Return the arguments of each training command of a script.

    Raises
    ------
    UsageError
        If there is no such script, or it trains nothing.
    """
    todo = f"write it with create-training-script --filename {path}"
    if not Path(path).is_file():
        raise UsageError("no such training script", value=str(path), todo=todo)
    found = []
    for line in Path(path).read_text(errors="replace").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == [COMMAND]:
            found.append(words[1:])
    if not found:
        raise UsageError("script that trains nothing", value=str(path), todo=todo)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``train-algorithm-slurm``."""
    return run_command(build_parser(), train_algorithm_slurm, argv)


if __name__ == "__main__":
    sys.exit(main())
