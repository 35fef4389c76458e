"""``generate-features-job-submission``: submit the script of ``generate-features-slurm``."""

from __future__ import annotations

import argparse

from scope.cli.arguments import Parser
from scope.cli.run import command_main, say
from scope.cli.slurm_options import add_submission_options

DESCRIPTION = (
    "Submit the batch script of generate-features-slurm. "
    "Nothing is submitted while such a job is in the queue."
)


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    add_submission_options(parser, dirname="generated_features")


def run(options: argparse.Namespace) -> None:
    """Submit the script, and say by which number."""
    from scope.runs.batch_scripts import submit_script

    submit_script(options.dirname, options.filetype, say, max_jobs=options.max_instances)


main = command_main("generate-features-job-submission")


if __name__ == "__main__":
    raise SystemExit(main())
