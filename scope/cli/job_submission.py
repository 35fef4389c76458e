"""``*-job-submission``: submit the batch script that the ``*-slurm`` command of a step wrote.

One submission does all: the controller goes on with what is left, throttles its jobs and
tries failed ones again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scope.cli.algorithm_option import add_algorithm, check_algorithm
from scope.cli.arguments import Parser, positive_int
from scope.cli.run import run_command
from scope.cli.slurm_options import add_ineffective, add_loop_options


def build_parser(prog: str, dirname: str) -> Parser:
    """Return the parser of a command."""
    parser = Parser(
        prog=prog,
        description=f"Submit the batch script of {prog.replace('job-submission', 'slurm')}. "
        "Nothing is submitted while such a job is in the queue.",
    )
    parser.add_version()
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
    add_ineffective(
        parser, "--reset-running", "what is not complete is made again anyway", flag=True
    )
    return parser


def submit_script(args: argparse.Namespace) -> None:
    """Submit the script, and say by which number."""
    from scope.runs.controller import submit

    script = Path(args.dirname) / "slurm" / f"{args.filetype}.sub"
    number = submit(script, max_jobs=args.max_instances)
    print(f"submitted {script} as job {number}")


def generate_features(argv: Sequence[str] | None = None) -> int:
    """Run ``generate-features-job-submission``."""
    parser = build_parser("generate-features-job-submission", "generated_features")
    return run_command(parser, submit_script, argv)


def run_inference(argv: Sequence[str] | None = None) -> int:
    """Run ``run-inference-job-submission``."""
    parser = build_parser("run-inference-job-submission", "inference")
    add_algorithm(parser, "whose script: <algorithm>_<dirname>")

    def submit(args: argparse.Namespace) -> None:
        args.dirname = f"{check_algorithm(args.algorithm)}_{args.dirname}"
        submit_script(args)

    return run_command(parser, submit, argv)


def train_algorithm(argv: Sequence[str] | None = None) -> int:
    """Run ``train-algorithm-job-submission``."""
    parser = build_parser("train-algorithm-job-submission", "training")
    for name in ("--scriptname", "--group-name"):
        add_ineffective(parser, name, "the batch script has it")
    add_ineffective(parser, "--sweep", "the batch script has it", flag=True)
    return run_command(parser, submit_script, argv)


COMMANDS: dict[str, Callable[[Sequence[str] | None], int]] = {
    "generate-features": generate_features,
    "run-inference": run_inference,
    "train-algorithm": train_algorithm,
}


if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
