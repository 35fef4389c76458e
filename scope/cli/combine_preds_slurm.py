"""``combine-preds-slurm``: a batch script that runs ``combine-preds``."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser, as_options, positive_int
from scope.cli.run import check_words, command_main, say
from scope.cli.slurm_options import add_slurm_options

DESCRIPTION = (
    "Write a batch script for SLURM that runs combine-preds, with the options that follow `--`."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--Ncore", type=positive_int, default=1, metavar="N", help="cores of the job"
    )
    add_slurm_options(
        parser, dirname="combine_preds", job_name="combine_preds", has_controller=False
    )
    parser.add_argument(
        "options", nargs="*", metavar="OPTION", help="options of combine-preds, after --"
    )


def run(options: argparse.Namespace) -> None:
    """Write the batch script, and say how it is submitted."""
    from scope.runs.batch_scripts import BatchOptions, write_command_job

    # What cannot be parsed would only be found when the job runs.
    check_words("combine-preds", options.options)
    write_command_job(
        as_options(BatchOptions, options), "scope.cli.combine_preds", options.options, say
    )


main = command_main("combine-preds-slurm")

if __name__ == "__main__":
    raise SystemExit(main())
