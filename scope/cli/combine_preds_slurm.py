"""``combine-preds-slurm``: a batch script that runs ``combine-preds``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from scope.cli.arguments import Parser, positive_int
from scope.cli.run import run_command
from scope.cli.slurm_options import add_slurm_options, interpreter, job_allocation, write_job


def build_parser(prog: str = "combine-preds-slurm") -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog=prog,
        description="Write a batch script for SLURM that runs combine-preds, with the options "
        "that follow `--`.",
    )
    parser.add_version()
    parser.add_argument(
        "--Ncore", type=positive_int, default=1, metavar="N", help="cores of the job"
    )
    add_slurm_options(
        parser, dirname="combine_preds", job_name="combine_preds", has_controller=False
    )
    parser.add_argument(
        "options", nargs="*", metavar="OPTION", help="options of combine-preds, after --"
    )
    return parser


def combine_preds_slurm(args: argparse.Namespace) -> None:
    """Write the batch script."""
    from scope.cli.combine_preds import build_parser as combining
    from scope.runs.controller import BatchJob

    # What cannot be parsed would only be found when the job runs.
    combining().parse_args(args.options)
    python = interpreter(args)
    job = BatchJob(
        name=args.job_name,
        commands=[shlex.join([python, "-m", "scope.cli.combine_preds", *args.options])],
        folder=Path(),
        logs=Path(args.dirname) / "logs",
        allocation=job_allocation(args),
        environment=args.python_env_name,
    )
    write_job(args, job)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``combine-preds-slurm``."""
    return run_command(build_parser(), combine_preds_slurm, argv)


if __name__ == "__main__":
    sys.exit(main())
