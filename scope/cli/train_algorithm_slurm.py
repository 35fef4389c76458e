"""``train-algorithm-slurm``: a batch script that trains each class of a script in a job."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, positive_int
from scope.cli.run import command_main, say
from scope.cli.slurm_options import add_loop_options, add_slurm_options

DESCRIPTION = (
    "Write a batch script for SLURM that trains each class of a training script "
    "in a job of its own, as an array. All classes of a group in one run, with calibration: "
    "`snakemake --profile slurm train`."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
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
        parser.add_ineffective(name, "SLURM runs the array itself")
    parser.add_ineffective("--submit-memory-GB", "SLURM runs the array itself")
    parser.add_ineffective(
        "--max-instances", "train-algorithm-job-submission --max-instances bounds it"
    )
    parser.add_ineffective("--generateTrainingFile", "create-training-script writes it", flag=True)
    add_loop_options(parser)


def run(options: argparse.Namespace) -> None:
    """Write the batch script, and say how it is submitted."""
    from scope.runs.batch_scripts import BatchOptions
    from scope.workflows.train_algorithm_slurm import train_algorithm_slurm

    train_algorithm_slurm(
        options.scriptname, as_options(BatchOptions, options), say, sweep=options.sweep
    )


main = command_main("train-algorithm-slurm")

if __name__ == "__main__":
    raise SystemExit(main())
